"""Images a second of whole training steps, for each engine: `python -m benchmarks.engine_steps`.

Forward, backward and an update of SGD with Nesterov momentum, on random images in batches of 128. Engines and networks
take turns in short bursts, so that a noisy machine is noisy for all; shown are medians.
"""

import argparse
from collections.abc import Sequence
from statistics import median
from time import perf_counter

import numpy as np

from nndl.config import load_config
from nndl.engines import available, get_engine
from nndl.net.catalog.activation import Relu, Silu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, SpatialBn
from nndl.net.catalog.pool import GlobalMaxPool, MaxPool
from nndl.net.catalog.residual import Residual
from nndl.net.contract import Engine
from nndl.net.layer import Layer
from nndl.net.network import Network


def conv_bn(filters: int, *tail: Layer) -> tuple[Layer, ...]:
    """Return a 3 x 3 convolution without bias, batch norm, ReLU, and what is given."""
    return (Conv(filters=filters, bias=False), SpatialBn(), Relu(), *tail)


def speedrun_block(filters: int) -> tuple[Layer, ...]:
    """Return the block of the speed-run networks: two convolutions, the first one pooled."""
    return (
        *(Conv(filters=filters, bias=False), MaxPool(), SpatialBn(scale=False), Silu()),
        *(Conv(filters=filters, bias=False), SpatialBn(scale=False), Silu()),
    )


NETWORKS: dict[str, tuple[Layer, ...]] = {
    "W1": (
        *conv_bn(32, MaxPool()),
        *conv_bn(64, MaxPool()),
        *(Affine(out_features=128), Bn(), Relu()),
        Affine(out_features=10),
    ),
    "W2": (
        *conv_bn(64),
        *conv_bn(128, MaxPool()),
        Residual(layers=(*conv_bn(128), *conv_bn(128))),
        *conv_bn(256, MaxPool()),
        *conv_bn(512, MaxPool()),
        Residual(layers=(*conv_bn(512), *conv_bn(512))),
        GlobalMaxPool(),
        Affine(out_features=10),
    ),
    "W3": (Conv(filters=32, kernel=7), Relu(), MaxPool(), Affine(out_features=100), Relu(), Affine(out_features=10)),
    "W4": (
        *(Conv(filters=24, kernel=2, pad=0), Silu()),
        *(layer for filters in (64, 256, 256) for layer in speedrun_block(filters)),
        *(MaxPool(size=3), Affine(out_features=10, bias=False)),
    ),
    "bn_cnn": (*conv_bn(32, MaxPool()), *conv_bn(64, MaxPool()), *conv_bn(128, MaxPool()), Affine(out_features=10)),
}


def of_config(name: str, engine: Engine | None = None) -> tuple[Network, int]:
    """Return the network that a config describes, a bundled one or a file, and its batch size."""
    experiment = load_config(name)
    network = Network(experiment.model.layers, experiment.data.input_shape, engine or get_engine("vectorized"))
    return network, experiment.train.batch_size


class Training:
    """A network and the batches it is trained on."""

    def __init__(self, layers: Sequence[Layer], engine: str, batch: int) -> None:
        self.network = Network(layers, (3, 32, 32), get_engine(engine))
        random = np.random.default_rng(0)
        self.images = random.standard_normal((batch, 3, 32, 32), np.float32)
        self.labels = random.integers(0, 10, batch)
        self.velocity = np.zeros_like(self.network.params.vector)

    def step(self, learning_rate: float = 1e-3, momentum: float = 0.9) -> None:
        """Take one step of SGD with Nesterov momentum."""
        network = self.network
        network.loss(self.images, self.labels)
        gradient = network.grads.vector
        self.velocity *= momentum
        self.velocity -= learning_rate * gradient
        network.params.vector += momentum * self.velocity - learning_rate * gradient
        network.step += 1

    def burst(self, steps: int) -> float:
        """Measure the seconds that a step takes, the median of a few."""
        times = []
        for _ in range(steps):
            start = perf_counter()
            self.step()
            times.append(perf_counter() - start)
        return median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=["W1", "W3", "bn_cnn"])
    parser.add_argument("--engines", nargs="+", choices=available(), default=list(available()[1:]))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=5, help="steps in a burst")
    parser.add_argument("--rounds", type=int, default=5, help="bursts of each")
    options = parser.parse_args()

    trainings = {
        (name, engine): Training(NETWORKS[name], engine, options.batch)
        for name in options.networks
        for engine in options.engines
    }
    times: dict[tuple[str, str], list[float]] = {key: [] for key in trainings}
    for training in trainings.values():
        training.step()
    for _ in range(options.rounds):
        for key, training in trainings.items():
            times[key].append(training.burst(options.steps))
    print(f"{'network':10} {'engine':12} {'ms/step':>8} {'fastest':>8} {'images/s':>9}")
    for (name, engine), bursts in times.items():
        step = median(bursts)
        print(f"{name:10} {engine:12} {1e3 * step:8.1f} {1e3 * min(bursts):8.1f} {options.batch / step:9.0f}")


if __name__ == "__main__":
    main()
