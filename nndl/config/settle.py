"""The settling of what a config leaves to its images: their shape, their classes, how many there are."""

import numpy as np
from pydantic import ValidationError

from nndl.config.schema import Data
from nndl.data.dataset import Dataset
from nndl.data.sources.registry import SOURCES
from nndl.data.sources.wanted import ClassesError, Found, Wanted, chosen
from nndl.errors import DataError
from nndl.paths import expanded

TOLD = ("size", "channels", "classes", "train_size", "validation_size")
"""The keys that the images settle."""


NO_ROOT = "root should name the folder of the data; '.' is the working folder"


class UnsettledError(DataError):
    """The images do not fit what the data section says under `key`."""

    def __init__(self, key: str, words: str) -> None:
        super().__init__(words)
        self.key = key


def settled(data: Data, given: Dataset | None = None) -> Data:
    """Return the section with what its images tell, without reading all of them, so that a run's config says it.

    given: the images, where they are there already. Raises UnsettledError where there are none, or others, and
    MissingExtraError where they cannot be read.
    """
    if data.is_settled and given is None:
        return data
    if not data.root:
        raise UnsettledError("root", NO_ROOT)
    try:
        found = _found(given, wanted(data)) if given else SOURCES[data.dataset].survey(wanted(data))
    except ClassesError as error:
        raise UnsettledError("root" if data.classes == "all" else "classes", str(error)) from None
    except DataError as error:
        raise UnsettledError("root", str(error)) from None
    if data.train_size != "all" and data.train_size > found.train:
        raise UnsettledError("train_size", f"train_size should be {found.train:,} or less, or all: there are no more")
    channels, *size = found.shape
    for key, said, there in (("size", wanted(data).size, tuple(size)), ("channels", wanted(data).channels, channels)):
        if said not in (None, there):
            shape = " x ".join(map(str, found.shape))
            raise UnsettledError(key, f"images are {shape} (channels, height, width) in these files; leave {key} out")
    if data.validation_size == "given" and not found.valid:
        words = "there are no images for validation, as in valid/ beside test/; leave validation_size out"
        raise UnsettledError("validation_size", words)
    train_size = found.train if data.train_size == "all" else data.train_size
    told = {"size": tuple(size), "channels": channels, "classes": found.classes, "train_size": train_size}
    told |= {"validation_size": "given"} if found.valid else {}
    try:
        return Data(**{name: getattr(data, name) for name in Data.model_fields} | told)
    except ValidationError as error:
        words = " x ".join(map(str, found.shape))
        raise UnsettledError("root", f"{data.root}: images are {words}: {error.errors()[0]['msg'].lower()}") from None


def _found(given: Dataset, wanted: Wanted) -> Found:
    """Return the facts of images that are there; raises ClassesError where they are not of the classes asked for."""
    classes = chosen(given.classes, wanted)
    numbers = [given.classes.index(name) for name in classes]
    return Found(given.train.shape, classes, int(np.isin(given.train.labels, numbers).sum()))


def wanted(data: Data) -> Wanted:
    """Return what the section asks of images of one's own."""
    size = (data.size, data.size) if isinstance(data.size, int) else data.size
    return Wanted(
        expanded(data.root),
        None if size == "auto" else size,
        None if data.channels == "auto" else data.channels,
        data.resize,
        data.damaged == "skip",
        None if data.classes == "all" else data.classes,
        data.test_share,
        data.split_seed,
        data.validation_size == "given" or (data.validation_size == "auto" and data.fold is None),
    )
