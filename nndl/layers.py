"""The definitions: layers on vectors, activations and losses, each a forward/backward pair of plain NumPy.

The notation is the courses' (Stanford CS231n; UCLA ECE C147/C247): x is a batch (N, ...), `dv` is the gradient of the
loss by v. Nothing here changes its inputs, and results have the dtype of x: float64 where x holds whole numbers.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def as_floats(x: Array, name: str = "x") -> Array:
    """Return x, or its float64 where it holds whole numbers: sums of bytes would overflow, and halves be cut off.

    Raises TypeError, which names the argument, for objects, text and complex numbers.
    """
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{name} holds {x.dtype}, where numbers are needed: floats or whole ones")
    return x if x.dtype.kind == "f" else x.astype(np.float64)


def as_labels(y: Array, shape: tuple[int, ...]) -> Array:
    """Return the labels y (N,) of scores of the shape (N, C), or (N,) where C is not known, as positions of classes.

    Raises ValueError for labels of another shape, for any that are no whole numbers, and for those outside 0..C-1.
    """
    y = np.asarray(y)
    if y.shape != shape[:1]:
        raise ValueError(f"labels are (N,), one for each of {shape[0]} examples, not {y.shape}")
    if y.dtype.kind not in "iub":
        raise ValueError(f"labels are whole numbers, the positions of the classes, not {y.dtype}")
    last = shape[1] - 1 if len(shape) > 1 else np.inf
    if y.size and not 0 <= y.min() <= y.max() <= last:
        raise ValueError(
            f"labels go from 0 {f'to {last}' if len(shape) > 1 else 'on'}, these from {y.min()} to {y.max()}"
        )
    return y.astype(np.intp, copy=False)


def as_distributions(target: Array, shape: tuple[int, ...]) -> Array:
    """Return the distributions over the classes, in the shape (N, C) of the scores.

    Raises ValueError for another shape, for shares below 0, and where those of an example do not sum to 1 (by 1e-3).
    """
    if target.shape != shape:
        raise ValueError(f"distributions over the classes are {shape}, as the scores, not {target.shape}")
    if target.size and not (target.min() >= 0 and np.abs(target.sum(axis=1) - 1).max() < 1e-3):
        raise ValueError("the shares of the classes are 0 or more, and those of each example sum to 1")
    return target


# Affine -------------------------------------------------------------------------------------------------------------


def affine_forward(x: Array, w: Array, b: Array) -> tuple[Array, Any]:
    """out = x w + b.  x (N, d_1, ..., d_k), w (D, M) with D = d_1 * ... * d_k, b (M,) -> out (N, M)."""
    x, w, b = as_floats(x), as_floats(w, "w"), as_floats(b, "b")
    out = x.reshape(len(x), -1) @ w + b
    return out, (x, w, b)


def affine_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dout (N, M) -> dx in x's shape, dw (D, M), db (M,)."""
    dout = as_floats(dout, "dout")
    x, w, _ = cache
    dx = (dout @ w.T).reshape(x.shape)
    dw = x.reshape(len(x), -1).T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db


# Activations --------------------------------------------------------------------------------------------------------


def relu_forward(x: Array) -> tuple[Array, Any]:
    """out = max(0, x), any shape."""
    x = as_floats(x)
    return np.maximum(x, 0), x


def relu_backward(dout: Array, cache: Any) -> Array:
    """The gradient passes where x > 0."""
    dout = as_floats(dout, "dout")
    x = cache
    return dout * (x > 0)


def leaky_relu_forward(x: Array, negative_slope: float = 0.01) -> tuple[Array, Any]:
    """out = x where x > 0, negative_slope * x elsewhere, any shape."""
    x = as_floats(x)
    return np.where(x > 0, x, negative_slope * x), (x, negative_slope)


def leaky_relu_backward(dout: Array, cache: Any) -> Array:
    """The slope is 1 where x > 0, negative_slope elsewhere."""
    dout = as_floats(dout, "dout")
    x, negative_slope = cache
    return np.where(x > 0, dout, negative_slope * dout)


GELU_SCALE = 0.7978845608028654
"""sqrt(2 / pi)"""
GELU_CUBIC = 0.044715


def gelu_forward(x: Array) -> tuple[Array, Any]:
    """GELU in its tanh form (Hendrycks and Gimpel 2016): out = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))."""
    x = as_floats(x)
    t = np.tanh(GELU_SCALE * (x + GELU_CUBIC * x**3))
    return 0.5 * x * (1 + t), (x, t)


def gelu_backward(dout: Array, cache: Any) -> Array:
    """By the product rule, with d tanh(u) = (1 - tanh(u)^2) du."""
    dout = as_floats(dout, "dout")
    x, t = cache
    du = GELU_SCALE * (1 + 3 * GELU_CUBIC * x**2)
    return dout * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * du)


def _logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)), written with tanh because that cannot overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def silu_forward(x: Array) -> tuple[Array, Any]:
    """SiLU: out = x * logistic(x), any shape (Elfwing, Uchibe and Doya 2017)."""
    x = as_floats(x)
    s = _logistic(x)
    return x * s, (x, s)


def silu_backward(dout: Array, cache: Any) -> Array:
    """d(x s) = s + x s (1 - s)."""
    dout = as_floats(dout, "dout")
    x, s = cache
    return dout * s * (1 + x * (1 - s))


# Normalisation ------------------------------------------------------------------------------------------------------


def in_ghost_batches(
    forward: Callable[..., tuple[Array, Any]], x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]
) -> tuple[Array, list[Any]]:
    """A batch norm's training pass by parts of the batch, each with its own statistics; the cache is a list of theirs.

    The running statistics take one step towards the mean of the parts', each weighted by its examples.
    """
    size = bn_param["ghost_batch_size"]
    parts = [x[start : start + size] for start in range(0, len(x), size)]
    params = [{**bn_param, "ghost_batch_size": None} for _ in parts]
    outs, caches = zip(*[forward(part, gamma, beta, own) for part, own in zip(parts, params, strict=True)], strict=True)
    for name in ("running_mean", "running_var"):
        mean = sum(len(part) / len(x) * own[name] for part, own in zip(parts, params, strict=True))
        bn_param[name] = np.asarray(mean, x.dtype)
    return np.concatenate(outs), [(len(part), cache) for part, cache in zip(parts, caches, strict=True)]


def back_in_ghost_batches(
    backward: Callable[..., tuple[Array, Array, Array]], dout: Array, cache: list[Any]
) -> tuple[Array, Array, Array]:
    """The backward half: dx part by part; dgamma and dbeta add up."""
    starts = np.cumsum([0] + [count for count, _ in cache])
    back = [backward(dout[start : start + count], own) for start, (count, own) in zip(starts, cache, strict=False)]
    dx, dgamma, dbeta = zip(*back, strict=True)
    return np.concatenate(dx), np.sum(dgamma, axis=0), np.sum(dbeta, axis=0)


def batchnorm_forward(x: Array, gamma: Array, beta: Array, bn_param: dict[str, Any]) -> tuple[Array, Any]:
    """Batch normalisation of features (Ioffe and Szegedy 2015).  x (N, D), gamma (D,), beta (D,) -> out (N, D).

    bn_param: mode "train" or "test"; eps [1e-5]; momentum [0.9]; running_mean, running_var (D,), updated in training by
    running = momentum * running + (1 - momentum) * batch; unbiased [False]: whether the running variance takes the
    unbiased estimate N / (N - 1) * var (PyTorch's way; the courses keep the biased one); ghost_batch_size [None]:
    statistics over so many examples at a time instead of the whole batch (the last ones may be fewer), the running ones
    follow their mean (Hoffer, Hubara and Soudry 2017). Raises ValueError for any other mode.
    """
    x, gamma, beta = as_floats(x), as_floats(gamma, "gamma"), as_floats(beta, "beta")
    mode = bn_param["mode"]
    if mode == "train" and bn_param.get("ghost_batch_size"):
        return in_ghost_batches(batchnorm_forward, x, gamma, beta, bn_param)
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    features = x.shape[1]
    running_mean = bn_param.setdefault("running_mean", np.zeros(features, x.dtype))
    running_var = bn_param.setdefault("running_var", np.zeros(features, x.dtype))

    if mode == "train":
        mean = x.mean(axis=0)
        var = ((x - mean) ** 2).mean(axis=0)
        inverse_std = 1 / np.sqrt(var + eps)
        x_hat = (x - mean) * inverse_std
        seen = var * len(x) / max(len(x) - 1, 1) if bn_param.get("unbiased", False) else var
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * seen
    elif mode == "test":
        inverse_std = 1 / np.sqrt(running_var + eps)
        x_hat = (x - running_mean) * inverse_std
    else:
        raise ValueError(f"bn_param['mode'] is 'train' or 'test', not {mode!r}")
    out = gamma * x_hat + beta
    return out, (x_hat, gamma, inverse_std, mode)


def batchnorm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dout (N, D) -> dx (N, D), dgamma (D,), dbeta (D,).

    In training the mean and the variance of the batch depend on x too. Putting their derivatives through
    x_hat = (x - mean) * inverse_std leaves dx_hat less its mean and less its projection on x_hat, times inverse_std.
    In test mode the statistics are constants.
    """
    if isinstance(cache, list):
        return back_in_ghost_batches(batchnorm_backward, dout, cache)
    dout = as_floats(dout, "dout")
    x_hat, gamma, inverse_std, mode = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = dout * gamma
    if mode == "test":
        return dx_hat * inverse_std, dgamma, dbeta
    dx = inverse_std * (dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0))
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """The same gradient with dgamma and dbeta reused, as CS231n asks for: three sums over the batch become two."""
    dout = as_floats(dout, "dout")
    x_hat, gamma, inverse_std, mode = cache
    if mode == "test":
        return batchnorm_backward(dout, cache)
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma * inverse_std * (dout - (dbeta + x_hat * dgamma) / len(dout))
    return dx, dgamma, dbeta


def layernorm_forward(x: Array, gamma: Array, beta: Array, ln_param: dict[str, Any]) -> tuple[Array, Any]:
    """Layer normalisation (Ba, Kiros and Hinton 2016): each example over its own features.

    x (N, D), gamma (D,), beta (D,) -> out (N, D).  ln_param: eps [1e-5].
    """
    x, gamma, beta = as_floats(x), as_floats(gamma, "gamma"), as_floats(beta, "beta")
    eps = ln_param.get("eps", 1e-5)
    mean = x.mean(axis=1, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=1, keepdims=True)
    inverse_std = 1 / np.sqrt(var + eps)
    x_hat = (x - mean) * inverse_std
    return gamma * x_hat + beta, (x_hat, gamma, inverse_std)


def layernorm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """dout (N, D) -> dx (N, D), dgamma (D,), dbeta (D,). As batch norm's, with means over the features."""
    dout = as_floats(dout, "dout")
    x_hat, gamma, inverse_std = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = dout * gamma
    mean = dx_hat.mean(axis=1, keepdims=True)
    projection = (dx_hat * x_hat).mean(axis=1, keepdims=True)
    return inverse_std * (dx_hat - mean - x_hat * projection), dgamma, dbeta


# Dropout, scale, flatten --------------------------------------------------------------------------------------------


def dropout_forward(x: Array, dropout_param: dict[str, Any]) -> tuple[Array, Any]:
    """Inverted dropout (Srivastava et al. 2014), any shape.

    dropout_param: p, the probability of KEEPING a unit; mode "train" or "test"; rng, a numpy Generator to draw the mask
    from; or seed, to draw the same mask at each call. With neither, the mask comes from NumPy's global state, which the
    notebooks seed. Raises ValueError for any other mode, and for p outside (0, 1].
    """
    x = as_floats(x)
    p, mode = dropout_param["p"], dropout_param["mode"]
    if not 0 < p <= 1:
        raise ValueError(f"dropout_param['p'] is the probability of keeping a unit, above 0 and up to 1, not {p}")
    if mode == "test":
        return x, (dropout_param, None)
    if mode != "train":
        raise ValueError(f"dropout_param['mode'] is 'train' or 'test', not {mode!r}")
    mask = ((_uniform(x.shape, dropout_param) < p) / p).astype(x.dtype)
    return x * mask, (dropout_param, mask)


def _uniform(shape: tuple[int, ...], dropout_param: dict[str, Any]) -> Array:
    """Numbers from [0, 1). A seed draws what np.random.seed(seed); np.random.rand(...) does, as the courses have it."""
    if "rng" in dropout_param:
        return dropout_param["rng"].random(shape)
    if dropout_param.get("seed") is not None:
        return np.random.RandomState(dropout_param["seed"]).random_sample(shape)
    return np.random.random_sample(shape)  # noqa: NPY002


def dropout_backward(dout: Array, cache: Any) -> Array:
    """The gradient passes where the unit was kept, times 1 / p."""
    dout = as_floats(dout, "dout")
    _, mask = cache
    return dout if mask is None else dout * mask


def scale_forward(x: Array, scale: float) -> tuple[Array, Any]:
    """out = scale * x, any shape."""
    return scale * as_floats(x), scale


def scale_backward(dout: Array, cache: Any) -> Array:
    """dx = scale * dout."""
    return cache * as_floats(dout, "dout")


def flatten_forward(x: Array) -> tuple[Array, Any]:
    """x (N, d_1, ..., d_k) -> out (N, d_1 * ... * d_k)."""
    return x.reshape(len(x), -1), x.shape


def flatten_backward(dout: Array, cache: Any) -> Array:
    """dx in x's shape."""
    return dout.reshape(cache)


# Losses -------------------------------------------------------------------------------------------------------------


def softmax_loss(
    x: Array, y: Array, label_smoothing: float = 0.0, class_weights: Array | None = None
) -> tuple[Any, Array]:
    """Mean cross-entropy of softmax(x) against the labels.  x (N, C) scores, y (N,) int -> loss, dx (N, C).

    With label smoothing (Szegedy et al. 2016) the target gives 1 - label_smoothing to the label and spreads the rest
    evenly over all C classes. With class_weights (C,) the term of each class is multiplied by its weight, and the mean
    is the weighted one: divided by the sum of the labels' weights. Raises ValueError for labels that are no whole
    numbers of columns of x.
    """
    x, y = as_floats(x), as_labels(y, x.shape)
    if class_weights is not None:
        return cross_entropy(x, np.eye(x.shape[1], dtype=x.dtype)[y], label_smoothing, class_weights)
    shifted = x - x.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    target = np.full(x.shape, label_smoothing / x.shape[1], x.dtype)
    target[np.arange(len(x)), y] += 1 - label_smoothing
    loss = -(target * log_p).sum() / len(x)
    dx = (np.exp(log_p) - target) / len(x)
    return loss, dx


def cross_entropy(
    x: Array, target: Array, label_smoothing: float = 0.0, class_weights: Array | None = None
) -> tuple[Any, Array]:
    """Mean cross-entropy of softmax(x) against distributions over the classes.  x, target (N, C) -> loss, dx (N, C).

    Smoothing and weights are softmax_loss's; an example has the mean weight of its target. Raises ValueError for a
    target that is no distribution for each example.
    """
    x, target = as_floats(x), as_distributions(target, x.shape)
    shifted = x - x.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    total, mass = len(x), 1.0
    smoothed = (1 - label_smoothing) * target + label_smoothing / x.shape[1]
    if class_weights is not None:
        weights = np.asarray(class_weights, x.dtype)
        smoothed *= weights
        total, mass = (target * weights).sum(), smoothed.sum(axis=1, keepdims=True)
    return -(smoothed * log_p).sum() / total, (mass * np.exp(log_p) - smoothed) / total


def svm_loss(x: Array, y: Array, class_weights: Array | None = None) -> tuple[Any, Array]:
    """Hinge loss of all classes, margin 1 (Weston and Watkins 1999).  x (N, C), y (N,) int -> loss, dx (N, C).

    With class_weights (C,) it is the mean weighted by those of the labels, divided by their sum. Raises ValueError for
    labels that are no whole numbers of columns of x.
    """
    x, y = as_floats(x), as_labels(y, x.shape)
    rows = np.arange(len(x))
    margins = np.maximum(0, x - x[rows, y][:, np.newaxis] + 1)
    margins[rows, y] = 0
    dx = (margins > 0).astype(x.dtype)
    dx[rows, y] = -dx.sum(axis=1)
    if class_weights is not None:
        weights = np.asarray(class_weights, x.dtype)[y, np.newaxis]
        return (weights * margins).sum() / weights.sum(), weights * dx / weights.sum()
    loss = margins.sum() / len(x)
    return loss, dx / len(x)
