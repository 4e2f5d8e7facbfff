"""JAX as a contender: `python -m benchmarks.worker_jax "jax float32" WORKLOAD BATCH THREADS`.

Its Python has JAX and needs nothing that nndl does. Images lie channels last, pooling is a maximum over a
reshaped array, and the whole step is one compiled function whose arguments are donated: the quickest of what was tried.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.bursts import serve_steps

if int(sys.argv[4]) and hasattr(os, "sched_setaffinity"):  # before JAX counts the cores for its threads
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[4])])

import jax
import jax.numpy as jnp
from jax import lax

Layer = tuple[str, Any]
Params = list[dict[str, Any]]


def conv_bn(filters: int, *tail: Layer) -> list[Layer]:
    """Return a 3 x 3 convolution without bias, batch norm, ReLU, and what is given."""
    return [("conv", (filters, 3, 1, False)), ("bn", jax.nn.relu), *tail]


def speedrun_block(filters: int) -> list[Layer]:
    """Return two convolutions, the first one pooled."""
    conv = ("conv", (filters, 3, 1, False))
    return [conv, ("pool", 2), ("bn", jax.nn.silu), conv, ("bn", jax.nn.silu)]


NETWORKS: dict[str, list[Layer]] = {
    "W1": [
        *(*conv_bn(32, ("pool", 2)), *conv_bn(64, ("pool", 2))),
        *(("affine", 128), ("bn", jax.nn.relu), ("affine", 10)),
    ],
    "W2": [
        *(*conv_bn(64), *conv_bn(128, ("pool", 2)), ("residual", [*conv_bn(128), *conv_bn(128)])),
        *(*conv_bn(256, ("pool", 2)), *conv_bn(512, ("pool", 2)), ("residual", [*conv_bn(512), *conv_bn(512)])),
        *(("pool", 4), ("affine", 10)),
    ],
    "W3": [
        *(("conv", (32, 7, 3, True)), ("activate", jax.nn.relu), ("pool", 2)),
        *(("affine", 100), ("activate", jax.nn.relu), ("affine", 10)),
    ],
    "W4": [
        *(("conv", (24, 2, 0, True)), ("activate", jax.nn.silu)),
        *(layer for filters in (64, 256, 256) for layer in speedrun_block(filters)),
        *(("pool", 3), ("affine", 10)),
    ],
}


def pooled(x: Any, size: int) -> Any:
    """Return maxima of windows that touch; what is left at the edges is cut off."""
    N, H, W, C = x.shape
    cut = x[:, : H // size * size, : W // size * size]
    return cut.reshape(N, H // size, size, W // size, size, C).max((2, 4))


def initial(layers: Sequence[Layer], shape: tuple[int, ...], key: Any) -> tuple[Params, tuple[int, ...]]:
    """Draw parameters (and running averages, which no gradient reaches) of layers behind images (H, W, C)."""
    made: Params = []
    for kind, option in layers:
        key, this = jax.random.split(key)
        if kind == "conv":
            filters, size, pad, bias = option
            H, W, C = shape
            w = jax.random.normal(this, (size, size, C, filters)) * (2 / (size * size * C)) ** 0.5
            made.append({"w": w} | ({"b": jnp.zeros(filters)} if bias else {}))
            shape = (H + 2 * pad - size + 1, W + 2 * pad - size + 1, filters)
        elif kind == "affine":
            size = int(jnp.prod(jnp.array(shape)))
            made.append({"w": jax.random.normal(this, (size, option)) * (2 / size) ** 0.5, "b": jnp.zeros(option)})
            shape = (option,)
        elif kind == "bn":
            made.append({"gamma": jnp.ones(shape[-1]), "beta": jnp.zeros(shape[-1])})
        elif kind == "residual":
            made.append({"body": initial(option, shape, this)[0]})
        else:
            made.append({})
            shape = (shape[0] // option, shape[1] // option, shape[2]) if kind == "pool" else shape
    return made, shape


def forward(layers: Sequence[Layer], params: Params, x: Any, statistics: list[Any]) -> Any:
    """Return the last layer's output; every batch norm's mean and variance are put on `statistics`."""
    for (kind, option), p in zip(layers, params, strict=True):
        if kind == "conv":
            pad = [(option[2], option[2])] * 2
            x = lax.conv_general_dilated(x, p["w"], (1, 1), pad, dimension_numbers=("NHWC", "HWIO", "NHWC"))
            x = x + p["b"] if "b" in p else x
        elif kind == "affine":
            x = x.reshape(len(x), -1) @ p["w"] + p["b"]
        elif kind == "bn":
            axes = tuple(range(x.ndim - 1))
            mean = x.mean(axes)
            var = ((x - mean) ** 2).mean(axes)
            statistics.append((mean, var))
            x = option((x - mean) * (p["gamma"] * lax.rsqrt(var + 1e-5)) + p["beta"])
        elif kind == "residual":
            x = x + forward(option, p["body"], x, statistics)
        else:
            x = pooled(x, option) if kind == "pool" else option(x)
    return x


def main() -> None:
    workload, batch = sys.argv[2], int(sys.argv[3])
    layers = NETWORKS[workload]
    params, _ = initial(layers, (32, 32, 3), jax.random.key(0))
    images = jax.random.normal(jax.random.key(1), (batch, 32, 32, 3))
    labels = jax.random.randint(jax.random.key(2), (batch,), 0, 10)

    def loss(params: Params, images: Any, labels: Any) -> tuple[Any, list[Any]]:
        statistics: list[Any] = []
        scores = forward(layers, params, images, statistics)
        return -jax.nn.log_softmax(scores)[jnp.arange(batch), labels].mean(), statistics

    def step(
        params: Params, velocity: Params, running: list[Any], images: Any, labels: Any
    ) -> tuple[Params, Params, list[Any]]:
        """Take a step of SGD with Nesterov momentum, as PyTorch has it."""
        gradients, statistics = jax.grad(loss, has_aux=True)(params, images, labels)
        velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, gradients)
        params = jax.tree.map(lambda w, v, g: w - 1e-3 * (g + 0.9 * v), params, velocity, gradients)
        return params, velocity, jax.tree.map(lambda old, new: 0.9 * old + 0.1 * new, running, statistics)

    compiled = jax.jit(step, donate_argnums=(0, 1, 2))
    state = [
        params,
        jax.tree.map(jnp.zeros_like, params),
        jax.tree.map(jnp.zeros_like, loss(params, images, labels)[1]),
    ]

    def train() -> None:
        state[:] = jax.block_until_ready(compiled(*state, images, labels))

    serve_steps(train, batch)


if __name__ == "__main__":
    main()
