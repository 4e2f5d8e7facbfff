"""--set train.epochs=5, --set 'model.layers[0].conv.filters=64': a change of the tree before it is checked."""

import math
import re
from pathlib import Path as FilePath
from typing import Any

import yaml

from nndl.config.reading.marked import UNPRINTABLE, read
from nndl.config.reading.messages import Path, ProblemsError, dotted
from nndl.config.schema import ONE_OF, SECTIONS, Table
from nndl.described import option_names
from nndl.errors import UsageError
from nndl.visible import visible

PART = re.compile(r"([^.\[\]]+)|\[([0-9]{1,6})\]")


LEARNING_RATE = ("train", "optimizer", "learning_rate")


class Change(str):
    """A change as --set takes it that was not typed so: errors call it by the option that was."""

    called: str

    def __new__(cls, text: str, called: str) -> "Change":
        change = super().__new__(cls, text)
        change.called = called
        return change


def called(text: str) -> str:
    """Return what a person calls a change: the option that they typed."""
    return text.called if isinstance(text, Change) else f"--set {text}"


def parse(text: str) -> tuple[Path, Any]:
    """Read "a.b[0].c=value" as a path and a YAML value. Raises UsageError where it is not of that form."""
    key, equals, written = text.partition("=")
    key = key.strip()
    path: Path = tuple(name or int(index) for name, index in PART.findall(key))
    if not equals or not path or dotted(path) != key:
        raise UsageError(
            f"{called(text)}: expected KEY=VALUE, such as train.epochs=5 or 'model.layers[0].conv.filters=64'"
        )
    try:
        return path, read(written, called(text)).value
    except ProblemsError as error:
        raise UsageError(f"{called(text)}: {error.problems[0].words}") from None


def quoted(text: object) -> str:
    """Write a text as YAML that means it and nothing else: a folder may be called 2024, or null."""
    words = str(text)
    if words.isprintable():
        return "'" + words.replace("'", "''") + "'"
    escaped: str = yaml.safe_dump(words, default_style='"', width=math.inf)
    return escaped.rstrip("\n")


NO_BUDGET = "train.time_budget=null"
"""The change that --epochs makes besides, before those of --set: a config's time gives way to it."""


def of_epochs(epochs: float) -> str:
    """Return what --epochs sets, to the last digit; the number as it is usually written, 3 rather than 3.0."""
    return Change(f"train.epochs={epochs!r}".removesuffix(".0"), f"--epochs {epochs:.15g}")


def of_learning_rate(rate: float | None) -> list[str]:
    """Return what --lr sets, if it is given: the learning rate of the optimizer that the config names, whichever."""
    return [] if rate is None else [Change(f"{'.'.join(LEARNING_RATE)}={rate!r}", f"--lr {rate:.15g}")]


_GENERATED = (
    "data.dataset=synthetic",
    "data.validation_size=auto",
    *(f"data.{which}=all" for which in ("classes", "train_size", "test_size")),
)
SYNTHETIC = tuple(Change(text, "--synthetic") for text in _GENERATED)
"""The changes of --synthetic, before those of --set: sizes and classes of others mean nothing to generated images."""


def settings(
    engine: str | None = None,
    threads: int | str | None = None,
    seed: int | None = None,
    data: FilePath | None = None,
    name: str | None = None,
    batch_size: int | None = None,
) -> list[str]:
    """Return what the options of a command set, as --set would; those that are None set nothing.

    Raises UsageError for a folder whose name no config can hold.
    """
    if data is not None and UNPRINTABLE.search(str(data)):
        words = f"the name of the folder {visible(data)} is no text that a config can hold"
        raise UsageError(f"{words}; give it another name, or a link to it")
    given = {
        "engine": (engine, "engine"),
        "threads": (threads, "threads"),
        "seed": (seed, "seed"),
        "data": (None if data is None else quoted(data), "data.root"),
        "name": (None if name is None else quoted(name), "name"),
        "batch-size": (batch_size, "train.batch_size"),
    }
    typed = {"data": data, "name": name}
    return [
        Change(f"{key}={value}", f"--{option} {_shown(str(typed.get(option, value)))}")
        for option, (value, key) in given.items()
        if value is not None
    ]


def _shown(text: str) -> str:
    """Return a value as it was typed, in quotes where else there would be nothing to see."""
    return visible(text) if text.strip() else f'"{text}"'


def apply(tree: Any, text: str) -> Path:
    """Change `tree` in place as `text` says; returns the path set. Raises UsageError where there is no such place."""
    path, value = parse(text)
    if path == LEARNING_RATE and isinstance(text, Change):
        path = (*path[:2], _named(tree.get("train"), path[:2]), path[2])
    node = tree
    for depth, part in enumerate(path[:-1], 1):
        _require(node, path[:depth], text)
        inside = node[part] if isinstance(part, int) else node.get(part)
        _refuse_skipped(inside, path[:depth], path[depth], text)
        node[part] = _opened(inside, path[:depth], path[depth])
        node = node[part]
    _require(node, path, text)
    _make_room(node, path)
    node[path[-1]] = value
    return path


def _make_room(node: Any, path: Path) -> None:
    """Take out the options that say in another way what is about to be set: drop takes the place of keep."""
    described = (_table(path[:-2]) or {}).get(str(path[-2])) if len(path) > 1 else None
    if described is not None and path[-1] in described.one_of:
        for name in described.one_of:
            node.pop(name, None)


def _require(node: Any, path: Path, text: str) -> None:
    """Raise UsageError unless `node` can hold the last part of `path`."""
    part, place = path[-1], dotted(path[:-1]) or "a config"
    if isinstance(part, int):
        if not isinstance(node, list):
            raise UsageError(f"{called(text)}: {place} is not a list")
        if part >= len(node):
            raise UsageError(f"{called(text)}: {place} has {len(node)} entries, counted from 0")
    elif isinstance(node, list):
        raise UsageError(f"{called(text)}: {place} is a list; say which entry, {place}[0]")


def _refuse_skipped(value: Any, path: Path, option: str | int, text: str) -> None:
    """Raise UsageError for train.optimizer.learning_rate, which leaves out whose learning rate it is."""
    table = _table(path)
    if table is None or option in table:
        return
    kind = _kind(value, path)
    if isinstance(kind, str) and kind in table and option in option_names(table[kind]):
        raise UsageError(f"{called(text)}: did you mean {dotted((*path, kind, option))}?")


def _kind(value: Any, path: Path) -> Any:
    """Return the name in what stands at `path`, or in what counts where nothing does."""
    return value if isinstance(value, str) else next(iter(value), None) if isinstance(value, dict) else _default(path)


def _named(section: Any, path: Path) -> str:
    """Return the name that the key at `path` of a section gives."""
    return str(_kind(section.get(path[-1]) if isinstance(section, dict) else None, path))


def _default(path: Path) -> str | None:
    """Return what the mapping at `path` names where the config says nothing."""
    field = SECTIONS[str(path[0])].model_fields.get(str(path[-1]))
    default = type(field.default) if field else None
    return next((kind for kind, described in (_table(path) or {}).items() if described is default), None)


def _opened(value: Any, path: Path, following: str | int) -> Any:
    """Return `value`, which stands at `path`, in a form that `following` can be set in."""
    if isinstance(following, int):
        return value
    table, described = _table(path), (_table(path[:-1]) or {}).get(str(path[-1]))
    if table is not None and isinstance(value, str):
        value = {value: None}  # `relu` is {relu: }
    if table is not None and isinstance(value, dict) and following not in value:
        return {}  # another optimizer, or another layer, takes the place of the one named before
    if described is not None and described.shorthand and not isinstance(value, dict | None):
        return {described.shorthand: value}  # `max_pool: 2` is {max_pool: {size: 2}}
    return value if isinstance(value, dict | list) else {}


def _table(path: Path) -> Table | None:
    """Return the table that the mapping at `path` names one kind of, if it does."""
    if path[:2] == ("model", "define") and isinstance(path[-1], int):
        path = ("model", "layers", path[-1])  # a block holds layers
    for key in ONE_OF:
        if path[:2] == (key.section, key.name):
            names_one = isinstance(path[-1], int) if key.many else len(path) == 2
            return key.table if names_one else None
    return None
