"""The error of a 3 x 3 convolution in float32 and bfloat16: `python -m benchmarks.winograd_error`.

The compiled kernels' ways, Winograd's tiles of every size and direct sums, and Winograd's with factors in bfloat16
where the processor has it, on standard normal numbers; the yardstick is float64. Images are some 16 pixels wide, so
that tiles of one size cover them. Shown are the largest error over the largest exact number, and the root mean square
of one over that of the other, for the outputs and both gradients, by channels.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nndl.engines.compiled.abi import Finish, Shape
from nndl.engines.compiled.bindings import BF16_INSTRUCTIONS, kernels
from nndl.engines.shared.toom_cook import SIZES
from nndl.net.types import Array

WAYS = {f"F({tile}x{tile})": (tile, "") for tile in SIZES} | {"direct": (0, "")}
"""Winograd's tiles, or none, and the end of the kernels' names."""

ROUNDED = {f"F({tile}x{tile}) bf16": (tile, "_bfloat16") for tile in SIZES}
"""The same in bfloat16."""


@dataclass(frozen=True)
class Error:
    """The error of an array relative to the exact one."""

    largest: float
    typical: float
    """Root mean square."""


def error_of(array: Array, right: Array) -> Error:
    off = np.abs(array - right)
    return Error(float(off.max() / np.abs(right).max()), float(np.sqrt((off**2).mean() / (right**2).mean())))


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


def computed(tile: int, suffix: str, x: Array, w: Array, dy: Array) -> dict[str, Array]:
    """Compute the same by the compiled kernels."""
    N, H, W, C = x.shape
    shape = Shape(N, H, W, C, dy.shape[-1], 3, 1, 1, H, W, tile)
    y, dx, dw = np.empty_like(dy), np.empty_like(x), np.empty_like(w)
    k = kernels()
    if tile:
        getattr(k, f"winograd_forward{suffix}")(shape, x, w, Finish(y=y))
        getattr(k, f"winograd_input_gradient{suffix}")(shape, dy, None, w, dx)
        getattr(k, f"winograd_weight_gradient{suffix}")(shape, x, dy, None, dw)
    else:
        k.direct_forward(shape, x, 0, w, Finish(y=y))
        k.direct_input_gradient(shape, dy, w, dx)
        k.direct_weight_gradient(shape, x, 0, dy, None, dw)
    return {"forward": y, "dx": dx, "dw": dw}


def covered(side: int, tile: int) -> int:
    """Return the side nearest to `side` that whole tiles cover; without tiles `side`."""
    return tile * round(side / tile) if tile else side


def errors(channels: int, images: int = 16, side: int = 16) -> dict[str, dict[str, Error]]:
    """Return the error of each way that there is: {"F(4x4)": {"forward": ..., "dx": ...}, ...}."""
    ways = WAYS | ROUNDED if kernels().variant == BF16_INSTRUCTIONS else WAYS
    found: dict[str, dict[str, Error]] = {}
    for width in {covered(side, tile) for tile, _ in ways.values()}:
        random = np.random.default_rng(channels)
        sizes = (images, width, width, channels), (3, 3, channels, channels), (images, width, width, channels)
        x, w, dy = (random.standard_normal(size).astype(np.float32) for size in sizes)
        right = exact(x, w, dy)
        for way, (tile, suffix) in ways.items():
            if covered(side, tile) == width:
                arrays = computed(tile, suffix, x, w, dy)
                found[way] = {name: error_of(array, right[name]) for name, array in arrays.items()}
    return {way: found[way] for way in ways}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("channels", nargs="*", type=int, default=[16, 32, 64, 128, 256, 512])
    arguments = parser.parse_args()
    names = "forward", "dx", "dw"
    print(f"{'':23}{'largest':>10}{'':20}{'root mean square':>20}")
    print(f"{'channels':>8}  {'way':13}" + 2 * "".join(f"{name:>10}" for name in names))
    for channels in arguments.channels:
        for way, found in errors(channels).items():
            shown = [found[name].largest for name in names] + [found[name].typical for name in names]
            print(f"{channels:8}  {way:13}" + "".join(f"{error:10.1e}" for error in shown))


if __name__ == "__main__":
    main()
