"""The definitions as one namespace of functions, right or with lines exchanged."""

import ast
import functools
from collections.abc import Iterable
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any, NamedTuple

from nndl.check.running.probe import GIVEN
from nndl.check.segments import segments

PACKAGE = Path(__file__).parents[1]
MODULES = (
    *("layers", "activations", "squeeze_excite", "conv_layers", "layer_utils", "conv_layer_utils"),
    *("optim", "fc_net", "cnn", "solver"),
)
"""Each may call functions of those before it."""


class Edit(NamedTuple):
    """A line (or a few) of a function of the definitions, and what stands there instead.

    Where `old` is empty, `new` is the whole function.
    """

    function: str
    old: str
    new: str


def definitions(edits: Iterable[Edit] = ()) -> dict[str, Any]:
    """Return every function of the definitions by its name, all of which call the edited ones.

    Raises ValueError for an edit whose line does not stand in its function exactly once.
    """
    by_function: dict[str, list[Edit]] = {}
    for edit in edits:
        by_function.setdefault(edit.function, []).append(edit)
    wrong = {function: _edited(function, tuple(own)) for function, own in by_function.items()}
    names: dict[str, Any] = {"__name__": "nndl.definitions", **GIVEN}
    for module in MODULES:
        for name, code in _pieces(module):
            exec(wrong.get(name, code), names)
        if module == "conv_layers":  # the fast layers are the same functions
            for what in ("conv_forward", "conv_backward", "max_pool_forward", "max_pool_backward"):
                names[f"{what}_fast"] = names[f"{what}_naive"]
        if module == "optim":  # the Solver looks for its rule there
            names["optim"] = SimpleNamespace(**names)
    return names


def source_of(function: str) -> str:
    """Return the source of a function or class of the definitions."""
    return _sources()[function]


@functools.cache
def _sources() -> dict[str, str]:
    found: dict[str, str] = {}
    for module in MODULES:
        text, tree = _read(module)
        nodes = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        found |= zip((node.name for node in nodes), segments(text, list[ast.stmt](nodes)), strict=True)
    return found


def _read(module: str) -> tuple[str, ast.Module]:
    folder = PACKAGE.parent / "cs231n" if module == "solver" else PACKAGE  # read, not imported: it is the courses' face
    text = (folder / f"{module}.py").read_text(encoding="utf-8")
    return text, ast.parse(text)


@functools.cache
def _pieces(module: str) -> list[tuple[str, CodeType]]:
    """Return a module's statements, each compiled by itself, with the name of the function or class that it defines.

    Imports from our other modules are left out: their names are there already.
    """
    statements = [node for node in _read(module)[1].body if not _is_ours(node)]
    return [(getattr(node, "name", ""), compile(ast.Module([node], []), f"<{module}>", "exec")) for node in statements]


@functools.lru_cache(maxsize=512)
def _edited(function: str, edits: tuple[Edit, ...]) -> CodeType:
    source = source_of(function)
    for edit in edits:
        source = _exchanged(source, edit)
    return compile(source, f"<{function}>", "exec")


def _is_ours(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nndl")


def _exchanged(source: str, edit: Edit) -> str:
    if not edit.old:
        return edit.new
    if source.count(edit.old) != 1:
        raise ValueError(f"{edit.function} has {source.count(edit.old)} places that read {edit.old!r}, should be one")
    return source.replace(edit.old, edit.new)
