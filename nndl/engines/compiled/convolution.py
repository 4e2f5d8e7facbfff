"""Convolutions by the compiled kernels, alone or with a ReLU and a max pooling behind."""

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nndl.engines.compiled.abi import NO_RELU, RELU_BEFORE, RELU_BEHIND, AffineShape, Finish, Shape, Unpool
from nndl.engines.compiled.bindings import kernels
from nndl.engines.compiled.covers import USUAL, Cover, best_cover
from nndl.engines.compiled.kinds import RELU
from nndl.engines.compiled.sums import gradient_sums, moments
from nndl.engines.shared.layout import channels_first, channels_last, kernel_order, padded
from nndl.engines.shared.workspace import Workspace, scratch
from nndl.engines.vectorized.geometry import read_by_pooling
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.pool import MaxPool
from nndl.net.contract import Lowered, Site
from nndl.net.types import Array, Layout

WINOGRAD_CHANNELS = 8
"""From this many channels before and behind, Winograd's transforms cost less than they save."""


def pays_winograd(layer: Conv, channels: int) -> bool:
    """Tell whether Winograd's tiles are the quicker way: they are for any outputs, even where tiles jut out."""
    size, stride, pad = layer.window.square()
    return (size, stride) == (3, 1) and pad <= 2 and min(channels, layer.filters) >= WINOGRAD_CHANNELS


WINDOWS_TILES, WINDOWS_CHANNELS = 2, 256
"""Up to so many tiles in all, from so many channels before and behind on, scores come from a product of windows sooner:
what Winograd's tiles take is transforming the filters."""

FEW_CHANNELS = 4
"""Up to this many channels before it, a convolution goes forward by Winograd along the rows, and the gradient of a
pooled one is summed over the maxima alone."""

ROW_KERNELS = (3, 5, 7)
"""The windows that Winograd along the rows knows. In bfloat16 the direct way is as fast."""


class Convolver:
    """The convolution of one site: its sizes, its parameters, and which kernels compute it."""

    def __init__(self, site: Site, bfloat16: bool = False, pool: int = 0, reader: int = 0) -> None:
        """Take the convolution of a site with a pooling by `pool` in its row, or 0.

        reader: the same, if nobody but the pooling reads the outputs: those it drops are not computed.
        """
        assert isinstance(site.layer, Conv)
        self.site, self.layer = site, site.layer
        self.bfloat16 = bfloat16
        F, H, W = self.layer.out_shape(site.shape)
        size, stride, pad = self.layer.window.square()
        self.winograd = pays_winograd(self.layer, site.shape[0])
        if self.winograd and reader:
            H, W = (read_by_pooling(side, reader, pad) for side in (H, W))
        self.out_shape = (H, W, F)
        # To score one image, filters are transformed for it alone: few planes pay.
        self.cover = self.cover_back = Cover(USUAL)
        if site.mode == "train" and not bfloat16:  # large tiles' numbers do not bear rounding
            channels, height, width = site.shape
            lesser, dropped = min(channels, F), (height - 1, width - 1) == (H, W) and pad == 1
            self.cover, self.cover_back = best_cover(H, W, lesser), best_cover(height, width, lesser, edge=dropped)
        self.planar = not self.winograd and site.layout == "nchw" and not site.needs_dx
        self.few_channels = not self.winograd and site.shape[0] <= FEW_CHANNELS
        self.by_pixel = (size, stride, pad) == (1, 1, 0) and not self.planar and not pool
        self.by_rows = self.few_channels and stride == 1 and size in ROW_KERNELS and not bfloat16
        self.suffix = "_bfloat16" if bfloat16 else ""
        self.way = f"{'row_winograd' if self.by_rows else 'direct'}_forward{self.suffix}"
        self.trains_w = "w" in site.grads
        self.workspace = Workspace()

    @property
    def takes(self) -> Layout:
        return "nchw" if self.planar else "nhwc"

    @property
    def w(self) -> Array:
        """(K, K, C, F): as it lies in memory."""
        return kernel_order(self.site.params["w"])

    @property
    def dw(self) -> Array:
        """The place of the gradient of w, (K, K, C, F)."""
        return kernel_order(self.site.grads["w"])

    def shape(self, count: int, back: bool = False) -> Shape:
        """Return the sizes for `count` images, with the cover of the input gradient if `back`."""
        C, H, W = self.site.shape
        height, width, F = self.out_shape
        if self.by_pixel:
            return Shape(count, 1, H * W, C, F, 1, 1, 0, 1, H * W)
        cover = self.cover_back if back else self.cover
        return Shape(count, H, W, C, F, *self.layer.window.square(), height, width, *cover)

    def room(self, name: str, count: int) -> Array:
        """Return an array (N, H', W', F), kept."""
        return self.workspace.array(name, (count, *self.out_shape), np.float32)

    def forward(self, x: Array, w: Array, **wanted: Array | int | None) -> None:
        """Compute what `wanted` names (fields of Finish) of x convolved with w (K, K, C, F)."""
        self.run(x, w, self.shape(len(x)), Finish(**wanted))

    def run(self, x: Array, w: Array, shape: Shape, finish: Finish) -> None:
        """Compute what `finish` says of x convolved with w (K, K, C, F)."""
        self.x = x if self.planar else channels_last(x)
        if self._are_few(shape, finish):
            self._by_windows(w, finish)
        elif self.winograd:
            self._by_winograd("forward", shape, self.x, w, finish)
        else:
            getattr(kernels(), self.way)(shape, self.x, self.planar, w, finish)

    def _are_few(self, shape: Shape, finish: Finish) -> bool:
        tiles = shape.images * -(-shape.out_height // USUAL) * -(-shape.out_width // USUAL)
        evaluates = self.winograd and self.site.mode == "test" and not finish.pool
        return evaluates and tiles <= WINDOWS_TILES and min(shape.channels, shape.filters) >= WINDOWS_CHANNELS

    def _by_windows(self, w: Array, finish: Finish) -> None:
        """Compute outputs as windows @ w, for which the filters are read once, in the order in which they lie."""
        N, _, _, C = self.x.shape
        height, width, F = self.out_shape
        _, _, pad = self.layer.window.square()
        images = padded(self.x, (pad, pad), height + 2, width + 2)
        windows = scratch("windows", (N, height, width, 3, 3 * C), np.float32)
        by_image, by_row, by_pixel, by_channel = images.strides
        windows[...] = as_strided(images, windows.shape, (by_image, by_row, by_pixel, by_row, by_channel))
        wanted = {name: array for name, array in finish.arrays.items() if isinstance(array, np.ndarray)}
        y, scale, bias = wanted["y"].reshape(-1, F), wanted.get("scale"), wanted.get("bias")
        product = getattr(kernels(), f"affine_forward{self.suffix}")
        product(AffineShape(len(y), 1, 9 * C, F), windows.reshape(len(y), -1), w.reshape(-1, F), None, False, y)
        with np.errstate(all="ignore"):  # kernels say nothing of numbers that are none
            if scale is not None:
                np.multiply(y, scale, out=y)
            if bias is not None:
                np.add(y, bias, out=y)
        if finish.relu:
            np.maximum(y, 0, out=y)

    def backward(self, dy: Array) -> Array | None:
        """Write dw; return dx, if needed. dy is (N, H', W', F)."""
        if self.winograd:
            return self._backward_winograd(len(dy), dy, None)
        shape = self.shape(len(dy))
        if self.trains_w:
            kernels().direct_weight_gradient(shape, self.x, self.planar, dy, None, self.dw)
        if not self.site.needs_dx:
            return None
        dx = self.workspace.array("dx", self.x.shape, np.float32)
        kernels().direct_input_gradient(shape, dy, self.w, dx)
        return channels_first(dx)

    def backward_pooled(self, pooled: Unpool, count: int) -> Array | None:
        """Go back from gradients of the pooled outputs of `count` images."""
        if self.winograd:
            return self._backward_winograd(count, None, pooled)
        if not self.site.needs_dx:
            if self.trains_w:
                kernels().direct_weight_gradient(self.shape(count), self.x, self.planar, None, pooled, self.dw)
            return None
        dy = scratch("dy", (count, *self.out_shape), np.float32)
        kernels().unpool(pooled, dy)
        return self.backward(dy)

    def _backward_winograd(self, count: int, dy: Array | None, pooled: Unpool | None) -> Array | None:
        if self.trains_w:
            self._by_winograd("weight_gradient", self.shape(count), self.x, dy, pooled, self.dw)
        if not self.site.needs_dx:
            return None
        dx = self.workspace.array("dx", self.x.shape, np.float32)
        self._by_winograd("input_gradient", self.shape(count, back=True), dy, pooled, self.w, dx)
        return channels_first(dx)

    def _by_winograd(self, what: str, *arguments: Shape | Finish | Unpool | Array | None) -> None:
        getattr(kernels(), f"winograd_{what}{self.suffix}")(*arguments)


def pool_of(site: Site) -> int:
    """Return the size of the max pooling in the row that runs at `site`, 0 if there is none."""
    return next((member.layer.window.size[0] for member in site.row if isinstance(member.layer, MaxPool)), 0)


def relu_place(row: Sequence[Site]) -> int:
    """Tell where the ReLU stands beside the pooling among layers in a row."""
    kinds = [type(site.layer) for site in row]
    if Relu not in kinds:
        return NO_RELU
    return RELU_BEFORE if MaxPool in kinds[kinds.index(Relu) :] else RELU_BEHIND


class ConvStep:
    """[conv], [conv, relu], or either with a max pooling behind or between: the cut and the pooling commute."""

    def __init__(self, site: Site, bfloat16: bool = False) -> None:
        self.pool = pool_of(site)
        self.conv = Convolver(site.row[0], bfloat16, self.pool, reader=self.pool)
        self.relu = relu_place(site.row)
        C, H, W = site.out_shape
        self.out_shape = (H, W, C)
        self.keeps = site.mode == "train"
        self.workspace = Workspace()

    def forward(self, x: Array) -> Array:
        out = self.out = self.workspace.array("out", (len(x), *self.out_shape), np.float32)
        b = self.conv.site.params.get("b")
        if self.pool:
            self.index = self.workspace.array("index", out.shape, np.uint8)
            index = self.index if self.keeps else None
            self.conv.forward(x, self.conv.w, bias=b, relu=self.relu, pool=self.pool, best=out, index=index)
        else:
            self.conv.forward(x, self.conv.w, bias=b, relu=self.relu, y=out)
        return channels_first(out)

    def backward(self, dout: Array) -> Array | None:
        given = channels_last(dout)
        if self.pool and self.conv.few_channels and self.conv.trains_w and not self.conv.site.needs_dx:
            self._sparse_gradients(given)
            return None
        if "b" in self.conv.site.grads:
            self.conv.site.grads["b"][...] = bias_gradient(given, self.out if self.relu else None)
        if self.pool:
            shape = (len(given), *self.conv.out_shape)
            pooled = Unpool(*shape, self.pool, self.relu, dout=given, best=self.out, index=self.index)
            return self.conv.backward_pooled(pooled, len(given))
        return self.conv.backward(self._before_relu(given) if self.relu else given)

    def _sparse_gradients(self, dout: Array) -> None:
        """Compute those of filters and bias from the pixels alone that were the largest of their windows."""
        conv = self.conv
        kernels().sparse_weight_gradient(
            *(conv.shape(len(dout)), conv.x, conv.planar, self.pool),
            *(dout, self.index, self.out, self.relu, conv.dw, conv.site.grads.get("b")),
        )

    def _before_relu(self, dout: Array) -> Array:
        dy = scratch("dy", dout.shape, np.float32)
        kernels().activation(dout.size, self.out, dout, *RELU, dy)
        return dy


def bias_gradient(dout: Array, out: Array | None) -> Array:
    """Sum dout (..., F), only where `out` is positive if a ReLU gave it: db (F,), float64."""
    sums = moments(dout) if out is None else gradient_sums(out, dout, RELU)
    return sums[0]


def lower_conv(site: Site, bfloat16: bool = False) -> Lowered:
    """Lower a convolution alone, or the group of one with a ReLU or a pooling."""
    step = ConvStep(site, bfloat16)
    return Lowered(step, step.conv.takes, "nhwc")
