"""A network and a data set small enough to train in a test."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from nndl.engines.reference import REFERENCE
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.norm import Bn
from nndl.net.catalog.simple import Dropout, StochasticDepth
from nndl.net.network import Network
from nndl.net.types import Array
from nndl.train.evaluate import Evaluator
from nndl.train.learner import Learner
from nndl.train.optimizers import Adam
from nndl.train.solver import Solver

SHAPE = (3, 4, 4)
IMAGES, CLASSES, BATCH = 40, 4, 16
LEARNING = ("weight_decay", "groups", "clip_norm", "average")


def images(count: int = IMAGES, seed: int = 0) -> tuple[Array, Array]:
    """Images uint8 (N, 3, 4, 4), each class with a brightness of its own, and labels."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    noise = random.integers(0, 64, (count, *SHAPE))
    return (noise + 40 * labels[:, None, None, None]).astype(np.uint8), labels


def normalize(x: Array) -> Array:
    return (x.astype(np.float32) - 100) / 50


class TinyBatches:
    """Shuffled anew each epoch, the last batch short."""

    def __init__(self, seed: int = 0) -> None:
        self.images, self.labels = images()
        self.seed = seed

    @property
    def batches_per_epoch(self) -> int:
        return -(-IMAGES // BATCH)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[Array, Array]]:
        order = np.random.default_rng((self.seed, epoch)).permutation(IMAGES)
        for i in range(start, self.batches_per_epoch):
            chosen = order[i * BATCH : (i + 1) * BATCH]
            yield normalize(self.images[chosen]), self.labels[chosen]


def network(seed: int = 0, dtype: str = "float32", dropout: bool = True) -> Network:
    layers: list[Any] = [Affine(out_features=16), Bn(), Relu()]
    layers += [Dropout(keep=0.8), StochasticDepth(keep=0.9)] if dropout else []
    return Network([*layers, Affine(out_features=CLASSES)], SHAPE, REFERENCE, seed=seed, dtype=dtype)


def solver(epochs: float = 4, seed: int = 0, **options: Any) -> Solver:
    """A solver with everything on that has state: dropout, stochastic depth, batch norm, Adam."""
    model = options.pop("network", None) or network(seed)
    validation = options.pop("validation", Evaluator(*images(24, seed=1), normalize, 10))
    learning = {name: options.pop(name) for name in LEARNING if name in options}
    return Solver(
        model,
        TinyBatches(seed),
        Learner(model, options.pop("optimizer", Adam(learning_rate=0.01)), **learning),
        epochs=epochs,
        train_sample=Evaluator(*images(), normalize, 16),
        validation=validation,
        **options,
    )
