"""Checks of layers of a kind: of what a gradient check alone cannot see."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.check.general import equal_to_definition, gradients
from nndl.check.subject import Bench, ContractError, Subject, require_equal
from nndl.net.catalog.activation import (
    Elu,
    Gelu,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    Prelu,
    Relu,
    Relu6,
    Sigmoid,
    Silu,
    Tanh,
)
from nndl.net.catalog.norm import Bn, GroupNorm, LayerNorm, SpatialBn
from nndl.net.catalog.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from nndl.net.catalog.simple import Dropout, Scale, StochasticDepth
from nndl.net.catalog.squeeze_excite import SqueezeExcite
from nndl.net.layer import Layer

Array = NDArray[Any]
BatchNorm = (SpatialBn, Bn)
Pools = (MaxPool, AvgPool, GlobalMaxPool, GlobalAvgPool)
Activations = (Relu, LeakyRelu, Gelu, Silu, Sigmoid, Tanh, Elu, Relu6, HardSigmoid, HardSwish, Prelu)
CutOff = (Relu6, HardSigmoid, HardSwish)
"""Kinks lie far from zero."""
Channelwise = (*BatchNorm, LayerNorm, *Pools, *Activations, Scale)
"""Channels (or features) in another order come out in that order, their parameters moved along."""


def channel_order(layer: Layer, subject: Subject) -> None:
    """Check that channels in another order give the same results in that order."""
    if not isinstance(layer, Channelwise):
        return
    bench, permuted = subject.bench(), subject.bench()
    order = np.random.default_rng(subject.seed).permutation(subject.in_shape[0])
    for arrays in (permuted.params, permuted.buffers):
        for name in arrays:
            arrays[name] = arrays[name][order]
    x = subject.batch(4)
    wanted = bench.forward(x)[:, order]
    require_equal("output for channels in another order", permuted.forward(x[:, order]), wanted, subject.agreement)
    dout = subject.upstream(wanted)
    bench.forward(x)
    inverse = np.argsort(order)
    gradients = {
        name: value[:, order] if name == "x" else value[order]
        for name, value in bench.backward(dout[:, inverse]).items()
    }
    require_equal("gradient for channels in another order", permuted.backward(dout), gradients, subject.agreement)


def _sets(layer: Layer, x: Array) -> Array:
    """Return x as (sets, numbers), a row for each set of numbers that the layer normalises together."""
    if isinstance(layer, GroupNorm):
        return x.reshape(len(x) * layer.groups, -1)
    if isinstance(layer, LayerNorm):
        return x
    ghosts = max(1, len(x) // (getattr(layer, "ghost_batch_size", None) or len(x)))
    return x.reshape(ghosts, -1, *x.shape[1:]).swapaxes(1, 2).reshape(ghosts * x.shape[1], -1)


def normalised(layer: Layer, subject: Subject) -> None:
    """Check that (out - beta) / gamma has mean 0 and variance var / (var + eps) over each channel (group, example).

    A batch norm over the wrong axis passes a gradient check, for it is a right gradient of the wrong function. Its
    means and deviations per channel show it: the mean is beta, the deviation |gamma|.
    """
    if not isinstance(layer, (*BatchNorm, GroupNorm, LayerNorm)):
        return
    bench = subject.bench()
    x = subject.batch(6)
    gamma, beta = _affine(bench, x)
    x_hat = _sets(layer, (bench.forward(x).astype(np.float64) - beta) / gamma)
    var = _sets(layer, x.astype(np.float64)).var(axis=1)
    what = "channel" if isinstance(layer, BatchNorm) else "normalised set"
    within = 10 * subject.agreement
    require_equal(f"mean of (out - beta) / gamma, each {what}", x_hat.mean(axis=1), np.zeros(len(x_hat)), within)
    deviation = np.sqrt(var / (var + layer.eps))
    require_equal(f"standard deviation of (out - beta) / gamma, each {what}", x_hat.std(axis=1), deviation, within)


def _affine(bench: Bench, x: Array) -> tuple[Array, Array]:
    """Return gamma and beta, float64, as they broadcast against x."""
    values = {name.rpartition(".")[2]: value.astype(np.float64) for name, value in bench.params.items()}
    shape = (-1,) + (1,) * (x.ndim - 2)
    beta = values["beta"].reshape(shape)
    return values.get("gamma", np.ones(x.shape[1])).reshape(shape), beta


def running_statistics(layer: Layer, subject: Subject) -> None:
    """Check running = momentum * running + (1 - momentum) * batch, and that test mode normalises by it."""
    if not isinstance(layer, BatchNorm):
        return
    bench = subject.bench()
    mean, var = (f"{bench.network.placed[0].path}.running_{what}" for what in ("mean", "var"))
    before = bench.state()
    x = subject.batch(6)
    bench.forward(x)
    rows = _sets(layer, x.astype(np.float64))
    seen = {mean: rows.mean(axis=1), var: rows.var(axis=1, ddof=int(layer.unbiased))}
    for name, values in seen.items():
        value = values.reshape(-1, x.shape[1]).mean(axis=0)  # over the ghost batches, if any
        wanted = layer.momentum * before[name] + (1 - layer.momentum) * value
        require_equal(f"{name} after a training step", bench.buffers[name], wanted, subject.agreement)
    gamma, beta = _affine(bench, x)
    shape = beta.shape
    x_hat = (x - bench.buffers[mean].reshape(shape)) / np.sqrt(bench.buffers[var].reshape(shape) + layer.eps)
    require_equal("test-mode output", bench.forward(x, "test"), gamma * x_hat + beta, subject.agreement)


def dropout(layer: Layer, subject: Subject) -> None:
    """Check that training keeps about p of the units, times 1 / p, others at each draw, and test mode all of them.

    Stochastic depth keeps examples whole, or drops them whole.
    """
    if not isinstance(layer, Dropout | StochasticDepth):
        return
    bench = subject.bench()
    x = np.sign(subject.batch(200))
    require_equal("test-mode output", bench.forward(x, "test"), x, 0.0)
    factor = (bench.forward(x) / x).reshape(len(x), -1)
    if isinstance(layer, StochasticDepth):
        require_equal("factor over each example", factor, np.broadcast_to(factor[:, :1], factor.shape), 0.0)
        factor = factor[:, :1]
    kept = factor != 0
    require_equal("factor of kept units", factor[kept], np.full(kept.sum(), 1 / layer.p), subject.agreement)
    deviation = 6 * np.sqrt(layer.p * (1 - layer.p) / factor.size)
    if abs(kept.mean() - layer.p) > deviation:
        raise ContractError(f"{kept.mean():.1%} of the units are kept, should be about {layer.p:.1%}")
    bench.seed += 1
    again = bench.forward(x).reshape(len(x), -1)[:, : factor.shape[1]] != 0
    if layer.p < 1 and np.array_equal(again, kept):
        raise ContractError("another generator draws the same mask")


def gates(layer: Layer, subject: Subject) -> None:
    """Check that squeeze-and-excitation multiplies a channel by one number, 0 to 1, that knows nothing of places."""
    if not isinstance(layer, SqueezeExcite):
        return
    bench = subject.bench()
    x = np.sign(subject.batch(6)) + subject.batch(6, stream=1)
    x[:, :, 0, 0] = 3.0
    out = bench.forward(x)
    factors = out[:, :, :1, :1] / x[:, :, :1, :1]
    require_equal("out over x, which is one number for a channel", out, x * factors, subject.agreement)
    if not ((factors >= 0) & (factors <= 1)).all():
        raise ContractError(f"gates go from {factors.min():.4g} to {factors.max():.4g}, should lie within 0 and 1")
    turned = bench.forward(x[:, :, ::-1, ::-1])
    require_equal("output for pixels in another order", turned, out[:, :, ::-1, ::-1], subject.agreement)


FAR = 4.0
"""Times the usual numbers, of which hardly one is beyond 6: where activations level off."""


def far_from_zero(layer: Layer, subject: Subject) -> None:
    """Check an activation where it levels off too: it equals the definition, its slopes where it is cut off are right.

    Numerical slopes say nothing of one that levels off smoothly: there they are smaller than rounding.
    """
    wide = replace(subject, scale=FAR)
    if isinstance(layer, Activations):
        equal_to_definition(wide)
    if isinstance(layer, CutOff):
        gradients(wide)


def pools_share_out(layer: Layer, subject: Subject) -> None:
    """Check that a channel gets back what came from above, no more: a tied maximum passes its gradient on once."""
    if not isinstance(layer, Pools):
        return
    bench = subject.bench()
    x = np.sign(np.trunc(subject.batch(5)))
    out = bench.forward(x)
    dout = subject.upstream(out)
    total = bench.backward(dout)["x"].sum(axis=(2, 3), dtype=np.float64)
    wanted = dout.reshape(*dout.shape[:2], -1).sum(axis=2, dtype=np.float64)
    require_equal("sum of dx over each channel, with ties in x", total, wanted, subject.agreement)


CHECKS = (normalised, channel_order, running_statistics, dropout, gates, far_from_zero, pools_share_out)
