"""A training begun in Python shows where it stands to whoever watches, and prints nothing elsewhere."""

import io
import re
from pathlib import Path

import numpy as np
import pytest

from nndl import api
from nndl.config import parse_config
from tests.small_run import STEPS, config, experiment


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def trained(stream: io.StringIO, folder: Path, monkeypatch: pytest.MonkeyPatch, *, progress: bool = True) -> api.Run:
    monkeypatch.setattr("sys.stdout", stream)
    return api.train(experiment(), folder, progress=progress)


def test_a_line_is_rewritten_and_one_stays_for_each_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    trained(stream, tmp_path / "run", monkeypatch)
    stays = [line.rpartition("\r")[2].strip() for line in stream.getvalue().split("\n")]
    form = r"epoch \d/3  loss \d+\.\d{4}  training \d+\.\d\d %  validation \d+\.\d\d %( \(best\))?"
    assert [bool(re.fullmatch(form, line)) for line in stays] == [True, True, True, False]
    assert f"step 1/{STEPS}" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(("stream", "progress"), [(Terminal(), False), (io.StringIO(), True)])
def test_unwatched_or_unwanted_nothing_is_printed(
    stream: io.StringIO, progress: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(stream, tmp_path / "run", monkeypatch, progress=progress)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("made", [False, True])
def test_notes_of_the_command_line_are_told_where_the_line_is(
    made: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = "train:\n  groups: [{match: '*.w', freeze_after: 9}]"
    freezing = parse_config(config().replace("train:", groups), "small.yaml")
    for number, (stream, progress) in enumerate([(Terminal(), True), (Terminal(), False), (io.StringIO(), True)]):
        monkeypatch.setattr("sys.stdout", stream)
        api.train(api.build(freezing) if made else freezing, tmp_path / str(number), progress=progress)
        assert ("'*.w' after epoch 9 never comes\n" in stream.getvalue()) is (number == 0)


def test_notes_on_resuming_are_told_where_the_line_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = api.train(experiment(), tmp_path / "run")
    monkeypatch.setattr("sys.stdout", stream := Terminal())
    run.resume(4)
    assert "train.epochs: 3 -> 4; the schedule (cosine) now ends with epoch 4" in stream.getvalue()


def test_a_run_tells_its_history_and_shows_itself(tmp_path: Path) -> None:
    run = api.train(experiment(), tmp_path / "<run>")
    curves = run.curves()
    assert [epoch.epoch for epoch in run.history] == [1, 2, 3]
    assert curves["epoch"].tolist() == [1, 2, 3]
    assert curves["validation_accuracy"].tolist() == [epoch.validation_accuracy for epoch in run.history]
    assert curves["step"].tolist() == list(range(1, STEPS + 1))
    assert all(np.isfinite(values).all() for values in curves.values())
    assert repr(run) == f"Run({str(tmp_path / '<run>')!r}: small, best weights, step {run.step})"
    assert repr(run.network).startswith("Network(6 layers, 3 x 32 x 32 -> 10, ")
    shown, network = run._repr_html_(), run.network._repr_html_()
    assert "&lt;run&gt;" in shown
    assert "<run>" not in shown
    assert network in shown
    assert f'<td style="text-align: right">{run.network.params.size:,}</td>' in network
