"""Convolution layers as steps, alone or with what stands behind them: ReLU, max pooling, batch norm."""

from dataclasses import replace

import numpy as np

from nndl.engines.shared.layout import (
    Blocks,
    along,
    channel_sums,
    channels_first,
    channels_last,
    kernel_order,
    rows,
    slices,
)
from nndl.engines.shared.workspace import Workspace, scratch
from nndl.engines.vectorized.batch_statistics import Statistics
from nndl.engines.vectorized.depthwise import Depthwise
from nndl.engines.vectorized.geometry import Convolution, Finish, Geometry, read_by_pooling
from nndl.engines.vectorized.im2col import Im2col
from nndl.engines.vectorized.merged import Merged
from nndl.engines.vectorized.norm import BatchNorm, BatchNormStep
from nndl.engines.vectorized.planes import Planes
from nndl.engines.vectorized.pooled_norm import PooledBatchNormStep
from nndl.engines.vectorized.tail import Tail
from nndl.engines.vectorized.winograd import Winograd, best_size, products_of
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.pool import MaxPool
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array, Layout
from nndl.net.window import Window

FEW_CHANNELS = 4
"""Up to this many channels a first convolution reads images as they come, channels first."""

WINOGRAD_CHANNELS = 8
"""From this many channels before and behind, Winograd's transforms cost less than they save."""

ENOUGH_CHANNELS = 16
"""Channels before and behind of a group, from which its product is quick."""

WINOGRAD_PRODUCTS = 4.5
"""Up to this many products for an output, of the direct 9: 4 of 2 x 2 pixels, 2.25 of 4 x 4."""


def pays_winograd(g: Geometry) -> bool:
    """Tell whether Winograd's tiles are the quicker way; measured."""
    size, stride, pad, dilation = g.window
    if (size, stride, dilation) != ((3, 3), (1, 1), (1, 1)) or max(pad) > 2:
        return False
    if min(g.C, g.F) // g.groups < WINOGRAD_CHANNELS:
        return False
    return products_of(g.height, g.width, best_size(g.height, g.width)) <= WINOGRAD_PRODUCTS * g.height * g.width


def way_of(g: Geometry) -> Convolution:
    """Choose the quickest way for images channels last."""
    if g.groups == g.C > 1:
        return Depthwise(g)
    together = groups_together(g)
    way = Winograd if pays_winograd(replace(g, groups=g.groups // together)) else Im2col
    return way(g) if together == 1 else Merged(way, g, together)


def groups_together(g: Geometry) -> int:
    """Return how many groups to take as one, so that it has channels enough; measured."""
    own = min(g.C, g.F) // g.groups
    return next(
        n for n in range(1, g.groups + 1) if g.groups % n == 0 and (own * n >= ENOUGH_CHANNELS or n == g.groups)
    )


class Convolver:
    """The convolution of one site: which way it is computed, and its parameters."""

    def __init__(self, site: Site, reader: Window | None = None) -> None:
        """Take the convolution of a site; reader: the pooling that alone reads its outputs, if one does."""
        layer = site.layer
        assert isinstance(layer, Conv)
        C, H, W = site.shape
        size, stride, pad, dilation = layer.window
        itemsize, groups = site.dtype.itemsize, layer.groups_of(C)
        g = Geometry(H, W, C, layer.filters, size, stride, pad, itemsize, dilation, groups)
        if reader and reader.size == reader.stride and stride == (1, 1) and not any(reader.pad):
            height, width = map(read_by_pooling, (g.height, g.width), reader.size, pad)
            g = replace(g, outputs=(height, width))
        self.site, self.geometry = site, g
        self.by_planes = not site.needs_dx and site.layout == "nchw" and C <= FEW_CHANNELS and g.groups == 1
        self.way: Convolution = Planes(g) if self.by_planes else way_of(g)
        self.workspace = Workspace()

    @property
    def takes(self) -> Layout:
        return "nchw" if self.by_planes else "nhwc"

    @property
    def w(self) -> Array:
        """(HH, WW, C / groups, F): as it lies in memory."""
        return kernel_order(self.site.params["w"])

    def images(self, x: Array) -> Array:
        """Turn x to the axis order that `way` reads."""
        return x if self.by_planes else channels_last(x)

    def room(self, name: str, count: int) -> Array:
        """Return room for outputs (N, H', W', F), kept."""
        g = self.geometry
        return self.workspace.array(name, (count, g.height, g.width, g.F), self.site.dtype)

    def block(self, start: int, stop: int) -> Array:
        """Return room for the outputs of a block of images, on this thread."""
        g = self.geometry
        return scratch("block", (stop - start, g.height, g.width, g.F), self.site.dtype)

    def backward(self, douts: Blocks) -> Array | None:
        """Write dw and db, return dx; douts(start, stop) is the gradient of those images' outputs."""
        grads, count = self.site.grads, len(self.x)
        counted = self._adding_up_db(douts)
        if "w" in grads:
            self.way.weight_gradient(slices(self.x), counted, count, kernel_order(grads["w"]))
        elif "b" in grads:
            counted(0, count)
        if "b" in grads:
            grads["b"][...] = sum(self.db[start] for start in sorted(self.db))
        if not self.site.needs_dx:
            return None
        dx = self.workspace.array("dx", self.x.shape, self.site.dtype)
        self.way.input_gradient(douts, count, self.w, dx)
        return channels_first(dx)

    def _adding_up_db(self, douts: Blocks) -> Blocks:
        if "b" not in self.site.grads:
            return douts
        self.db: dict[int, Array] = {}

        def counted(start: int, stop: int) -> Array:
            dout = douts(start, stop)
            self.db[start] = channel_sums(dout)
            return dout

        return counted

    def forward(self, x: Array, w: Array, b: Array | None, target: Blocks, finish: Finish) -> None:
        """Write x * w + b block by block, calling `finish` on each while it is in the cache."""
        self.x = self.images(x)
        shift = None if b is None else along(b, self.geometry.width)

        def finish_with_bias(block: Array, start: int, stop: int) -> None:
            if shift is not None:
                np.add(rows(block), shift, out=rows(block))
            finish(block, start, stop)

        self.way.forward(slices(self.x), len(x), w, target, finish_with_bias)


class ConvStep:
    """[conv], [conv, relu], [conv, max_pool] or [conv, relu, max_pool]."""

    def __init__(self, site: Site) -> None:
        self.tail = Tail(site.row[1:], site)
        self.conv = Convolver(site.row[0], reader=self.tail.pool)

    def forward(self, x: Array) -> Array:
        conv = self.conv
        out = self.tail.prepare(len(x))
        target = conv.block if self.tail.pool else slices(out)
        conv.forward(x, conv.w, conv.site.params.get("b"), target, self.tail.forward)
        return channels_first(out)

    def backward(self, dout: Array) -> Array | None:
        given = channels_last(dout)
        if not (self.tail.relu or self.tail.pool):
            return self.conv.backward(slices(given))

        def douts(start: int, stop: int) -> Array:
            return self.tail.backward(given[start:stop], self.conv.block(start, stop), start, stop)

        return self.conv.backward(douts)


class ConvBatchNormStep:
    """[conv, spatial_bn] and what BatchNormStep takes behind it.

    The statistics are gathered while the convolution writes.
    """

    def __init__(self, site: Site) -> None:
        self.conv = Convolver(site.row[0])
        behind = _behind_first(site)
        pools = any(isinstance(member.layer, MaxPool) for member in behind.row)
        self.norm = PooledBatchNormStep(behind) if pools else BatchNormStep(behind)

    def forward(self, x: Array) -> Array:
        conv, statistics = self.conv, Statistics()
        y = self.y = conv.room("y", len(x))
        self.norm.prepare(len(x))

        def finish(block: Array, start: int, stop: int) -> None:
            statistics.observe(block, start)
            self.norm.take(block, start, stop)

        conv.forward(x, conv.w, conv.site.params.get("b"), slices(y), finish)
        return self.norm.normalise(y, statistics)

    def backward(self, dout: Array) -> Array | None:
        dy = self.norm.pass_back(dout, self.y)  # y is ours and needed no more: dy takes its memory
        return self.conv.backward(slices(channels_last(dy)))


class FoldedStep:
    """The same in evaluation: the running averages are constants, so batch norm goes into the filters and the bias."""

    def __init__(self, site: Site) -> None:
        self.norm = BatchNorm(site.row[1])
        self.tail = Tail(site.row[2:], site)
        self.conv = Convolver(site.row[0], reader=self.tail.pool)

    def forward(self, x: Array) -> Array:
        conv, tail = self.conv, self.tail
        a = self.norm.in_evaluation()
        b = conv.site.params.get("b", 0.0)
        w = np.multiply(conv.w, a.scale.astype(conv.site.dtype))
        shift = (a.shift + b * a.scale).astype(conv.site.dtype)
        out = tail.prepare(len(x))
        conv.forward(x, w, shift, conv.block if tail.pool else slices(out), tail.forward)
        return channels_first(out)

    def backward(self, dout: Array) -> Array | None:
        """Raise NotImplementedError: there is none in evaluation."""
        raise NotImplementedError


def _behind_first(site: Site) -> Site:
    """Return the site of the group that is left behind the first member of `site`."""
    return replace(site.row[1], out_shape=site.out_shape, members=site.row[1:])


def lower_conv(site: Site) -> Lowered:
    """Lower a convolution alone, or the group of one with a tail."""
    step = ConvStep(site)
    return Lowered(step, step.conv.takes, "nhwc")


def lower_conv_bn(site: Site) -> Lowered:
    """Lower a group that starts with a convolution and its batch norm."""
    step = ConvBatchNormStep(site) if site.mode == "train" else FoldedStep(site)
    return Lowered(step, step.conv.takes, "nhwc")
