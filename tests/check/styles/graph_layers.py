"""Right layers as a staged graph: a node for each operation, in classes, the backward pass node by node."""

import numpy as np


class Node:
    """Keeps what it needs on the way back."""

    def __init__(self, *kept):
        self.kept = kept


def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
    var = bn_param.get("running_var", np.zeros(x.shape[1]))
    if bn_param["mode"] == "test":
        return (x - mean) / np.sqrt(var + eps) * gamma + beta, None
    step1 = x.sum(axis=0) / len(x)
    step2 = x - step1
    step3 = np.square(step2)
    step4 = step3.sum(axis=0) / len(x)
    step5 = np.sqrt(step4 + eps)
    step6 = np.reciprocal(step5)
    step7 = step2 * step6
    step8 = step7 * gamma
    bn_param.update(running_mean=mean * momentum + step1 * (1 - momentum))
    bn_param.update(running_var=var * momentum + step4 * (1 - momentum))
    return step8 + beta, Node(step2, step5, step6, step7, gamma)


def batchnorm_backward(dout, node):
    centred, std, inverse, x_hat, gamma = node.kept
    N = len(dout)
    dbeta, dstep8 = dout.sum(0), dout
    dgamma, dstep7 = (dstep8 * x_hat).sum(0), dstep8 * gamma
    dstep6, dstep2 = (dstep7 * centred).sum(0), dstep7 * inverse
    dstep5 = -dstep6 / std / std
    dstep4 = dstep5 / (2 * std)
    dstep3 = np.broadcast_to(dstep4 / N, dout.shape)
    dstep2 = dstep2 + 2 * centred * dstep3
    dstep1 = -dstep2.sum(0)
    return dstep2 + dstep1 / N, dgamma, dbeta


def softmax_loss(x, y):
    N = len(x)
    top = x[np.arange(N), x.argmax(1)]
    numerators = np.exp((x.T - top).T)
    total = numerators.sum(1)
    own = (x[np.arange(N), y] - top) - np.log(total)
    loss = -own.mean()
    dtotal = 1 / total / N
    dx = (numerators.T * dtotal).T
    dx[np.arange(N), y] -= 1 / N
    return loss, dx


def svm_loss(x, y):
    loss, dx = 0.0, np.zeros(x.shape)
    for i in range(len(x)):
        for j in range(x.shape[1]):
            margin = x[i, j] - x[i, y[i]] + 1
            if j != y[i] and margin > 0:
                loss += margin / len(x)
                dx[i, j] += 1 / len(x)
                dx[i, y[i]] -= 1 / len(x)
    return loss, dx


def affine_forward(x, w, b):
    flat = x.reshape(len(x), np.prod(x.shape[1:]))
    return (w.T @ flat.T).T + b, Node(x.shape, flat, w)


def affine_backward(dout, node):
    shape, flat, w = node.kept
    return (w @ dout.T).T.reshape(shape), (dout.T @ flat).T, np.ones(len(dout)) @ dout


def relu_forward(x):
    return x * (x > 0), Node(np.sign(np.maximum(x, 0)))


def relu_backward(dout, node):
    return dout * node.kept[0]
