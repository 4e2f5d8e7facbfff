"""metrics.jsonl: what happened in a run, one JSON object a line; the truth that plots and tables are made from."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from nndl.runs.atomic import write_atomically

STEPS_KEPT = 2000
"""Roughly how many step lines a run writes: enough for any curve, small enough to read in a moment."""


class MetricsWriter:
    """Appends events; of steps only every so many, about STEPS_KEPT in all.

    A run that goes on after a step and some scored epochs first loses the lines beyond them: they are about to be
    written again.
    """

    def __init__(self, path: Path, steps: int, after_step: int = 0, after_epoch: int = 0) -> None:
        self._every = max(1, steps // STEPS_KEPT)
        if path.exists():
            kept = (line for line in read_metrics(path) if _stands(line, after_step, after_epoch))
            write_atomically(path, "".join(f"{json.dumps(line)}\n" for line in kept))
        self._file = path.open("a", encoding="utf-8", newline="\n")

    def write(self, record: Mapping[str, Any]) -> None:
        """Take one event's record: its "kind" (step, epoch, ...), its "step", and what else there is to say."""
        if record["kind"] == "step" and record["step"] % self._every:
            return
        self._file.write(json.dumps(record) + "\n")
        if record["kind"] != "step" or record["step"] % (50 * self._every) == 0:
            self._file.flush()

    def close(self) -> None:
        """Write what is still in memory."""
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
    return bool(record.get("kind") == "step" and record["step"] <= after_step)  # an end that was none goes too


def read_metrics(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file, in order; a last line cut short by a crash is left out."""
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)
