"""From an experiment to its images: which train, which validate, and how all are normalised."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nndl.config.datasets import parse_fold
from nndl.config.schema import Experiment
from nndl.data.cifar import Dataset, Images, load_cifar
from nndl.data.normalize import Normalize
from nndl.data.split import stratified_fold, stratified_split
from nndl.data.synthetic import make_synthetic
from nndl.net.types import Array


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


def build_split(experiment: Experiment) -> Split:
    """Load the data set, split it, and fit its normalisation to the images that train."""
    data = experiment.data
    dataset = load_dataset(experiment)
    labels = dataset.train.labels
    used = np.arange(len(labels))
    if data.train_size != "all" and data.train_size < len(labels):
        used = stratified_split(labels, data.train_size, data.split_seed)[1]
    train, validation = used, used[:0]
    if data.fold:
        inner = stratified_fold(labels[used], *parse_fold(data.fold), data.split_seed)
        train, validation = used[inner[0]], used[inner[1]]
    elif data.held_out:
        inner = stratified_split(labels[used], data.held_out, data.split_seed)
        train, validation = used[inner[0]], used[inner[1]]
    test = dataset.test
    if data.test_size != "all" and data.test_size < len(test):
        test = take(test, stratified_split(test.labels, data.test_size, data.split_seed)[1])
    return Split(dataset, train, validation, test, Normalize.fit(dataset.train.images[train], data.normalize))


def load_dataset(experiment: Experiment) -> Dataset:
    """Load the images the experiment names, from disk or generated."""
    data = experiment.data
    if data.dataset != "synthetic":
        return load_cifar(Path(data.root), data.dataset)
    sizes = {"train_size": data.train_size, "test_size": data.test_size}
    return make_synthetic(**{name: size for name, size in sizes.items() if size != "all"})


def take(images: Images, index: Array) -> Images:
    """Copy the images at the positions `index`, int64 (n,)."""
    return Images(np.ascontiguousarray(images.images[index]), images.labels[index])
