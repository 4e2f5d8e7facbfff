"""JSON and YAML that a stranger may have written, as plain values: no deeper, larger or stranger than can be handled.

What these give can be compared, walked and printed without a thought: mappings with keys of text, lists, text, numbers
that a float can hold, true, false and null. NaN and infinity are let through, since a run that went wrong has them.
"""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from nndl.runs.files import MOST_TEXT, read_bounded

DEEPEST = 50
"""More than any file of a run needs."""
MOST_DIGITS = 300
"""Of a whole number: as many as a config may have, and a float can hold."""
_HALVES = re.compile(r"(?<!\\)\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""Escapes of bytes in a name that is no text, at which libyaml stops: they are taken as they are written."""
MOST_NODES = 20_000
"""Values in a config, as `nndl.config` takes them: an alias counts as often as it stands there."""


def read_json(path: Path, most: int = MOST_TEXT) -> Any:
    """Parse a JSON file. Raises ValueError where it holds none, and OSError as `read_bounded` does."""
    return parse_json(read_bounded(path, most).decode("utf-8", errors="replace"))


def parse_json(text: str) -> Any:
    """Parse JSON; raises ValueError for what is none, is nested too deeply, or has a number beyond all measure."""
    try:
        value = json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    if text.count("[") + text.count("{") > DEEPEST:
        _refuse_deep(value, DEEPEST)
    return value


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"has a number of {len(digits):,} digits")
    return int(digits)


def _refuse_deep(value: Any, depth: int) -> None:
    if not depth:
        raise ValueError("is nested too deeply")
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            _refuse_deep(item, depth - 1)


def parse_yaml(text: str) -> Any:
    """Parse YAML as PyYAML's safe loader does, with dates as text.

    Raises ValueError for what is none, and for aliases that multiply, or hold themselves, beyond what a config needs.
    """
    if text.count("\n") + text.count(",") > 2 * MOST_NODES:  # before PyYAML spends seconds on it
        raise ValueError("is too large")
    try:
        node = yaml.compose(_HALVES.sub(r"\\\g<0>", text), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError, OverflowError) as error:  # the last for escapes like \UFFFFFFFF
        raise ValueError(str(error)) from None
    return None if node is None else _Plain().value(node, DEEPEST)


class _Plain:
    """Turns nodes into values, and counts them."""

    def __init__(self) -> None:
        self._loader, self._left = yaml.SafeLoader(""), MOST_NODES

    def value(self, node: yaml.Node, depth: int) -> Any:
        self._left -= 1
        if not (depth and self._left):
            raise ValueError("is too large, or nested too deeply")
        if isinstance(node, yaml.MappingNode):
            return {self._key(key): self.value(value, depth - 1) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth - 1) for item in node.value]
        return self._scalar(node)

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise ValueError("has a key that is no plain word")
        return str(node.value)

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            value = self._loader.construct_object(node)
        except Exception as error:  # PyYAML's own, and what its constructors let through: !!bool zz is a KeyError
            raise ValueError(str(error)) from None
        if isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
            raise ValueError("has a number beyond all measure")
        if isinstance(value, bytes | date):
            return str(node.value)
        return value if isinstance(value, str | int | float | None) else str(node.value)
