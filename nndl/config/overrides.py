"""--set train.epochs=5, --set 'model.layers[0].conv.filters=64': a change of the tree before it is checked."""

import re
from typing import Any

from nndl.config.marked import read
from nndl.config.messages import Path, dotted
from nndl.config.schema import LISTS, ONE_OF
from nndl.errors import ConfigError, UsageError

PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def parse(text: str) -> tuple[Path, Any]:
    """ "a.b[0].c=value" as a path and the value, read as YAML. Raises UsageError where it is not of that form."""
    key, equals, written = text.partition("=")
    key = key.strip()
    path: Path = tuple(name or int(index) for name, index in PART.findall(key))
    if not equals or not path or dotted(path) != key:
        raise UsageError(
            f"--set {text}: expected KEY=VALUE, such as train.epochs=5 or 'model.layers[0].conv.filters=64'"
        )
    try:
        return path, read(written, f"--set {text}").value
    except ConfigError as error:
        raise UsageError(str(error)) from None


def apply(tree: Any, text: str) -> Path:
    """Change `tree` in place as `text` says; returns the path set. Raises UsageError where there is no such place."""
    path, value = parse(text)
    node = tree
    for depth, (part, following) in enumerate(zip(path, (*path[1:], None), strict=True)):
        node = _enter(node, path[: depth + 1], part, following, value, text)
    return path


def _enter(node: Any, path: Path, part: str | int, following: str | int | None, value: Any, text: str) -> Any:
    """Step from `node` to its `part`, making mappings on the way; the last step sets `value`."""
    if isinstance(part, int):
        if not isinstance(node, list) or part >= len(node):
            length = f"has {len(node)} entries, counted from 0" if isinstance(node, list) else "is not a list"
            raise UsageError(f"--set {text}: {dotted(path[:-1])} {length}")
    elif not isinstance(node, dict):
        raise UsageError(f"--set {text}: {dotted(path[:-1])} has no keys to set in it")
    if following is None:
        node[part] = value
        return None
    inside = node[part] if isinstance(part, int) else node.get(part)
    if isinstance(following, str) and not isinstance(inside, dict):
        inside = node[part] = _as_mapping(inside, following)
    if isinstance(following, str) and isinstance(inside, dict) and _names_one(path) and following not in inside:
        inside.clear()  # another optimizer, or another layer, takes the place of the one named before
    return inside


def _as_mapping(value: Any, key: str) -> dict[str, Any]:
    """What a bare value is in the long form: `relu` is {relu: }, nothing is {}."""
    return {key: None} if value == key else {}


def _names_one(path: Path) -> bool:
    """Whether the mapping at `path` names one thing out of a table."""
    key = ".".join(part for part in path if isinstance(part, str))
    return key in ONE_OF and (key not in LISTS or isinstance(path[-1], int))
