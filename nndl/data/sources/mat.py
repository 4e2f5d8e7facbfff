"""Data sets in MATLAB's files: CIFAR-10 and CIFAR-100 as published for it, and SVHN's cropped digits. Needs scipy."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.data.dataset import Dataset
from nndl.data.sources.arrays import Part, Whole, dataset, found
from nndl.data.sources.wanted import MOST_CLASSES, MOST_IMAGES, Found, Wanted, listed, require_root
from nndl.errors import DataError, MissingExtraError

Array = NDArray[Any]
MOST_BYTES = 4 << 30
"""Of a file, and of an array unpacked."""
_BYTES = {"int8": 1, "uint8": 1, "logical": 1, "char": 4, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "single": 4}
_BATCHES = tuple(f"data_batch_{number}.mat" for number in range(1, 6))
_DIGITS = tuple("0123456789")


def survey(wanted: Wanted) -> Found:
    """Tell what the files hold by their labels. Raises DataError, and MissingExtraError without scipy."""
    return found(_whole(wanted), wanted)


def load(wanted: Wanted) -> Dataset:
    """Read the files. Raises DataError, and MissingExtraError without scipy."""
    return dataset(_whole(wanted), wanted)


def _whole(wanted: Wanted) -> Whole:
    root = require_root(wanted.root)
    if root.is_file():  # one of them stands for its folder
        _shapes(root)
        root = root.parent
    for folder in (root, root / "cifar-10-batches-mat", root / "cifar-100-matlab"):
        if (folder / _BATCHES[0]).is_file():
            names = _names(folder / "batches.meta.mat", "label_names")
            train = _cifar([folder / name for name in _BATCHES], "labels")
            return Whole("cifar10", train, _cifar([folder / "test_batch.mat"], "labels"), names)
        if (folder / "train.mat").is_file():
            names = _names(folder / "meta.mat", "fine_label_names")
            train, test = (_cifar([folder / f"{part}.mat"], "fine_labels") for part in ("train", "test"))
            return Whole("cifar100", train, test, names)
    if (root / "train_32x32.mat").is_file():
        return Whole("svhn", _svhn(root / "train_32x32.mat"), _svhn(root / "test_32x32.mat"), _DIGITS)
    known = f"{_BATCHES[0]} (CIFAR-10), train.mat (CIFAR-100) or train_32x32.mat (SVHN)"
    raise DataError(f"{root} holds no {known}")


def _cifar(paths: Sequence[Path], labels: str) -> Part:
    """Describe the batches of a part: data uint8 (n, 3072), channel after channel, and labels (n, 1)."""
    shapes = [_shapes(path) for path in paths]
    for path, there in zip(paths, shapes, strict=True):
        if len(there.get("data", ())) != 2 or there["data"][1] != 3072:
            raise DataError(f"{path} holds {listed(there)}; CIFAR's files hold data (N, 3072) and {labels}")
    count = sum(there["data"][0] for there in shapes)
    known = np.concatenate([_labels(path, labels) for path in paths])
    return Part(str(paths[0]), (count, 3, 32, 32), known, partial(_rows, paths))


def _rows(paths: Sequence[Path]) -> Array:
    return np.concatenate([_array(path, "data").reshape(-1, 3, 32, 32) for path in paths])


def _svhn(path: Path) -> Part:
    """Describe a part: X uint8 (32, 32, 3, N), and y (N, 1), where 10 is the digit 0."""
    shape = _shapes(path).get("X", ())
    if len(shape) != 4 or shape[2] != 3:
        raise DataError(f"{path} holds X {shape}; SVHN's are (32, 32, 3, N)")
    labels = _labels(path, "y")
    digits = labels % 10 if labels.dtype.kind in "iuf" and np.isfinite(labels).all() else labels
    return Part(
        str(path), (shape[3], *shape[:3]), digits, lambda: _array(path, "X").transpose(3, 0, 1, 2), f"{path}: y"
    )


def _labels(path: Path, name: str) -> Array:
    """Read labels (N,), whatever they are. Raises DataError where there are none, or too many to be read."""
    if (count := int(np.prod(_shapes(path).get(name, ()), dtype=object))) > MOST_IMAGES:
        raise DataError(f"{path}: {name} holds {count:,} labels; at most {MOST_IMAGES:,} are read")
    return _array(path, name).reshape(-1)


def _names(path: Path, key: str) -> list[str] | None:
    """Read the classes' names, a column of cells with one text each; None where they are not there."""
    if not path.is_file():
        return None
    if int(np.prod(_shapes(path).get(key, ()), dtype=object)) > MOST_CLASSES:
        return None
    return [str(next(iter(np.asarray(cell).reshape(-1)), "")) for cell in _array(path, key).reshape(-1)]


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Read the shapes of the arrays in a file, which are not unpacked. Raises DataError."""
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise DataError(f"{path} has {size / 2**30:,.0f} GiB; at most {MOST_BYTES >> 30} are read")
        arrays = _scipy().whosmat(str(path))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    except DataError:
        raise
    except MissingExtraError:
        raise
    except Exception as error:  # scipy's reader raises what struct, zlib and indexing do
        raise DataError(f"{path} is no .mat file that can be read: {str(error)[:200]}") from None
    sizes = {name: int(np.prod(shape, dtype=object)) * _BYTES.get(kind, 8) for name, shape, kind in arrays}
    if largest := [name for name, size in sizes.items() if size > MOST_BYTES]:
        raise DataError(f"{path}: {listed(largest)} would take more than {MOST_BYTES >> 30} GiB")
    return {name: tuple(shape) for name, shape, _ in arrays}


def _array(path: Path, name: str) -> Array:
    """Read one array. Raises DataError where there is none."""
    if name not in _shapes(path):
        raise DataError(f"{path} holds no {name}")
    try:
        return np.asarray(_scipy().loadmat(str(path), variable_names=[name])[name])
    except MemoryError:
        raise
    except Exception as error:
        raise DataError(f"{path}: {name} is damaged: {str(error)[:200]}") from None


def _scipy() -> Any:
    """Import scipy.io. Raises MissingExtraError."""
    try:
        import scipy.io
    except ImportError:
        raise MissingExtraError("scipy", "mat", "reading .mat files") from None
    return scipy.io
