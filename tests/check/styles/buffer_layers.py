"""Right layers that work in buffers of their own, in place."""

import numpy as np


def affine_forward(x, w, b):
    out = np.empty((x.shape[0], w.shape[1]))
    np.dot(x.reshape(x.shape[0], -1), w, out=out)
    out += b
    return out, [x, w]


def affine_backward(dout, cache):
    x, w = cache
    dx = np.empty((x.shape[0], w.shape[0]))
    np.dot(dout, w.T, out=dx)
    dx.shape = x.shape
    db = np.zeros(dout.shape[1])
    for row in dout:
        db += row
    return dx, x.reshape(len(x), -1).T.dot(dout), db


def relu_forward(x):
    out = x.copy()
    out[out < 0] = 0
    return out, out.copy()


def relu_backward(dout, out):
    dx = np.array(dout)
    dx *= out > 0
    return dx


def layernorm_forward(x, gamma, beta, ln_param):
    x_hat = np.array(x.T)
    x_hat -= x_hat.mean(axis=0)
    std = (x_hat * x_hat).mean(axis=0)
    std += ln_param.get("eps", 1e-5)
    np.sqrt(std, out=std)
    x_hat /= std
    out = x_hat.T * gamma
    out += beta
    return out, (x_hat, std, gamma)


def layernorm_backward(dout, cache):
    x_hat, std, gamma = cache
    d = (dout * gamma).T.copy()
    projection = (d * x_hat).mean(axis=0)
    d -= d.mean(axis=0)
    d -= x_hat * projection
    d /= std
    return d.T, (dout * x_hat.T).sum(axis=0), dout.sum(axis=0)


def max_pool_forward_naive(x, pool_param):
    h, w, s = (pool_param[key] for key in ("pool_height", "pool_width", "stride"))
    N, C, H, W = x.shape
    out = np.full((N, C, (H - h) // s + 1, (W - w) // s + 1), -np.inf)
    for a in range(h):
        for b in range(w):
            np.maximum(out, x[:, :, a : a + s * out.shape[2] : s, b : b + s * out.shape[3] : s], out=out)
    return out, (x, out.copy(), pool_param)


def max_pool_backward_naive(dout, cache):
    x, out, pool_param = cache
    h, w, s = (pool_param[key] for key in ("pool_height", "pool_width", "stride"))
    dx, free = np.zeros_like(x), np.ones(out.shape, bool)
    for a in range(h):
        for b in range(w):
            part = np.s_[:, :, a : a + s * out.shape[2] : s, b : b + s * out.shape[3] : s]
            hit = free & (x[part] == out)
            dx[part] += np.where(hit, dout, 0)
            free &= ~hit
    return dx


def dropout_forward(x, dropout_param):
    cache = dict(dropout_param)
    out = np.array(x, dtype=float)
    if dropout_param["mode"] == "train":
        cache["dropped"] = np.random.uniform(size=x.shape) >= dropout_param["p"]  # noqa: NPY002
        out /= dropout_param["p"]
        out[cache["dropped"]] = 0
    return out, cache


def dropout_backward(dout, cache):
    if cache["mode"] != "train":
        return dout
    dx = dout / cache["p"]
    dx[cache["dropped"]] = 0
    return dx


def softmax_loss(x, y):
    p = np.array(x, dtype=float)
    p -= p.max(axis=1).reshape(-1, 1)
    shifted = p.copy()
    np.exp(p, out=p)
    totals = p.sum(axis=1)
    loss = (np.log(totals) - shifted[range(len(x)), y]).mean()
    p /= totals[:, None]
    p[range(len(x)), y] -= 1
    p /= len(x)
    return loss, p
