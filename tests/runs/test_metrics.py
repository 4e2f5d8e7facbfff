"""metrics.jsonl holds every epoch and enough steps, and goes on without a seam."""

import os
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from nndl.runs.files import ForeignFileError
from nndl.runs.metrics import STEPS_KEPT, MetricsWriter, candidates, read_metrics, unreadable_lines


def step(number: int) -> dict[str, Any]:
    return {"kind": "step", "step": number, "epoch": 1 + (number - 1) // 4, "loss": 1 / number}


def epoch(number: int) -> dict[str, Any]:
    return {"kind": "epoch", "step": 4 * number, "epoch": number}


EVENTS = [step(1), step(2), step(3), step(4), epoch(1), step(5), step(6), step(7), step(8), epoch(2)]


def test_a_short_run_is_written_whole(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path / "metrics.jsonl", 8) as metrics:
        for event in EVENTS:
            metrics.write(event)
    assert list(read_metrics(tmp_path / "metrics.jsonl")) == EVENTS


def test_epochs_of_small_images_are_candidates_while_there_are_no_others() -> None:
    small, whole = epoch(1) | {"small": True}, epoch(2)
    assert (candidates([small, whole]), candidates([small]), candidates([])) == ([whole], [small], [])


def test_a_long_run_is_thinned_but_keeps_its_epochs(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path / "metrics.jsonl", 10 * STEPS_KEPT) as metrics:
        for number in range(1, 41):
            metrics.write(step(number))
        metrics.write(epoch(1))
    lines = list(read_metrics(tmp_path / "metrics.jsonl"))
    assert lines == [step(10), step(20), step(30), step(40), epoch(1)]


def test_going_on_writes_what_an_unbroken_run_writes(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    with MetricsWriter(path, 8) as metrics:
        for event in [*EVENTS[:8], {"kind": "interrupted", "step": 7, "epoch": 2}]:
            metrics.write(event)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"kind": "step", "st')  # cut short by a crash
    with MetricsWriter(path, 8, after_step=4, after_scored=0) as metrics:  # the state saved before epoch 1 was scored
        for event in EVENTS[4:]:
            metrics.write(event)
    assert list(read_metrics(path)) == EVENTS


def test_what_is_no_record_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    lines = [b'{"kind": "step", "step": 1}', b"\0\0\0", b"[1]", b'{"kind": "epoch", "step": 2}', b'{"st\xff', b"null"]
    path.write_bytes(b"\n".join([*lines, b'{"kind": "step", "step": 2}', b'{"kind": "step", "step": 3']))
    assert [record["step"] for record in read_metrics(path)] == [1, 2]
    assert unreadable_lines(path) == 5
    assert unreadable_lines(tmp_path / "none") == 0


def test_lines_that_a_full_disk_refuses_are_written_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "metrics.jsonl"
    with MetricsWriter(path, 8) as metrics:
        metrics.write(epoch(1))
        real, file = metrics._file, Full(path)
        monkeypatch.setattr(metrics, "_file", file)
        metrics.write(epoch(2))
        with pytest.raises(OSError, match="No space"):
            metrics.sync()
        assert path.read_bytes().count(b"\n") == 1  # half a line was taken back
        metrics.write(step(9))
        file.close()
        monkeypatch.setattr(metrics, "_file", real)
        metrics.write(epoch(3))
    assert list(read_metrics(path)) == [epoch(1), epoch(2), step(9), epoch(3)]


class Full(FileIO):
    """A file that takes ten bytes and then no more."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "a")
        self._room = 10

    def write(self, data: Any, /) -> int:
        if not self._room:
            raise OSError(28, "No space left on device")
        taken = super().write(bytes(data)[: self._room])
        self._room = 0
        return taken


def test_step_lines_are_passed_over_where_they_are_not_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    with MetricsWriter(path, 8) as metrics:
        for event in EVENTS:
            metrics.write(event)
    assert list(read_metrics(path, steps=False)) == [epoch(1), epoch(2)]


def test_lines_and_files_beyond_measure_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    lines = [b"[" * 9_000_000, b'{"kind": "step", "step": 2}', b'{"kind": "step", "step": 1' + b"0" * 400 + b"}"]
    odd = (
        b'{"kind": "step", "step": true}',
        b'{"kind": "step", "step": -1}',
        b'{"kind": "epoch", "step": 1, "epoch": 1e3}',
    )
    path.write_bytes(b"\n".join([*lines, *odd, b'{"kind": "step", "step": 3}', b""]))
    assert [record["step"] for record in read_metrics(path)] == [2, 3]
    assert unreadable_lines(path) == 5
    os.truncate(path, 1 << 40)
    with pytest.raises(ForeignFileError, match="too many for the metrics of a run"):
        list(read_metrics(path))
