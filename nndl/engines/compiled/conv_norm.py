"""A convolution, its batch norm, an activation and a max pooling as one step."""

import numpy as np

from nndl.engines.compiled.abi import Finish, Shape, Unpool
from nndl.engines.compiled.bindings import kernels
from nndl.engines.compiled.convolution import Convolver, pool_of
from nndl.engines.compiled.kinds import IDENTITY, RELU, act_of
from nndl.engines.compiled.norm import BatchNorm, NormStep
from nndl.engines.shared.layout import channels_first, channels_last
from nndl.engines.shared.workspace import Workspace
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.pool import MaxPool
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array


class Parts:
    """The members of a group by what they do."""

    def __init__(self, site: Site) -> None:
        layers = [member.layer for member in site.row]
        self.norm_at = next(i for i, layer in enumerate(layers) if isinstance(layer, SpatialBn))
        self.pool = pool_of(site)
        self.pools_first = any(isinstance(layer, MaxPool) for layer in layers[: self.norm_at])
        self.act = act_of(site)
        C, H, W = site.out_shape
        self.out_shape = (H, W, C)


class ConvNormStep:
    """In training. Statistics and maxima are gathered while the convolution writes.

    Batch norm keeps the order of a channel's numbers, or turns it where gamma is negative: so where it stands before
    the pooling, the largest of a window is known before it is normalised, and normalising happens on the maxima alone.
    Where the pooling stands first ([conv, max_pool, spatial_bn, silu]), the statistics are those of the maxima, and
    the full output is never written.
    """

    def __init__(self, site: Site, bfloat16: bool = False) -> None:
        self.parts = parts = Parts(site)
        self.conv = Convolver(site.row[0], bfloat16, parts.pool, reader=parts.pool if parts.pools_first else 0)
        self.norm = NormStep(site.row[parts.norm_at])
        self.norm.act = parts.act
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        conv, pool, norm = self.conv, self.parts.pool, self.norm
        b = conv.site.params.get("b")
        if self.parts.pools_first:
            sums = np.empty((2, conv.layer.filters))
            conv.forward(x, conv.w, bias=b, pool=pool, sums=sums, sums_of_best=True, **self._pooled(len(x)))
            line = norm.norm.in_training(self.best.reshape(-1, self.best.shape[-1]), sums)
            return channels_first(norm.normalise(self.best, line))
        self.y, sums = conv.room("y", len(x)), np.empty((2, conv.layer.filters))
        pooled = {"order": norm.norm.sign().astype(np.float32), **self._pooled(len(x))} if pool else {}
        conv.forward(x, conv.w, bias=b, y=self.y, sums=sums, pool=pool, **pooled)
        line = norm.norm.in_training(self.y.reshape(-1, self.y.shape[-1]), sums)
        return channels_first(norm.normalise(self.best if pool else self.y, line))

    def _pooled(self, count: int) -> dict[str, Array]:
        shape = (count, *self.parts.out_shape)
        self.best = self.workspace.array("best", shape, np.float32)
        self.index = self.workspace.array("index", shape, np.uint8)
        return {"best": self.best, "index": self.index}

    def backward(self, dout: Array) -> Array | None:
        given = channels_last(dout)
        if self.parts.pools_first:
            dx = self._back_pooled_first(given)
        elif self.parts.pool:
            dx = self._back_pooled_last(given)
        else:
            self.norm.pass_back(given, self.y)  # y is ours and needed no more: dy takes its memory
            dx = self.conv.backward(self.y)
        if "b" in self.conv.site.grads:
            # Batch norm takes the mean out again: b has no effect, and sum(dy) is zero but for rounding, or NaN.
            a = self.norm.a
            self.conv.site.grads["b"][...] = 0 + 0 * a.scale * (a.k + a.c)
        return dx

    def _back_pooled_first(self, dout: Array) -> Array | None:
        self.norm.pass_back(dout, self.best)
        shape = (len(dout), *self.conv.out_shape)
        pooled = Unpool(*shape, self.parts.pool, dout=self.best, index=self.index)
        return self.conv.backward_pooled(pooled, len(dout))

    def _back_pooled_last(self, dout: Array) -> Array | None:
        y, a, norm = self.y, self.norm.a, self.norm.norm
        norm.backward(a, y.size // y.shape[-1], self.norm.sums_back(dout))
        through_norm = {"x": y, "mean": a.mean32, "scale": a.scale32, "shift": a.shift32, "k": a.k, "c": a.c}
        given = {"dout": dout, "best": self.best, "index": self.index}
        cut, below = self.parts.act != IDENTITY, self.parts.act.parameter
        pooled = Unpool(*y.shape, self.parts.pool, cut, below, **given, **through_norm)
        return self.conv.backward_pooled(pooled, len(y))


class FoldedStep:
    """In evaluation the running averages are constants: batch norm goes into the filters and the bias.

    Scale and shift are computed again when a number they come from is another; filters are scaled where they are read.
    """

    def __init__(self, site: Site, bfloat16: bool = False) -> None:
        self.parts = parts = Parts(site)
        self.conv = Convolver(site.row[0], bfloat16, parts.pool, reader=parts.pool)
        self.norm = BatchNorm(site.row[parts.norm_at])
        self.numbers: bytes | None = None
        self.shape: Shape | None = None
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        self._fold()
        if self.shape is None or len(x) != self.shape.images:
            self._prepare(len(x))
        assert self.shape is not None
        self.conv.run(x, self.conv.w, self.shape, self.finish)
        if self.parts.act not in (IDENTITY, RELU):
            kernels().activation(self.out.size, self.out, None, *self.parts.act, self.out)
        return channels_first(self.out)

    def _prepare(self, count: int) -> None:
        """Say what is wanted of `count` images; the next call for as many finds it said."""
        parts = self.parts
        self.out = out = self.workspace.array("out", (count, *parts.out_shape), np.float32)
        pooled = {"pool": parts.pool, "best": out, "order": self.order} if parts.pool else {"y": out}
        self.shape = self.conv.shape(count)
        self.finish = Finish(scale=self.scale, bias=self.shift, relu=parts.act == RELU, **pooled)

    def _fold(self) -> None:
        """Compute scale and shift (F,), if a number they come from is another than before."""
        site, own = self.norm.site, self.conv.site.params
        biases = [own["b"]] if "b" in own else []
        sources = [*site.params.values(), site.state["running_mean"], site.state["running_var"], *biases]
        numbers = b"".join(source.tobytes() for source in sources)
        if numbers == self.numbers:
            return
        self.shape, a = None, self.norm.in_evaluation()
        self.scale, self.shift = a.scale32, (a.shift + (own.get("b", 0.0) - a.mean) * a.scale).astype(np.float32)
        # Where the pooling stands before the batch norm, it took the largest before a negative scale turned it.
        self.order = np.sign(a.scale32) if self.parts.pools_first else None
        self.numbers = numbers

    def backward(self, dout: Array) -> Array | None:
        """Raise NotImplementedError: there is none in evaluation."""
        raise NotImplementedError


def lower_conv_norm(site: Site, bfloat16: bool = False) -> Lowered:
    """Lower a group that starts with a convolution and has a batch norm."""
    step = ConvNormStep(site, bfloat16) if site.mode == "train" else FoldedStep(site, bfloat16)
    return Lowered(step, step.conv.takes, "nhwc")
