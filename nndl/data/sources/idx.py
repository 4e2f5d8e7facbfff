"""MNIST, Fashion-MNIST and their kin: IDX files, gzipped or not, as they are published or as torchvision keeps them."""

import gzip
import os
import struct
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from nndl.data.dataset import Dataset
from nndl.data.sources.arrays import Part, Whole, dataset, found
from nndl.data.sources.wanted import MOST_IMAGES, Found, Wanted, require_root
from nndl.errors import DataError
from nndl.paths import resolved
from nndl.visible import beware

NAMES: dict[str, Sequence[str] | None] = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    "idx": None,
}
"""The classes by the name of the data set in a config; of others in this format a label is its own name."""
_PARTS = {"train": ("train",), "test": ("t10k", "test")}
_UNSIGNED = 8  # the code of bytes
_PIECE = 1 << 20  # bytes read at a time


def survey(wanted: Wanted, kind: str) -> Found:
    """Tell what the files hold by their heads and labels. Raises DataError."""
    return found(_whole(wanted, kind), wanted)


def load(wanted: Wanted, kind: str) -> Dataset:
    """Read the files. Raises DataError."""
    return dataset(_whole(wanted, kind), wanted)


def _whole(wanted: Wanted, kind: str) -> Whole:
    root = require_root(wanted.root)
    root = root.parent if root.is_file() else root  # one of them stands for its folder
    train, test = (_part(root, names) for names in _PARTS.values())
    return Whole(kind if kind != "idx" else resolved(root).name, train, test, NAMES[kind])


def _part(root: Path, names: Sequence[str]) -> Part:
    images, labels = (_file(root, names, what) for what in ("images", "labels"))
    (count, *_), _ = _head(labels, 1)
    shape, _ = _head(images, 3)
    if count > MOST_IMAGES or shape[0] > MOST_IMAGES:
        raise DataError(f"{labels} says it holds {count:,} labels; at most {MOST_IMAGES:,} are read")
    if _length(images) != 16 + int(np.prod(shape, dtype=object)):
        _values(images, 3)  # which says what is wrong, while there is a config's line to say it at
    return Part(str(images), shape, _values(labels, 1), partial(_values, images, 3))


def _file(root: Path, names: Sequence[str], what: str) -> Path:
    """Find the file of images or labels of a part: in root, or where torchvision puts it, MNIST/raw."""
    patterns = [f"{place}*{name}-{what}*idx*" for name in names for place in ("", "raw/", "*/raw/")]
    try:
        there = [path for pattern in patterns for path in sorted(root.glob(pattern)) if path.is_file()]
    except OSError as error:
        raise DataError(f"{root} cannot be read: {error.strerror or error}") from None
    if not there:
        dims = 3 if what == "images" else 1
        raise DataError(f"{root} holds no {names[0]}-{what}-idx{dims}-ubyte, gzipped (.gz) or not")
    beware(there[0])
    return there[0]


def _head(path: Path, dimensions: int) -> tuple[tuple[int, ...], bytearray]:
    """Read the shape that a file says it has, and the bytes that say so. Raises DataError for another kind of file."""
    head = _bytes(path, 4 + 4 * dimensions)
    if len(head) < 4 + 4 * dimensions or head[:4] != bytes((0, 0, _UNSIGNED, dimensions)):
        raise DataError(f"{path} is no IDX file of bytes in {dimensions} dimension{'s' if dimensions > 1 else ''}")
    return struct.unpack(f">{dimensions}I", head[4:]), head


def _length(path: Path) -> int:
    """Return how many bytes a file has unpacked: a gzipped one says so at its end, unless it is damaged. Or -1."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            size = file.seek(-4 if packed else 0, os.SEEK_END)
            return int.from_bytes(file.read(4), "little") if packed else size
    except OSError:
        return -1


def _values(path: Path, dimensions: int) -> NDArray[Any]:
    """Read a file's values, uint8. Raises DataError where there are more or fewer than it says."""
    shape, head = _head(path, dimensions)
    expected = int(np.prod(shape, dtype=object))
    if expected > 16 << 30:
        raise DataError(f"{path} says it holds {shape}; that is no data set of images")
    content = _bytes(path, len(head) + expected + 1)
    if len(content) != len(head) + expected:
        there = f"{len(content) - len(head):,} bytes" if len(content) < len(head) + expected else "more"
        raise DataError(f"{path} says it holds {shape}, {expected:,} bytes, and has {there}")
    return np.frombuffer(content, np.uint8, offset=len(head)).reshape(shape)


def _bytes(path: Path, most: int) -> bytearray:
    """Read the first bytes of a file, unpacked. Raises DataError where it cannot be.

    Memory is taken for those that are there, and not at once for `most`, which is what a file says.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if not packed:
                return _read(raw, most)
            with gzip.GzipFile(fileobj=raw) as file:
                return _read(file, most)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged: {error}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None


def _read(file: IO[bytes] | gzip.GzipFile, most: int) -> bytearray:
    content = bytearray()
    while piece := file.read(min(_PIECE, most - len(content))):
        content += piece
    return content
