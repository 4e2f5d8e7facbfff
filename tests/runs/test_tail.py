"""Metrics that another process writes, as they grow."""

import os
import sys
import time
from pathlib import Path

import pytest

from nndl.runs.folder import RunFolder
from nndl.runs.tail import Tail, wait_for_begin
from tests.runs.made import make_run


def test_only_whole_lines_are_read_and_a_shorter_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    tail = Tail(file)
    assert list(tail.records()) == []
    file.write_bytes(b'{"kind": "step", "step": 1}\n{"kind": "step", "st')
    assert [record["step"] for record in tail.records()] == [1]
    with file.open("ab") as more:
        more.write(b'ep": 2}\nnonsense\n')
    assert [record["step"] for record in tail.records()] == [2]
    file.write_bytes(b'{"kind": "step", "step": 1}\n')
    assert [record["step"] for record in tail.records()] == [1]


def test_a_config_from_the_future_is_waited_for_no_longer_than_one_of_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_run(tmp_path / "run", begun=time.time() + 1e9)
    (folder / "summary.json").unlink()
    monkeypatch.setattr("nndl.runs.tail.PATIENCE", 0.2)
    began = time.monotonic()
    wait_for_begin(RunFolder(folder))
    assert time.monotonic() - began < 20


def test_a_tail_that_is_a_pipe_or_a_line_without_end_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b"[" * 5_000_000 + b'\n{"kind": "interrupted", "step": 3, "epoch": 1}\n{"kind"')
    assert [record["step"] for record in Tail(path).records()] == [3]
    path.unlink()
    if sys.platform != "win32":
        os.mkfifo(path)
    assert list(Tail(path).records()) == []
