"""Parts of one's own tried once, on next to nothing, before a training with them begins: do they give what they say?"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from nndl.data.augment import Transform
from nndl.described import Described
from nndl.net.layer import Layer, describe
from nndl.net.shapes import Placed
from nndl.net.types import Array, Shape
from nndl.own.running import in_words, last_place
from nndl.train.optimizers import Rule
from nndl.train.schedules import Schedule

EXAMPLES = 2
ASKED = 10
"""Moments of a training that a schedule is asked for."""
NUMBERS = 5
"""Weights that an update rule is tried on."""


class _UnfitError(Exception):
    """A part does not do what its kind does."""


def is_own(described: Described) -> bool:
    """Tell whether a description is somebody's own, not nndl's."""
    return not type(described).__module__.startswith("nndl.")


def fault_of_layer(placed: Placed) -> str | None:
    """Run a layer's pair on two examples; returns what is wrong with what it gives, None where nothing is."""
    layer = placed.layer
    return _fault(f"on {EXAMPLES} {describe(placed.in_shape)}", lambda: _try_layer(layer, placed))


def fault_of_transform(transform: Transform, shape: Shape) -> str | None:
    """Change two images (C, H, W) as an augmentation does; returns what is wrong with the result."""

    def tried() -> None:
        images = np.random.default_rng(0).integers(0, 256, (EXAMPLES, *shape), np.uint8)
        kept, index = images.copy(), np.arange(EXAMPLES)
        given = transform.apply(images, index, 0, 0)
        _require_shape("apply", given, images.shape)
        if not np.array_equal(images, kept):
            raise _UnfitError("apply changes the images that it is given; it should return new ones")
        if not np.array_equal(given, transform.apply(images, index, 0, 0)):
            raise _UnfitError("apply gives other images the second time; draw by (seed, epoch, index) alone")

    return _fault(f"on {EXAMPLES} {describe(shape)}", tried)


def fault_of_schedule(schedule: Schedule, epochs: float) -> str | None:
    """Ask a schedule for its multiplier, from the beginning to near the end."""

    def tried() -> None:
        for epoch in np.linspace(0.0, epochs, ASKED, endpoint=False).tolist():
            multiplier = schedule(epoch, epochs)
            if not (isinstance(multiplier, int | float | np.number) and np.isfinite(multiplier) and multiplier >= 0):
                raise _UnfitError(f"at epoch {epoch:g} it gives {multiplier!r}; a multiplier is a number, 0 or more")

    return _fault(f"over {epochs:g} epochs", tried)


def fault_of_rule(rule: Rule) -> str | None:
    """Take a step with an update rule."""

    def tried() -> None:
        random = np.random.default_rng(0)
        w, dw = random.standard_normal(NUMBERS), random.standard_normal(NUMBERS)
        memory, temporary = ([np.zeros(NUMBERS) for _ in range(count)] for count in (len(rule.memory), 2))
        kept = dw.copy()
        given: Any = rule.update(w, dw, memory, temporary, rule.learning_rate, 1)  # type: ignore[func-returns-value]
        if given is not None:
            raise _UnfitError("update returns something; it changes w in place: w -= ...")
        if not np.array_equal(dw, kept):
            raise _UnfitError("update changes dw; write into temporary[0] and temporary[1] instead")

    return _fault(f"on {NUMBERS} weights", tried)


def _fault(on: str, tried: Callable[[], None]) -> str | None:
    try:
        with np.errstate(all="ignore"):
            tried()
    except _UnfitError as error:
        return f"tried {on}: {error}"
    except Exception as error:
        place = last_place(error.__traceback__)
        where = f" (line {place.line}, in {place.function})" if place else ""
        return f"tried {on}: {in_words(error)}{where}"
    return None


def _try_layer(layer: Layer, placed: Placed) -> None:
    random = np.random.default_rng(0)
    params = {
        name: np.asarray(value, np.float64)
        for name, value in layer.initial_params(placed.in_shape, lambda _: np.random.default_rng(0)).items()
    }
    _require_names(layer, params)
    buffers = {name: np.array(value, np.float64) for name, value in layer.buffers(placed.in_shape).items()}
    state = {**layer.options(), **buffers, "mode": "train", **({"rng": random} if layer.draws else {})}
    x = random.standard_normal((EXAMPLES, *placed.in_shape))
    forward, backward = _called(layer.pair.forward), _called(layer.pair.backward)
    given_x = x.copy()
    result = layer.pair.forward(given_x, *layer.arguments(params, state))
    if not np.array_equal(given_x, x):
        raise _UnfitError(f"{forward} changes the x that it is given; it should return a new array")
    if not (isinstance(result, tuple) and len(result) == 2):
        raise _UnfitError(f"{forward} should return (out, cache), not {_what(result)}")
    _require_shape(forward, result[0], (EXAMPLES, *placed.out_shape), "out_shape says")
    given = layer.pair.backward(random.standard_normal((EXAMPLES, *placed.out_shape)), result[1])
    gradients = given if isinstance(given, tuple) else (given,)
    wanted = {"dx": x.shape, **{f"d{name}": params[name].shape for name in layer.gradients}}
    if len(gradients) != len(wanted):
        raise _UnfitError(f"{backward} should return {', '.join(wanted)}, and returns {_what(given)}")
    for (name, shape), gradient in zip(wanted.items(), gradients, strict=True):
        _require_shape(f"{name} of {backward}", gradient, shape)
    _require_float32(layer, x, params, state)


def _require_float32(layer: Layer, x: Array, params: dict[str, Array], state: dict[str, Any]) -> None:
    """Try a layer in float32, of which NumPy's own numbers (np.sqrt(2)) make float64, where Python's do not."""
    narrow = {name: value.astype(np.float32) for name, value in params.items()}
    out, cache = layer.pair.forward(x.astype(np.float32), *layer.arguments(narrow, state))
    given = layer.pair.backward(np.asarray(out, np.float32), cache)
    gradients = given if isinstance(given, tuple) else (given,)
    for name, value in ((_called(layer.pair.forward), out), (_called(layer.pair.backward), gradients[0])):
        if value.dtype != np.float32:
            raise _UnfitError(f"{name} makes {value.dtype} of float32; write float(np.sqrt(2)) for np.sqrt(2)")


def _require_names(layer: Layer, params: dict[str, Array]) -> None:
    odd = [name for name in (*params, *layer.gradients, *layer.decays) if not name.isidentifier()]
    if odd:
        raise _UnfitError(f"a parameter's name has letters, digits and _ only, not {odd[0]!r}")
    if sorted(params) != sorted(layer.gradients):
        raise _UnfitError(
            f"initial_params gives {_listed(params)}, and gradients says that backward returns those of "
            f"{_listed(layer.gradients)}; they are the same"
        )
    if strange := next((name for name in layer.decays if name not in params), None):
        raise _UnfitError(f"decays names {strange}, which is no parameter")


def _require_shape(who: str, given: Any, shape: Sequence[int], says: str = "it should be") -> None:
    if not isinstance(given, np.ndarray):
        raise _UnfitError(f"{who} is no array, but {_what(given)}")
    if given.shape != tuple(shape):
        raise _UnfitError(f"{who} has shape {given.shape}; {says} {tuple(shape)}")


def _called(function: Any) -> str:
    return str(getattr(function, "__name__", "the pair"))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _what(value: Any) -> str:
    return f"{len(value)} values" if isinstance(value, tuple) else type(value).__name__
