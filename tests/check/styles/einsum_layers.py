"""Right layers by einsum and one-line formulas."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def affine_forward(x, w, b):
    return np.einsum("nd,dm->nm", np.reshape(x, (len(x), -1)), w) + b[None], (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dx = np.einsum("nm,dm->nd", dout, w).reshape(np.shape(x))
    return dx, np.einsum("nd,nm->dm", x.reshape(len(x), -1), dout), np.einsum("nm->m", dout)


def relu_forward(x):
    mask = x > 0
    return np.where(mask, x, 0.0), mask


def relu_backward(dout, mask):
    return np.where(mask, dout, 0.0)


def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum, D = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9), x.shape[1]
    mean, var = bn_param.get("running_mean", np.zeros(D)), bn_param.get("running_var", np.zeros(D))
    if bn_param["mode"] == "train":
        m = np.einsum("nd->d", x) / len(x)
        v = np.einsum("nd,nd->d", x - m, x - m) / len(x)
        bn_param["running_mean"] = mean + (1 - momentum) * (m - mean)
        bn_param["running_var"] = var + (1 - momentum) * (v - var)
        mean, var = m, v
    x_hat = (x - mean) * (var + eps) ** -0.5
    return np.einsum("d,nd->nd", gamma, x_hat) + beta, (x_hat, gamma * (var + eps) ** -0.5)


def batchnorm_backward(dout, cache):
    x_hat, scale = cache
    dgamma, dbeta = np.einsum("nd,nd->d", dout, x_hat), np.einsum("nd->d", dout)
    return scale * (dout - dbeta / len(dout) - x_hat * dgamma / len(dout)), dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    x_hat, (_, scale) = batchnorm_forward(x.T, np.ones(len(x)), np.zeros(len(x)), {"mode": "train", **ln_param})
    return gamma * x_hat.T + beta, (x_hat.T, scale[:, None], gamma)


def layernorm_backward(dout, cache):
    x_hat, scale, gamma = cache
    d = dout * gamma
    dx = scale * (d - d.mean(1, keepdims=True) - x_hat * np.einsum("nd,nd->n", d, x_hat)[:, None] / d.shape[1])
    return dx, np.einsum("nd,nd->d", dout, x_hat), np.einsum("nd->d", dout)


def _windows(x, h, w, stride):
    return sliding_window_view(x, (h, w), axis=(2, 3))[:, :, ::stride, ::stride]


def conv_forward_naive(x, w, b, conv_param):
    p = conv_param["pad"]
    padded = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
    windows = _windows(padded, *w.shape[2:], conv_param["stride"])
    return np.einsum("ncijhw,fchw->nfij", windows, w) + b[:, None, None], (padded, windows, w, conv_param)


def conv_backward_naive(dout, cache):
    padded, windows, w, conv_param = cache
    s, p = conv_param["stride"], conv_param["pad"]
    dpadded = np.zeros(padded.shape)
    for i, j in np.ndindex(dout.shape[2:]):
        dpadded[:, :, i * s : i * s + w.shape[2], j * s : j * s + w.shape[3]] += np.einsum(
            "nf,fchw->nchw", dout[:, :, i, j], w
        )
    dx = dpadded[:, :, p : dpadded.shape[2] - p, p : dpadded.shape[3] - p]
    return dx, np.einsum("nfij,ncijhw->fchw", dout, windows), np.einsum("nfij->f", dout)


def max_pool_forward_naive(x, pool_param):
    windows = _windows(x, pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"])
    flat = windows.reshape(*windows.shape[:4], -1)
    return flat.max(-1), (x.shape, flat.argmax(-1), pool_param)


def max_pool_backward_naive(dout, cache):
    shape, which, pool_param = cache
    dx = np.zeros(shape)
    n, c, i, j = np.indices(dout.shape)
    rows = i * pool_param["stride"] + which // pool_param["pool_width"]
    columns = j * pool_param["stride"] + which % pool_param["pool_width"]
    np.add.at(dx, (n, c, rows, columns), dout)
    return dx


def dropout_forward(x, dropout_param):
    if dropout_param["mode"] == "test":
        return x, np.ones(())
    keep = np.random.binomial(1, dropout_param["p"], x.shape) / dropout_param["p"]  # noqa: NPY002
    return x * keep, keep


def dropout_backward(dout, keep):
    return dout * keep


def softmax_loss(x, y):
    log_p = x - np.logaddexp.reduce(x, axis=1, keepdims=True)
    onehot = np.eye(x.shape[1])[y]
    return -np.einsum("nc,nc->", onehot, log_p) / len(x), (np.exp(log_p) - onehot) / len(x)
