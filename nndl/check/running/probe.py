"""A model for Solvers to train: its gradients and accuracies are known whatever it is given, and it notes what.

This file stands alone: the student's process loads it beside the executor. An image is a row (number, set, label); set
is 0 of training images and 1 of the others.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
CLASSES = 3
ENOUGH = 8
"""Batches from which on it is no chance how images were drawn: fewer are taken to be right."""


def images(count: int, which: int) -> tuple[Array, Array]:
    """Return the rows (count, 3) of a set, and their labels."""
    numbers = np.arange(count)
    labels = numbers * 7 % CLASSES
    return np.stack([numbers, np.full(count, which), labels], axis=1).astype(np.float64), labels


class Model:
    """Takes what Solvers take: params, bn_params, loss(X) and loss(X, y), and an update rule."""

    def __init__(self, shares: list[list[float]], sizes: list[int]) -> None:
        """Take the share of each set that is right after 0, 1, 2 ... steps, and the number of its images."""
        self.shares, self.sizes = shares, sizes
        self.params = {"W1": np.ones((3, 2)), "b1": np.ones(2)}
        self.bn_params: list[dict[str, Any]] = [{"mode": "train", "running_mean": np.zeros(2)}]
        self.steps = self.by_momentum = 0
        self.batches: list[tuple[Array, Array]] = []
        self.scored: list[int] = []
        self.lent: tuple[Any, ...] = ()
        self.rates: dict[str, list[float]] = {name: [] for name in self.params}

    def loss(self, X: Array, y: Array | None = None) -> Any:
        """Return scores in test mode, and a loss that falls with gradients that never change in training."""
        if y is None:
            self.scored.append(len(X))
            return self._scores(np.asarray(X))
        self.batches.append((np.array(X), np.array(y)))
        self.steps += 1
        self.bn_params[0]["running_mean"] = np.full(2, float(self.steps))
        return 1 / self.steps, {name: np.full(w.shape, 0.1) for name, w in self.params.items()}

    def _scores(self, X: Array) -> Array:
        """Score the first images of a set right, so that its share is: the next class gets the point of the others."""
        number, which, label = X.T.astype(int)
        shares = np.array([share[min(self.steps, len(share) - 1)] for share in self.shares])
        right = number < np.round(shares[which] * np.array(self.sizes)[which])
        return np.eye(CLASSES)[np.where(right, label, (label + 1) % CLASSES)]

    def rule(self, w: Array, dw: Array, config: dict[str, Any]) -> tuple[Array, dict[str, Any]]:
        """Step along the gradient, further with each step that the config knows of.

        Into a matrix and its config it writes, as the course's sgd does; of a vector it makes new ones, as others do.
        """
        self.rates["W1" if w.ndim == 2 else "b1"].append(float(config["learning_rate"]))
        if w.ndim == 1:
            w, config = w.copy(), dict(config)
        config["t"] = config.get("t", 0) + 1
        w -= config["learning_rate"] * config["t"] ** 2 * dw
        return w, config

    def momentum(self, w: Array, dw: Array, config: dict[str, Any]) -> tuple[Array, dict[str, Any]]:
        """Step likewise, and note that momentum was asked for."""
        self.by_momentum += 1
        return self.rule(w, dw, config)

    def lend(self, optim: Any) -> None:
        """Take the place of sgd and sgd_momentum in the module of update rules, until `give_back`."""
        self.lent = optim, optim.sgd, getattr(optim, "sgd_momentum", None)
        optim.sgd, optim.sgd_momentum = self.rule, self.momentum

    def give_back(self) -> None:
        """Put back what was there."""
        if self.lent:
            self.lent[0].sgd, self.lent[0].sgd_momentum = self.lent[1:]

    @property
    def seen(self) -> dict[str, Any]:
        """All that is to be said of the batches, whatever was drawn."""
        batches = [X for X, _ in self.batches]
        if not batches:
            return {}
        numbers = np.concatenate([X[:, 0] for X in batches])
        few = len(batches) < ENOUGH
        return {
            "images in a batch": sorted({len(X) for X in batches}),
            "all of the training images": not any(X[:, 1].any() for X in batches),
            "labels are those of the images": all(np.array_equal(X[:, 2], y) for X, y in self.batches),
            "more than one batch of images": few or len(set(numbers.tolist())) > max(len(X) for X in batches),
            "images of both halves of the set": few or len(set((numbers < self.sizes[0] / 2).tolist())) == 2,
            "in random order": few or not all(_follow(X[:, 0], self.sizes[0]) for X in batches),
        }


def _follow(numbers: Array, count: int) -> bool:
    """Tell whether images follow each other as they lie in the set."""
    return bool(np.all(np.diff(numbers) % count == 1))


GIVEN: dict[str, Any] = {"$model": Model}
"""Names that programs may call besides the functions of a student, who can give none of these."""
