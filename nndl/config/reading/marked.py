"""YAML with YAML 1.2's scalars, as plain values that remember where in the file each of them stands."""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from nndl.config.reading.messages import Mark, Path, Problem, ProblemsError
from nndl.config.reading.syntax import explain, mark_of
from nndl.visible import visible

INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
BASED = re.compile(r"0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
WORDS |= {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
WORDS |= {f"{sign}.{inf}": float(f"{sign}inf") for sign in ("", "+", "-") for inf in ("inf", "Inf", "INF")}
WORDS |= {word: float("nan") for word in (".nan", ".NaN", ".NAN")}
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
NAME: Path = ("name",)
"""The place of the experiment's name."""

MOST_CHARACTERS = 1_000_000
MOST_NODES = 20_000
DEEPEST = 50
"""More than any config needs; aliases that multiply (a "billion laughs") or hold themselves end here."""
TOO_LARGE = "this is too large, or nested too deeply, for a config"


@dataclass
class Marked:
    """The value of a YAML text, and the place of every key and value in it."""

    source: str
    text: str
    value: Any = None
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)

    def place(self, path: Path, at_key: bool = False) -> Mark:
        """Find the place of the value (or the key) at `path`; where the text lacks it, that of its nearest parent."""
        if at_key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Mark(0, 0))


class _TooLargeError(Exception):
    def __init__(self, mark: Mark) -> None:
        super().__init__(TOO_LARGE)
        self.mark = mark


class _Composer(yaml.SafeLoader):
    """Leaves plain values without a tag: which is a number is YAML 1.2's to say, and a tag seen is one written."""

    seen = depth = 0

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:  # noqa: ARG002
        return ""

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        """Compose the next node; stop before a text becomes more nodes, or deeper ones, than a config has."""
        self.seen, self.depth = self.seen + 1, self.depth + 1
        if self.seen > MOST_NODES or self.depth > DEEPEST + 1:
            raise _TooLargeError(mark_of(self.peek_event().start_mark))  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read(text: str, source: str) -> Marked:
    """Parse one YAML document. Raises ProblemsError with every duplicate key, or the first error of syntax."""
    marked = Marked(source, text)
    if len(text) > MOST_CHARACTERS:
        raise ProblemsError(source, "", [Problem((), "this is too large for a config", Mark(0, 0))])
    try:
        node = yaml.compose(text, Loader=_Composer)
    except _TooLargeError as error:
        raise ProblemsError(source, text, [Problem((), TOO_LARGE, error.mark)]) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # the last two: escapes like \UFFFFFFFF
        mark, words = explain(error, text)
        raise ProblemsError(source, text, [Problem((), words, mark)]) from None
    if node is not None:
        reader = _Reader(marked)
        marked.value = reader.value(node, ())
        if reader.problems:
            raise ProblemsError(source, text, reader.problems)
    return marked


class _Reader:
    """Turns nodes into values and notes their places."""

    def __init__(self, marked: Marked) -> None:
        self.marked = marked
        self.problems: list[Problem] = []
        self.seen = 0

    def value(self, node: Node, path: Path) -> Any:
        self.seen += 1
        mark = _start(node)
        if self.seen > MOST_NODES or len(path) > DEEPEST:
            raise ProblemsError(self.marked.source, self.marked.text, [Problem(path, TOO_LARGE, mark)])
        empty = node.start_mark.index == node.end_mark.index
        self.marked.values[path] = self.marked.keys.get(path, mark) if empty else mark
        if node.tag:
            self.problems.append(Problem(path, "configs use no YAML tags ('!...'); leave it out", mark))
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            mark = _start(key_node)
            key = self._scalar(key_node, path, quoted=True)
            refusal = self._refusal(key_node, key, path, key in result)
            if refusal:
                self.problems.append(Problem((*path, key), refusal, mark))
                continue
            self.marked.keys[(*path, key)] = mark
            result[key] = self.value(value_node, (*path, key))
        return result

    def _refusal(self, node: Node, key: str, path: Path, again: bool) -> str | None:
        if not isinstance(node, ScalarNode):
            return "a key must be a plain word"
        if again:
            first = self.marked.keys[(*path, key)].line + 1
            return f"{key!r} is set twice, first on line {first}; keep one of them"
        if key == "<<" and node.style is None:
            return (
                "'<<' (merging mappings) is no part of YAML 1.2; write the keys out, or repeat a whole value with *name"
            )
        return None

    def _scalar(self, node: Node, path: Path, quoted: bool = False) -> Any:
        if not isinstance(node, ScalarNode):
            return ""
        if found := UNPRINTABLE.search(node.value):
            if path == NAME and not quoted:  # it is only shown: runs of files with names that are no text have such
                return visible(node.value)
            what = f"this text holds a character that cannot be printed, {visible(found[0])}"
            cure = "take it out, and out of the name of the file or folder meant"
            self.problems.append(Problem(path, f"{what}: {cure}", _start(node)))
        return node.value if quoted or node.style is not None else scalar(node.value)


def _start(node: Node) -> Mark:
    return Mark(node.start_mark.line, node.start_mark.column)


def scalar(text: str) -> Any:
    """Return the value of an unquoted word by YAML 1.2's core schema: 1e-3 is a number, `on` is a word, 010 is ten."""
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    if BASED.fullmatch(text):
        return int(text, 0)
    return float(text) if NUMBER.fullmatch(text) else text
