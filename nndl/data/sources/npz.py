"""Data sets in one .npz file, under the names that Keras, scikit-learn and MedMNIST give their arrays."""

import io
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.data.dataset import Dataset
from nndl.data.hidden import without_hidden
from nndl.data.sources.arrays import Part, Whole, dataset, found
from nndl.data.sources.wanted import MOST_IMAGES, Found, Wanted, listed, require_root
from nndl.errors import DataError

IMAGES, LABELS = ("x", "images", "data", "image"), ("y", "labels", "target", "label")
"""The names of arrays, in any case; x_train, train_x, train_images and so on for a part."""
NAMES = ("classes", "class_names", "target_names", "label_names", "names")
MOST_BYTES = 8 << 30
"""Of an array, unpacked."""
MOST_ARRAYS = 1000
"""Of a file: to read the heads of many takes long."""
MOST_OF_LABELS = 1 << 30
"""Bytes of labels, or of names: they are read while there is a config's line to say faults at."""
_HEAD = 1 << 16  # bytes of an array's head, of which NumPy takes 10,000: what it says of its own length is not believed


def survey(wanted: Wanted) -> Found:
    """Tell what a file holds by its arrays' heads and its labels. Raises DataError."""
    return found(_whole(wanted), wanted)


def load(wanted: Wanted) -> Dataset:
    """Read a file. Raises DataError."""
    return dataset(_whole(wanted), wanted)


def _whole(wanted: Wanted) -> Whole:
    path = _file(require_root(wanted.root))
    heads = _heads(path)
    named = {name.lower(): name for name in heads}
    train, valid, test = (_pair(named, *words) for words in (("train", "training"), ("val", "valid"), ("test",)))
    learnt, tested = train or _pair(named, ""), test or valid if train else None
    if not learnt:
        raise DataError(
            f"{path} holds {listed(heads)}; images and labels are x_train, y_train, x_test, y_test, or X, y"
        )
    names = next((named[name] for name in NAMES if name in named), None)
    return Whole(
        path.stem,
        _part(path, heads, learnt),
        _part(path, heads, tested) if tested else None,
        None if names is None else _names(path, names, heads),
        _part(path, heads, valid) if valid and test else None,
    )


def _file(root: Path) -> Path:
    """Return the .npz file that root is, or the only one in it."""
    if root.is_file():
        return root
    try:
        files = [path for path in without_hidden(root.iterdir()) if path.suffix.lower() == ".npz" and path.is_file()]
    except OSError as error:
        raise DataError(f"{root} cannot be read: {error.strerror or error}") from None
    if len(files) != 1:
        raise DataError(f"{root} holds {len(files)} .npz files ({listed(path.name for path in files)}); name one")
    return files[0]


def _heads(path: Path) -> dict[str, tuple[tuple[int, ...], Any]]:
    """Read shape and type of every array. Raises DataError for what is no such file, or holds Python's objects."""
    try:
        with zipfile.ZipFile(path) as archive:
            heads = {}
            if (count := len(archive.infolist())) > MOST_ARRAYS:
                cure = "save images and labels, x_train, y_train and so on, in a file of their own"
                raise DataError(f"{path} holds {count:,} arrays; at most {MOST_ARRAYS:,} are read: {cure}")
            for member in archive.infolist():
                with archive.open(member) as packed:
                    start = packed.read(12)
                    length = int.from_bytes(start[8 : 10 if start[6:7] == b"\1" else 12], "little")
                    file = io.BytesIO(start + packed.read(min(length, _HEAD)))
                version = np.lib.format.read_magic(file)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, dtype = read(file)
                heads[member.filename.removesuffix(".npy")] = (shape, dtype)
        return heads
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    except DataError:
        raise
    except Exception as error:  # a hostile file can make any part of this fail in any way
        raise DataError(f"{path} is no .npz file that can be read: {str(error)[:200]}") from None


def _pair(named: dict[str, str], *parts: str) -> tuple[str, str] | None:
    """Return the names of the images and labels of a part, by any of its names, if both are there."""
    for part in parts:
        ways = ("{0}",) if not part else ("{0}_{1}", "{1}_{0}", "{0}{1}", "{1}{0}")
        pair = [
            next((named[key] for word in words for way in ways if (key := way.format(word, part)) in named), None)
            for words in (("images", *IMAGES), LABELS)
        ]
        if pair[0] and pair[1]:
            return pair[0], pair[1]
    return None


def _part(path: Path, heads: dict[str, tuple[tuple[int, ...], Any]], pair: tuple[str, str]) -> Part:
    images, labels = pair
    for name, most in ((images, MOST_BYTES), (labels, MOST_OF_LABELS)):
        shape, dtype = heads[name]
        if dtype.hasobject:
            raise DataError(f"{path}: {name} holds Python objects, which are not read; save it as numbers or text")
        if (size := _size(heads[name])) > most:
            raise DataError(f"{path}: {name} would take {size / 2**30:,.0f} GiB; at most {most >> 30} are read")
    if len(shape) and shape[0] > MOST_IMAGES:
        raise DataError(f"{path}: {labels} holds {shape[0]:,} labels; at most {MOST_IMAGES:,} are read")
    return Part(
        f"{path}: {images}", heads[images][0], _array(path, labels), partial(_array, path, images), f"{path}: {labels}"
    )


def _size(head: tuple[tuple[int, ...], Any]) -> int:
    """Return the bytes that an array takes."""
    shape, dtype = head
    return int(np.prod(shape, dtype=object)) * int(dtype.itemsize)


def _names(path: Path, name: str, heads: dict[str, tuple[tuple[int, ...], Any]]) -> list[str] | None:
    shape, dtype = heads[name]
    if dtype.kind not in "US" or len(shape) != 1 or shape[0] > 10_000 or _size(heads[name]) > MOST_OF_LABELS:
        return None
    return [str(each) for each in _array(path, name).astype(str)]


def _array(path: Path, name: str) -> NDArray[Any]:
    """Read one array, never unpickled. Raises DataError where it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return np.asarray(arrays[name])
    except MemoryError:
        raise
    except Exception as error:
        raise DataError(f"{path}: {name} is damaged: {str(error)[:200]}") from None
