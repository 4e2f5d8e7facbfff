"""Wrong halves of layers, each with one planted fault of a kind that people make."""

from typing import Any

import numpy as np

from nndl.check.subject import Array
from nndl.conv_layers import (
    avg_pool_backward_naive,
    conv_backward_naive,
    conv_forward_naive,
    max_pool_backward_naive,
    max_pool_forward_naive,
    spatial_batchnorm_backward,
    spatial_groupnorm_backward,
    spatial_groupnorm_forward,
)
from nndl.layers import (
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_forward,
    dropout_backward,
    dropout_forward,
    relu_backward,
    relu_forward,
)
from nndl.stochastic_depth import stochastic_depth_forward

# Batch norm


def bn_over_the_wrong_axis(x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]) -> tuple[Array, Any]:
    """Reshapes (N, C, H, W) to rows of C without moving the channels to the end."""
    rows, cache = batchnorm_forward(x.reshape(-1, x.shape[1]), gamma, beta, bn_param)
    return rows.reshape(x.shape), cache


def bn_over_the_wrong_axis_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    rows, dgamma, dbeta = batchnorm_backward(dout.reshape(-1, dout.shape[1]), cache)
    return rows.reshape(dout.shape), dgamma, dbeta


def bn_without_the_mean_term(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    x_hat, gamma, inverse_std, _ = cache
    _, dgamma, dbeta = batchnorm_backward(dout, cache)
    dx_hat = dout * gamma
    return inverse_std * (dx_hat - x_hat * (dx_hat * x_hat).mean(axis=0)), dgamma, dbeta


def bn_without_one_over_n(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    x_hat, gamma, inverse_std, _ = cache
    _, dgamma, dbeta = batchnorm_backward(dout, cache)
    dx_hat = dout * gamma
    return inverse_std * (dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).sum(axis=0)), dgamma, dbeta


def bn_without_gamma_in_dx(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    dx, dgamma, dbeta = batchnorm_backward(dout, cache)
    return dx / cache[1], dgamma, dbeta


def bn_keeping_x(x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]) -> tuple[Array, Any]:
    out, cache = batchnorm_forward(x, gamma, beta, bn_param)
    return out, (x, cache)


def bn_dgamma_with_x(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    x, cache = cache
    dx, _, dbeta = batchnorm_backward(dout, cache)
    return dx, (dout * x).sum(axis=0), dbeta


def bn_updating_in_test_mode(x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]) -> tuple[Array, Any]:
    result = batchnorm_forward(x, gamma, beta, bn_param)
    if bn_param["mode"] == "test":
        batchnorm_forward(x, gamma, beta, train := {**bn_param, "mode": "train"})
        bn_param.update(running_mean=train["running_mean"])
    return result


def bn_momentum_swapped(x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]) -> tuple[Array, Any]:
    bn_param["momentum"] = 1 - (momentum := bn_param["momentum"])
    result = batchnorm_forward(x, gamma, beta, bn_param)
    bn_param["momentum"] = momentum
    return result


def bn_unbiased_always(x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]) -> tuple[Array, Any]:
    bn_param["unbiased"] = True
    return batchnorm_forward(x, gamma, beta, bn_param)


def bn_batch_statistics_in_test_mode(
    x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]
) -> tuple[Array, Any]:
    return batchnorm_forward(x, gamma, beta, bn_param if bn_param["mode"] == "train" else {"mode": "train"})


def bn_eps_outside_the_root(x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]) -> tuple[Array, Any]:
    """A correct gradient, but of x / (sqrt(var) + eps)."""
    eps, centred = bn_param["eps"], x - x.mean(axis=0)
    std = np.sqrt((centred**2).mean(axis=0))
    _, cache = batchnorm_forward(x, gamma, beta, bn_param)
    if bn_param["mode"] == "test":
        std = np.sqrt(bn_param["running_var"])
        centred = x - bn_param["running_mean"]
    return gamma * centred / (std + eps) + beta, (centred, std, eps, gamma, cache)


def bn_eps_outside_the_root_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    centred, std, eps, gamma, _ = cache
    scale = 1 / (std + eps)
    d = dout * gamma
    dcentred = d * scale - centred / np.maximum(std, eps) * scale**2 * (d * centred).mean(axis=0)
    return dcentred - dcentred.mean(axis=0), (dout * centred * scale).sum(axis=0), dout.sum(axis=0)


def bn_in_float64(x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]) -> tuple[Array, Any]:
    return batchnorm_forward(x.astype(np.float64), gamma, beta, bn_param)


def layernorm_over_the_batch(x: Array, gamma: Array, beta: Array, ln_param: dict[str, Any]) -> tuple[Array, Any]:
    return batchnorm_forward(x, gamma, beta, {"mode": "train", **ln_param} | {"mode": "train"})


def groupnorm_with_interleaved_groups(
    x: Array, gamma: Array, beta: Array, G: int, gn_param: dict[str, Any]
) -> tuple[Array, Any]:
    order = _interleaved(x.shape[1], G)
    out, cache = spatial_groupnorm_forward(x[:, order], gamma[order], beta[order], G, gn_param)
    return out[:, np.argsort(order)], (order, cache)


def groupnorm_with_interleaved_groups_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    order, cache = cache
    dx, dgamma, dbeta = spatial_groupnorm_backward(dout[:, order], cache)
    back = np.argsort(order)
    return dx[:, back], dgamma[back], dbeta[back]


def _interleaved(channels: int, groups: int) -> Array:
    return np.arange(channels).reshape(-1, groups).T.ravel()


def layernorm_dx_without_statistics(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """Forgets that mean and variance depend on x."""
    x_hat, gamma, inverse_std = cache
    return dout * gamma * inverse_std, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


def spatial_bn_dbeta_averaged(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    dx, dgamma, _ = spatial_batchnorm_backward(dout, cache)
    return dx, dgamma, dout.mean(axis=(0, 2, 3))


# Convolution and affine


def conv_flipped(x: Array, w: Array, b: Array, conv_param: dict[str, Any]) -> tuple[Array, Any]:
    """The mathematicians' convolution, with its right gradient."""
    return conv_forward_naive(x, w[:, :, ::-1, ::-1], b, conv_param)


def conv_flipped_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array | None]:
    dx, dw, db = conv_backward_naive(dout, cache)
    return dx, dw[:, :, ::-1, ::-1], db


def conv_backward_with_stride_one(dout: Array, cache: Any) -> tuple[Array, Array, Array | None]:
    x, w, b, conv_param = cache
    spread = np.zeros((*dout.shape[:2], x.shape[2], x.shape[3]), dout.dtype)
    spread[:, :, : dout.shape[2], : dout.shape[3]] = dout
    _, dw, db = conv_backward_naive(dout, cache)
    return conv_backward_naive(spread, (x, w, b, {**conv_param, "stride": 1}))[0], dw, db


def conv_db_missing_an_axis(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    dx, dw, _ = conv_backward_naive(dout, cache)
    return dx, dw, dout.sum(axis=(0, 2))


def conv_db_of_the_first_example(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    dx, dw, _ = conv_backward_naive(dout, cache)
    return dx, dw, dout[0].sum(axis=(1, 2))


def conv_backward_of_the_source_notes(dout: Array, cache: Any) -> tuple[Array, Array, Array | None]:
    """Indexes dx by the filter's number instead of the image's, and adds w to dout instead of multiplying."""
    dx, dw, db = conv_backward_naive(dout, cache)
    wrong = np.zeros_like(dx)
    for f in range(dout.shape[1]):
        wrong[f % len(dx)] += dx[f % len(dx)] + dout[:, f].sum()
    return wrong, dw, db


def conv_padding_with_the_border(x: Array, w: Array, b: Array, conv_param: dict[str, Any]) -> tuple[Array, Any]:
    """Pads with the border's pixels, and treats them as zeros on the way back."""
    pad = conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="edge")
    out, _ = conv_forward_naive(padded, w, b, {**conv_param, "pad": 0})
    return out, (x, w, b, conv_param)


class AccumulatingAffine:
    """dw is added up over the calls."""

    def __init__(self) -> None:
        self.dw: dict[tuple[int, ...], Array] = {}

    def backward(self, dout: Array, cache: Any) -> tuple[Array, Array, Array]:
        dx, dw, db = affine_backward(dout, cache)
        self.dw[dw.shape] = self.dw.get(dw.shape, 0) + dw
        return dx, self.dw[dw.shape], db


def affine_channels_last(x: Array, w: Array, b: Array) -> tuple[Array, Any]:
    """Flattens (H, W, C), with the right gradient."""
    return affine_forward(x.transpose(0, 2, 3, 1), w, b)


def affine_channels_last_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    dx, dw, db = affine_backward(dout, cache)
    return dx.transpose(0, 3, 1, 2), dw, db


def affine_in_memory_order(x: Array, w: Array, b: Array) -> tuple[Array, Any]:
    """Flattens in the order the numbers happen to lie."""
    flat = x.ravel(order="K").reshape(len(x), -1)
    return flat @ w + b, (x, w, b)


def affine_averaging(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """Divides by the batch size, which the loss has done already."""
    dx, dw, db = affine_backward(dout, cache)
    return dx, dw / len(dout), db / len(dout)


# Pooling, activations, dropout


def max_pool_to_all_ties(dout: Array, cache: Any) -> Array:
    x, pool_param = cache
    out, _ = max_pool_forward_naive(x, pool_param)
    size = pool_param["pool_height"]
    dx = np.zeros_like(x)
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = np.s_[:, :, i * size : (i + 1) * size, j * size : (j + 1) * size]
            dx[window] += (x[window] == out[:, :, i : i + 1, j : j + 1]) * dout[:, :, i : i + 1, j : j + 1]
    return dx


def max_pool_to_the_last_tie(dout: Array, cache: Any) -> Array:
    x, pool_param = cache
    flipped = x[:, :, ::-1, ::-1], pool_param
    return max_pool_backward_naive(dout[:, :, ::-1, ::-1], flipped)[:, :, ::-1, ::-1]


def avg_pool_not_divided(dout: Array, cache: Any) -> Array:
    return avg_pool_backward_naive(dout, cache) * cache[1]["pool_height"] ** 2


def relu_in_place(x: Array) -> tuple[Array, Any]:
    x[x < 0] = 0
    return x.copy(), x


def relu_in_place_backward(dout: Array, cache: Any) -> Array:
    dout[cache <= 0] = 0
    return dout.copy()


def relu_in_float64(dout: Array, cache: Any) -> Array:
    return dout * np.where(cache > 0, np.float64(1), np.float64(0))


class CarelessRelu:
    """One cache for all calls, or one output array for all calls of a shape."""

    def __init__(self) -> None:
        self.cache: Any = None
        self.out: dict[tuple[int, ...], Array] = {}

    def forward_sharing_the_cache(self, x: Array) -> tuple[Array, Any]:
        out, self.cache = relu_forward(x)
        return out, None

    def backward_sharing_the_cache(self, dout: Array, cache: Any) -> Array:  # noqa: ARG002
        return relu_backward(dout, self.cache)

    def forward_sharing_the_output(self, x: Array) -> tuple[Array, Any]:
        out = self.out.setdefault(x.shape, np.empty_like(x, order="C"))
        np.maximum(x, 0, out=out)
        return out, x.copy()


def leaky_relu_slopes_exchanged(dout: Array, cache: Any) -> Array:
    x, slope = cache
    return np.where(x > 0, slope * dout, dout)


def dropout_not_inverted(x: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
    out, (param, mask) = dropout_forward(x, dropout_param)
    return (out, (param, mask)) if mask is None else (out * param["p"], (param, mask * param["p"]))


def dropout_p_drops(x: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
    return dropout_forward(x, {**dropout_param, "p": 1 - dropout_param["p"]})


def dropout_in_test_mode(x: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
    return dropout_forward(x, {"rng": np.random.default_rng(0), **dropout_param, "mode": "train"})


def dropout_always_the_same(x: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
    return dropout_forward(x, {**dropout_param, "rng": np.random.default_rng(0)})


def dropout_another_mask_back(dout: Array, cache: Any) -> Array:
    param, mask = cache
    return dropout_backward(dout, (param, mask.reshape(-1)[::-1].reshape(mask.shape)))


def stochastic_depth_by_unit(x: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
    """Drops units, as dropout does."""
    out, (_, mask) = dropout_forward(x, dropout_param)
    return out, np.ones_like(x) if mask is None else mask


def stochastic_depth_of_the_batch(x: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
    """Drops all images or none, as torchvision's mode "batch" does."""
    kept, _ = dropout_forward(np.ones((1, *[1] * (x.ndim - 1)), x.dtype), dropout_param)
    return x * kept, kept


def stochastic_depth_not_inverted(x: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
    """Leaves the scale to test mode, where it is forgotten."""
    out, kept = stochastic_depth_forward(x, dropout_param)
    factor = dropout_param["p"] if dropout_param["mode"] == "train" else 1.0
    return out * factor, kept * factor
