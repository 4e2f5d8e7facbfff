"""A layer of a config with the numbers of a real batch: figures of every array, and an explanation at work on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from nndl.config.build import Built
from nndl.config.checking.trial import is_own
from nndl.config.schema import Experiment
from nndl.errors import UsageError
from nndl.explain.block import explanation_of, watch_block
from nndl.explain.data import claim
from nndl.explain.own import words_of
from nndl.explain.record import Step
from nndl.explain.table import EXPLANATIONS, of_layer
from nndl.explain.watching import watch
from nndl.explain.worked import Worked, difference, work
from nndl.jobs.build import build, starting_from
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.shapes import Placed, everything, infer_shapes
from nndl.net.types import Array
from nndl.train.events import StepDone

LOSS = "loss"
"""The word for what stands behind the last layer."""
ROUNDING = 1e-9
"""The largest relative difference of two ways to compute a layer that is rounding."""
SMALL = 1e-12
"""The size of a gradient to compare with where none came."""


EXACT = ("dtype=float64", "engine=vectorized", "train.shards=null", "data.mix=[]")
"""Settings that leave rounding too small to be seen, a batch whole, and to each image its one label."""


@dataclass(frozen=True)
class Followed:
    """A layer, or the loss, and what a batch does in it."""

    path: str
    kind: str
    where: str
    """In words: layer 3 of 13."""
    images: int
    when: str
    """The state of the network, in words: untrained, after 1 step of training."""
    loss: float
    arrays: Mapping[str, Array]
    """Arrays that it took and gave, forward and back, by name: x, out, dout, dx, w, dw."""
    constants: Mapping[str, float]
    own: Layer | None = None
    """The layer, where it is one of somebody's own, which has no explanation."""

    @property
    def title(self) -> str:
        """The kind of layer, in words."""
        return f"{self.kind}, a layer of your own" if self.own else self.worked.explanation.title

    @property
    def about(self) -> tuple[str, ...]:
        """The words of a layer of one's own on itself."""
        return words_of(self.own) if self.own else ()

    @cached_property
    def worked(self) -> Worked:
        """The explanation at work on the arrays of the batch."""
        is_block = "f1" in self.arrays or "s" in self.arrays
        explanation = explanation_of(self.kind, self.arrays) if is_block else EXPLANATIONS[self.kind]
        arrays = {**_unsaid(self.arrays), **self.arrays}
        given = {each.name: arrays[each.name] for each in explanation.given}
        if self.kind == "affine":
            given["x"] = given["x"].reshape(len(given["x"]), -1)
        if self.kind == "flatten" and given["x"].ndim == 2:
            given["x"] = given["x"][:, :, np.newaxis, np.newaxis]
        if self.kind in ("prelu", "stochastic_depth") and given["x"].ndim == 2:  # features are channels of one pixel
            given |= {name: given[name][:, :, np.newaxis, np.newaxis] for name in ("x", "dout")}
        if not explanation.indices:  # numbers each alone, of any shape
            explanation = replace(explanation, given=tuple(replace(each, shape="") for each in explanation.given))
        return work(explanation, given, {**explanation.constants, **self.constants})

    @property
    def said(self) -> str:
        """The batch, in words."""
        return (
            f"The next training batch of {self.images} images, {self.when}; its loss is {self.loss:.4g}. Computed in "
            "float64; gradients are of the loss alone, without what L2 regularisation adds."
        )

    def steps_taken(self) -> list[Step]:
        """Return the steps that this layer takes: none for a bias it has not, none for a dx that nothing asks for."""
        explanation = self.worked.explanation
        inputs = {f"d{each.name}" for each in explanation.given}
        return [step for step in explanation.steps if step.name not in inputs or step.name in self.arrays]

    def verdict(self) -> str:
        """Say how far the explanation's steps are from what the engine computed."""
        if self.own:
            return f"Nothing here: nndl gradcheck {self.kind} --use FILE holds its gradient to a numerical one."
        names = ", ".join(dict.fromkeys(step.name for step in self.steps_taken() if step.name in self.arrays))
        away = self.agreement()
        how = f"to {away:.0e}" if away else "exactly"
        line = f"The steps of the explanation give what the network computed, {how}: {names}."
        return claim(line, away <= ROUNDING)

    def by_hand(self) -> list[dict[str, Any]]:
        """Return one number of each step: its formula at that place, the numbers in it, its value."""
        rows = []
        for step in () if self.own else self.steps_taken():
            formula, numbers, value = self.worked.follow(step, *self.worked.place_of(step))
            rows.append({"formula": formula, "numbers": numbers, "value": value})
        return rows

    def figures(self) -> list[dict[str, Any]]:
        """Return a row for each array: shape, mean, standard deviation, least, largest, share of zeros."""
        return [figures(name, array) for name, array in self.arrays.items()]

    def agreement(self) -> float:
        """Return the largest difference of the explanation's steps from what the engine computed.

        Relative to the largest number of the array, or of what came to the layer: sums of gradients may cancel.
        """
        names = [step.name for step in self.worked.explanation.steps if step.name in self.arrays]
        back = float(np.max(np.abs(self.arrays.get("dout", 0.0)))) or SMALL
        least = {name: back if name.startswith("d") else 1.0 for name in names}
        return max(difference(self.worked.known[name], self.arrays[name], least[name]) for name in names)


def figures(name: str, array: Array) -> dict[str, Any]:
    """Return what is to be said of an array in numbers."""
    return {
        "array": name,
        "shape": list(array.shape),
        "mean": float(array.mean()),
        "std": float(array.std()),
        "min": float(array.min()),
        "max": float(array.max()),
        "zeros": float((array == 0).mean()),
    }


def _unsaid(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return what a layer may go without, in values that make no difference: a bias of 0, a gamma of 1."""
    out = arrays["out"] if "out" in arrays else arrays["x"]
    size = out.shape[1]
    return {"b": np.zeros(size), "beta": np.zeros(size), "gamma": np.ones(size), "dout": np.zeros_like(out)}


def layers_of(experiment: Experiment) -> list[Placed]:
    """Return the layers of a config in order, those in a block right behind it."""
    return list(everything(infer_shapes(experiment.model.layers, experiment.data.input_shape)))


def chosen(layers: Sequence[Placed], word: str) -> int:
    """Return the place of the layer that a number from 1 on, or a name, says. Raises UsageError for any other word."""
    paths = [placed.path for placed in layers]
    if word in paths:
        return paths.index(word)
    if word.isdecimal() and 1 <= int(word) <= len(layers):
        return int(word) - 1
    near = get_close_matches(word, [*paths, LOSS], 1)
    hint = f"did you mean {near[0]}?" if near else f"it takes 1 to {len(layers)}, a name such as {paths[0]}, or {LOSS}"
    raise UsageError(f"--layer {word}: this network has no such layer; {hint}")


def follow(experiment: Experiment, word: str, steps: int = 1, trained: Network | None = None) -> Followed:
    """Take so many training steps, then send the next batch through the network and watch a layer, or the loss.

    trained: a network of the same layers whose weights and statistics to take instead; then no step is taken.
    Raises UsageError for a layer that is not there, DataError where there are no images.
    """
    layers = layers_of(experiment)
    place = len(layers) - 1 if word == LOSS else chosen(layers, word)
    placed = layers[place]
    own = placed.layer if word != LOSS and is_own(placed.layer) else None
    if word != LOSS and own is None and placed.layer.kind not in EXPLANATIONS:
        raise UsageError(f"{placed.layer.kind} ({placed.path}) is not among what is explained; nndl explain lists that")
    built = build(starting_from(None, experiment) if trained else experiment)
    X, y = (each[: experiment.train.batch_size] for each in _batch_after(built, 0 if trained else steps))
    if trained:
        _take_over(built.network, trained)
    count = len(X) if word == LOSS else min(len(X), getattr(placed.layer, "ghost_batch_size", None) or len(X))
    look = watch_block if placed.branches else watch
    arrays, loss = look(built.network, placed.path, X[:count], y[:count])
    at = f"layer {place + 1} of {len(layers)}"
    kind = own.kind if own else of_layer(placed.layer).name if word != LOSS else LOSS
    seen = Followed(placed.path, kind, at, count, _when(steps, trained), loss, arrays, {}, own)
    if own:
        return seen
    if word == LOSS:
        scores, weights = {"x": arrays["out"], "y": y, "dx": arrays["dout"]}, built.network.class_weights
        kind = experiment.model.loss.kind if weights is None else f"weighted_{experiment.model.loss.kind}"
        scores |= {} if weights is None else {"w": weights}
        seen = replace(seen, path=LOSS, kind=kind, where="behind the last layer", arrays=scores)
    described = experiment.model.loss if word == LOSS else placed.layer
    return replace(seen, constants=EXPLANATIONS[seen.kind].options(described))


def _take_over(network: Network, trained: Network) -> None:
    """Give a network the weights and running statistics of another."""
    for own, other in ((network.params, trained.params), (network.buffers, trained.buffers)):
        for name in own:
            own[name] = other[name]


def _when(steps: int, trained: Network | None) -> str:
    if trained:
        return "with the trained weights"
    return f"after {steps} step{'s' if steps != 1 else ''} of training" if steps else "untrained"


def _batch_after(built: Built, steps: int) -> tuple[Array, Array]:
    """Train for so many steps and return the batch that comes next. Raises UsageError where there are not so many."""
    solver = built.solver
    if steps >= solver.steps_per_epoch:
        raise UsageError(f"--steps {steps}: an epoch has {solver.steps_per_epoch}; take fewer")
    if steps:
        done = (event for event in solver.events() if isinstance(event, StepDone))
        for _ in islice(done, steps):
            pass
    return next(solver.batches.epoch(0, steps))
