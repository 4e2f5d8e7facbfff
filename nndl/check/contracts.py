"""The contract of a layer, as functions that anyone can call on theirs.

class MyBn(SpatialBn):                       # or: with_pair(SpatialBn(), my_forward, my_backward)
    pair = Pair(my_forward, my_backward)

check_layer(MyBn(), (3, 8, 8))                         # what holds for every layer, and every batch norm
check_layer(MyBn(), (3, 8, 8), against=SpatialBn())    # and: equal to ours
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import partial
from typing import Any, TypeVar

from nndl.check import definition, general, particular, special
from nndl.check.gradients import TOLERANCE, GradientCheck
from nndl.check.subject import ContractError, Subject
from nndl.engines.reference import REFERENCE
from nndl.net.catalog.block import Block
from nndl.net.contract import Engine
from nndl.net.layer import Layer, Pair
from nndl.net.types import Shape

__all__ = ["ContractError", "check_engine", "check_layer", "check_layer_gradients", "with_pair"]

Layers = Layer | Sequence[Layer]


def check_layer(
    layers: Layers,
    in_shape: Shape,
    engine: Engine = REFERENCE,
    *,
    against: Layers | None = None,
    dtype: str = "float64",
    seed: int = 0,
) -> tuple[str, ...]:
    """Assert that a layer, or layers in a row, keep the contract on an engine; return the names of the checks made.

    in_shape: of one example, (3, 8, 8) or (20,).
    against:  layers that mean the same and are right, run by their definitions in float64; by default these layers.
    Raises ContractError (an AssertionError) that names the first check that fails, and where. Gradients are checked
    numerically in float64 only.
    """
    oracle = _row(against) if against is not None else None
    subject = Subject(_row(layers), in_shape, engine, oracle, dtype, seed)
    checks = [*general.CHECKS, *_single(subject), *_comparisons(subject)]
    for check in checks:
        _named(check.__name__, subject, partial(check, subject))
    return tuple(check.__name__ for check in checks)


def check_layer_gradients(
    layers: Layers,
    in_shape: Shape,
    engine: Engine = REFERENCE,
    *,
    coordinates: int = 10,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> GradientCheck:
    """Check gradients alone, in float64 under a random upstream: a row for x and for each parameter ("conv1.w").

    Raises ContractError when the layers cannot be run.
    """
    subject = Subject(_row(layers), in_shape, engine, seed=seed)
    return _named("gradients", subject, lambda: general.check_slopes(subject, coordinates, tolerance))


def check_engine(
    engine: Engine, cases: Iterable[tuple[Layers, Shape]], dtypes: Sequence[str] = ("float64", "float32")
) -> int:
    """Assert of every case (layers, in_shape) that the engine runs it as its definition says; return how many."""
    count = 0
    for layers, in_shape in cases:
        for dtype in dtypes:
            check_layer(layers, in_shape, engine, dtype=dtype)
            count += 1
    return count


def with_pair(layer: Layer, forward: Callable[..., tuple[Any, Any]], backward: Callable[..., Any]) -> Layer:
    """Return `layer` with another definition: what to check when a student has written the pair."""
    kind = type(layer)
    subclass = type(kind.__name__, (kind,), {"pair": Pair(forward, backward), "__module__": __name__})
    return subclass(**{field.name: getattr(layer, field.name) for field in fields(layer)})


def _row(layers: Layers) -> tuple[Layer, ...]:
    return (layers,) if isinstance(layers, Layer) else tuple(layers)


Check = Callable[[Subject], None]


def _single(subject: Subject) -> list[Check]:
    """Return the checks for one layer alone, applied to it."""
    layer = subject.layer
    if layer is None or isinstance(layer, Block):
        return []
    own = definition.CHECKS if subject.engine is REFERENCE else ()
    return [_applied(check, layer) for check in (*own, *particular.CHECKS)]


def _applied(check: Callable[[Layer, Subject], None], layer: Layer) -> Check:
    def applied(subject: Subject) -> None:
        check(layer, subject)

    applied.__name__ = check.__name__
    return applied


def _comparisons(subject: Subject) -> list[Check]:
    """Return the comparisons with another engine's or another's layers of the same meaning, where there are any.

    Which subgradient is taken at a tie is a convention: engines are held to it, other people's layers are not. And two
    layers that draw random numbers may draw different ones.
    """
    if subject.oracle is not None:
        draws = any(layer.draws for layer in subject.layers)
        return [] if draws else [general.equal_to_definition]
    if subject.engine is REFERENCE and subject.dtype == "float64":
        return []
    fast = subject.engine is not REFERENCE and subject.dtype == "float32"  # what engines are made for
    return [general.equal_to_definition, general.equal_on_ties, *(special.CHECKS if fast else ())]


Result = TypeVar("Result")


def _named(check: str, subject: Subject, run: Callable[[], Result]) -> Result:
    """Return what `run` returns; whatever it raises becomes a ContractError that says which check, and on what."""
    try:
        return run()
    except Exception as error:
        words = str(error) if isinstance(error, ContractError) else f"{type(error).__name__}: {error}"
        broken = ContractError(f"{subject}: {check.replace('_', ' ')}: {words}")
        broken.check = check
        raise broken from error
