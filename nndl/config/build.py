"""From an experiment to what runs it: the one place that names engines, data sets and solvers together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np

from nndl.config.data import Split, build_split
from nndl.config.schema import Experiment
from nndl.config.weights import ClassWeights, class_weights
from nndl.data.augment import Transform
from nndl.data.augment.mixing import Mixing
from nndl.data.batches import Batches
from nndl.data.dataset import Dataset, Images
from nndl.data.normalize import Normalize
from nndl.data.resolution import at_height
from nndl.engines import get_engine, set_threads
from nndl.errors import UsageError
from nndl.net.catalog.conv import Conv
from nndl.net.network import Network
from nndl.net.shown import layer_table
from nndl.net.types import Array, Shape
from nndl.net.whitening import IMAGES, whitening_filters
from nndl.train.choosing import Choice
from nndl.train.evaluate import Evaluator
from nndl.train.learner import Learner
from nndl.train.sharded.cut import Cut
from nndl.train.sharded.lanes import Lanes
from nndl.train.sharded.loss import ShardedLoss
from nndl.train.solver import Solver, steps_in

TRAIN_SAMPLE = 1000
"""Training images that an epoch's train accuracy is measured on, as the courses' Solver does."""


@dataclass(frozen=True)
class Start:
    """Weights that a training starts from."""

    names: tuple[str, ...]
    """The arrays that are not as they were drawn, as a state names them: params/conv1.w."""
    digest: str
    """SHA-256 in hex of these arrays."""
    source: str
    """Their origin, in words."""
    skip: tuple[str, ...] = ()
    """Patterns of the names that were left out."""


@dataclass(frozen=True)
class Built:
    """All that an experiment needs to run."""

    experiment: Experiment
    split: Split
    network: Network
    solver: Solver
    validation: Evaluator | None
    test: Evaluator
    start: Start | None = None
    """The weights it starts from where those are not drawn."""
    made: str = ""
    """SHA-256 in hex of the weights as they were made, by which later changes show; "" where it was not taken."""

    def __repr__(self) -> str:
        return f"Built({self.experiment!r}, {self.network!r}, {self.split!r})"

    def _repr_html_(self) -> str:
        """Return the layers for a notebook, below what is trained on what."""
        words = f"{self.experiment!r}, {self.split!r}"
        return f"<p>{escape(words)}</p>\n{layer_table(self.network.placed)}"


Begin = Callable[[Network], Start]
"""Gives a network the weights to start from, and says which those are."""

Build = Callable[[Experiment], Built]
"""A way to make an experiment's parts: `build`, or one that has other processes make theirs too."""


def check_experiment(given: object) -> None:
    """Raise UsageError for what is no experiment, such as the name of a config."""
    if not isinstance(given, Experiment):
        how = f"load_config({given!r}) makes one" if isinstance(given, str) else "load_config makes one"
        raise UsageError(f"this takes an experiment, not {type(given).__name__}; {how}")


def build(experiment: Experiment, begin: Begin | None = None, data: Dataset | None = None) -> Built:
    """Load the data and make the network and its solver.

    begin: what reads the weights of train.start_from, as `nndl.jobs.build` gives it. data: the images, where they are
    in no file. Raises DataError when the data is missing or damaged, and UsageError for what is no experiment, or one
    that starts from weights without a way to.
    """
    check_experiment(experiment)
    if experiment.train.start_from is not None and begin is None:
        raise UsageError("this experiment starts from weights (train.start_from): nndl.build makes it")
    split = build_split(experiment, data)
    network = build_network(experiment)
    network.class_weights = _weights(experiment.train.class_weights, split, "train.class_weights")
    _whiten(network, split)
    start = begin(network) if begin else None
    part = split.dataset.train
    validation = _evaluator(experiment, split, part.take(split.validation)) if len(split.validation) else None
    test = replace(_evaluator(experiment, split, split.test), tta=experiment.train.tta)
    solver = build_solver(experiment, split, network, validation)
    return Built(experiment, split, network, solver, validation, test, start)


def _weights(given: ClassWeights | None, split: Split, key: str) -> Array | None:
    """Return the weights that a key gives the classes of the images that are learnt from."""
    dataset = split.dataset
    return class_weights(given, dataset.classes, dataset.train.labels[split.train], key)


def build_network(experiment: Experiment, engine: str | None = None) -> Network:
    """Make the network alone, on the engine the experiment names or `engine`; needs no data."""
    set_threads(None if experiment.threads == "auto" else experiment.threads)
    return Network(
        experiment.model.layers,
        experiment.data.input_shape,
        get_engine(engine or experiment.engine),
        loss=experiment.model.loss,
        l2=experiment.train.l2,
        dtype=experiment.dtype,
        seed=experiment.seed,
        training_shapes=training_shapes(experiment),
    )


def training_shapes(experiment: Experiment) -> list[Shape]:
    """List the shapes of the images that the experiment trains on, where they are not the data set's alone."""
    resolution = experiment.train.resolution
    return [at_height(experiment.data.input_shape, size) for size in (resolution.sizes if resolution else ())]


def _whiten(network: Network, split: Split) -> None:
    """Set the first layer's filters from the training images, where it asks for that."""
    first = network.placed[0]
    if isinstance(first.layer, Conv) and first.layer.init == "whitening":
        images = split.normalize.apply(split.dataset.train.images[split.train[:IMAGES]], np.float64)
        network.params[f"{first.path}.w"] = whitening_filters(
            images, first.layer.window.size, first.layer.whitening_eps
        )


def build_solver(experiment: Experiment, split: Split, network: Network, validation: Evaluator | None) -> Solver:
    """Make the solver of the experiment's training section."""
    train, batches = experiment.train, build_batches(experiment, split)
    _plan_sizes(experiment, batches, steps_in(train.epochs, batches.batches_per_epoch))
    return Solver(
        network,
        batches,
        build_learner(experiment, network, steps_per_epoch=batches.batches_per_epoch),
        epochs=train.epochs,
        train_sample=_evaluator(experiment, split, split.dataset.train.take(split.train[:TRAIN_SAMPLE])),
        validation=validation,
        schedule=train.schedule,
        warmup_epochs=train.warmup_epochs,
        objective=_sharded(experiment, network),
        choice=Choice(train.best_by, train.patience),
        shown=_shown(experiment, split) if train.average and train.average.recomputes else None,
    )


def train_for(built: Built, epochs: float) -> None:
    """Have a solver train for other epochs in all than its config says, from its next `events` on.

    Sizes of images and freezing, which count in shares of training, follow.
    """
    built.solver.train_for(epochs)
    assert isinstance(built.solver.batches, Batches)
    _plan_sizes(built.experiment, built.solver.batches, built.solver.steps)


def _plan_sizes(experiment: Experiment, batches: Batches, steps: int) -> None:
    if experiment.train.resolution:
        batches.resize = experiment.train.resolution.at(steps)


def build_batches(
    experiment: Experiment, split: Split, size: int | None = None, drop_last: bool | None = None
) -> Batches:
    """Make the training batches, of `size` images instead of a step's, all images at their own size."""
    data, train = experiment.data, experiment.train
    return Batches(
        split.dataset.train,
        split.train,
        size or train.step_size,
        experiment.seed,
        normalize=split.normalize,
        augment=_fitted(data.augment, split),
        mix=Mixing(data.mix, len(split.dataset.classes)) if data.mix else None,
        dtype=experiment.dtype,
        drop_last=train.drop_last if drop_last is None else drop_last,
        sampling=_weights(data.sampling, split, "data.sampling"),
    )


def _shown(experiment: Experiment, split: Split) -> Batches:
    """Make the batches that running statistics are computed from: as large as those that batch norm sees."""
    train = experiment.train
    shards = train.shards or 1 if train.shard_statistics == "shard" else 1
    size = Cut(train.batch_size, shards).size
    return build_batches(experiment, split, size, drop_last=len(split.train) >= size)


def _fitted(augment: Sequence[Transform], split: Split) -> tuple[Transform, ...]:
    """Tell the augmentations that ask for it the mean of the training pixels."""

    def mean() -> Array:
        return Normalize.fit(split.dataset.train.images, "standard", split.train).mean

    return tuple(each.fitted(split.dataset.train.shape[0], mean) for each in augment)


def _sharded(experiment: Experiment, network: Network) -> ShardedLoss | None:
    """Make the loss in shards, or in batches one after another, where the config asks for them."""
    train = experiment.train
    if train.parts is None:
        return None
    cut = Cut(train.step_size, train.parts)
    return ShardedLoss(network, cut, Lanes(network, cut) if train.shard_statistics == "batch" else None)


def build_learner(
    experiment: Experiment, network: Network, make: Callable[..., Learner] = Learner, **options: Any
) -> Learner:
    """Build what the experiment's steps do with the gradients: a `make`, with options that no config says."""
    train = experiment.train
    return make(
        network,
        train.optimizer,
        weight_decay=train.weight_decay,
        groups=train.groups,
        clip_norm=train.clip_norm,
        average=train.average,
        **options,
    )


def _evaluator(experiment: Experiment, split: Split, part: Images) -> Evaluator:
    def normalize(images: Array) -> Array:
        return split.normalize.apply(images, experiment.dtype)

    return Evaluator(part.images, part.labels, normalize, experiment.train.eval_batch_size)
