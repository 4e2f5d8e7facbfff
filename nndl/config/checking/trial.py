"""Parts of one's own tried once, on next to nothing, before a training with them begins: do they give what they say?"""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
        if given.dtype != images.dtype:
            raise _UnfitError(f"apply makes {given.dtype} of bytes; it should return out.astype(images.dtype)")
        if not np.array_equal(images, kept):
            raise _UnfitError("apply changes the images that it is given; it should return new ones")
        if not np.array_equal(given, transform.apply(images, index, 0, 0)):
            raise _UnfitError("apply gives other images the second time; draw by (seed, epoch, index) alone")
        if not np.array_equal(given[1:], transform.apply(images[1:], index[1:], 0, 0)):
            raise _UnfitError("apply gives an image something else in another place of the batch; draw by index alone")

    return _fault(f"on {EXAMPLES} {describe(shape)}", tried)


def fault_of_schedule(schedule: Schedule, epochs: float) -> str | None:
    """Ask a schedule for its multiplier, from the beginning to near the end."""

    def tried() -> None:
        for epoch in np.linspace(0.0, epochs, ASKED, endpoint=False).tolist():
            multiplier = schedule(epoch, epochs)
            if not (isinstance(multiplier, int | float | np.number) and np.isfinite(multiplier) and multiplier >= 0):
                raise _UnfitError(f"at epoch {epoch:g} it gives {multiplier!r}; a multiplier is a number, 0 or more")
            if schedule(epoch, epochs) != multiplier:
                raise _UnfitError(f"at epoch {epoch:g} it gives something else the second time")

    return _fault(f"over {epochs:g} epochs", tried)


def fault_of_rule(rule: Rule) -> str | None:
    """Take a step with an update rule."""

    def updated(dtype: type[Any]) -> Array:
        random = np.random.default_rng(0)
        w, dw = (random.standard_normal(NUMBERS).astype(dtype) for _ in range(2))
        memory, temporary = ([np.zeros(NUMBERS, dtype) for _ in range(count)] for count in (len(rule.memory), 2))
        kept = dw.copy()
        given: Any = rule.update(w, dw, memory, temporary, rule.learning_rate, 1)  # type: ignore[func-returns-value]
        if given is not None:
            raise _UnfitError("update returns something; it changes w in place: w -= ...")
        if not np.array_equal(dw, kept):
            raise _UnfitError("update changes dw; write into temporary[0] and temporary[1] instead")
        return w

    def tried() -> None:
        for dtype in (np.float64, np.float32):
            if not np.array_equal(updated(dtype), updated(dtype), equal_nan=True):
                raise _UnfitError("update gives something else the second time; a run could not be repeated")

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
    random, shape = np.random.default_rng(0), placed.in_shape
    params = _initial(layer, shape)
    _require_names(layer, params)
    buffers = _arrays("buffers", layer.buffers(shape))
    if twice := next((name for name in buffers if name in params), None):
        raise _UnfitError(f"{twice} is a parameter and a buffer; rename one")
    _require_rest(layer, shape)

    def fresh() -> dict[str, Any]:
        copies = {name: value.copy() for name, value in buffers.items()}
        rng = {"rng": np.random.default_rng(0)} if layer.draws else {}
        return {**layer.options(), **copies, "mode": "train", **rng}

    state = fresh()
    if not isinstance(layer.arguments(params, state), tuple | list):
        raise _UnfitError("arguments gives a tuple of what forward takes after x: return (self.beta,)")
    x = random.standard_normal((EXAMPLES, *placed.in_shape))
    forward, backward = _called(layer.pair.forward), _called(layer.pair.backward)
    given_x = x.copy()
    result = layer.pair.forward(given_x, *layer.arguments(params, state))
    if not np.array_equal(given_x, x):
        raise _UnfitError(f"{forward} changes the x that it is given; it should return a new array")
    if not (isinstance(result, tuple) and len(result) == 2):
        raise _UnfitError(f"{forward} should return (out, cache), not {_what(result)}")
    _require_shape(forward, result[0], (EXAMPLES, *placed.out_shape), "out_shape says")
    again = layer.pair.forward(x.copy(), *layer.arguments(params, fresh()))[0]
    if not np.array_equal(again, result[0], equal_nan=True):
        words = "say draws = True, and draw by param_dict['rng']"
        raise _UnfitError(f"{forward} gives something else the second time; {words}")
    given = layer.pair.backward(random.standard_normal((EXAMPLES, *placed.out_shape)), result[1])
    gradients = given if isinstance(given, tuple) else (given,)
    wanted = {"dx": x.shape, **{f"d{name}": params[name].shape for name in layer.gradients}}
    if len(gradients) != len(wanted):
        raise _UnfitError(f"{backward} should return {', '.join(wanted)}, and returns {_what(given)}")
    for (name, shape), gradient in zip(wanted.items(), gradients, strict=True):
        _require_shape(f"{name} of {backward}", gradient, shape)
    _require_float32(layer, x, params, fresh())


def _initial(layer: Layer, shape: Shape) -> dict[str, Array]:
    """Return the parameters to start from, which are numbers and the same for the same seed."""
    params, again = (
        _arrays("initial_params", layer.initial_params(shape, lambda _: np.random.default_rng(0))) for _ in range(2)
    )
    for name, value in params.items():
        if not np.isfinite(value).all():
            raise _UnfitError(f"initial_params: {name} has values that are not finite")
        if not np.array_equal(value, again[name]):
            raise _UnfitError(f"initial_params: {name} is another the second time; draw by random({name!r})")
    return params


def _arrays(who: str, given: Any) -> dict[str, Array]:
    """Return a layer's parameters or buffers in float64; raises for what is no mapping of arrays by names."""
    if not isinstance(given, Mapping):
        raise _UnfitError(f"{who} gives a mapping of arrays by their names, such as {{'w': w}}, not {_what(given)}")
    if odd := [name for name in given if not (isinstance(name, str) and name.isidentifier())]:
        raise _UnfitError(f"{who}: a name has letters, digits and _ only, not {odd[0]!r}")
    arrays = {}
    for name, value in given.items():
        try:
            arrays[name] = np.array(value, np.float64)
        except (TypeError, ValueError):
            raise _UnfitError(f"{who}: {name} is no array of numbers, but {_what(value)}") from None
    return arrays


def _require_rest(layer: Layer, shape: Shape) -> None:
    """Try what a layer says besides: its options, its cost, its random numbers, itself in evaluation."""
    options, macs, drawn = layer.options(), layer.macs(shape), layer.drawn(shape)
    if not (isinstance(options, Mapping) and all(isinstance(name, str) for name in options)):
        raise _UnfitError("options gives a mapping of constants by their names, such as {'eps': 1e-5}")
    if not (isinstance(macs, int | np.integer) and macs >= 0):
        raise _UnfitError(f"macs gives a whole number of multiply-adds, not {macs!r}")
    if not (isinstance(drawn, tuple) and all(isinstance(size, int | np.integer) and size >= 1 for size in drawn)):
        raise _UnfitError(f"drawn gives a shape, such as (16, 32, 32), not {drawn!r}")
    if not isinstance(layer.in_evaluation(), Layer):
        raise _UnfitError(f"in_evaluation gives a layer, such as self, not {_what(layer.in_evaluation())}")
    layer.is_plain()


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
