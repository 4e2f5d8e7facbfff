"""Rows of layers that are written once: `define` names them, `repeat` says how often. Here they are written out.

model:
  define:
    basic: [conv: {filters: $filters, bias: false}, spatial_bn, relu]
  layers:
    - basic: {filters: 64}
    - repeat: 3
      layers: [basic: 128]

What is behind this knows layers alone. Every one of them remembers where it was written, for messages.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from nndl.config.advice import nearest, suggest
from nndl.config.reading.marked import DEEPEST, MOST_NODES, scalar
from nndl.config.reading.messages import Path, Report
from nndl.config.shown import shown
from nndl.net.catalog import LAYERS

MOST_LAYERS = 600
"""Layers that repeats and blocks may become: a run's config, which says every option of each, can still be read."""
REPEAT = "repeat"
BLOCKS: Path = ("model", "define")
ROWS: Path = ("model", "layers")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
PARAMETER = re.compile(r"\$([A-Za-z][A-Za-z0-9_]*)")
IN_ITS_PLACE = "relu"
"""Stands for an entry that cannot be written out, so that the others are still looked at."""


class Origin(NamedTuple):
    """The place where something was written, and what uses it there, in words."""

    path: Path
    within: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Use:
    """The surroundings that a row of layers is written out in."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """The values of a block's parameters."""
    blocks: tuple[str, ...] = ()
    """The blocks it stands in, the outermost first."""
    words: tuple[str, ...] = ()
    """The same for a message, the innermost first."""
    is_free: bool = True
    """True outside of blocks and repeats, where what is written is counted already."""


class _TooManyError(Exception):
    """Written out, the layers are too many, or too deep in one another."""


class Expansion:
    """The layers of a config, written out in `layers`; `report` is told of written places, `line` gives their lines."""

    def __init__(self, model: Mapping[str, Any], report: Report, line: Callable[[Path], int]) -> None:
        self._report, self._line = report, line
        self._origins: dict[Path, Origin] = {}
        self._count = self._nodes = 0
        self._top: Path = ROWS
        self.layers = model["layers"]
        self._blocks = self._defined(model.get("define"))
        self._used = set[str]()
        self._open = self._is_broken = False
        self._parameters = {name: list(dict.fromkeys(parameters(row))) for name, row in self._blocks.items()}
        if isinstance(self.layers, list):
            try:
                self.layers = self._row(self.layers, ROWS, ROWS, _Use())
            except _TooManyError as error:
                report(self._top, str(error))
                self.layers, self._is_broken = [IN_ITS_PLACE], True

    def unused(self) -> Iterator[tuple[Path, list[Any]]]:
        """Yield the blocks that nothing uses, written out with their parameters as they are, and the place of each."""
        self._open, self._count, self._nodes = True, 0, 0
        for name, row in self._blocks.items():
            if name in self._used or self._is_broken:
                continue
            place = (*BLOCKS, name)
            with contextlib.suppress(_TooManyError):  # which harms nobody
                yield place, self._row(row, place, place, _Use(blocks=(name,), is_free=False))

    def origin(self, path: Path) -> Origin:
        """Return where what stands at `path`, when all is written out, was written."""
        for end in range(len(path), len(ROWS), -1):
            if path[:end] in self._origins:
                written, within = self._origins[path[:end]]
                return Origin((*written, *path[end:]), within)
        return Origin(path)

    def _defined(self, given: Any) -> dict[str, list[Any]]:
        """Return the blocks that can be used; report the others."""
        if given is None:
            return {}
        if not isinstance(given, dict):
            self._report(BLOCKS, "expected blocks by name, each a list of layers: define: {block: [...]}")
            return {}
        for name, row in given.items():
            for words in _refusals(name, row):
                self._report((*BLOCKS, name), words, at_key=True)
        return {name: row for name, row in given.items() if not any(_refusals(name, row))}

    def _row(self, row: Sequence[Any], written: Path, target: Path, use: _Use) -> list[Any]:
        """Write out the layers of a list, which will stand at `target`."""
        result: list[Any] = []
        self._extend(result, row, written, target, use)
        return result

    def _extend(self, result: list[Any], row: Sequence[Any], written: Path, target: Path, use: _Use) -> None:
        for index, entry in enumerate(row):
            here = (*written, index)
            if written == ROWS:
                self._top = here
            self._counted(use, target)
            kind = entry if isinstance(entry, str) else next(iter(entry), None) if isinstance(entry, dict) else None
            if kind == REPEAT or (isinstance(entry, dict) and REPEAT in entry):
                self._repeat(result, entry, here, target, use)
            elif kind in self._blocks and (isinstance(entry, str) or len(entry) == 1):
                self._use(result, str(kind), entry, here, target, use)
            else:
                place = (*target, len(result))
                self._origins[place] = Origin(here, use.words)
                result.append(self._layer(entry, here, place, use))

    def _counted(self, use: _Use, target: Path) -> None:
        self._count += not use.is_free
        if self._count > MOST_LAYERS:
            raise _TooManyError(f"written out, these are more than {MOST_LAYERS} layers; repeat fewer")
        if len(target) > DEEPEST and not use.is_free:
            raise _TooManyError("written out, these blocks stand too deeply in one another")

    def _refuse(self, result: list[Any], path: Path, words: str, use: _Use, at_key: bool = False) -> None:
        """Report an entry that cannot be written out, and put something in its place."""
        self._report(path, words + in_words(use.words), at_key)
        result.append(IN_ITS_PLACE)

    def _layer(self, entry: Any, written: Path, target: Path, use: _Use) -> Any:
        """Return a layer with values for its parameters, and what it holds written out."""
        kind = entry if isinstance(entry, str) else next(iter(entry)) if isinstance(entry, dict) and entry else ""
        near = nearest(kind, [*self._blocks, *LAYERS]) if self._blocks and kind not in LAYERS else None
        if near in self._blocks:
            at = (*written, kind) if isinstance(entry, dict) else written
            self._report(at, f"no layer or block {kind!r}; did you mean {near!r}?{in_words(use.words)}", at_key=True)
            return IN_ITS_PLACE
        if not isinstance(entry, dict) or len(entry) != 1 or kind not in LAYERS:
            return self._filled(entry, written, use)
        ((kind, given),) = entry.items()
        described, inside, there = LAYERS[kind], (*written, kind), (*target, kind)
        if isinstance(given, list) and described.shorthand in described.nested:
            return {kind: self._row(given, inside, there, use)}
        if not isinstance(given, dict):
            return {kind: self._filled(given, inside, use)}
        own = () if described.named is None else ("name",)
        options = {}
        for name, value in given.items():
            holds = name in described.nested or (described.named and name not in own)
            path = (*inside, name)
            is_row = holds and isinstance(value, list)
            options[name] = self._row(value, path, (*there, name), use) if is_row else self._filled(value, path, use)
        return {kind: options}

    def _filled(self, node: Any, written: Path, use: _Use) -> Any:
        """Return a value with those of the block's parameters in it."""
        self._nodes += not use.is_free
        if self._nodes > MOST_NODES:
            raise _TooManyError("written out, this is too large for a config")
        if isinstance(node, dict):
            return {key: self._filled(value, (*written, key), use) for key, value in node.items()}
        if isinstance(node, list):
            return [self._filled(value, (*written, index), use) for index, value in enumerate(node)]
        name = PARAMETER.fullmatch(node) if use.blocks and isinstance(node, str) else None
        return use.values.get(name[1], node) if name else node

    def _use(self, result: list[Any], name: str, entry: Any, written: Path, target: Path, use: _Use) -> None:
        """Write out a block where it is used."""
        if name in use.blocks:
            circle = " -> ".join([*use.blocks[use.blocks.index(name) :], name])
            self._refuse(result, written, f"a block cannot hold itself: {circle}", use)
            return
        self._used.add(name)
        given = self._filled(entry[name], (*written, name), use) if isinstance(entry, dict) else None
        parameters = self._parameters[name]
        at = (*written, name) if isinstance(entry, dict) else written
        if given is not None and not isinstance(given, dict) and len(parameters) == 1:
            given = {parameters[0]: given}
        wrong = _mismatch(name, parameters, given)
        if wrong is not None:
            key, words = wrong
            self._refuse(result, at if key is None else (*at, key), words, use, at_key=key is not None)
            return
        words = f"in block {name!r}, used on line {self._line(written)}"
        inside = _Use(given or {}, (*use.blocks, name), (words, *use.words), is_free=False)
        self._extend(result, self._blocks[name], (*BLOCKS, name), target, inside)

    def _repeat(self, result: list[Any], entry: Any, written: Path, target: Path, use: _Use) -> None:
        """Write out a row of layers as often as it says: {repeat: 3, layers: [...]}, or {repeat: {times: 3, ...}}."""
        beside = isinstance(entry, dict) and not isinstance(entry[REPEAT], dict)
        options = entry if beside else entry[REPEAT] if isinstance(entry, dict) else {}
        at, times_key = (written, REPEAT) if beside else ((*written, REPEAT), "times")
        for key in options:
            if key not in (times_key, "layers"):
                words = f"repeat: unknown key {key!r}; {suggest(key, [times_key, 'layers'])}"
                self._refuse(result, (*at, key), words, use, at_key=True)
                return
        times, row = self._filled(options.get(times_key), (*at, times_key), use), options.get("layers")
        if self._open and isinstance(times, str) and PARAMETER.fullmatch(times):
            times = 1
        for key, wrong in (("layers", _wrong_row(row)), (times_key, _wrong_times(times))):
            if wrong:
                self._refuse(result, (*at, key) if key in options else written, wrong, use)
                return
        for time in range(1, times + 1):
            within = (f"time {time} of {times}", *use.words) if time > 1 else use.words
            self._extend(result, row or (), (*at, "layers"), target, replace(use, words=within, is_free=False))


def in_words(within: Sequence[str]) -> str:
    """Return what is said behind a message on something written elsewhere than it is used."""
    return f" ({'; '.join(within)})" if within else ""


def _refusals(name: str, row: Any) -> Iterator[str]:
    """Yield what is wrong with the definition of a block."""
    if not (NAME.fullmatch(name) and isinstance(scalar(name), str)):
        yield f"a block's name begins with a letter, and has letters, digits, '_' and '-' only, not {name!r}"
    elif name in LAYERS or name == REPEAT:
        yield f"{name!r} is a layer's own name; give the block another"
    if not isinstance(row, list):
        yield f"block {name!r} is a list of layers, each on a line of its own beginning with '- '"
    elif not row:
        yield f"block {name!r} should not be empty"


def parameters(node: Any) -> Iterator[str]:
    """Yield the names of what a block is to be given: $filters."""
    if isinstance(node, dict | list):
        for value in node.values() if isinstance(node, dict) else node:
            yield from parameters(value)
    elif isinstance(node, str) and (name := PARAMETER.fullmatch(node)):
        yield name[1]


def _mismatch(name: str, parameters: Sequence[str], given: Any) -> tuple[str | None, str] | None:
    """Return what a block is given that it does not take, or lacks, in words, with the key that they are about."""
    options = {} if given is None else given
    needs = f"{name}: {{{', '.join(f'{each}: ...' for each in parameters)}}}" if parameters else name
    if not isinstance(options, dict):
        return None, f"write {needs}" if parameters else f"block {name!r} takes no values; write {name}"
    for key, value in options.items():
        if key not in parameters:
            return key, f"block {name!r} takes no {key!r}; {suggest(key, parameters)}"
        if isinstance(value, dict) or (
            isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
        ):
            return key, f"a block is given numbers and words, not {shown(value)}"
    missing = [each for each in parameters if each not in options]
    return (None, f"block {name!r} needs {', '.join(missing)}: {needs}") if missing else None


def _wrong_row(row: Any) -> str | None:
    if row is None:
        return "repeat: 'layers' is missing; write them below: repeat: 3, and layers: [...]"
    if not isinstance(row, list):
        return "repeat: layers should be a list of layers, each on a line of its own beginning with '- '"
    return None if row else "repeat: layers should not be empty"


def _wrong_times(times: Any) -> str | None:
    if isinstance(times, bool) or not isinstance(times, int):
        return f"repeat should be a whole number of times, not {shown(times)}"
    if times < 1:
        return f"repeat should be 1 or more times, not {times}"
    return f"repeat should be {MOST_LAYERS} or fewer times, not {times:,}" if times > MOST_LAYERS else None
