"""metrics.jsonl: what happened in a run, one JSON object a line; the truth that plots and tables are made from."""

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeGuard

from nndl.disk import sync
from nndl.runs.atomic import write_atomically
from nndl.runs.files import ForeignFileError, is_there, open_to_append, open_to_read
from nndl.runs.plain import parse_json

SECONDS_KEPT_BACK = 0.5
"""Time for which step lines may wait to be written together; `nndl watch` shows them as they come."""

STEPS_KEPT = 2000
"""Roughly how many step lines a run writes: enough for any curve, small enough to read in a moment."""

MOST_BYTES, LONGEST = 1 << 30, 1 << 22
"""Bytes of a file, and of a line in it: statistics of every step of a long training take most."""
MOST_STEPS = 1 << 53
"""More than any training has; a float holds it exactly."""

_STEP = b'{"kind": "step"'


class MetricsWriter:
    """Appends events; of steps only every so many, about STEPS_KEPT in all.

    A run that goes on after a step, and scored last after another, first loses the lines beyond them, and those of
    statistics beyond theirs (by default the step): they are about to be written again. Lines that a full disk refuses
    are kept, and written once there is room.
    """

    def __init__(
        self, path: Path, steps: int, after_step: int = 0, after_scored: int = 0, after_statistics: int | None = None
    ) -> None:
        self._every = max(1, steps // STEPS_KEPT)
        self._waiting: list[str] = []
        self._flushed = time.monotonic()
        if is_there(path):
            after = {
                "step": after_step,
                "epoch": after_scored,
                "noticed": after_step,
                "statistics": after_step if after_statistics is None else after_statistics,
            }
            kept = (line for line in read_metrics(path) if _stands(line, after))
            write_atomically(path, "".join(f"{json.dumps(line)}\n" for line in kept))
        self._file = open_to_append(path)
        self._size = os.fstat(self._file.fileno()).st_size

    def write(self, record: Mapping[str, Any]) -> None:
        """Take one event's record: its "kind" (step, epoch, ...), its "step", and what else there is to say."""
        if record["kind"] == "step" and record["step"] % self._every:
            return
        self._waiting.append(json.dumps(record) + "\n")
        now = time.monotonic()
        if record["kind"] != "step" or now - self._flushed > SECONDS_KEPT_BACK:
            self._flushed = now
            with contextlib.suppress(OSError):  # the lines wait; `sync` tells of it
                self._flush()

    def sync(self) -> None:
        """See everything onto the disk. Raises OSError where it takes no more."""
        self._flush()
        sync(self._file.fileno())

    def _flush(self) -> None:
        """Write what waits, whole or (OSError) not at all."""
        data = "".join(self._waiting).encode("utf-8")
        try:
            written = self._file.write(data) if data else 0
            while written < len(data):
                written += self._file.write(data[written:])
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(self._size)
            raise
        self._size += len(data)
        self._waiting.clear()

    def close(self) -> None:
        """Write what still waits."""
        try:
            self._flush()
        finally:
            self._file.close()

    def __enter__(self) -> "MetricsWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _stands(record: Mapping[str, Any], after: Mapping[str, int]) -> bool:
    """Tell whether a record is of what was done; of an end that was none it is not."""
    kind = record["kind"]
    return kind in after and bool(record["step"] <= after[kind])


def read_metrics(path: Path, *, steps: bool = True) -> Iterator[dict[str, Any]]:
    """Read the records of a file, in order, without what a crash left behind: a line cut short, or no record at all.

    Without `steps` their lines, most of the file, are passed over unread.
    """
    lines = _lines(path) if steps else (line for line in _lines(path) if not line.startswith(_STEP))
    return (record for record in map(record_of, lines) if record is not None)


def candidates(epochs: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Return the records of epochs that may be the best: of those that ended on small images only where all did."""
    return [epoch for epoch in epochs if not epoch.get("small")] or epochs


def unreadable_lines(path: Path) -> int:
    """Count the lines of a file that are no record, but for a last one cut short; 0 where there is no file."""
    return sum(record_of(line) is None for line in _lines(path)) if is_there(path) else 0


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the whole lines, read one by one; of one that is too long an empty one is left."""
    with open_to_read(path) as file:
        if os.fstat(file.fileno()).st_size > MOST_BYTES:
            raise ForeignFileError(path, f"has more than {MOST_BYTES:,} bytes, too many for the metrics of a run")
        yield from whole_lines(iter(lambda: file.readline(LONGEST), b""))


def whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines that `readline(LONGEST)` gave, without a last one cut short; of a longer one an empty one."""
    within = False
    for piece in pieces:
        ended = piece.endswith(b"\n")
        if ended:
            yield b"" if within else piece
        within = not ended


def record_of(line: bytes) -> dict[str, Any] | None:
    """Return the record that a line holds, or None where it holds none."""
    with contextlib.suppress(ValueError):
        record = parse_json(line.decode("utf-8", errors="replace"))
        if isinstance(record, dict) and isinstance(record.get("kind"), str) and _numbered(record):
            return record
    return None


def _numbered(record: Mapping[str, Any]) -> bool:
    return is_count(record.get("step")) and (record["kind"] != "epoch" or is_count(record.get("epoch")))


def is_count(value: Any) -> TypeGuard[int]:
    """Tell whether a value out of JSON counts steps or epochs."""
    return type(value) is int and 0 <= value <= MOST_STEPS
