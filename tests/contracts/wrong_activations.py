"""Wrong halves of activations and gates, each with one planted fault of a kind that people make."""

from typing import Any

import numpy as np

from nndl.activations import prelu_backward, sigmoid_forward
from nndl.check.subject import Array
from nndl.squeeze_excite import excite, excite_back, squeeze_excite_backward

# Activations


def sigmoid_slope_of_x(dout: Array, cache: Any) -> Array:
    """Takes what forward gave for x: sigmoid(out) (1 - sigmoid(out))."""
    s, _ = sigmoid_forward(cache)
    return dout * s * (1 - s)


def elu_slope_without_alpha(dout: Array, cache: Any) -> Array:
    x, _ = cache
    return np.where(x > 0, dout, dout * np.exp(np.minimum(x, 0)))


def relu6_open_above(dout: Array, cache: Any) -> Array:
    return dout * (cache > 0)


def hard_swish_without_the_second_term(dout: Array, cache: Any) -> Array:
    _, h = cache
    return dout * h


def prelu_da_of_the_first_example(dout: Array, cache: Any) -> tuple[Array, Array]:
    x, _ = cache
    dx, _ = prelu_backward(dout, cache)
    return dx, (dout * np.minimum(x, 0))[0].sum(axis=tuple(range(1, x.ndim - 1)))


def prelu_da_of_all_channels(dout: Array, cache: Any) -> tuple[Array, Array]:
    dx, da = prelu_backward(dout, cache)
    return dx, np.full_like(da, da.sum())


# Squeeze-and-excitation


def squeeze_excite_without_the_means(dout: Array, cache: Any) -> tuple[Array, ...]:
    _, *gradients = squeeze_excite_backward(dout, cache)
    return dout * cache[1][:, :, np.newaxis, np.newaxis], *gradients


def squeeze_excite_of_the_batch(x: Array, *arguments: Any) -> tuple[Array, Any]:
    """Takes the means over the batch, too."""
    gates, cache = excite(np.broadcast_to(x.mean(axis=(0, 2, 3)), x.shape[:2]), *arguments)
    return x * gates[:, :, np.newaxis, np.newaxis], (x, gates, cache)


def squeeze_excite_by_pixel(x: Array, *arguments: Any) -> tuple[Array, Any]:
    """Does not squeeze: each pixel has gates of its own."""
    pixels = x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])
    gates, cache = excite(pixels, *arguments)
    N, C, H, W = x.shape
    return (pixels * gates).reshape(N, H, W, C).transpose(0, 3, 1, 2), (pixels, gates, cache)


def squeeze_excite_by_pixel_backward(dout: Array, cache: Any) -> tuple[Array, ...]:
    pixels, gates, excite_cache = cache
    N, C, H, W = dout.shape
    given = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    dpixels, *gradients = excite_back(given * pixels, excite_cache)
    return (dpixels + given * gates).reshape(N, H, W, C).transpose(0, 3, 1, 2), *gradients
