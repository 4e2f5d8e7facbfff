"""Do the engines train alike? `python -m benchmarks.loss_curves --data FOLDER`.

W1 (see engine_steps.py) is trained for an epoch of CIFAR-10 from the same float32 weights on the same batches: in
float64, which stands for exact, and in float32 by each way below. Rounding errors grow from step to step whoever makes
them, so the yardstick is how fast two orders of plain float32 summation part from exact: "direct", and the same with
the images of every batch turned about, which adds up all sums over the batch in another order. Winograd rounds more at
first; after some steps the curves are as far apart as any.

With --curves FILE, curves are kept there and only those named that are missing are trained.
"""

import argparse
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from benchmarks.engine_steps import NETWORKS
from nndl.data.batches import Batches
from nndl.data.cifar import load_cifar
from nndl.data.normalize import Normalize
from nndl.engines import available, get_engine, set_threads
from nndl.net.network import Network
from nndl.train.optimizers import SgdNesterovMomentum
from nndl.train.updater import Updater

BATCH, LEARNING_RATE = 128, 0.05


class Way(NamedTuple):
    """A way to compute an epoch."""

    engine: str
    threads: int
    dtype: str = "float32"
    winograd: bool = True
    turned: bool = False
    """True where the images of every batch stand in the opposite order."""


WAYS = {
    "float64": Way("vectorized", 2, dtype="float64", winograd=False),
    "direct": Way("vectorized", 2, winograd=False),
    "direct, turned": Way("vectorized", 2, winograd=False, turned=True),
    "vectorized, 1 thread": Way("vectorized", 1),
    "vectorized, 2 threads": Way("vectorized", 2),
    "compiled, 1 thread": Way("compiled", 1),
    "compiled, 2 threads": Way("compiled", 2),
}


def without_winograd() -> AbstractContextManager[Any]:
    """Make the vectorised engine use direct sums alone, for networks made meanwhile."""
    return patch("nndl.engines.vectorized.convolution.pays_winograd", lambda *_: False)


def network_for(way: Way) -> Network:
    """Build the network of a way; every one starts from the same weights, those in float32."""
    with nullcontext() if way.winograd else without_winograd():
        network = Network(NETWORKS["W1"], (3, 32, 32), get_engine(way.engine), dtype=way.dtype)
    start = Network(NETWORKS["W1"], (3, 32, 32), get_engine("vectorized"))
    for name, value in start.params.items():
        network.params[name] = value
    return network


def losses(way: Way, batches: Batches, steps: int) -> Iterator[float]:
    """Yield the training loss of each step."""
    set_threads(way.threads)
    network = network_for(way)
    updater = Updater(SgdNesterovMomentum(learning_rate=LEARNING_RATE), network.params)
    for step, (X, y) in enumerate(batches.epoch(0)):
        if step == steps:
            return
        loss, gradients = network.loss(X[::-1], y[::-1]) if way.turned else network.loss(X, y)
        updater.update(gradients)
        yield loss


def show(curves: dict[str, list[float]]) -> None:
    """Print each curve's distance from exact: root mean square over stretches of steps that double in length."""
    exact = np.array(curves.pop("float64"))
    stops = [stop for stop in (1, 2, 4, 8, 16, 32, 64, 128, 256) if stop < len(exact)] + [len(exact)]
    print("distance of the loss from float64's, root mean square over the steps up to")
    print(f"{'':24}" + "".join(f"{stop:9}" for stop in stops) + f"{'last 100':>10}")
    for name, curve in curves.items():
        off = np.array(curve) - exact
        apart = [float(np.sqrt(np.mean(off[a:b] ** 2))) for a, b in zip([0, *stops[:-1]], stops, strict=True)]
        print(f"{name:24}" + "".join(f"{value:9.1e}" for value in apart) + f"{np.mean(curve[-100:]):10.4f}")
    print(f"{'float64':24}{'':{9 * len(stops)}}{exact[-100:].mean():10.4f}  (mean loss of the last 100 steps)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ways", nargs="*", default=list(WAYS), help=f"of: {'; '.join(WAYS)}")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder that holds CIFAR-10")
    parser.add_argument("--steps", type=int, default=391, help="at most; an epoch has 391")
    parser.add_argument("--curves", type=Path, help="file to keep curves in")
    arguments = parser.parse_args()
    curves = json.loads(arguments.curves.read_text()) if arguments.curves and arguments.curves.exists() else {}
    images = load_cifar(arguments.data).train
    index = np.arange(len(images))
    batches = Batches(images, index, BATCH, seed=0, normalize=Normalize.fit(images.images, "standard"))
    for name in arguments.ways:
        if name not in curves and WAYS[name].engine in available():
            curves[name] = list(losses(WAYS[name], batches, arguments.steps))
            if arguments.curves:
                arguments.curves.write_text(json.dumps(curves))
    if "float64" in curves:
        show({name: curves[name] for name in WAYS if name in curves})


if __name__ == "__main__":
    main()
