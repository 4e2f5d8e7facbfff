"""Arrays, text and numbers out of a pickle, read without giving the pickle any power.

A pickle is a program: a plain unpickler runs whatever it names. Here the opcodes are an allow-list, and the few names
that a batch holds are answered by inert records; no function of NumPy or anything else is called on the file's behalf.
Python's own unpickler is used because its memo is a dict: the one in C allocates whatever index a file states.
"""

import io
import pickle
import pickletools
import re
import struct
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

_OPCODES = """
PROTO FRAME STOP MARK POP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1
STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINBYTES SHORT_BINBYTES BYTEARRAY8
EMPTY_DICT DICT SETITEM SETITEMS EMPTY_LIST LIST APPEND APPENDS EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3
PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET MEMOIZE GLOBAL STACK_GLOBAL REDUCE BUILD
"""


class _Record:
    """A pickled call that is not made: its arguments, and the state set afterwards."""

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        self.arguments = arguments
        self.state: Any = None


class ArrayRecord(_Record):
    """Stands for an array or a number of NumPy's."""

    def parts(self) -> tuple[Any, Any, Any, Any]:
        """Return its numbers as bytes, its dtype, shape and order in memory ("C" or "F"), as the file says them."""
        _, shape, dtype, is_fortran, numbers = self.state
        return numbers, dtype, shape, "F" if is_fortran else "C"


class _BufferRecord(ArrayRecord):
    """Stands for an array as protocol 5 writes it: _frombuffer(numbers, dtype, shape, order)."""

    def parts(self) -> tuple[Any, Any, Any, Any]:
        numbers, dtype, shape, order = self.arguments
        return numbers, dtype, shape, order


class _ScalarRecord(ArrayRecord):
    """Stands for a single number: scalar(dtype, bytes)."""

    def parts(self) -> tuple[Any, Any, Any, Any]:
        dtype, number = self.arguments
        return number, dtype, (), "C"


class DTypeRecord(_Record):
    """Stands for a dtype."""


def _encode(arguments: tuple[Any, ...]) -> bytes:
    """Return the bytes that Python 3 wrote in protocol 2 as text to be encoded in latin1."""
    text, encoding = arguments
    if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
        raise pickle.UnpicklingError("an encoding other than latin1")
    return text.encode("latin1")


_NDARRAY = object()
_CORE: dict[tuple[str, str], Any] = {
    ("multiarray", "_reconstruct"): ArrayRecord,
    ("numeric", "_frombuffer"): _BufferRecord,
    ("multiarray", "scalar"): _ScalarRecord,
}
_NAMES: dict[tuple[str, str], Any] = {
    **{(f"numpy.core.{module}", name): record for (module, name), record in _CORE.items()},
    **{(f"numpy._core.{module}", name): record for (module, name), record in _CORE.items()},  # since NumPy 2
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): DTypeRecord,
    ("_codecs", "encode"): _encode,
}
_CALLABLE = (*_CORE.values(), DTypeRecord, _encode)


class _BatchUnpickler(pickle._Unpickler):
    """Admits the opcodes and the names of a CIFAR batch; REDUCE and BUILD make and fill records only."""

    stack: list[Any]

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for a name a batch may hold."""
        try:
            return _NAMES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no CIFAR batch does") from None

    def persistent_load(self, pid: Any) -> Any:
        """Refuse: batches hold no reference to anything outside."""
        raise pickle.UnpicklingError(f"it refers to something outside itself ({pid!r})")

    def _reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack[-1]
        if function not in _CALLABLE or type(arguments) is not tuple:
            raise pickle.UnpicklingError("it calls what cannot be called")
        self.stack[-1] = function(arguments)

    def _build(self) -> None:
        state, record = self.stack.pop(), self.stack[-1]
        if not isinstance(record, _Record):
            raise pickle.UnpicklingError("it sets the state of something other than an array")
        record.state = state

    def _bytearray(self) -> None:
        """Read as bytes, no more than there are: Python's own takes memory for as many as are claimed."""
        (count,) = struct.unpack("<Q", self.read(8))  # type: ignore[attr-defined]
        numbers = self.read(count)  # type: ignore[attr-defined]
        if len(numbers) < count:
            raise EOFError
        self.stack.append(numbers)


_Load = Callable[[Any], None]


def _admitted() -> dict[int, _Load]:
    codes = {opcode.name: ord(opcode.code) for opcode in pickletools.opcodes}
    table: dict[str, _Load] = {name: pickle._Unpickler.dispatch[codes[name]] for name in _OPCODES.split()}
    table |= {"REDUCE": _BatchUnpickler._reduce, "BUILD": _BatchUnpickler._build}
    table["BYTEARRAY8"] = _BatchUnpickler._bytearray
    for name, keys in (("SETITEM", slice(-2, -1)), ("SETITEMS", slice(None, None, 2)), ("DICT", slice(None, None, 2))):
        table[name] = _keyed_by_text(table[name], keys)
    return {codes[name]: load for name, load in table.items()}


def _keyed_by_text(load: _Load, keys: slice) -> _Load:
    """Let `load` make dicts of text alone, `keys` of the stack: hashing tuples nested too deeply ends the process."""

    def checked(unpickler: _BatchUnpickler) -> None:
        if not all(type(key) in (str, bytes) for key in unpickler.stack[keys]):
            raise pickle.UnpicklingError("it has a dict with keys other than text")
        load(unpickler)

    return checked


_BatchUnpickler.dispatch = _admitted()


def unpickle(raw: bytes) -> Any:
    """Read a pickle of lists, dicts, text, numbers and arrays, which come as records; whatever else it holds raises."""
    return _BatchUnpickler(io.BytesIO(raw), encoding="bytes").load()


def array_of(record: Any) -> NDArray[Any]:
    """Make the array of real numbers that a record stands for. Raises ValueError where it stands for none."""
    if not isinstance(record, ArrayRecord):
        raise ValueError(f"it holds a {type(record).__name__} where an array belongs")
    try:
        numbers, dtype, shape, order = record.parts()
        kind = _dtype(dtype)
        if type(numbers) is not bytes or not all(type(size) is int and size >= 0 for size in shape):
            raise ValueError("an array without its numbers")
        if len(numbers) != prod(shape) * kind.itemsize:
            raise ValueError("an array with more or fewer numbers than its shape says")
        return np.frombuffer(numbers, kind).reshape(shape, order=as_text(order))  # type: ignore[call-overload]
    except (TypeError, LookupError, OverflowError) as error:
        raise ValueError(f"an array that is not whole: {error}") from None


def _dtype(record: Any) -> np.dtype[Any]:
    name = as_text(record.arguments[0]) if isinstance(record, DTypeRecord) else ""
    if not re.fullmatch(r"[biuf](1|2|4|8|16)", name):
        raise ValueError(f"an array of dtype {name[:20]!r}, which is no real number")
    order = as_text(record.state[1]) if record.state else "="
    return np.dtype(name).newbyteorder(order if order in "<>" else "=")  # type: ignore[arg-type]


def as_text(word: Any) -> str:
    """Return text as Python 3 has it: Python 2 wrote it as bytes. Raises TypeError for what is neither."""
    if not isinstance(word, str | bytes):
        raise TypeError(f"a {type(word).__name__} where text belongs")
    return word.decode("latin1") if isinstance(word, bytes) else word
