"""Code of one's own run, once for each text: what it registers, or its line and its words where it fails."""

import linecache
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, TracebackType
from typing import NamedTuple

from nndl.errors import NndlError
from nndl.own.registry import Part, gathering, is_of_registered
from nndl.own.source import Source, SourceError
from nndl.visible import visible


class Place(NamedTuple):
    """A line of code of one's own."""

    file: str
    line: int
    function: str


_run: dict[Source, tuple[Part, ...]] = {}
"""The parts that each text registered: a text is run once in a process, so that its layers stay of one type."""
_failed: dict[Source, str] = {}
"""The words on each text that cannot be used, whatever becomes of what is around it."""
_idle: set[Source] = set()
"""Texts that registered nothing."""
_files: set[str] = set()
"""The files whose code has been run."""


def run(source: Source) -> tuple[Part, ...]:
    """Run the code, unless this text has been run, and return what it registers.

    Raises SourceError, with its line and its words, where it cannot be: it is no Python, or raises something itself.
    """
    if source in _failed:
        raise SourceError(_failed[source])
    if source not in _run:
        _run[source] = _executed(source)
    return _run[source]


def registers_nothing(source: Source) -> bool:
    """Tell whether code that was run registered nothing, nor imported what did."""
    return source in _idle


def has_run(source: Source) -> bool:
    """Tell whether this process has run this text, from this place: that it may was decided then."""
    return source in _run


def _executed(source: Source) -> tuple[Part, ...]:
    text = source.content.decode("utf-8-sig")
    # What inspect and tracebacks show is the text that runs, not what stands in the file by then.
    linecache.cache[source.path] = (len(text), None, text.splitlines(keepends=True), source.path)
    _files.add(source.path)
    module = ModuleType(_module_name(source))
    module.__file__, module.__package__ = source.path, source.package
    sys.modules[module.__name__] = module
    try:
        code = compile(text, source.path, "exec", dont_inherit=True)
        with gathering(module.__name__) as found:
            exec(code, module.__dict__)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever it raises, SystemExit and GeneratorExit too
        del sys.modules[module.__name__]
        words = _of_syntax(source, error) if isinstance(error, SyntaxError) else _words(source, error)
        if not isinstance(error, ImportError | OSError):  # what it looks for may come
            _failed[source] = words
        raise SourceError(words) from error
    if not found and not any(map(is_of_registered, map(_home, module.__dict__.values()))):
        _idle.add(source)
    return tuple(found)


def _home(value: object) -> str:
    """Return the name of a module, or of the one that a value comes from."""
    return str(getattr(value, "__name__" if isinstance(value, ModuleType) else "__module__", ""))


def _module_name(source: Source) -> str:
    stem = re.sub(r"\W", "_", Path(source.path).stem)
    return f"_nndl_own_{stem}_{source.sha256[:12]}_{len(_run)}"


def _of_syntax(source: Source, error: SyntaxError) -> str:
    """Say where it stops being Python, with the line; of another file that it imports, which."""
    other = error.filename not in (None, source.path)
    name = visible(error.filename if other else source.name)
    words = f"{name}:{error.lineno or 1}:{error.offset or 1}: {error.msg}"
    return f"{words}{_line(error.text or '')}"


def _words(source: Source, error: BaseException) -> str:
    place = last_place(error.__traceback__)
    line = place.line if place else 1
    said = str(error) if isinstance(error, NndlError) else in_words(error)
    return f"{visible(source.name)}:{line}: {said}{_line(linecache.getline(source.path, line))}"


def in_words(error: BaseException) -> str:
    """Say an error that code of one's own raised: ZeroDivisionError: division by zero."""
    words = visible(" ".join(str(error).split()))
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


@contextmanager
def explained() -> Iterator[None]:
    """Raise, for an error that code of one's own raises within, SourceError with its line and its words."""
    try:
        yield
    except NndlError:
        raise
    except Exception as error:
        if (words := of_own_code(error)) is not None:
            raise SourceError(words) from error
        raise


def of_own_code(error: BaseException) -> str | None:
    """Say where in code of one's own an error was raised, and its words; None where it came through no such code."""
    place = last_place(error.__traceback__)
    if place is None:
        return None
    return f"{visible(place.file)}:{place.line}: {place.function}: {in_words(error)}"


def _line(text: str) -> str:
    shown = visible(text.strip())[:100]
    return f", in: {shown}" if shown else ""


def last_place(trace: TracebackType | None) -> Place | None:
    """Return the last line of code of one's own that an error came through; None where there was none."""
    frames = [frame for frame in traceback.extract_tb(trace) if frame.filename in _files]
    return Place(frames[-1].filename, frames[-1].lineno or 1, frames[-1].name) if frames else None
