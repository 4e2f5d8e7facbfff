"""Imports of definitions that a submission does not hold: ours stand in for them, which whoever grades should know."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from nndl.check.running.loading import OURS

COURSES = ("nndl", "cs231n", "utils", OURS)
DEFINITIONS = (
    *("layers", "activations", "conv_layers", "layer_utils", "conv_layer_utils"),
    *("optim", "fc_net", "cnn", "fast_layers"),
)


def borrowed(files: Mapping[str, bytes]) -> list[str]:
    """Return a note for each file that imports a course's module of definitions which is not among `files`.

    A file by itself that imports what bears its own name, layers.py nndl.layers, does not mean itself.
    """
    held = Counter(PurePosixPath(name).stem for name in files)
    notes = []
    for name, data in files.items():
        imported = _imported(data)
        absent = [each for each in imported if each.startswith(f"{OURS}.") or not _is_held(each, name, held)]
        if absent:
            notes.append(f"{name} imports {', '.join(absent)}, which is not handed in: ours stood in for it")
    return notes


def _is_held(module: str, name: str, held: Mapping[str, int]) -> bool:
    """Tell whether a submission holds a module that its file `name` imports."""
    package, _, stem = module.rpartition(".")
    path = PurePosixPath(name)
    itself = path.stem == stem and path.parent.name != package.rpartition(".")[2]
    return held.get(stem, 0) > itself


def _imported(data: bytes) -> list[str]:
    """Return the courses' modules of definitions that a file imports, anywhere in it."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = [module for node in ast.walk(tree) for module in _modules(node)]
    wanted = [each for each in found if each.split(".")[0] in COURSES and each.rpartition(".")[2] in DEFINITIONS]
    return list(dict.fromkeys(wanted))


def _modules(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
