"""A layer of one's own: what its class says of it, in place of an explanation."""

import inspect
from collections.abc import Callable
from typing import Any

from nndl.config.writing.option_docs import option_docs
from nndl.described import option_names
from nndl.net.layer import Layer


def words_of(layer: Layer) -> tuple[str, ...]:
    """Return what there is to say of it: its docstring, its options, where its pair stands."""
    kind: Any = type(layer)
    said = inspect.getdoc(kind) if "__doc__" in vars(kind) and not _is_made(kind) else None
    docs = option_docs(kind)
    options = [f"{name}: {getattr(layer, name)!r}. {docs.get(name, '')}".rstrip() for name in option_names(kind)]
    pair = f"Forward is {_place(layer.pair.forward)}, backward {_place(layer.pair.backward)}."
    return (*filter(None, [said]), *(each for each in options if not each.startswith("name: None")), pair)


def _is_made(kind: type[Any]) -> bool:
    """Tell whether the docstring is the signature that dataclass writes where there is none."""
    return str(kind.__doc__).startswith(f"{kind.__name__}(")


def _place(function: Callable[..., Any]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    name = getattr(function, "__name__", "a function")
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else name
