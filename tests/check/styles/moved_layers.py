"""Right normalisations and convolutions by moveaxis, broadcasting over images, and np.var's own identities."""

# ruff: noqa: RUF059 - as students write it

import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum, C = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9), x.shape[1]
    mean = bn_param.setdefault("running_mean", np.zeros(C))
    var = bn_param.setdefault("running_var", np.zeros(C))
    last = np.moveaxis(x, 1, -1)
    if bn_param["mode"] == "train":
        m, v = last.mean((0, 1, 2)), np.var(last - mean, axis=(0, 1, 2))  # a variance does not move with a shift
        bn_param["running_mean"], bn_param["running_var"] = (
            momentum * mean + (1 - momentum) * m,
            momentum * var + (1 - momentum) * v,
        )
        mean, var = m, v
    x_hat = (last - mean) / np.sqrt(var + eps)
    return np.moveaxis(gamma * x_hat + beta, -1, 1), (x_hat, gamma, np.sqrt(var + eps))


def spatial_batchnorm_backward(dout, cache):
    x_hat, gamma, std = cache
    last = np.moveaxis(dout, 1, -1)
    M = last[..., 0].size
    dgamma, dbeta = (last * x_hat).sum((0, 1, 2)), last.sum((0, 1, 2))
    dx = gamma / std / M * (M * last - dbeta - x_hat * dgamma)
    return np.moveaxis(dx, -1, 1), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    parts = np.split(x, G, axis=1)
    stats = [
        (p.mean((1, 2, 3), keepdims=True), p.var((1, 2, 3), keepdims=True) + gn_param.get("eps", 1e-5)) for p in parts
    ]
    x_hat = np.concatenate([(p - m) / np.sqrt(v) for p, (m, v) in zip(parts, stats, strict=True)], axis=1)
    inv = np.concatenate([np.repeat(v**-0.5, C // G, axis=1) for _, v in stats], axis=1)
    return gamma.reshape(1, C, 1, 1) * x_hat + beta.reshape(1, C, 1, 1), (x_hat, inv, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    x_hat, inv, gamma, G = cache
    C = dout.shape[1]
    d = dout * gamma.reshape(1, C, 1, 1)
    means = []
    for part, hat in zip(np.split(d, G, axis=1), np.split(x_hat, G, axis=1), strict=True):
        means.append(part.mean((1, 2, 3), keepdims=True) + hat * (part * hat).mean((1, 2, 3), keepdims=True))
    axes = (0, 2, 3)
    dgamma, dbeta = (dout * x_hat).sum(axes).reshape(gamma.shape), dout.sum(axes).reshape(gamma.shape)
    return inv * (d - np.concatenate(means, axis=1)), dgamma, dbeta


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    channels_last = np.pad(np.moveaxis(x, 1, 3), ((0, 0), (p, p), (p, p), (0, 0)))
    N, H, W, _ = channels_last.shape
    F, _, h, k = w.shape
    rows = [channels_last[:, i : i + h].reshape(N, h, W, -1) for i in range(0, H - h + 1, s)]
    out = np.stack(
        [[np.tensordot(r[:, :, j : j + k], w, ([1, 2, 3], [2, 3, 1])) for j in range(0, W - k + 1, s)] for r in rows]
    )
    return np.moveaxis(out, (0, 1, 2, 3), (2, 3, 0, 1)) + b.reshape(1, F, 1, 1), (channels_last, w, s, p)


def conv_backward_naive(dout, cache):
    x, w, s, p = cache
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for a in range(w.shape[2]):
        for c in range(w.shape[3]):
            part = np.s_[:, a : a + s * dout.shape[2] : s, c : c + s * dout.shape[3] : s]
            dx[part] += np.moveaxis(np.tensordot(dout, w[:, :, a, c], (1, 0)), 0, 0)
            dw[:, :, a, c] = np.tensordot(dout, x[part], ([0, 2, 3], [0, 1, 2]))
    dx = dx[:, p : x.shape[1] - p, p : x.shape[2] - p]
    return np.moveaxis(dx, 3, 1), dw, dout.sum((0, 2, 3))


def batchnorm_forward(x, gamma, beta, bn_param):
    out, cache = spatial_batchnorm_forward(x[:, :, None, None], gamma, beta, bn_param)
    return out[:, :, 0, 0], cache


def batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = spatial_batchnorm_backward(dout[:, :, None, None], cache)
    return dx[:, :, 0, 0], dgamma, dbeta
