"""From an experiment to its images: which train, which validate, and how all are normalised."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nndl.config.datasets import CLASSES, parse_fold
from nndl.config.schema import Data, Experiment
from nndl.config.settle import wanted
from nndl.data.cifar import load_cifar
from nndl.data.dataset import Dataset, Images
from nndl.data.normalize import Normalize
from nndl.data.sources.registry import SOURCES
from nndl.data.split import stratified_fold, stratified_split
from nndl.data.synthetic import make_synthetic, scaled
from nndl.errors import DataError, UsageError
from nndl.net.types import Array

SPLITS = ("test", "val")


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

    def __repr__(self) -> str:
        parts = ((self.train, "train"), (self.validation, "validate"), (self.test, "test"))
        return f"Split({self.dataset.name!r}: {', '.join(f'{len(part):,} to {verb} on' for part, verb in parts)})"


def build_split(experiment: Experiment, given: Dataset | None = None) -> Split:
    """Load the data set, or take what is given, split it, and fit its normalisation to the images that train."""
    data = experiment.data
    dataset = load_dataset(experiment) if given is None else _fitting(given, experiment)
    labels = dataset.train.labels[: len(dataset.train) - dataset.valid]
    used = np.arange(len(labels))
    if data.train_size != "all" and data.train_size < len(labels):
        used = stratified_split(labels, data.train_size, data.split_seed)[1]
    train, validation = used, used[:0]
    if data.fold:
        inner = stratified_fold(labels[used], *parse_fold(data.fold), data.split_seed)
        train, validation = used[inner[0]], used[inner[1]]
    elif data.validation_size == "given":
        validation = np.arange(len(labels), len(dataset.train))
    elif data.held_out:
        inner = stratified_split(labels[used], data.held_out, data.split_seed)
        train, validation = used[inner[0]], used[inner[1]]
    test = dataset.test
    if data.test_size != "all" and data.test_size < len(test):
        test = test.take(stratified_split(test.labels, data.test_size, data.split_seed)[1])
    return Split(dataset, train, validation, test, Normalize.fit(dataset.train.images, data.normalize, train))


def load_dataset(experiment: Experiment) -> Dataset:
    """Load the images the experiment names, of the classes it names, from disk or generated."""
    data = experiment.data
    if data.in_python:
        again = "give them again, as build(experiment, data) or run.resume(data=data)"
        cure = f"{again}, or name a file of them, such as the one that a run keeps: --data RUN/arrays.npz"
        raise DataError(f"the images of this experiment were given in Python; {cure}")
    if data.dataset in SOURCES:
        dataset = SOURCES[data.dataset].load(wanted(data))
        if data.validation_size == "given" and not dataset.valid:
            raise DataError(f"{data.root} has no images for validation beside those to test on, as the config says")
    else:
        dataset = _generated(data) if data.dataset == "synthetic" else load_cifar(Path(data.root), data.dataset)
    return _fitting(dataset, experiment)


def _fitting(dataset: Dataset, experiment: Experiment) -> Dataset:
    """Return the images of the classes the experiment names; raises DataError where they are not of its shape."""
    data = experiment.data
    dataset = dataset if data.classes == "all" else dataset.of_classes(data.classes)
    if dataset.train.shape != data.input_shape:
        there, said = (" x ".join(map(str, shape)) for shape in (dataset.train.shape, data.input_shape))
        raise DataError(f"{data.root}: images are {there} (channels, height, width), and the config says {said}")
    if not len(dataset.test):
        raise DataError(f"{data.root} has no images to test on")
    return dataset


def _generated(data: Data) -> Dataset:
    """Generate as many images of every class as those asked for have, or one more, in the shape asked for."""
    classes, of_all = len(data.class_names), len(CLASSES["synthetic"])
    sizes = {"train_size": data.train_size, "test_size": data.test_size}
    if classes < of_all:
        sizes = {name: size if size == "all" else of_all * -(-size // classes) for name, size in sizes.items()}
    made = make_synthetic(**{name: size for name, size in sizes.items() if size != "all"})
    if made.train.shape == data.input_shape:
        return made
    train, test = (scaled(part, data.input_shape) for part in (made.train, made.test))
    return replace(made, train=train, test=test)


def held_out(parts: Split, split: str = "test") -> Images:
    """Return the test images, or (val) those held out of training. Raises UsageError for none, or another split."""
    if split not in SPLITS:
        raise UsageError(f"a split is {' or '.join(SPLITS)}, not {split!r}")
    if split == "test":
        return parts.test
    if not len(parts.validation):
        raise UsageError("the run held out no validation images (data.validation_size is 0)")
    return parts.dataset.train.take(parts.validation)
