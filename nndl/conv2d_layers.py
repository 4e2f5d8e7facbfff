"""The definition of convolution with all its options: groups, dilation, and another step down than across.

Written like the courses' conv_forward_naive and conv_backward_naive; without those options, the same to the last bit.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.layers import as_floats

Array = NDArray[Any]
Sides = int | tuple[int, int]
"""One number for both ways, or (down, across)."""


def both(value: Sides) -> tuple[int, int]:
    """Return (down, across) of one number for both ways, or of the two."""
    down, across = value if isinstance(value, tuple | list) else (value, value)
    return down, across


def conv2d_forward(x: Array, w: Array, b: Array | None, conv_param: dict[str, Any]) -> tuple[Array, Any]:
    """Each filter is laid over each window of its channels: out[n, f, i, j] = sum(window * w[f]) + b[f].

    x (N, C, H, W), w (F, C / G, HH, WW), b (F,) or None -> out (N, F, H', W') with
    H' = 1 + (H + 2 pad - dilation (HH - 1) - 1) // stride. Filters and channels fall into G groups, in their order, and
    a filter sees the channels of its own: all of them where w has C, one (depthwise) where it has 1.
    conv_param: stride, pad (zeros on every side), dilation [1], the pixels from one number of a filter to the next;
    each a number, or (down, across). Raises ValueError where groups do not come out even or a filter does not fit.
    """
    x, w, b = as_floats(x), as_floats(w, "w"), None if b is None else as_floats(b, "b")
    sees, windows = _channels_seen(x, w), _Windows(x, w, conv_param)
    x_pad = np.pad(x, ((0, 0), (0, 0), *windows.padding))
    out = np.zeros((len(x), len(w), *windows.count), x.dtype)
    for n in range(len(x)):
        for f in range(len(w)):
            for i, j in np.ndindex(windows.count):
                rows, columns = windows.at(i, j)
                out[n, f, i, j] = np.sum(x_pad[n, sees[f], rows, columns] * w[f])
    if b is not None:
        out += b[:, np.newaxis, np.newaxis]
    return out, (x, w, b, conv_param)


def conv2d_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array | None]:
    """dout (N, F, H', W') -> dx (N, C, H, W), dw (F, C / G, HH, WW), db (F,) (None without b)."""
    dout = as_floats(dout, "dout")
    x, w, b, conv_param = cache
    sees, windows = _channels_seen(x, w), _Windows(x, w, conv_param)
    x_pad = np.pad(x, ((0, 0), (0, 0), *windows.padding))
    dx_pad, dw = np.zeros_like(x_pad), np.zeros_like(w)
    for n in range(len(x)):
        for f in range(len(w)):
            for i, j in np.ndindex(windows.count):
                rows, columns = windows.at(i, j)
                dw[f] += dout[n, f, i, j] * x_pad[n, sees[f], rows, columns]
                dx_pad[n, sees[f], rows, columns] += dout[n, f, i, j] * w[f]
    (top, _), (left, _) = windows.padding
    dx = dx_pad[:, :, top : top + x.shape[2], left : left + x.shape[3]]
    db = None if b is None else dout.sum(axis=(0, 2, 3))
    return dx, dw, db


def _channels_seen(x: Array, w: Array) -> list[slice]:
    """Return the channels of x that each filter sees: those of its group."""
    C, F, own = x.shape[1], *w.shape[:2]
    if C % own or F % (C // own):
        raise ValueError(f"{F} filters over {own} channels each do not divide {C} channels into groups")
    per_group = F // (C // own)
    return [slice(f // per_group * own, (f // per_group + 1) * own) for f in range(F)]


class _Windows:
    """The places where a filter is laid on the padded image."""

    def __init__(self, x: Array, w: Array, conv_param: dict[str, Any]) -> None:
        self.stride, self.dilation = both(conv_param["stride"]), both(conv_param.get("dilation", 1))
        pad = both(conv_param["pad"])
        self.padding = [(pad[0], pad[0]), (pad[1], pad[1])]
        self.extent = [dilation * (size - 1) + 1 for dilation, size in zip(self.dilation, w.shape[2:], strict=True)]
        room = x.shape[2] + 2 * pad[0], x.shape[3] + 2 * pad[1]
        if room[0] < self.extent[0] or room[1] < self.extent[1]:
            window, padded = (" x ".join(map(str, sides)) for sides in (self.extent, room))
            raise ValueError(f"a window of {window} does not fit into {padded} pixels, padding included")
        self.count = tuple(1 + (room[way] - self.extent[way]) // self.stride[way] for way in (0, 1))

    def at(self, i: int, j: int) -> tuple[slice, slice]:
        """Return the rows and columns that window (i, j) takes: every `dilation`-th."""
        (height, width), (down, across) = self.extent, self.dilation
        top, left = i * self.stride[0], j * self.stride[1]
        return slice(top, top + height, down), slice(left, left + width, across)
