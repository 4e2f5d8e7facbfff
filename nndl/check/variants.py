"""The definitions as one namespace of functions, right or with lines exchanged."""

import ast
import functools
from collections.abc import Iterable
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

PACKAGE = Path(__file__).parents[1]
MODULES = ("layers", "conv_layers", "layer_utils", "conv_layer_utils", "optim", "fc_net", "cnn")
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
    by_module: dict[str, list[Edit]] = {module: [] for module in MODULES}
    for edit in edits:
        by_module[_module_of()[edit.function]].append(edit)
    names: dict[str, Any] = {"__name__": "nndl.definitions"}
    for module in MODULES:
        exec(_compiled(module, tuple(by_module[module])), names)
        if module == "conv_layers":  # the fast layers are the same functions
            for what in ("conv_forward", "conv_backward", "max_pool_forward", "max_pool_backward"):
                names[f"{what}_fast"] = names[f"{what}_naive"]
    return names


def source_of(function: str) -> str:
    """Return the source of a function or class of the definitions."""
    module = _module_of()[function]
    return ast.get_source_segment(_text(module), _nodes(module)[function]) or ""


@functools.cache
def _module_of() -> dict[str, str]:
    return {name: module for module in MODULES for name in _nodes(module)}


@functools.cache
def _text(module: str) -> str:
    return (PACKAGE / f"{module}.py").read_text(encoding="utf-8")


@functools.cache
def _nodes(module: str) -> dict[str, ast.stmt]:
    body = ast.parse(_text(module)).body
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@functools.lru_cache(maxsize=512)
def _compiled(module: str, edits: tuple[Edit, ...]) -> CodeType:
    """Compile a module without its imports from our other modules: their names are there already."""
    sources = {edit.function: source_of(edit.function) for edit in edits}
    wrong = dict(sources)
    for edit in edits:
        wrong[edit.function] = _exchanged(wrong[edit.function], edit)
    text = _text(module)
    for name, source in sources.items():
        text = text.replace(source, wrong[name])
    tree = ast.parse(text)
    tree.body = [node for node in tree.body if not _is_ours(node)]
    return compile(tree, f"<{module}>", "exec")


def _is_ours(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nndl")


def _exchanged(source: str, edit: Edit) -> str:
    if not edit.old:
        return edit.new
    if source.count(edit.old) != 1:
        raise ValueError(f"{edit.function} has {source.count(edit.old)} places that read {edit.old!r}, should be one")
    return source.replace(edit.old, edit.new)
