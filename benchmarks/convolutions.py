"""Convolutions of every kind beside PyTorch's, layer by layer: `PYTHONPATH=TORCH python -m benchmarks.convolutions`.

TORCH is the site-packages folder of an environment with PyTorch (`pip install torch==2.13.0`), no part of nndl. Forward
and backward of one layer with dx, float32, 32 images, one thread each; PyTorch's better memory order counts. They take
turns, so that a noisy machine is noisy for all; shown is the least processor time, and its ratio to PyTorch's.
"""

import argparse
from collections.abc import Callable
from time import process_time

import numpy as np
import torch

from nndl.engines import available, get_engine, set_threads
from nndl.net.catalog.conv import Conv
from nndl.net.contract import Site
from nndl.net.types import Array, Shape

IMAGES = 32
LAYERS: dict[str, tuple[Conv, Shape]] = {
    "3 x 3": (Conv(filters=64), (64, 32, 32)),
    **{f"3 x 3, {groups} groups": (Conv(filters=64, groups=groups), (64, 32, 32)) for groups in (2, 4, 8, 16)},
    "3 x 3, 32 groups": (Conv(filters=128, groups=32), (128, 16, 16)),
    "3 x 3, 4 groups, stride 2": (Conv(filters=128, groups=4, stride=2), (64, 32, 32)),
    "depthwise": (Conv(filters=64, groups="channels"), (64, 32, 32)),
    "depthwise, stride 2": (Conv(filters=96, groups="channels", stride=2), (96, 32, 32)),
    "depthwise, 384 channels": (Conv(filters=384, groups="channels"), (384, 8, 8)),
    "1 x 1": (Conv(filters=128, kernel=1), (64, 32, 32)),
    "1 x 1, 4 groups": (Conv(filters=128, kernel=1, groups=4), (128, 16, 16)),
    "3 x 3 dilated by 2": (Conv(filters=64, dilation=2), (64, 32, 32)),
    "3 x 5, stride [1, 2]": (Conv(filters=64, kernel=(3, 5), stride=(1, 2)), (64, 32, 32)),
}


def channels_last(random: np.random.Generator, shape: Shape) -> Array:
    """Draw images of a shape (C, H, W), channels last in memory."""
    return random.standard_normal((IMAGES, *shape[1:], shape[0]), dtype=np.float32).transpose(0, 3, 1, 2)


def ours(engine: str, layer: Conv, shape: Shape) -> Callable[[], object]:
    """Return what runs our layer forward and backward once."""
    random, chosen = np.random.default_rng(0), get_engine(engine)
    params = {name: value.astype(np.float32) for name, value in layer.initial_params(shape, lambda _: random).items()}
    params["w"] = np.ascontiguousarray(params["w"].transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1)
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    out_shape, state = layer.out_shape(shape), {**layer.options(), "mode": "train"}
    dtype = np.dtype(np.float32)
    site = Site(layer, "conv", shape, out_shape, "nhwc", params, grads, state, "train", True, dtype)
    step = chosen.lowerings[Conv](site).step
    x, dout = channels_last(random, shape), channels_last(random, out_shape)
    return lambda: (step.forward(x), step.backward(dout))


def theirs(order: torch.memory_format, layer: Conv, shape: Shape) -> Callable[[], object]:
    """Return what runs PyTorch's layer forward and backward once."""
    groups = layer.groups_of(shape[0])
    size, stride, pad, dilation = layer.window
    module = torch.nn.Conv2d(shape[0], layer.filters, size, stride, pad, dilation, groups).to(memory_format=order)
    x = torch.randn(IMAGES, *shape).to(memory_format=order).requires_grad_()
    dout = torch.randn(IMAGES, *layer.out_shape(shape)).to(memory_format=order)

    def run() -> None:
        x.grad = module.weight.grad = module.bias.grad = None
        module(x).backward(dout)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layers", nargs="*", help="parts of the names of layers; all by default")
    parser.add_argument("--turns", type=int, default=7)
    arguments = parser.parse_args()
    set_threads(1)
    torch.set_num_threads(1)
    for name, (layer, shape) in LAYERS.items():
        if arguments.layers and not any(part in name for part in arguments.layers):
            continue
        runs = {engine: ours(engine, layer, shape) for engine in available()[1:]}
        orders = {"torch contiguous": torch.contiguous_format, "torch channels_last": torch.channels_last}
        runs |= {label: theirs(order, layer, shape) for label, order in orders.items()}
        least = dict.fromkeys(runs, float("inf"))
        for _ in range(arguments.turns):
            for label, run in runs.items():
                start = process_time()
                run()
                least[label] = min(least[label], process_time() - start)
        best = min(least[label] for label in orders)
        print(f"{name:26s}", *(f"{label} {1e3 * s:7.2f} ms ({s / best:.2f})" for label, s in least.items()), flush=True)


if __name__ == "__main__":
    main()
