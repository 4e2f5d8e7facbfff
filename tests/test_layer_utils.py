"""Compositions give their parts' results one after the other, and the gradients of the whole."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nndl import conv_layer_utils, conv_layers, layer_utils, layers
from nndl.check.gradients import check_gradients, random_upstream

Array = NDArray[Any]
VECTORS = {"x": (5, 2, 3), "w": (6, 4), "b": (4,)}
IMAGES = {"x": (2, 3, 6, 6), "w": (3, 3, 3, 3), "b": (3,)}
NORM = {"gamma": (4,), "beta": (4,)}
SPATIAL_NORM = {"gamma": (3,), "beta": (3,)}
CONV = {"stride": 1, "pad": 1}
POOL = {"pool_height": 2, "pool_width": 2, "stride": 2}
BN = {"mode": "train"}

# The module, the shapes of the arrays, the constants that follow them.
CASES: dict[str, tuple[Any, dict[str, tuple[int, ...]], tuple[Any, ...]]] = {
    "affine_relu": (layer_utils, VECTORS, ()),
    "affine_batchnorm_relu": (layer_utils, VECTORS | NORM, (BN,)),
    "affine_bn_relu": (layer_utils, VECTORS | NORM, (BN,)),
    "affine_layernorm_relu": (layer_utils, VECTORS | NORM, ({},)),
    "conv_relu": (conv_layer_utils, IMAGES, (CONV,)),
    "conv_relu_pool": (conv_layer_utils, IMAGES, (CONV, POOL)),
    "conv_bn_relu": (conv_layer_utils, IMAGES | SPATIAL_NORM, (CONV, BN)),
    "conv_bn_relu_pool": (conv_layer_utils, IMAGES | SPATIAL_NORM, (CONV, BN, POOL)),
}


def by_parts(name: str, arrays: dict[str, Array]) -> Array:
    """The same value from the definitions, one layer after the other."""
    out = arrays["x"]
    parts: dict[str, Callable[[Array], tuple[Array, Any]]] = {
        "affine": lambda x: layers.affine_forward(x, arrays["w"], arrays["b"]),
        "conv": lambda x: conv_layers.conv_forward_naive(x, arrays["w"], arrays["b"], CONV),
        "bn": lambda x: (conv_layers.spatial_batchnorm_forward if x.ndim == 4 else layers.batchnorm_forward)(
            x, arrays["gamma"], arrays["beta"], {"mode": "train"}
        ),
        "layernorm": lambda x: layers.layernorm_forward(x, arrays["gamma"], arrays["beta"], {}),
        "relu": layers.relu_forward,
        "pool": lambda x: conv_layers.max_pool_forward_naive(x, POOL),
    }
    for part in name.replace("batchnorm", "bn").split("_"):
        out, _ = parts[part](out)
    return out


@pytest.mark.parametrize("name", CASES)
def test_a_composition_is_its_parts_and_its_gradients_are_right(name: str) -> None:
    module, shapes, constants = CASES[name]
    random = np.random.default_rng(0)
    constants = copy.deepcopy(constants)  # running statistics are written into them
    arrays = {argument: random.standard_normal(shape) for argument, shape in shapes.items()}
    forward, backward = getattr(module, f"{name}_forward"), getattr(module, f"{name}_backward")
    out, cache = forward(*arrays.values(), *constants)
    np.testing.assert_allclose(out, by_parts(name, arrays), rtol=1e-10, atol=1e-12)
    dout = random_upstream(out.shape)
    gradients = dict(zip(arrays, backward(dout, cache), strict=True))
    check = check_gradients(lambda: forward(*arrays.values(), *constants)[0], arrays, gradients, dout)
    assert check.passed, check
