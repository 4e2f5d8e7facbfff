"""A layer of one's own: what its class says of it, in place of an explanation."""

import inspect
from collections.abc import Callable
from typing import Any

from nndl.config.writing.option_docs import option_docs
from nndl.described import option_names
from nndl.net.layer import Layer, Pair
from nndl.own.registry import Part


def words_of(layer: Layer) -> tuple[str, ...]:
    """Return what there is to say of it: its docstring, its options, where its pair stands."""
    pair = f"Forward is {_place(layer.pair.forward)}, backward {_place(layer.pair.backward)}."
    return (*_words(type(layer), layer), pair)


def about(part: Part) -> dict[str, Any]:
    """Return what is said of a registered layer by its name alone: its words, options with defaults, pair's source."""
    pair = getattr(part.described, "pair", None)
    halves = (pair.forward, pair.backward) if isinstance(pair, Pair) else ()
    where = f"{part.place}{f' ({part.package})' if part.package else ''}"
    source = [{"place": _place(half), "lines": _source(half)} for half in halves]
    return {"name": part.described.kind, "place": where, "words": _words(part.described), "source": source}


def _words(kind: Any, layer: Layer | None = None) -> tuple[str, ...]:
    """Return the docstring, and a line for each option: with its value, or its default where there is one."""
    said = inspect.getdoc(kind) if "__doc__" in vars(kind) and not _is_made(kind) else None
    docs, given = option_docs(kind), layer or kind
    values = {name: f": {getattr(given, name)!r}" if hasattr(given, name) else "" for name in option_names(kind)}
    options = [f"{name}{value}. {docs.get(name, '')}".rstrip() for name, value in values.items()]
    return (*filter(None, [said]), *(each for each in options if not each.startswith("name: None")))


def _is_made(kind: type[Any]) -> bool:
    """Tell whether the docstring is the signature that dataclass writes where there is none."""
    return str(kind.__doc__).startswith(f"{kind.__name__}(")


def _place(function: Callable[..., Any]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    name = getattr(function, "__name__", "a function")
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else name


def _source(function: Callable[..., Any]) -> list[str]:
    """Return the lines of a function; none where they are in no file."""
    try:
        return inspect.getsource(inspect.unwrap(function)).splitlines()
    except (OSError, TypeError):
        return []
