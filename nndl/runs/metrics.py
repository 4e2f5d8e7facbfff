"""metrics.jsonl: what happened in a run, one JSON object a line; the truth that plots and tables are made from."""

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

from nndl.runs.atomic import write_atomically

SECONDS_KEPT_BACK = 0.5
"""How long step lines may wait to be written together; `nndl watch` shows them as they come."""

STEPS_KEPT = 2000
"""Roughly how many step lines a run writes: enough for any curve, small enough to read in a moment."""


class MetricsWriter:
    """Appends events; of steps only every so many, about STEPS_KEPT in all.

    A run that goes on after a step and some scored epochs first loses the lines beyond them: they are about to be
    written again. Lines that a full disk refuses are kept, and written once there is room.
    """

    def __init__(self, path: Path, steps: int, after_step: int = 0, after_epoch: int = 0) -> None:
        self._every = max(1, steps // STEPS_KEPT)
        self._waiting: list[str] = []
        self._flushed = time.monotonic()
        if path.exists():
            kept = (line for line in read_metrics(path) if _stands(line, after_step, after_epoch))
            write_atomically(path, "".join(f"{json.dumps(line)}\n" for line in kept))
        self._file = FileIO(path, "a")
        self._size = path.stat().st_size

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
        os.fsync(self._file.fileno())

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


def _stands(record: Mapping[str, Any], after_step: int, after_epoch: int) -> bool:
    if record.get("kind") == "epoch":
        return bool(record["epoch"] <= after_epoch)
    return bool(
        record.get("kind") in ("step", "statistics") and record["step"] <= after_step
    )  # an end that was none goes too


def read_metrics(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file, in order, without what a crash left behind: a line cut short, or no record at all."""
    return (record for record in map(record_of, _lines(path)) if record is not None)


def unreadable_lines(path: Path) -> int:
    """How many lines of a file are no record, the last apart if it was cut short; 0 where there is no file."""
    return sum(record_of(line) is None for line in _lines(path)) if path.exists() else 0


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]


def record_of(line: str) -> dict[str, Any] | None:
    """The record that a line holds, or None where it holds none."""
    with contextlib.suppress(ValueError, RecursionError):
        record = json.loads(line)
        if isinstance(record, dict) and isinstance(record.get("kind"), str) and _numbered(record):
            return record
    return None


def _numbered(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("step"), int) and (record["kind"] != "epoch" or isinstance(record.get("epoch"), int))
