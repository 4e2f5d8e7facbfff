"""The courses' composed layers on vectors: pairs made of pairs, the cache of each a tuple of its parts' caches."""

from typing import Any

from numpy.typing import NDArray

from nndl.layers import (
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
    relu_backward,
    relu_forward,
)

Array = NDArray[Any]


def affine_relu_forward(x: Array, w: Array, b: Array) -> tuple[Array, Any]:
    """affine - relu.  x (N, d_1, ..., d_k), w (D, M), b (M,) -> out (N, M)."""
    a, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dout (N, M) -> dx, dw, db."""
    affine_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), affine_cache)


def affine_batchnorm_relu_forward(
    x: Array, w: Array, b: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]
) -> tuple[Array, Any]:
    """affine - batch norm - relu.  gamma, beta (M,); the rest as for affine_relu_forward."""
    a, affine_cache = affine_forward(x, w, b)
    normalised, norm_cache = batchnorm_forward(a, gamma, beta, bn_param)
    out, relu_cache = relu_forward(normalised)
    return out, (affine_cache, norm_cache, relu_cache)


def affine_batchnorm_relu_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array, Array, Array]:
    """dout (N, M) -> dx, dw, db, dgamma, dbeta."""
    affine_cache, norm_cache, relu_cache = cache
    da, dgamma, dbeta = batchnorm_backward(relu_backward(dout, relu_cache), norm_cache)
    return *affine_backward(da, affine_cache), dgamma, dbeta


affine_bn_relu_forward = affine_batchnorm_relu_forward
affine_bn_relu_backward = affine_batchnorm_relu_backward


def affine_layernorm_relu_forward(
    x: Array, w: Array, b: Array, gamma: Array, beta: Array, ln_param: dict[str, Any]
) -> tuple[Array, Any]:
    """affine - layer norm - relu.  gamma, beta (M,); the rest as for affine_relu_forward."""
    a, affine_cache = affine_forward(x, w, b)
    normalised, norm_cache = layernorm_forward(a, gamma, beta, ln_param)
    out, relu_cache = relu_forward(normalised)
    return out, (affine_cache, norm_cache, relu_cache)


def affine_layernorm_relu_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array, Array, Array]:
    """dout (N, M) -> dx, dw, db, dgamma, dbeta."""
    affine_cache, norm_cache, relu_cache = cache
    da, dgamma, dbeta = layernorm_backward(relu_backward(dout, relu_cache), norm_cache)
    return *affine_backward(da, affine_cache), dgamma, dbeta


affine_ln_relu_forward = affine_layernorm_relu_forward
affine_ln_relu_backward = affine_layernorm_relu_backward
