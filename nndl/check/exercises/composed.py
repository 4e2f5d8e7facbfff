"""The courses' layers made of layers."""

from typing import Any

from nndl.check.exercises.building import RIGHT, Pair
from nndl.check.exercises.exercise import Exercise, draw

CONV_PARAM = {"stride": 1, "pad": 1}
POOL_PARAM = {"pool_height": 2, "pool_width": 2, "stride": 2}
NORM = ("gamma", "beta")
VALUES: dict[str, Any] = {
    "x": draw(1, 4, 3, 4, shift=0.3),
    "w": draw(2, 12, 5),
    "b": draw(3, 5),
    "gamma": draw(4, 5, shift=1.0),
    "beta": draw(5, 5),
    "bn_param": {"mode": "train"},
    "ln_param": {},
}
IMAGES = {**VALUES, "x": draw(1, 3, 2, 6, 4), "w": draw(2, 5, 2, 3, 3), "conv_param": CONV_PARAM}
IMAGES["pool_param"] = POOL_PARAM


HALVES = ("forward", "backward")


def _composed(name: str, *arguments: str, parts: str) -> Exercise:
    gradients = [f"d{each}" for each in ("x", "w", "b", *NORM) if each in arguments]
    pair = Pair(name, f"{name}_forward", f"{name}_backward", arguments, tuple(gradients))
    values = IMAGES if "conv_param" in arguments else VALUES
    given = [dict(value) if isinstance(value, dict) else value for value in (values[name] for name in arguments)]
    halves = [f"{part}_{half}{naive}" for part in parts.split() for half in HALVES for naive in ("", "_naive")]
    uses = [half for half in halves if half in RIGHT]
    return pair.exercise(pair.situation(f"x {values['x'].shape}", *given), uses=tuple(uses))


_NORMAL = ("x", "w", "b", *NORM, "bn_param")
_CONV = ("x", "w", "b", "conv_param")
_CONV_NORM = ("x", "w", "b", *NORM, "conv_param", "bn_param")

EXERCISES = (
    _composed("affine_relu", "x", "w", "b", parts="affine relu"),
    *(_composed(f"affine_{norm}_relu", *_NORMAL, parts="affine batchnorm relu") for norm in ("batchnorm", "bn")),
    *(
        _composed(f"affine_{norm}_relu", *_NORMAL[:-1], "ln_param", parts="affine layernorm relu")
        for norm in ("layernorm", "ln")
    ),
    _composed("conv_relu", *_CONV, parts="conv relu"),
    _composed("conv_relu_pool", *_CONV, "pool_param", parts="conv relu max_pool"),
    *(
        _composed(f"conv_{norm}_relu", *_CONV_NORM, parts="conv relu spatial_batchnorm batchnorm")
        for norm in ("bn", "batchnorm")
    ),
    _composed("conv_bn_relu_pool", *_CONV_NORM, "pool_param", parts="conv relu max_pool spatial_batchnorm batchnorm"),
)
