"""Right layers with a loop for every index."""

import numpy as np


def affine_forward(x, w, b):
    rows = [np.ravel(example) for example in x]
    out = np.array([[sum(r[d] * w[d, m] for d in range(len(r))) + b[m] for m in range(w.shape[1])] for r in rows])
    return out, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dx, dw, db = np.zeros((len(x), len(w))), np.zeros(w.shape), np.zeros(w.shape[1])
    for n in range(len(x)):
        row = np.ravel(x[n])
        for m in range(w.shape[1]):
            db[m] += dout[n, m]
            for d in range(len(row)):
                dx[n, d] += dout[n, m] * w[d, m]
                dw[d, m] += dout[n, m] * row[d]
    return dx.reshape(x.shape), dw, db


def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    (N, C, H, W), (F, _, h, k) = x.shape, w.shape
    rows, columns = (H + 2 * p - h) // s + 1, (W + 2 * p - k) // s + 1
    out = np.zeros((N, F, rows, columns))
    for n, f, i, j in np.ndindex(*out.shape):
        total = b[f]
        for c, a, d in np.ndindex(C, h, k):
            y, z = i * s + a - p, j * s + d - p
            if 0 <= y < H and 0 <= z < W:
                total += x[n, c, y, z] * w[f, c, a, d]
        out[n, f, i, j] = total
    return out, (x, w, s, p)


def conv_backward_naive(dout, cache):
    x, w, s, p = cache
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(len(w))
    H, W = x.shape[2:]
    for n, f, i, j in np.ndindex(*dout.shape):
        db[f] += dout[n, f, i, j]
        for c, a, d in np.ndindex(*w.shape[1:]):
            y, z = i * s + a - p, j * s + d - p
            if 0 <= y < H and 0 <= z < W:
                dx[n, c, y, z] += dout[n, f, i, j] * w[f, c, a, d]
                dw[f, c, a, d] += dout[n, f, i, j] * x[n, c, y, z]
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    h, w, s = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    rows, columns = (x.shape[2] - h) // s + 1, (x.shape[3] - w) // s + 1
    out = np.zeros((*x.shape[:2], rows, columns))
    places = {}
    for n, c, i, j in np.ndindex(*out.shape):
        best = None
        for a in range(h):
            for b in range(w):
                value = x[n, c, i * s + a, j * s + b]
                if best is None or value > best:
                    best, places[n, c, i, j] = value, (n, c, i * s + a, j * s + b)
        out[n, c, i, j] = best
    return out, (x.shape, places)


def max_pool_backward_naive(dout, cache):
    shape, places = cache
    dx = np.zeros(shape)
    for index, place in places.items():
        dx[place] += dout[index]
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    N, D = x.shape
    out, x_hat, stds = np.zeros((N, D)), np.zeros((N, D)), np.ones(D)
    running_mean = np.array(bn_param.get("running_mean", np.zeros(D)))
    running_var = np.array(bn_param.get("running_var", np.zeros(D)))
    for d in range(D):
        mean, var = running_mean[d], running_var[d]
        if bn_param["mode"] == "train":
            mean = sum(x[:, d]) / N
            var = sum((value - mean) ** 2 for value in x[:, d]) / N
            running_mean[d] = momentum * running_mean[d] + (1 - momentum) * mean
            running_var[d] = momentum * running_var[d] + (1 - momentum) * var
        stds[d] = (var + eps) ** 0.5
        x_hat[:, d] = (x[:, d] - mean) / stds[d]
        out[:, d] = gamma[d] * x_hat[:, d] + beta[d]
    bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var
    return out, (x_hat, gamma, stds)


def batchnorm_backward(dout, cache):
    x_hat, gamma, stds = cache
    N, D = dout.shape
    dx, dgamma, dbeta = np.zeros((N, D)), np.zeros(D), np.zeros(D)
    for d in range(D):
        dgamma[d], dbeta[d] = sum(dout[:, d] * x_hat[:, d]), sum(dout[:, d])
        for n in range(N):
            dx[n, d] = gamma[d] / stds[d] * (dout[n, d] - dbeta[d] / N - x_hat[n, d] * dgamma[d] / N)
    return dx, dgamma, dbeta
