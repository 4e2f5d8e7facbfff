"""CIFAR's Python batches: pickled dicts of pixels and labels, as Toronto wrote them or as others wrote them anew."""

import pickletools
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.data.official import IMAGE_BYTES
from nndl.data.pickled import ArrayRecord, array_of, as_text, unpickle
from nndl.errors import DataError

LARGEST_BATCH = 2 * 50000 * IMAGE_BYTES  # bytes: CIFAR-100's training file, with its pixels as UTF-8 text


def load_python_batch(path: Path, max_bytes: int = LARGEST_BATCH) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read one batch of CIFAR's Python format: images uint8 (N, 3, 32, 32), labels int64 (N,); CIFAR-100's fine ones.

    Raises DataError for a file that is missing, larger than max_bytes, not whole, or that names anything but an array.
    """
    content = _content(_unpickle(Path(path), max_bytes), path)
    images = _images(content.get("data"), path)
    labels = _labels(content.get("labels", content.get("fine_labels")), path)
    if len(images) != len(labels):
        raise DataError(f"{path}: {len(images)} images but {len(labels)} labels")
    return images, labels


def _unpickle(path: Path, max_bytes: int) -> Any:
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise DataError(f"{path}: {size:,} bytes; a batch has at most {max_bytes:,}")
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return unpickle(raw)
    except KeyError as error:
        code = error.args[0] if error.args else None
        raise DataError(f"{path}: not a CIFAR batch: it holds {_named(code)}, which batches do not use") from None
    except EOFError:
        raise DataError(f"{path}: not a whole CIFAR batch: it ends too early ({size:,} bytes)") from None
    except Exception as error:
        raise DataError(f"{path}: not a CIFAR batch: {error}") from None


def _named(code: object) -> str:
    names = {ord(opcode.code): opcode.name for opcode in pickletools.opcodes}
    return f"the pickle instruction {names[code]}" if isinstance(code, int) and code in names else f"the byte {code!r}"


def _content(batch: Any, path: Path) -> dict[str, Any]:
    """Return the batch as a dict with text keys: Python 2 wrote them as bytes."""
    if type(batch) is not dict:
        raise DataError(f"{path}: not a CIFAR batch: it holds a {type(batch).__name__}, not a dict")
    return {as_text(key): value for key, value in batch.items()}


def _images(data: Any, path: Path) -> NDArray[Any]:
    try:
        rows = array_of(data)
    except ValueError as error:
        raise DataError(f"{path}: not a CIFAR batch: its data is not an array: {error}") from None
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != IMAGE_BYTES:
        raise DataError(f"{path}: not a CIFAR batch: its data is not whole rows of {IMAGE_BYTES} bytes, 8 bits each")
    return rows.reshape(-1, 3, 32, 32).copy(order="C")


def _labels(labels: Any, path: Path) -> NDArray[Any]:
    """Return int64 (N,) of a list of integers, Python's or NumPy's, or an array of them."""
    try:
        numbers = _numbers(labels)
        if isinstance(numbers, list):
            numbers = [_numbers(number) for number in numbers]
    except ValueError:
        numbers = None
    if type(numbers) is not list or not all(type(number) is int for number in numbers):
        raise DataError(f"{path}: not a CIFAR batch: its labels are not a list of integers")
    try:
        return np.array(numbers, np.int64)
    except OverflowError:
        raise DataError(f"{path}: not a CIFAR batch: a label is beyond 64 bits") from None


def _numbers(value: Any) -> Any:
    """Return Python's numbers for NumPy's."""
    return array_of(value).tolist() if isinstance(value, ArrayRecord) else value
