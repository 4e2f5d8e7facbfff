"""The courses' models: initial weights, scores, loss and gradients with and without each of their flags."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from nndl.check.exercises.exercise import Array, Exercise, Key, Observed, Situation, Source, Step, draw, get, put
from nndl.check.running.executor import Ref

STEP = 1e-6
SCALE = 0.02
"""weight_scale of the model whose initial weights are looked at."""
SETTINGS = {"weight_scale": SCALE, "dtype": np.float64}


def _options(source: Source, model: str, ours: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return options under the names of a file's year; None where it has no such option."""
    known = source.arguments.get(model, ())
    theirs: dict[str, Any] = {}
    for name, value in ours.items():
        other = {"hidden_dims": "hidden_dim", "dropout": "dropout_keep_ratio"}.get(name, name)
        if name == "normalization" and "normalization" not in known:
            if value != "batchnorm" or "use_batchnorm" not in known:
                return None
            theirs["use_batchnorm"] = True
        elif name in known or other in known:
            theirs[name if name in known else other] = value
        elif name not in ("dtype", "seed"):
            return None
    return theirs


def _make(model: str, options: str, keep: str = "model") -> Step:
    return Step({"call": [model], "kwargs": Ref(options), "keep": keep, "report": []}, model)


def _loss(model: str, args: tuple[str, ...], *names: str, at: str = "model") -> Step:
    given = [Ref(arg) for arg in args]
    return Step({"call": [at, "loss"], "args": given, "inputs": args, "keep": "_"}, model, names)


def _set(params: Mapping[str, Array], at: str = "model") -> list[Step]:
    return [put(Ref(name), at, "params", name) for name in params]


def _trained(model: str, label: str, sizes: Any, options: dict[str, Any], source: Source) -> Situation | None:
    """Set parameters that hide nothing; test, train twice, test again."""
    theirs = _options(source, model, options)
    if theirs is None:
        return None
    params, X, y = sizes
    inputs = {"X": X, "y": y, "X2": draw(7, *X.shape, shift=0.5), **params, "options": theirs}
    steps = [
        _make(model, "options"),
        *_set(params),
        _loss(model, ("X", "y"), "loss", "gradients"),
        _loss(model, ("X2", "y"), "loss of a second batch", "gradients of a second batch"),
        _loss(model, ("X",), "scores in test mode"),
        _loss(model, ("X",), "scores in test mode, again"),
    ]
    return Situation(label, inputs, steps, ours={"options": options}, digest=_by_parameter)


def _by_parameter(found: Observed, inputs: Mapping[str, Any]) -> Observed:
    """Split gradients by parameter, and name those of none."""
    digest: Observed = {}
    for key, value in found.items():
        if not (key.name.startswith("gradients") and isinstance(value, Mapping)):
            digest[key] = value
            continue
        for name, gradient in value.items():
            own = f"d{name}" if name in inputs else f"d{name}, of no parameter"
            digest[Key(key.function, own + key.name.removeprefix("gradients"))] = (
                gradient if name in inputs else "there"
            )
        missing = [name for name in inputs if name[0] in "Wbg" and name not in value]
        digest |= {Key(key.function, f"d{name}" + key.name.removeprefix("gradients")): "nothing" for name in missing}
    return digest


def _dropped(model: str, sizes: Any, options: dict[str, Any], source: Source) -> Situation | None:
    """Train with dropout at a fixed seed: is the gradient the slope, the input whole, testing without it."""
    whole = {name: value for name, value in options.items() if name != "dropout"}
    theirs, plain = (_options(source, model, each) for each in (options, whole))
    if theirs is None or plain is None:
        return None
    params, X, y = sizes
    inputs = {"X": X[:1], "y": y[:1], **params, "options": theirs, "plain": plain}
    for sign, word in ((1, "W1+"), (-1, "W1-")):
        inputs[word] = params["W1"] + sign * STEP * draw(30, *params["W1"].shape)
    steps = [
        _make(model, "plain", "whole"),
        *_set(params, "whole"),
        _loss(model, ("X", "y"), "loss without dropout", "gradients without dropout", at="whole"),
        _make(model, "options"),
        *_set(params),
        _loss(model, ("X", "y"), "loss", "gradients"),
        *(step for word in ("W1+", "W1-") for step in (put(Ref(word), "model", "params", "W1"), _slope(model, word))),
        *_set(params),
        _loss(model, ("X",), "scores in test mode"),
    ]
    ours = {"options": options, "plain": whole}
    tags = frozenset({"dropout"})
    return Situation("dropout, one example", inputs, steps, tags, ours=ours, digest=_of_dropout)


def _unseeded(model: str, sizes: Any, options: dict[str, Any], source: Source) -> Situation | None:
    """Train twice with dropout and no seed: the two steps should drop other units."""
    theirs = _options(source, model, options)
    if theirs is None:
        return None
    params, X, y = sizes
    inputs = {"X": X[:1], "y": y[:1], **params, "options": theirs}
    losses = [_loss(model, ("X", "y"), name, f"gradients of {name}") for name in ("one", "other")]
    steps = [_make(model, "options"), *_set(params), *losses]
    tags = frozenset({"dropout"})
    return Situation("dropout without a seed", inputs, steps, tags, ours={"options": options}, digest=_of_two)


def _of_two(found: Observed, _inputs: Mapping[str, Any]) -> Observed:
    """Say of two losses only whether they are the same."""
    one, other = ([value for key, value in found.items() if key.name == name] for name in ("one", "other"))
    if not one or not other or np.shape(one[0]) or np.shape(other[0]):
        return {key: value for key, value in found.items() if key.name == "calling it"}
    return {Key(next(iter(found)).function, "two steps without a seed drop the same units"): bool(one[0] == other[0])}


def _slope(model: str, word: str) -> Step:
    return _loss(model, ("X", "y"), f"loss at {word}", f"gradients at {word}")


def _of_dropout(found: Observed, inputs: Mapping[str, Any]) -> Observed:
    """Keep what does not depend on the draw."""
    model = next(iter(found)).function
    by_name = {key.name: value for key, value in found.items()}
    digest: Observed = {key: value for key, value in found.items() if key.name in ("scores in test mode", "calling it")}
    gradients = by_name.get("gradients")
    losses: list[Any] = [by_name.get(f"loss{each}") for each in ("", " at W1+", " at W1-")]
    whole = by_name.get("loss without dropout")
    if not isinstance(gradients, Mapping) or not all(np.shape(each) == () and each is not None for each in losses):
        return digest
    dw = gradients.get("W1")
    kept = _kept(gradients, by_name.get("gradients without dropout"))
    if kept is not None and "dropout_keep_ratio" in inputs["options"]:
        digest[Key(model, "units kept with dropout_keep_ratio = 0.75")] = "most" if kept > 0.5 else "few"
    if isinstance(dw, np.ndarray) and dw.shape == inputs["W1"].shape:
        slope, wanted = (losses[1] - losses[2]) / (2 * STEP), float(np.sum(dw * draw(30, *dw.shape)))
        within = 1e-4 * max(1e-2, abs(slope), abs(wanted))
        digest[Key(model, "dW1 is the slope of the loss with dropout")] = bool(abs(slope - wanted) <= within)
        digest[Key(model, "the input is whole")] = bool(dw.any(axis=1).all())
    digest[Key(model, "dropout changes the loss")] = bool(whole is not None and abs(losses[0] - whole) > 1e-12)
    return digest


def _kept(gradients: Mapping[str, Any], whole: Any) -> float | None:
    """Return the share of the first hidden units, of those active without dropout, that reach the second layer."""
    ours = [each.get("W2") if isinstance(each, Mapping) else None for each in (gradients, whole)]
    pair = [each for each in ours if isinstance(each, np.ndarray) and each.ndim == 2]
    if len(pair) < 2 or pair[0].shape != pair[1].shape:
        return None
    reaches, active = (np.any(each != 0, axis=1) for each in pair)
    return float(reaches[active].mean()) if active.any() else None


def _initial(model: str, options: dict[str, Any], X: Array, source: Source) -> Situation | None:
    theirs = _options(source, model, options)
    if theirs is None:
        return None
    inputs = {"options": theirs, "X": X, "y": np.arange(len(X)) % 3}
    steps = [
        _make(model, "options"),
        get(model, "initial parameters", "model", "params"),
    ]
    return Situation("new weights", inputs, steps, ours={"options": options}, digest=_of_weights)


def _typed(model: str, options: dict[str, Any], source: Source) -> Situation | None:
    """Ask for float32, where a file knows of a dtype."""
    if "dtype" not in source.arguments.get(model, ()):
        return None
    asked = {**options, "dtype": np.float32}
    if (theirs := _options(source, model, asked)) is None:
        return None
    steps = [_make(model, "options"), get(model, "parameters", "model", "params")]
    return Situation("dtype float32", {"options": theirs}, steps, ours={"options": asked}, digest=_of_types)


def _of_types(found: Observed, _inputs: Mapping[str, Any]) -> Observed:
    """Replace parameters by their dtypes."""
    return _of_each(found, lambda name, each: {f"dtype of {name}": str(getattr(each, "dtype", type(each).__name__))})


def _of_weights(found: Observed, _inputs: Mapping[str, Any]) -> Observed:
    """Replace initial parameters by their shapes and how large they are."""

    def told(name: str, each: Any) -> dict[str, Any]:
        each = each[0] if np.ndim(each) == 2 and len(each) == 1 else each  # (1, H) does as well as (H,)
        shape = np.shape(each) if isinstance(each, np.ndarray | float | int) else type(each).__name__
        return {f"shape of {name}": str(shape), f"initial {name}": _size(each)}

    return _of_each(found, told)


def _of_each(found: Observed, told: Callable[[str, Any], dict[str, Any]]) -> Observed:
    """Replace each parameter by what is told of it, under its words; all that are no parameters stay."""
    digest: Observed = {}
    for key, value in found.items():
        if not isinstance(value, Mapping):
            digest[key] = value
            continue
        for name, each in value.items():
            digest |= {Key(key.function, words): one for words, one in told(name, each).items()}
    return digest


def _size(value: Any) -> str:
    if not isinstance(value, np.ndarray) or not value.size:
        return "no array"
    if np.ptp(value) == 0:
        return f"all {value.flat[0]:g}"
    if value.size < 50:
        return "random"
    times = float(value.std()) / SCALE
    known = {
        "weight_scale": 1.0,
        "weight_scale squared": SCALE,
        "the root of weight_scale": SCALE**-0.5,
        "1": 1 / SCALE,
    }
    near = [words for words, wanted in known.items() if abs(times / wanted - 1) < 0.25]
    return f"random, of deviation {near[0] if near else f'{times:.2g} times weight_scale'}"


# The models -------------------------------------------------------------------------------------------------------

VECTORS = draw(1, 6, 2, 3, 2, shift=0.3), np.array([0, 2, 1, 3, 2, 0])
IMAGES = draw(1, 3, 2, 6, 4), np.array([1, 0, 3])


def _params(*shapes: tuple[int, ...], norm: bool = False) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for layer, shape in enumerate(shapes, start=1):
        features = shape[0] if len(shape) == 4 else shape[-1]
        found[f"W{layer}"], found[f"b{layer}"] = draw(10 + layer, *shape, scale=0.6), draw(20 + layer, features)
        if norm and layer < len(shapes):
            found[f"gamma{layer}"] = draw(30 + layer, features, shift=1.0)
            found[f"beta{layer}"] = draw(40 + layer, features)
    return found


def _situations(model: str, source: Source) -> list[Situation]:
    made = {"TwoLayerNet": _two_layers, "FullyConnectedNet": _fully_connected, "ThreeLayerConvNet": _conv_net}[model](
        source
    )
    return [situation for situation in made if situation is not None]


def _two_layers(source: Source) -> list[Situation | None]:
    model, params = "TwoLayerNet", _params((12, 5), (5, 4))
    options = {"input_dim": 12, "hidden_dims": 5, "num_classes": 4, "weight_scale": SCALE}
    large = {**options, "input_dim": 300, "hidden_dims": 100}
    return [
        _initial(model, large, np.zeros((3, 300)), source),
        *(_trained(model, f"reg = {reg}", (params, *VECTORS), {**options, "reg": reg}, source) for reg in (0.0, 0.7)),
    ]


def _of(options: dict[str, Any], hidden: Sequence[int]) -> dict[str, Any]:
    return {**options, "hidden_dims": list(hidden), "reg": 0.7}


def _fully_connected(source: Source) -> list[Situation | None]:
    model = "FullyConnectedNet"
    options = {"hidden_dims": [5, 3], "input_dim": 12, "num_classes": 4, **SETTINGS}
    equal = {**options, "hidden_dims": [4, 4]}
    plain, normal = (_params((12, 5), (5, 3), (3, 4), norm=norm) for norm in (False, True))
    alike = _params((12, 4), (4, 4), (4, 4), norm=True)
    wide = {name: 0.3 * value for name, value in _params((12, 200), (200, 40), (40, 4)).items()}
    large = {**options, "input_dim": 300, "hidden_dims": [100, 80]}
    dropping = {**options, "hidden_dims": [200, 40], "dropout": 0.75}
    others = {  # one hidden layer, and more than anyone writes out
        (5,): _params((12, 5), (5, 4)),
        (5, 3, 6, 7, 5): _params((12, 5), (5, 3), (3, 6), (6, 7), (7, 5), (5, 4)),
    }
    norms = [
        _trained(
            model, f"{kind}, reg = {reg}", (params, *VECTORS), {**sizes, "normalization": kind, "reg": reg}, source
        )
        for kind in ("batchnorm", "layernorm")
        for sizes, params, reg in ((options, normal, 0.0), (equal, alike, 0.0), (options, normal, 0.7))
    ]
    return [
        _initial(model, large, np.zeros((3, 300)), source),
        _initial(model, {**large, "normalization": "batchnorm"}, np.zeros((3, 300)), source),
        *(_trained(model, f"reg = {reg}", (plain, *VECTORS), {**options, "reg": reg}, source) for reg in (0.0, 0.7)),
        *norms,
        *(
            _trained(model, f"hidden_dims {list(dims)}", (params, *VECTORS), _of(options, dims), source)
            for dims, params in others.items()
        ),
        _dropped(model, (wide, *VECTORS), {**dropping, "seed": 3}, source),
        _unseeded(model, (wide, *VECTORS), dropping, source),
        _typed(model, options, source),
    ]


def _conv_net(source: Source) -> list[Situation | None]:
    model = "ThreeLayerConvNet"
    options: dict[str, Any] = {"input_dim": (2, 6, 4), "num_filters": 3, "filter_size": 3, "hidden_dim": 5}
    options |= {"num_classes": 4, **SETTINGS}
    plain, normal = (_params((3, 2, 3, 3), (18, 5), (5, 4), norm=norm) for norm in (False, True))
    wide = _params((3, 2, 5, 5), (18, 5), (5, 4))
    large = {**options, "input_dim": (3, 8, 6), "num_filters": 20, "hidden_dim": 60}
    return [
        _initial(model, large, np.zeros((3, 3, 8, 6)), source),
        *(_trained(model, f"reg = {reg}", (plain, *IMAGES), {**options, "reg": reg}, source) for reg in (0.0, 0.7)),
        _trained(model, "filters 5 x 5", (wide, *IMAGES), {**options, "filter_size": 5}, source),
        _trained(model, "batchnorm", (normal, *IMAGES), {**options, "use_batchnorm": True}, source),
        _typed(model, options, source),
    ]


_LAYERS: tuple[str, ...] = ("affine_forward", "affine_backward", "relu_forward", "relu_backward", "softmax_loss")
_LAYERS += ("affine_relu_forward", "affine_relu_backward")
_NORMS = ("batchnorm_forward", "batchnorm_backward", "layernorm_forward", "layernorm_backward")
_WINDOWS: tuple[str, ...] = (
    "conv_forward_naive",
    "conv_backward_naive",
    "max_pool_forward_naive",
    "max_pool_backward_naive",
)
_WINDOWS += ("conv_relu_pool_forward", "conv_relu_pool_backward")

EXERCISES = tuple(
    Exercise(model, (model,), partial(_situations, model), uses=uses)
    for model, uses in {
        "TwoLayerNet": _LAYERS,
        "FullyConnectedNet": (*_LAYERS, *_NORMS, "dropout_forward", "dropout_backward"),
        "ThreeLayerConvNet": (*_LAYERS, *_WINDOWS),
    }.items()
)
