"""Layers in unusual ways: caches that are functions and classes, scattered sums, whole transforms. Right."""

# ruff: noqa: B905, C408, E401, E731, I001, RUF059 - as students write it

from __future__ import annotations
import collections, functools, operator
import numpy as np
from numpy import sqrt, pad as padded, einsum

Cache = collections.namedtuple("Cache", "x w b")


def affine_forward(x: np.ndarray, w: np.ndarray, b: np.ndarray):
    return functools.reduce(operator.add, [np.tensordot(x.reshape(len(x), -1), w, axes=1), b]), Cache(x, w, b)


def affine_backward(dout, cache):
    x = cache.x
    g = lambda a, bb: np.einsum("ni,nj->ij", a, bb)
    return (dout @ cache.w.T).reshape(x.shape), g(x.reshape(len(x), -1), dout), np.add.reduce(dout, 0)


def relu_forward(x):
    y = np.clip(x, 0, None)
    return y, lambda d: d * np.heaviside(x, 0.0)


def relu_backward(dout, cache):
    return cache(dout)


def softmax_loss(x, y):
    lse = np.logaddexp.reduce(x, axis=1)
    N = x.shape[0]
    loss = (lse - np.take_along_axis(x, y[:, None], 1)[:, 0]).mean()
    p = np.exp(x - lse[:, None])
    np.subtract.at(p, (range(N), y), 1)
    return loss, p / N


def svm_loss(x, y):
    N = len(x)
    correct = np.choose(y, x.T)
    m = (x - correct[:, None] + 1.0).clip(min=0)
    m[range(N), y] = 0.0
    ind = np.sign(m)
    ind[range(N), y] -= ind.sum(1)
    return m.sum() / N, ind / N


class _Graph:
    def __init__(self, x, gamma, eps, axis):
        self.axis = axis
        self.mu = x.mean(axis, keepdims=True)
        self.v = x.var(axis, keepdims=True)
        self.z = (x - self.mu) / sqrt(self.v + eps)
        self.gamma, self.eps = gamma, eps
        self.n = x.shape[axis]


def batchnorm_forward(x, gamma, beta, bn_param):
    p = bn_param
    D = x.shape[1]
    p.setdefault("running_mean", np.zeros(D))
    p.setdefault("running_var", np.zeros(D))
    m = p.get("momentum", 0.9)
    eps = p.get("eps", 1e-5)
    if p["mode"] == "train":
        g = _Graph(x, gamma, eps, 0)
        p["running_mean"] = m * p["running_mean"] + (1 - m) * g.mu[0]
        p["running_var"] = m * p["running_var"] + (1 - m) * g.v.ravel()
        return g.z * gamma + beta, g
    if p["mode"] == "test":
        scale = gamma / sqrt(p["running_var"] + eps)
        return x * scale + (beta - p["running_mean"] * scale), None
    raise ValueError(p["mode"])


def batchnorm_backward(dout, cache):
    g = cache
    J = np.eye(g.n) - 1 / g.n
    dz = dout * g.gamma
    cols = [
        ((J - np.outer(g.z[:, d], g.z[:, d]) / g.n) @ dz[:, d]) / sqrt(g.v[0, d] + g.eps) for d in range(dout.shape[1])
    ]
    return np.column_stack(cols), np.sum(dout * g.z, 0), dout.sum(0)


batchnorm_backward_alt = batchnorm_backward


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    c = x - x.mean(-1)[:, None]
    s = np.sqrt(np.mean(np.square(c), -1) + eps)[:, None]
    return gamma * (c / s) + beta, (c, s, gamma)


def layernorm_backward(dout, cache):
    c, s, gamma = cache
    z = c / s
    dz = dout * gamma
    return (dz - dz.mean(1, keepdims=True) - z * (dz * z).mean(1, keepdims=True)) / s, (dout * z).sum(0), dout.sum(0)


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    rng = np.random.RandomState(dropout_param["seed"]) if "seed" in dropout_param else np.random
    if mode == "train":
        mask = rng.binomial(1, p, size=x.shape) / p
        return np.multiply(x, mask).astype(x.dtype), (dropout_param, mask)
    return x, (dropout_param, None)


def dropout_backward(dout, cache):
    p, mask = cache
    return dout if p["mode"] == "test" else mask * dout


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    xp = padded(x, [(0, 0)] * 2 + [(p, p)] * 2)
    v = np.lib.stride_tricks.sliding_window_view(xp, w.shape[2:], axis=(2, 3))[:, :, ::s, ::s]
    out = einsum("nchwij,fcij->nfhw", v, w, optimize=True)
    out += b.reshape(1, -1, 1, 1)
    return out, dict(x=x, xp=xp, v=v, w=w, s=s, p=p)


def conv_backward_naive(dout, cache):
    v, w, s, p = (cache[k] for k in "vwsp")
    dw = einsum("nfhw,nchwij->fcij", dout, v)
    up = np.zeros((*dout.shape[:2], *(s * (n - 1) + 1 for n in dout.shape[2:])))
    up[..., ::s, ::s] = dout
    HH, WW = w.shape[2:]
    full = np.pad(up, [(0, 0)] * 2 + [(HH - 1,) * 2, (WW - 1,) * 2])
    win = np.lib.stride_tricks.sliding_window_view(full, (HH, WW), axis=(2, 3))
    core = einsum("nfhwij,fcij->nchw", win, w[:, :, ::-1, ::-1])
    dxp = np.zeros_like(cache["xp"])
    dxp[:, :, : core.shape[2], : core.shape[3]] = core
    H, W = cache["x"].shape[2:]
    return dxp[:, :, p : p + H, p : p + W], dw, dout.sum((0, 2, 3))


def max_pool_forward_naive(x, pool_param):
    h, w, s = map(pool_param.get, ("pool_height", "pool_width", "stride"))
    v = np.lib.stride_tricks.sliding_window_view(x, (h, w), axis=(2, 3))[:, :, ::s, ::s]
    flat = v.reshape(*v.shape[:4], -1)
    return flat.max(-1), (x.shape, flat.argmax(-1), h, w, s)


def max_pool_backward_naive(dout, cache):
    shape, arg, h, w, s = cache
    dx = np.zeros(shape)
    n, c, i, j = np.indices(dout.shape)
    np.add.at(dx, (n, c, i * s + arg // w, j * s + arg % w), dout)
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    y, cache = batchnorm_forward(np.moveaxis(x, 1, -1).reshape(-1, C), gamma, beta, bn_param)
    return np.ascontiguousarray(y.reshape(N, H, W, C).transpose(0, 3, 1, 2)), cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    dx, dg, db = batchnorm_backward_closed(dout.transpose(0, 2, 3, 1).reshape(-1, C), cache)
    return dx.reshape(N, H, W, C).transpose(0, 3, 1, 2), dg, db


def batchnorm_backward_closed(dout, g):
    dz = dout * g.gamma
    return (dz - dz.mean(0) - g.z * (dz * g.z).mean(0)) / np.sqrt(g.v + g.eps), (dout * g.z).sum(0), dout.sum(0)


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    eps = gn_param.get("eps", 1e-5)
    xs = np.split(x, G, axis=1)
    mus = [a.mean((1, 2, 3), keepdims=True) for a in xs]
    sds = [np.sqrt(a.var((1, 2, 3), keepdims=True) + eps) for a in xs]
    z = np.concatenate([(a - m) / s for a, m, s in zip(xs, mus, sds)], axis=1)
    return z * gamma + beta, (z, sds, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    z, sds, gamma, G = cache
    d = np.split(dout * gamma, G, 1)
    zs = np.split(z, G, 1)
    ax = (1, 2, 3)
    dx = np.concatenate(
        [(a - a.mean(ax, keepdims=True) - q * (a * q).mean(ax, keepdims=True)) / s for a, q, s in zip(d, zs, sds)], 1
    )
    return dx, (dout * z).sum((0, 2, 3), keepdims=True), dout.sum((0, 2, 3), keepdims=True)


def sgd(w, dw, config=None):
    config = {"learning_rate": 1e-2, **(config or {})}
    return w - config["learning_rate"] * dw, config


def sgd_momentum(w, dw, config=None):
    config = {"learning_rate": 1e-2, "momentum": 0.9, **(config or {})}
    v = config["momentum"] * config.pop("velocity", 0 * w) - config["learning_rate"] * dw
    return w + v, {**config, "velocity": v}


def adam(w, dw, config=None):
    c = {
        "learning_rate": 1e-3,
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
        "m": np.zeros_like(w),
        "v": np.zeros_like(w),
        "t": 0,
        **(config or {}),
    }
    c["t"] = c["t"] + 1
    c["m"] = c["m"] + (1 - c["beta1"]) * (dw - c["m"])
    c["v"] = c["v"] + (1 - c["beta2"]) * (dw * dw - c["v"])
    mh = c["m"] / (1 - np.power(c["beta1"], c["t"]))
    vh = c["v"] / (1 - np.power(c["beta2"], c["t"]))
    return w - c["learning_rate"] * np.true_divide(mh, vh**0.5 + c["epsilon"]), c


def rmsprop(w, dw, config=None):
    c = {"learning_rate": 1e-2, "decay_rate": 0.99, "epsilon": 1e-8, **(config or {})}
    c["cache"] = np.average(
        [c.get("cache", np.zeros_like(w)), dw**2], axis=0, weights=[c["decay_rate"], 1 - c["decay_rate"]]
    )
    return w - c["learning_rate"] * dw / (np.sqrt(c["cache"]) + c["epsilon"]), c
