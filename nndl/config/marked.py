"""YAML with YAML 1.2's scalars, as plain values that remember where in the file each of them stands."""

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from nndl.config.messages import Mark, Path, Problem, ProblemsError

INTEGER = re.compile(r"[-+]?[0-9]+")
BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}
WORDS |= {".inf": float("inf"), "+.inf": float("inf"), "-.inf": float("-inf"), ".nan": float("nan")}

MOST_NODES = 20_000
"""More than any config needs; aliases that multiply (a "billion laughs") end here."""


@dataclass
class Marked:
    """The value of a YAML text, and the place of every key and value in it."""

    source: str
    text: str
    value: Any = None
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)

    def place(self, path: Path) -> Mark:
        """Where `path` stands; where the text lacks it, where its nearest parent does."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Mark(0, 0))


def read(text: str, source: str) -> Marked:
    """Parse one YAML document. Raises ProblemsError with every duplicate key, or the first error of syntax."""
    marked = Marked(source, text)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        _refuse_syntax(marked, error)
    except (yaml.YAMLError, RecursionError) as error:
        raise ProblemsError(source, text, [Problem((), f"this is not YAML: {error}", Mark(0, 0))]) from None
    if node is not None:
        reader = _Reader(marked)
        marked.value = reader.value(node, ())
        if reader.problems:
            raise ProblemsError(source, text, reader.problems)
    return marked


def _refuse_syntax(marked: Marked, error: yaml.MarkedYAMLError) -> NoReturn:
    where = error.problem_mark or error.context_mark
    mark = Mark(where.line, where.column) if where else Mark(0, 0)
    words = error.problem or "this is not YAML"
    if "\\t" in words or "\t" in marked.text.splitlines()[mark.line : mark.line + 1][:1].__str__():
        words += "; indent with spaces, not tabs"
    elif "mapping values are not allowed" in words:
        words += "; is the line indented wrongly, or does a text with ': ' want quotes?"
    raise ProblemsError(marked.source, marked.text, [Problem((), words, mark)]) from None


class _Reader:
    """Turns nodes into values and notes their places."""

    def __init__(self, marked: Marked) -> None:
        self.marked = marked
        self.problems: list[Problem] = []
        self.seen = 0

    def value(self, node: Node, path: Path) -> Any:
        self.seen += 1
        mark = Mark(node.start_mark.line, node.start_mark.column)
        if self.seen > MOST_NODES or len(path) > 50:
            raise ProblemsError(
                self.marked.source, self.marked.text, [Problem(path, "this is too large for a config", mark)]
            )
        self.marked.values[path] = mark
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return scalar(node.value) if node.style is None else node.value

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            mark = Mark(key_node.start_mark.line, key_node.start_mark.column)
            if not isinstance(key_node, ScalarNode):
                self.problems.append(Problem(path, "a key must be a plain word", mark))
                continue
            key = key_node.value
            if key in result:
                first = self.marked.keys[(*path, key)].line + 1
                words = f"{key!r} is set twice, first on line {first}; keep one of them"
                self.problems.append(Problem((*path, key), words, mark))
                continue
            self.marked.keys[(*path, key)] = mark
            result[key] = self.value(value_node, (*path, key))
        return result


def scalar(text: str) -> Any:
    """The value of an unquoted word by YAML 1.2's core schema: 1e-3 is a number, `on` is a word, 010 is ten."""
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if INTEGER.fullmatch(text):
        return int(text) if len(text) < 400 else float(text)
    if BASED.fullmatch(text):
        return int(text, 0)
    return float(text) if NUMBER.fullmatch(text) else text
