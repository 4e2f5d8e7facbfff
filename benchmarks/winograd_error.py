"""The error of a 3 x 3 convolution in float32: `python -m benchmarks.winograd_error`.

The compiled kernels' ways, Winograd's F(4x4, 3x3) and F(6x6, 3x3) and direct sums, on standard normal numbers; the
yardstick is float64. Shown is the largest error over the largest exact number, for the outputs and both gradients, by
channels.
"""

import argparse

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nndl.engines.compiled.abi import Finish, Shape
from nndl.engines.compiled.bindings import kernels
from nndl.net.types import Array

WAYS = {"F(4x4)": 4, "F(6x6)": 6, "direct": 0}
"""Winograd's tiles, or none."""


def exact(x: Array, w: Array, dy: Array) -> dict[str, Array]:
    """Compute in float64, pad 1, outputs and gradients of the convolution of x (N, H, W, C) with w (3, 3, C, F)."""
    x, w, dy = (a.astype(np.float64) for a in (x, w, dy))

    def windows(a: Array) -> Array:
        """Return the windows, (N, H, W, channels, 3, 3)."""
        return sliding_window_view(np.pad(a, ((0, 0), (1, 1), (1, 1), (0, 0))), (3, 3), axis=(1, 2))

    turned = w[::-1, ::-1]
    return {
        "forward": np.einsum("nhwcij,ijcf->nhwf", windows(x), w, optimize=True),
        "dx": np.einsum("nhwfij,ijcf->nhwc", windows(dy), turned, optimize=True),
        "dw": np.einsum("nhwcij,nhwf->ijcf", windows(x), dy, optimize=True),
    }


def computed(tile: int, x: Array, w: Array, dy: Array) -> dict[str, Array]:
    """Compute the same by the compiled kernels, in float32."""
    N, H, W, C = x.shape
    shape = Shape(N, H, W, C, dy.shape[-1], 3, 1, 1, H, W, tile)
    y, dx, dw = np.empty_like(dy), np.empty_like(x), np.empty_like(w)
    k = kernels()
    if tile:
        k.winograd_forward(shape, x, w, Finish(y=y))
        k.winograd_input_gradient(shape, dy, None, w, dx)
        k.winograd_weight_gradient(shape, x, dy, None, dw)
    else:
        k.direct_forward(shape, x, 0, w, Finish(y=y))
        k.direct_input_gradient(shape, dy, w, dx)
        k.direct_weight_gradient(shape, x, 0, dy, None, dw)
    return {"forward": y, "dx": dx, "dw": dw}


def errors(channels: int, images: int = 16, side: int = 16) -> dict[str, dict[str, float]]:
    """Return the largest error relative to the largest number: {"F(4x4)": {"forward": ..., "dx": ...}, ...}."""
    random = np.random.default_rng(channels)
    sizes = (images, side, side, channels), (3, 3, channels, channels), (images, side, side, channels)
    x, w, dy = (random.standard_normal(size).astype(np.float32) for size in sizes)
    right = exact(x, w, dy)
    return {
        way: {
            name: float(np.abs(array - right[name]).max() / np.abs(right[name]).max())
            for name, array in computed(tile, x, w, dy).items()
        }
        for way, tile in WAYS.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("channels", nargs="*", type=int, default=[16, 32, 64, 128, 256, 512])
    arguments = parser.parse_args()
    print(f"{'channels':>8}  {'way':10}{'forward':>10}{'dx':>10}{'dw':>10}")
    for channels in arguments.channels:
        for way, found in errors(channels).items():
            print(f"{channels:8}  {way:10}" + "".join(f"{found[name]:10.1e}" for name in ("forward", "dx", "dw")))


if __name__ == "__main__":
    main()
