"""Reading what a student's file defines, without running it."""

import ast
import codecs
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from nndl.check.exercises.exercise import Source
from nndl.check.segments import segments
from nndl.errors import UsageError

LARGEST = 2**20
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
HALF = re.compile("_(forward|backward)(_|$)")
"""The parts of the name of a pair's half."""


def read_source(path: Path) -> Source:
    """Return the functions and classes that a Python file defines, or names anew. Raises SyntaxError, UsageError."""
    if path.suffix != ".py" or not path.is_file():
        raise UsageError(f"{path} is not a Python file")
    if path.stat().st_size > LARGEST:
        raise UsageError(f"{path} has {path.stat().st_size:,} bytes, too many for a file of functions")
    data = path.read_bytes()
    if data.startswith(UTF_16):
        raise SyntaxError("the file is UTF-16, which Python does not read: save it as UTF-8")
    return read_text(as_text(data))


def as_text(data: bytes) -> str:
    """Decode a file as Python does: by its byte order mark or its coding line, else as UTF-8; never fails."""
    if data.startswith(UTF_16):
        return data.decode("utf-16", errors="replace")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:  # a coding that there is not, or bytes that are none of UTF-8: Python will say so
        encoding = "utf-8"
    return data.decode(encoding, errors="replace")


def read_text(text: str) -> Source:
    """Return the functions and classes that a Python text defines. Raises SyntaxError."""
    functions: dict[str, str] = {}
    arguments: dict[str, tuple[str, ...]] = {}
    nodes = list(_statements(ast.parse(text).body))
    for node, source in zip(nodes, segments(text, nodes), strict=True):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            functions[node.name] = source
            arguments[node.name] = _arguments(node)
        elif isinstance(node, ast.Assign):
            functions |= {name.id: source for name in ast.walk(node) if _is_target(name)}  # type: ignore[attr-defined]
    return Source(text, functions, arguments)


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, those under if, try and with too."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            handled = [each for handler in getattr(node, "handlers", ()) for each in handler.body]
            parts = (getattr(node, name, ()) for name in ("body", "orelse", "finalbody"))
            yield from _statements(chain(*parts, handled))


def _is_target(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _arguments(node: ast.FunctionDef | ast.ClassDef) -> tuple[str, ...]:
    if isinstance(node, ast.ClassDef):
        made = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
        return _arguments(made[0])[1:] if made else ()
    given = node.args
    return tuple(each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs))


def halves(source: Source) -> list[str]:
    """Return the names of a file's functions that look like halves of pairs."""
    return [name for name in source.functions if HALF.search(name) and not name.startswith("_")]
