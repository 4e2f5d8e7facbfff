"""The courses' composed layers on images, on the fast layers so that models made of them train in minutes."""

from typing import Any

from numpy.typing import NDArray

from nndl.conv_layers import spatial_batchnorm_backward, spatial_batchnorm_forward
from nndl.fast_layers import conv_backward_fast, conv_forward_fast, max_pool_backward_fast, max_pool_forward_fast
from nndl.layers import relu_backward, relu_forward

Array = NDArray[Any]


def conv_relu_forward(x: Array, w: Array, b: Array | None, conv_param: dict[str, Any]) -> tuple[Array, Any]:
    """conv - relu.  x (N, C, H, W), w (F, C, HH, WW), b (F,) -> out (N, F, H', W')."""
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    out, relu_cache = relu_forward(a)
    return out, (conv_cache, relu_cache)


def conv_relu_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array | None]:
    """dout (N, F, H', W') -> dx, dw, db."""
    conv_cache, relu_cache = cache
    return conv_backward_fast(relu_backward(dout, relu_cache), conv_cache)


def conv_relu_pool_forward(
    x: Array, w: Array, b: Array | None, conv_param: dict[str, Any], pool_param: dict[str, Any]
) -> tuple[Array, Any]:
    """conv - relu - max pool."""
    a, conv_relu_cache = conv_relu_forward(x, w, b, conv_param)
    out, pool_cache = max_pool_forward_fast(a, pool_param)
    return out, (conv_relu_cache, pool_cache)


def conv_relu_pool_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array | None]:
    """dout -> dx, dw, db."""
    conv_relu_cache, pool_cache = cache
    return conv_relu_backward(max_pool_backward_fast(dout, pool_cache), conv_relu_cache)


def conv_bn_relu_forward(
    x: Array, w: Array, b: Array | None, gamma: Array, beta: Array, conv_param: dict[str, Any], bn_param: dict[str, Any]
) -> tuple[Array, Any]:
    """conv - spatial batch norm - relu.  gamma, beta (F,)."""
    a, conv_cache = conv_forward_fast(x, w, b, conv_param)
    normalised, norm_cache = spatial_batchnorm_forward(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(normalised)
    return out, (conv_cache, norm_cache, relu_cache)


def conv_bn_relu_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array | None, Array, Array]:
    """dout -> dx, dw, db, dgamma, dbeta."""
    conv_cache, norm_cache, relu_cache = cache
    da, dgamma, dbeta = spatial_batchnorm_backward(relu_backward(dout, relu_cache), norm_cache)
    return *conv_backward_fast(da, conv_cache), dgamma, dbeta


def conv_bn_relu_pool_forward(
    x: Array,
    w: Array,
    b: Array | None,
    gamma: Array,
    beta: Array,
    conv_param: dict[str, Any],
    bn_param: dict[str, Any],
    pool_param: dict[str, Any],
) -> tuple[Array, Any]:
    """conv - spatial batch norm - relu - max pool."""
    a, conv_bn_relu_cache = conv_bn_relu_forward(x, w, b, gamma, beta, conv_param, bn_param)
    out, pool_cache = max_pool_forward_fast(a, pool_param)
    return out, (conv_bn_relu_cache, pool_cache)


def conv_bn_relu_pool_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array | None, Array, Array]:
    """dout -> dx, dw, db, dgamma, dbeta."""
    conv_bn_relu_cache, pool_cache = cache
    return conv_bn_relu_backward(max_pool_backward_fast(dout, pool_cache), conv_bn_relu_cache)


# Names that other years of the courses use.
conv_batchnorm_relu_forward, conv_batchnorm_relu_backward = conv_bn_relu_forward, conv_bn_relu_backward
