"""Pictures made into bytes once: a folder of its own for each data set and size, checked whenever it is read.

A cache holds images uint8 (N, C, H, W), those that train first, and their labels, with a digest of both and a stamp of
the files they were made of: where one is added, removed or changed, all are read again. It takes its name only when it
is whole, one process makes it while the others wait, and large ones are mapped into memory rather than read.
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from nndl.data.dataset import Dataset, Images
from nndl.data.lock import alone, lock_of
from nndl.data.pixels import Shape
from nndl.disk import sync
from nndl.errors import DataError
from nndl.visible import visible

Array = NDArray[Any]
Item = tuple[Array, int]
"""Pixels uint8 (C, H, W) and their label."""


class End(Enum):
    """The place between two images where a part ends."""

    LEARNT = "those that are learnt from"
    TRAIN = "the training images, those that validate among them"


IN_MEMORY = 256 << 20
"""Bytes of images; more are mapped, so that memory holds what is in use."""
_MOST_ABOUT = 1 << 22
_VERSION = 1
_WAIT = 7200.0  # seconds for another process to make it
_SPARE = 64 << 20  # bytes of the disk that a cache leaves free
ABOUT = "about.json"
"""The file that says what a cache is; its time is that of its last use."""
PIXELS, LABELS = "images.u8", "labels.i64"
CLEANING = "nndl data cache --clean 30 removes those that were not used for 30 days, --clean 0 all"
"""The cure of caches that take much; none is removed unasked, as other machines may have it mapped."""


@dataclass(frozen=True)
class Plan:
    """A cache as it is to be: whose pictures, of which files, how many to train on, then how many to test on."""

    key: str
    """All that tells it from the other caches: the folder, the size and so on."""
    stamp: str
    """A digest of the files as they are."""
    root: str
    """The folder of the files, for whoever looks at the caches."""
    name: str
    shape: Shape
    classes: tuple[str, ...]
    most: int
    """The number of images if none is damaged."""
    make: Callable[[], Iterator[Item | End]]
    """Gives the images, those to train on first, those that validate apart next, and where both end."""

    @property
    def bytes(self) -> int:
        """Return the bytes of its images."""
        return self.most * int(np.prod(self.shape))


def caches() -> Path:
    """Return the folder of all caches: NNDL_CACHE, or where this system keeps what can be made again."""
    if given := os.environ.get("NNDL_CACHE"):
        return Path(given)
    if sys.platform == "win32":
        home = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        home = Path.home() / "Library" / "Caches"
    else:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "nndl"


def cached(plan: Plan) -> Dataset:
    """Return the images of a cache, which is made first unless it is there, whole, of the files as they are.

    Raises DataError where it cannot be made; nothing half-written is left under its name.
    """
    place = caches() / f"{_plain(plan.name)}-{hashlib.sha256(plan.key.encode()).hexdigest()[:16]}"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with alone(lock_of(place), wait=_WAIT):
            return _read(place, plan) or _made(place, plan)
    except BlockingIOError:
        raise DataError(f"{place}: another process has been filling it for {_WAIT / 3600:.0f} hours") from None
    except OSError as error:
        raise DataError(_not_written(error, place, plan)) from None


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in name)[:40] or "images"


def _read(place: Path, plan: Plan) -> Dataset | None:
    """Read a cache; None where there is none, of other files, or not as it was written."""
    try:
        with (place / ABOUT).open("rb") as file:
            about = json.loads(file.read(_MOST_ABOUT))
        if (about["version"], about["stamp"]) != (_VERSION, plan.stamp):
            return None
        count, train = int(about["count"]), int(about["train"])
        valid = int(about.get("valid", 0))
        if not 0 <= valid < train <= count <= plan.most:
            return None
        images = _array(place / PIXELS, np.uint8, (count, *plan.shape))
        labels = _array(place / LABELS, np.int64, (count,))
        if labels.min() < 0 or labels.max() >= len(plan.classes):
            return None
        learnt, tested = (Images(images[part], labels[part]) for part in (slice(0, train), slice(train, count)))
        dataset = Dataset(plan.name, learnt, tested, plan.classes, synthetic=False, valid=valid)
        if dataset.digest != about["digest"]:
            return None
        with contextlib.suppress(OSError):  # a cache that one may only read
            os.utime(place / ABOUT)
        return dataset
    except (OSError, ValueError, KeyError, TypeError, DataError, RecursionError):
        return None


def _array(path: Path, dtype: Any, shape: tuple[int, ...]) -> Array:
    """Read the values of a file, or map them where they are many. Raises ValueError for a file of another size."""
    needed = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if path.stat().st_size != needed:
        raise ValueError(f"{path} has another size")
    if needed <= IN_MEMORY:
        return np.fromfile(path, dtype).reshape(shape)
    return np.asarray(np.memmap(path, dtype, "r", shape=shape))


def _made(place: Path, plan: Plan) -> Dataset:
    """Make a cache beside its place, then put it there."""
    _require_space(place.parent, plan)
    _sweep(place)
    folder = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        about = _write(folder, plan)
        (folder / ABOUT).write_text(json.dumps(about), encoding="utf-8")
        if place.exists():
            place.replace(folder / "old")
            folder.replace(place)
            shutil.rmtree(place / "old", ignore_errors=True)
        else:
            folder.replace(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    made = _read(place, plan)
    if made is None:
        raise DataError(f"{place} cannot be read as it was written; is the disk failing?")
    return made


def _write(folder: Path, plan: Plan) -> dict[str, Any]:
    """Write images and labels one after the other; returns what is kept about them."""
    labels: list[int] = []
    learnt, train, digest = 0, 0, hashlib.sha256()
    with (folder / PIXELS).open("wb") as file:
        for item in plan.make():
            if item is End.LEARNT:
                learnt = len(labels)
            elif item is End.TRAIN:
                digest.update(np.array(labels, "<i8").data)
                train = len(labels)
            elif not isinstance(item, End):
                pixels, label = item
                file.write(pixels.data)
                digest.update(pixels.data)
                labels.append(label)
        _finish(file)
    digest.update(np.array(labels[train:], "<i8").data)
    with (folder / LABELS).open("wb") as file:
        file.write(np.array(labels, np.int64).data)
        _finish(file)
    known = {"version": _VERSION, "stamp": plan.stamp, "count": len(labels), "train": train, "valid": train - learnt}
    return {**known, "digest": digest.hexdigest(), "root": visible(plan.root)}


def _finish(file: IO[bytes]) -> None:
    file.flush()
    sync(file.fileno())


def _require_space(folder: Path, plan: Plan) -> None:
    free = shutil.disk_usage(folder).free
    if free < plan.bytes + _SPARE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def _sweep(place: Path) -> None:
    """Remove what a killed process left; whoever makes a cache of this name is alone."""
    for left in place.parent.glob(f".{place.name}.*"):
        with contextlib.suppress(OSError):
            if left.is_dir():
                shutil.rmtree(left)


def _not_written(error: OSError, place: Path, plan: Plan) -> str:
    cure = "NNDL_CACHE=FOLDER names another folder for it"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        needed = f"{plan.most:,} images of {' x '.join(map(str, plan.shape))} take {-(-plan.bytes // 2**20):,} MiB"
        needed = f"{needed}, and {_SPARE >> 20} MiB are left free"
        others = f"; of the caches there, {CLEANING}" if any(place.parent.glob(f"*/{ABOUT}")) else ""
        words = f"{place.parent}: the disk is full: {needed}; {cure}, a smaller data.size needs less{others}"
        return f"{words}. Nothing was kept"
    return f"{error.filename or place}: the cache of the images cannot be written: {error.strerror or error}; {cure}"


def stamp_of(rows: Iterable[object]) -> str:
    """Return a digest of rows that describe files: equal as long as none is added, removed or changed."""
    sha = hashlib.sha256()
    for row in rows:
        sha.update(repr(row).encode("utf-8", "surrogateescape"))
        sha.update(b"\n")
    return sha.hexdigest()
