"""From an experiment to what runs it: the one place that names engines, data sets and solvers together."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nndl.config.datasets import INPUT_SHAPE
from nndl.config.schema import Experiment
from nndl.data.batches import Batches
from nndl.data.cifar import Dataset, Images, load_cifar
from nndl.data.normalize import Normalize
from nndl.data.split import stratified_split
from nndl.data.synthetic import make_synthetic
from nndl.engines import get_engine, set_threads
from nndl.net.catalog.conv import Conv
from nndl.net.network import Network
from nndl.net.types import Array
from nndl.net.whitening import IMAGES, whitening_filters
from nndl.train.evaluate import Evaluator
from nndl.train.solver import Solver

TRAIN_SAMPLE = 1000
"""Training images that an epoch's train accuracy is measured on, as the courses' Solver does."""


@dataclass(frozen=True)
class Split:
    """A data set as an experiment uses it: which images train, which validate, and how all are normalised."""

    dataset: Dataset
    train: Array
    """Indices (int64) of the training images that are learnt from."""
    validation: Array
    """Indices of the training images held out."""
    test: Images
    normalize: Normalize


@dataclass(frozen=True)
class Built:
    """All that an experiment needs to run."""

    experiment: Experiment
    split: Split
    network: Network
    solver: Solver
    validation: Evaluator | None
    test: Evaluator


def build(experiment: Experiment) -> Built:
    """Load the data and make the network and its solver. Raises DataError when the data is missing or damaged."""
    split = build_split(experiment)
    network = build_network(experiment)
    _whiten(network, split)
    part = split.dataset.train
    validation = _evaluator(experiment, split, take(part, split.validation)) if len(split.validation) else None
    test = replace(_evaluator(experiment, split, split.test), tta=experiment.train.tta)
    return Built(experiment, split, network, build_solver(experiment, split, network, validation), validation, test)


def build_network(experiment: Experiment, engine: str | None = None) -> Network:
    """The network alone, on the engine the experiment names or `engine`; needs no data."""
    set_threads(None if experiment.threads == "auto" else experiment.threads)
    return Network(
        experiment.model.layers,
        INPUT_SHAPE,
        get_engine(engine or experiment.engine),
        loss=experiment.model.loss,
        l2=experiment.train.l2,
        dtype=experiment.dtype,
        seed=experiment.seed,
    )


def _whiten(network: Network, split: Split) -> None:
    """Set the first layer's filters from the training images, where it asks for that."""
    first = network.placed[0]
    if isinstance(first.layer, Conv) and first.layer.init == "whitening":
        images = split.normalize.apply(split.dataset.train.images[split.train[:IMAGES]], np.float64)
        network.params[f"{first.path}.w"] = whitening_filters(images, first.layer.kernel, first.layer.whitening_eps)


def build_split(experiment: Experiment) -> Split:
    """The data set, split and with its normalisation fitted to the images that train."""
    data = experiment.data
    dataset = load_dataset(experiment)
    labels = dataset.train.labels
    used = np.arange(len(labels))
    if data.train_size != "all" and data.train_size < len(labels):
        used = stratified_split(labels, data.train_size, data.split_seed)[1]
    train, validation = used, used[:0]
    if data.validation_size:
        inner = stratified_split(labels[used], data.validation_size, data.split_seed)
        train, validation = used[inner[0]], used[inner[1]]
    test = dataset.test
    if data.test_size != "all" and data.test_size < len(test):
        test = take(test, stratified_split(test.labels, data.test_size, data.split_seed)[1])
    return Split(dataset, train, validation, test, Normalize.fit(dataset.train.images[train], data.normalize))


def load_dataset(experiment: Experiment) -> Dataset:
    """The images the experiment names, from disk or generated."""
    data = experiment.data
    if data.dataset != "synthetic":
        return load_cifar(Path(data.root).expanduser(), data.dataset)
    sizes = {"train_size": data.train_size, "test_size": data.test_size}
    return make_synthetic(**{name: size for name, size in sizes.items() if size != "all"})


def build_solver(experiment: Experiment, split: Split, network: Network, validation: Evaluator | None) -> Solver:
    """The solver of the experiment's training section."""
    data, train = experiment.data, experiment.train
    batches = Batches(
        split.dataset.train,
        split.train,
        train.batch_size,
        experiment.seed,
        normalize=split.normalize,
        augment=data.augment,
        dtype=experiment.dtype,
        drop_last=train.drop_last,
    )
    return Solver(
        network,
        batches,
        train.optimizer,
        epochs=train.epochs,
        train_sample=_evaluator(experiment, split, take(split.dataset.train, split.train[:TRAIN_SAMPLE])),
        validation=validation,
        schedule=train.schedule,
        warmup_epochs=train.warmup_epochs,
        weight_decay=train.weight_decay,
        groups=train.groups,
        clip_norm=train.clip_norm,
        average=train.average,
    )


def take(images: Images, index: Array) -> Images:
    """The images at the positions `index`, int64 (n,), copied."""
    return Images(np.ascontiguousarray(images.images[index]), images.labels[index])


def _evaluator(experiment: Experiment, split: Split, part: Images) -> Evaluator:
    def normalize(images: Array) -> Array:
        return split.normalize.apply(images, experiment.dtype)

    return Evaluator(part.images, part.labels, normalize, experiment.train.eval_batch_size)
