"""CIFAR's Python batches, read without giving the pickle any power.

A pickle is a program: a plain unpickler runs whatever it names. Here the opcodes are an allow-list, and the few names
that a batch holds are answered by inert records; no function of NumPy or anything else is called on the file's behalf.
Python's own unpickler is used because its memo is a dict: the one in C allocates whatever index a file states.
"""

import io
import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.data.official import IMAGE_BYTES
from nndl.errors import DataError

LARGEST_BATCH = 2 * 50000 * IMAGE_BYTES  # bytes: CIFAR-100's training file, with its pixels as UTF-8 text

_OPCODES = """
PROTO FRAME STOP MARK POP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1
STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINBYTES SHORT_BINBYTES
EMPTY_DICT DICT SETITEM SETITEMS EMPTY_LIST LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3
PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET MEMOIZE GLOBAL STACK_GLOBAL REDUCE BUILD
"""


class _Record:
    """What a pickled call becomes: its arguments, and the state set afterwards. It does nothing."""

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        self.arguments = arguments
        self.state: Any = None


class ArrayRecord(_Record):
    """Stands for an ndarray being rebuilt."""


class DTypeRecord(_Record):
    """Stands for a dtype."""


def _encode(arguments: tuple[Any, ...]) -> bytes:
    """Bytes as Python 3 writes them in protocol 2: text to be encoded as latin1."""
    text, encoding = arguments
    if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
        raise pickle.UnpicklingError("an encoding other than latin1")
    return text.encode("latin1")


_NDARRAY = object()
_NAMES: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): ArrayRecord,
    ("numpy._core.multiarray", "_reconstruct"): ArrayRecord,
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): DTypeRecord,
    ("_codecs", "encode"): _encode,
}


class _BatchUnpickler(pickle._Unpickler):
    """Admits the opcodes and the names of a CIFAR batch; REDUCE and BUILD make and fill records only."""

    stack: list[Any]

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for a name a batch may hold."""
        try:
            return _NAMES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no CIFAR batch does") from None

    def persistent_load(self, pid: Any) -> Any:
        """Refused: batches hold no reference to anything outside."""
        raise pickle.UnpicklingError(f"it refers to something outside itself ({pid!r})")

    def _reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack[-1]
        if function not in (ArrayRecord, DTypeRecord, _encode) or type(arguments) is not tuple:
            raise pickle.UnpicklingError("it calls what cannot be called")
        self.stack[-1] = function(arguments)

    def _build(self) -> None:
        state, record = self.stack.pop(), self.stack[-1]
        if not isinstance(record, _Record):
            raise pickle.UnpicklingError("it sets the state of something other than an array")
        record.state = state


def _admitted() -> dict[int, Callable[[Any], None]]:
    codes = {opcode.name: ord(opcode.code) for opcode in pickletools.opcodes}
    table = {codes[name]: pickle._Unpickler.dispatch[codes[name]] for name in _OPCODES.split()}
    return table | {codes["REDUCE"]: _BatchUnpickler._reduce, codes["BUILD"]: _BatchUnpickler._build}


_BatchUnpickler.dispatch = _admitted()


def unpickle(raw: bytes) -> Any:
    """Read a pickle of lists, dicts, text, numbers and arrays, which come as records; whatever else it holds raises."""
    return _BatchUnpickler(io.BytesIO(raw), encoding="bytes").load()


def load_python_batch(path: Path, max_bytes: int = LARGEST_BATCH) -> tuple[NDArray[Any], NDArray[Any]]:
    """Read one batch of CIFAR's Python format: images uint8 (N, 3, 32, 32), labels int64 (N,); CIFAR-100's fine ones.

    Raises DataError for a file that is missing, larger than max_bytes, not whole, or that names anything but an array.
    """
    content = _content(_unpickle(Path(path), max_bytes), path)
    labels = content.get("labels", content.get("fine_labels"))
    if type(labels) is not list or not all(type(label) is int for label in labels):
        raise DataError(f"{path}: not a CIFAR batch: its labels are not a list of integers")
    images = _images(content.get("data"), path)
    if len(images) != len(labels):
        raise DataError(f"{path}: {len(images)} images but {len(labels)} labels")
    try:
        return images, np.array(labels, np.int64)
    except OverflowError:
        raise DataError(f"{path}: not a CIFAR batch: a label is beyond 64 bits") from None


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
    """The batch as a dict with text keys: Python 2 wrote them as bytes."""
    if type(batch) is not dict:
        raise DataError(f"{path}: not a CIFAR batch: it holds a {type(batch).__name__}, not a dict")
    return {key.decode("latin1") if isinstance(key, bytes) else str(key): value for key, value in batch.items()}


def _images(array: Any, path: Path) -> NDArray[Any]:
    """The pixels out of an array's pickled state: (version, shape, dtype, is_fortran, bytes)."""
    try:
        _, (count, width), dtype, is_fortran, raw = array.state
        described = (dtype.arguments[0], width, type(count), type(raw), len(raw))
    except (AttributeError, TypeError, ValueError, IndexError):
        raise DataError(f"{path}: not a CIFAR batch: its data is not an array") from None
    expected = (IMAGE_BYTES, int, bytes, count * IMAGE_BYTES)
    if described[0] not in ("u1", b"u1") or described[1:] != expected or not isinstance(dtype, DTypeRecord):
        raise DataError(f"{path}: not a CIFAR batch: its data is not whole rows of {IMAGE_BYTES} bytes, 8 bits each")
    rows = np.frombuffer(raw, np.uint8).reshape((count, width), order="F" if is_fortran else "C")
    return rows.reshape(count, 3, 32, 32).copy(order="C")
