"""Picture files of any size as the network's images, read within bounds."""

import io
import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nndl.data.hidden import without_hidden
from nndl.data.pixels import SHAPE, Fit, Shape, ValuesError, memory_needed, to_pixels
from nndl.errors import DataError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_BYTES = 64 * 2**20
"""Of a file. A larger one is no photograph."""
MOST_MEMORY = 2**30
"""Bytes that a picture may take: a small file may say that it is so large that unpacking it fills the memory."""
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "TGA", "ICO")
"""The formats that pillow is let read: pictures, none that runs a program (PostScript)."""
STDIN = Path("-")
_ICON = b"\0\0\1\0"  # how an ICO begins
_ONE_ICON = Lock()


def suffixes() -> frozenset[str]:
    """Return the endings of file names (".jpg", ".jfif") under which pillow knows these formats."""
    registered = pillow().registered_extensions()
    return frozenset(suffix for suffix, kind in registered.items() if kind in FORMATS)


def pictures_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """List the picture files of a folder, by name, and the files passed over; hidden ones are in neither.

    Raises UsageError where it has no pictures, DataError where it cannot be read.
    """
    known = suffixes()
    try:
        files = [path for path in without_hidden(folder.iterdir()) if path.is_file()]
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror or error}") from None
    pictures = [path for path in files if path.suffix.lower() in known]
    if not pictures:
        raise UsageError(f"{folder} holds no pictures ({', '.join(sorted(known))})")
    return pictures, [path for path in files if path.suffix.lower() not in known]


def read_picture(path: Path, shape: Shape = SHAPE, fit: Fit = "crop") -> NDArray[Any]:
    """Read a picture file as `to_pixels` does, uint8 (C, H, W). Raises DataError for what is none or far too large."""
    try:
        if not path.is_file():
            raise DataError(f"{path} is not a file" if path.exists() else f"there is no file {path}")
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path} has {path.stat().st_size / 2**20:,.0f} MiB; at most {MOST_BYTES >> 20} are read")
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name with a null in it
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return decode_picture(content, str(path), shape, fit)


class Read(NamedTuple):
    """Pictures as they were named, and what was none."""

    pictures: dict[str, NDArray[Any]]
    """By name, uint8 (C, H, W)."""
    refused: list[dict[str, str]]
    """Of each the name, and what is wrong with it."""
    passed_over: list[Path]
    """Files of folders that are no pictures by their names."""


def read_all(images: Iterable[Path], shape: Shape, fit: Fit, stdin: BinaryIO) -> Read:
    """Read picture files, those of folders, and `stdin` where it is named -; what cannot be read stops no other."""
    read = Read({}, [], [])
    for image in images:
        try:
            if image == STDIN:
                read.pictures["-"] = decode_picture(stdin.read(MOST_BYTES + 1), "stdin", shape, fit)
                continue
            paths, others = pictures_in(image) if image.is_dir() else ([image], [])
        except (DataError, UsageError) as error:
            read.refused.append({"image": str(image), "error": str(error)})
            continue
        read.passed_over.extend(others)
        for path in paths:
            try:
                read.pictures[str(path)] = read_picture(path, shape, fit)
            except DataError as error:
                read.refused.append({"image": str(path), "error": str(error)})
    return read


def decode_picture(content: bytes, name: str, shape: Shape = SHAPE, fit: Fit = "crop") -> NDArray[Any]:
    """Decode the bytes of a picture file as uint8 (C, H, W); errors call it `name`. Raises as `read_picture` does."""
    with quietly():
        return decode(content, name, shape, fit)


@contextmanager
def quietly() -> Iterator[None]:
    """Have pillow say nothing of metadata that is off within: what matters is raised, and said once, by us."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("PIL").setLevel(logging.CRITICAL)
        yield


def decode(content: bytes, name: str, shape: Shape = SHAPE, fit: Fit = "crop") -> NDArray[Any]:
    """Decode as `decode_picture` does, on several threads at once, all of them within `quietly`."""
    Image = pillow()
    if len(content) > MOST_BYTES:
        raise DataError(f"{name} has more than {MOST_BYTES >> 20} MiB")
    with _careful_of_icons(content):
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                _check_memory(picture, name, memory_needed(picture, shape, fit))
                return to_pixels(picture, shape, fit)
        except Image.UnidentifiedImageError:
            raise DataError(f"{name} is no picture ({', '.join(FORMATS[:6])} and some others are read)") from None
        except DataError:
            raise
        except ValuesError as error:
            raise DataError(f"{name}: {error}") from None
        except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise DataError(f"{name} has more pixels than can be unpacked") from None
        except Exception as error:  # pillow's readers raise what struct, zlib and indexing do
            words = " ".join(str(error).split()) or type(error).__name__
            raise DataError(f"{name} is a damaged picture: {words[:200]}") from None


@contextmanager
def _careful_of_icons(content: bytes) -> Iterator[None]:
    """Refuse an icon whose picture is huge, since it is unpacked as soon as it is opened; one thread at a time does."""
    if not content.startswith(_ICON):
        yield
        return
    with _ONE_ICON, warnings.catch_warnings():
        warnings.simplefilter("error", pillow().DecompressionBombWarning)
        yield


def _check_memory(picture: "Image", name: str, needed: int) -> None:
    if needed > MOST_MEMORY:
        size = " x ".join(f"{side:,}" for side in picture.size)
        takes = f"to unpack it would take {needed / 2**30:,.1f} GiB of memory, and at most {MOST_MEMORY / 2**30:.0f} is"
        raise DataError(f"{name} is {size} pixels: {takes}")


def pillow() -> Any:
    """Import PIL.Image. Raises MissingExtraError."""
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("pillow", "images", "reading picture files") from None
    return Image


def stack(pictures: Iterable[NDArray[Any]], shape: Shape = SHAPE) -> NDArray[Any]:
    """Stack pictures uint8 (C, H, W) as one array (N, C, H, W)."""
    kept = list(pictures)
    return np.stack(kept) if kept else np.zeros((0, *shape), np.uint8)
