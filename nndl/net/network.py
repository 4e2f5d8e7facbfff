"""A network: layers placed, parameters on one vector, and a plan for each mode; it speaks like the courses' models."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from math import prod
from typing import NamedTuple, get_args, overload
from zlib import crc32

import numpy as np

from nndl.layers import as_labels
from nndl.net.contract import Engine
from nndl.net.layer import Layer
from nndl.net.losses import Loss, SoftmaxLoss
from nndl.net.params import Params, Slot, within
from nndl.net.plan import Chain, PlannedStep, Planner, Seen, nothing_seen
from nndl.net.running import as_first
from nndl.net.shapes import everything, infer_shapes
from nndl.net.shown import layer_table
from nndl.net.sizes import placed_at
from nndl.net.turn import Turn
from nndl.net.types import Array, Mode, Shape, Streams, layout_of

_INITIALISATION, _DROPOUT = 1, 2
"""Independent streams of a seed: adding dropout to a config does not move the initial weights."""

_PHILOX = 4
"""Numbers that Philox makes at once."""

_LINE = 16
"""Numbers of float32 in a line of the cache: arrays are turned round in blocks of some lines, in half the time."""


class Part(NamedTuple):
    """A part of a batch."""

    share: float = 1.0
    """Of the batch's loss: that of its images, or of their weights."""
    first: int = 0
    """The place in the batch of its first image: what dropout draws for an image depends on the image's place."""
    seen: Seen = nothing_seen
    """Is told of layers whose gradients are there while the backward pass goes on."""


WHOLE = Part()


class Network:
    """A network whose arithmetic an engine provides.

    params, buffers, grads: `Params`, named "conv1.w", "spatial_bn1.running_mean".
    class_weights: the weights (C,) of the classes in the training loss, or None; scores are measured without them.
    step: the number of the training step at hand, set by the solver; dropout masks depend on (seed, layer, step) only.
    trained_at: the shape of the images of the last training step, or input_shape; the running statistics are of such.
    begun_anew: whether the last training step was the first with images of its shape.

    Threads may share a network: calls take turns, since they share its memory. `grads` is one for all of them.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Shape,
        engine: Engine,
        *,
        loss: Loss | None = None,
        l2: float = 0.0,
        dtype: str = "float32",
        seed: int = 0,
        training_shapes: Sequence[Shape] = (),
        class_weights: Array | None = None,
    ) -> None:
        """Make a network that scores images of input_shape, and is trained on such or on any of training_shapes.

        Raises ShapeError where a layer cannot take a shape, or would have other parameters at a training shape.
        """
        self.layers = tuple(layers)
        self.input_shape = input_shape
        self.engine = engine
        self.loss_function = loss or SoftmaxLoss()
        self.class_weights = class_weights
        self.l2 = l2
        self.dtype = np.dtype(dtype)
        self.seed = seed
        self.step = 0
        self._turn = Turn()
        self.placed = infer_shapes(self.layers, input_shape)
        self._placed = {shape: placed_at(shape, self.placed) for shape in training_shapes} | {input_shape: self.placed}
        self.trained_at = self._planned_at = input_shape
        self.begun_anew = False
        self._everything = tuple(everything(self.placed))
        self.params = self._initial_params()
        self.grads = self.params.like()
        self.buffers = self._initial_buffers()
        self.decayed = tuple(f"{p.path}.{n}" for p in self._everything for n in p.layer.decays)
        """The parameters L2 regularisation acts on: weights, as in the courses."""
        self.frozen: frozenset[str] = frozenset()
        self._planners = {mode: self._planner(mode) for mode in get_args(Mode)}
        self._chains = {mode: self._plan(mode) for mode in get_args(Mode)}

    @overload
    def loss(self, X: Array) -> Array: ...
    @overload
    def loss(self, X: Array, y: Array) -> tuple[float, Params]: ...
    def loss(self, X: Array, y: Array | None = None) -> Array | tuple[float, Params]:
        """Compute scores (N, classes) in test mode without y; with y, the training loss and the gradients.

        X is (N, C, H, W), in training of any of the training shapes; y are labels (N,) or, for a loss that takes them,
        distributions over the classes (N, classes). The loss includes 0.5 * l2 * sum(w ** 2) over the weights. The
        gradients are `grads`, which the next call overwrites.
        """
        if y is None:
            return self.scores(X)
        with self._turn.lock, self.step_at(X.shape[1:]):
            loss = self.part_loss(X, y)
            return loss + self.add_l2(self.grads), self.grads

    @contextmanager
    def step_at(self, shape: Shape) -> Iterator[None]:
        """Take, within, a training step with images of this shape.

        Where the step before had images of another, running statistics begin anew: after the step they are the batch's.
        """
        self.begun_anew = shape != self.trained_at and shape in self._placed
        if self.begun_anew:
            self.buffers.vector[:] = 0
        yield
        if self.begun_anew:
            self.trained_at = shape
            as_first(self._everything, self.buffers)

    def set_statistics(self, X: Array) -> None:
        """Set the running statistics to those of a batch (N, C, H, W) passed forward as in training."""
        x = self._take(X, self._placed)
        with self._turn.lock:
            self._plan_at(x.shape[1:])
            self.seed_dropout(0)
            self.buffers.vector[:] = 0
            self._chains["train"].forward(x)
            as_first(self._everything, self.buffers)

    def part_loss(self, X: Array, y: Array, part: Part = WHOLE) -> float:
        """Compute what a part of a batch adds to its loss, without L2; what it adds to the gradients is in `grads`."""
        x = self._take(X, self._placed)
        y = np.asarray(y)
        if not (self.loss_function.takes_distributions and y.ndim == 2 and y.dtype.kind == "f"):
            y = as_labels(y, (len(x), *self.placed[-1].out_shape))
        with self._turn.lock:
            self._plan_at(x.shape[1:])
            self.seed_dropout(part.first)
            chain = self._chains["train"]
            loss, dscores = self.loss_function(chain.forward(x), y, self.class_weights)
            if part.share != 1:
                loss, dscores = loss * part.share, dscores * part.share
            chain.backward(np.ascontiguousarray(dscores, self.dtype), part.seen)
            return loss

    def loss_share(self, y: Array, place: slice) -> float:
        """Return what the images at a place of a batch with the labels y (N,) count in its loss, of 1."""
        if self.class_weights is None:
            return len(y[place]) / len(y)
        weights = self.class_weights[y] if y.ndim == 1 else y @ self.class_weights
        return float(weights[place].sum() / weights.sum())

    def add_l2(self, gradients: Params, places: Sequence[slice] = (slice(None),)) -> float:
        """Add what L2 regularisation does to the gradients, in these places of their vector; returns it of the loss."""
        if self.l2:
            for name in self._regularised():
                for place in within(self.params.slices[name], places):
                    gradients.vector[place] += self.l2 * self.params.vector[place]
        return self.l2_loss()

    def l2_loss(self) -> float:
        """Return what L2 regularisation adds to the loss."""
        weights = [self.params[name] for name in self._regularised()] if self.l2 else []
        room = np.empty(max((w.size for w in weights if not w.flags.c_contiguous), default=0), self.dtype)
        total = 0.0
        for w in weights:
            ordered = self._in_order(w, room)
            total += 0.5 * self.l2 * float(np.vdot(ordered, ordered))
        return total

    def _in_order(self, w: Array, room: Array) -> Array:
        """Return w (F, C, ...), last axis fastest: in `room`, by all threads, where an engine keeps it otherwise."""
        if w.flags.c_contiguous:
            return w
        ordered = room[: w.size].reshape(w.shape)

        def copy(start: int, stop: int, thread: int) -> None:
            del thread
            target, source = ordered[start:stop], w[start:stop]
            for f in range(0, stop - start, _LINE):
                for c in range(0, w.shape[1], 4 * _LINE):
                    block = slice(f, f + _LINE), slice(c, c + 4 * _LINE)
                    target[block] = source[block]

        self.engine.share(len(w), copy)
        return ordered

    def _regularised(self) -> list[str]:
        return [name for name in self.decayed if name not in self.frozen]

    def scores(self, X: Array) -> Array:
        """Return the scores (N, classes) in test mode, in an array of their own."""
        x = self._take(X, (self.input_shape,))
        with self._turn.lock:
            return self._chains["test"].forward(x).copy()

    def activations(self, X: Array) -> Iterator[tuple[str, Array]]:
        """Yield what each step of the plan gives in test mode, in an array of its own, under its last layer's path."""
        x = self._take(X, (self.input_shape,))
        for planned in self._chains["test"].steps:
            with self._turn.lock:
                x = planned.step.forward(x).copy(order="K")
            yield planned.paths[-1], x

    def predict(self, X: Array) -> Array:
        """Return the class with the highest score for each image, (N,) int64."""
        return np.argmax(self.scores(X), axis=1)

    def freeze(self, names: Collection[str]) -> None:
        """Leave exactly these parameters untrained from now on: their gradients are zero and cost nothing."""
        with self._turn.lock:
            if self.frozen != frozenset(names):
                self.frozen = frozenset(names)
                for name in self.frozen:
                    self.grads[name] = np.zeros_like(self.grads[name])
                self._plan_training()

    def __repr__(self) -> str:
        shape, scores = " x ".join(map(str, self.input_shape)), " x ".join(map(str, self.placed[-1].out_shape))
        return f"Network({len(self.layers)} layers, {shape} -> {scores}, {self.params.size:,} parameters)"

    def _repr_html_(self) -> str:
        return layer_table(self.placed)

    def twin(self, engine: Engine) -> "Network":
        """Return a network on the same parameters, to train with; gradients and running statistics are its own.

        It is planned for images of input_shape, whatever this one was trained at last.
        """
        twin = copy(self)
        twin.engine, twin._turn = engine, Turn()
        twin.grads, twin.buffers = self.params.like(), self.buffers.like()
        twin._planned_at, twin._planners, twin._chains = self.input_shape, {}, {}
        twin._plan_training()
        return twin

    def describe(self, mode: Mode = "train") -> list[PlannedStep]:
        """Return the steps that run, in order, after the engine's rewriting."""
        return list(self._chains[mode].steps)

    def chain(self, mode: Mode) -> Chain:
        """Return the steps that run, themselves a step, for whoever looks into them."""
        return self._chains[mode]

    def _take(self, X: Array, shapes: Collection[Shape]) -> Array:
        if X.shape[1:] not in shapes:
            expected = " or ".join(map(str, shapes))
            raise ValueError(f"this network takes images of shape {expected}, not {X.shape[1:]}")
        return np.ascontiguousarray(X, self.dtype)

    def seed_dropout(self, first: int) -> None:
        """Draw for the batch's image `first` and those behind it what is drawn for them when the batch is whole."""
        layers = everything(self._placed[self._planned_at])
        sizes = {placed.path: prod(placed.layer.drawn(placed.in_shape)) for placed in layers}
        for path, state in self._planners["train"].drawing.items():
            key = np.random.SeedSequence(self.seed, spawn_key=(_DROPOUT, crc32(path.encode()), self.step))
            philox, (blocks, rest) = np.random.Philox(key), divmod(first * sizes[path], _PHILOX)
            state["rng"] = np.random.Generator(philox.advance(blocks) if blocks else philox)
            state["rng"].random(rest)

    def _streams(self, path: str) -> Streams:
        def random(name: str) -> np.random.Generator:
            key = np.random.SeedSequence(self.seed, spawn_key=(_INITIALISATION, crc32(f"{path}.{name}".encode())))
            return np.random.Generator(np.random.Philox(key))

        return random

    def _initial_params(self) -> Params:
        values: dict[str, Array] = {}
        slots: dict[str, Slot] = {}
        for placed in self._everything:
            for name, value in placed.layer.initial_params(placed.in_shape, self._streams(placed.path)).items():
                axes = self.engine.param_axes.get((type(placed.layer), name), tuple(range(value.ndim)))
                slots[f"{placed.path}.{name}"] = Slot(value.shape, axes)
                values[f"{placed.path}.{name}"] = value
        return _filled(Params(slots, self.dtype), values)

    def _initial_buffers(self) -> Params:
        values = {f"{p.path}.{n}": v for p in self._everything for n, v in p.layer.buffers(p.in_shape).items()}
        slots = {name: Slot(value.shape, tuple(range(value.ndim))) for name, value in values.items()}
        return _filled(Params(slots, self.dtype), values)

    def _planner(self, mode: Mode) -> Planner:
        return Planner(self.engine, self.params, self.grads, self.buffers, mode, self.dtype, self.frozen)

    def _plan(self, mode: Mode) -> Chain:
        placed = self.placed if mode == "test" else self._placed[self._planned_at]
        return self._planners[mode].chain(placed, layout_of(self.input_shape), needs_dx=False)

    def _plan_at(self, shape: Shape) -> None:
        """Plan training for images of this shape; the plan for others goes, and with it its memory."""
        if shape != self._planned_at:
            self._planned_at = shape
            self._plan_training()

    def _plan_training(self) -> None:
        self._planners["train"] = self._planner("train")
        self._chains["train"] = self._plan("train")


def _filled(params: Params, values: dict[str, Array]) -> Params:
    for name, value in values.items():
        params[name] = value
    return params
