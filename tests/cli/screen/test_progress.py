"""Views of training: a row an epoch, now and then a line, as JSON all of it."""

import json

import pytest

from nndl.cli.screen import progress
from nndl.cli.screen.epochs import sentence
from nndl.cli.screen.pace import Pace
from nndl.cli.screen.progress import JsonView, PlainView, QuietView
from nndl.train.events import StepDone
from tests.train import tiny


def test_plain_lines_come_every_few_seconds_and_a_row_for_each_epoch(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    solver = tiny.solver(epochs=2)
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with PlainView(solver) as view:
        for event in solver.events():
            now[0] += 2.0
            view.see(event)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("epoch 1/2  step 1/3  ")
    assert "  lr 0.01  " in lines[0]
    assert lines[0].endswith(" left")
    assert lines[1] == sentence(solver.history[0], 2)
    assert lines[1].startswith("epoch 1/2 done  train loss ")
    assert "(best)" in lines[1]
    assert lines[2].startswith("epoch 2/2  step 1/3")
    assert lines[3:] == [sentence(solver.history[1], 2)]


def test_a_last_epoch_that_is_a_part_of_one_is_counted_as_such() -> None:
    solver = tiny.solver(epochs=1.5)
    pace = Pace(solver)
    places = []
    for event in solver.events():
        if isinstance(event, StepDone):
            pace.see(event)
            places.append(pace.words().split("  ")[:2])
    assert places[2:] == [["epoch 1/2", "step 3/3"], ["epoch 2/2", "step 1/2"], ["epoch 2/2", "step 2/2"]]


def test_json_shows_every_event_and_quiet_none(capsys: pytest.CaptureFixture[str]) -> None:
    solver = tiny.solver(epochs=1)
    with JsonView() as view, QuietView() as quiet:
        for event in solver.events():
            view.see(event)
            quiet.see(event)
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["kind"] for record in records] == ["step", "step", "step", "epoch", "finished"]


def test_speed_and_loss_are_smoothed_without_leaning_on_the_first_step() -> None:
    solver = tiny.solver(epochs=100)
    pace = Pace(solver)
    for number in range(1, 201):
        loss, seconds = (9.0, 9.0) if number == 1 else (1.0, 0.5)
        step = StepDone(
            step=number, epoch=1 + (number - 1) // 3, loss=loss, learning_rate=0.1, images=100, seconds=seconds
        )
        pace.see(step)
    words = pace.words()
    assert "step 2/3" in words
    assert float(words.split("loss ")[1].split()[0]) == pytest.approx(1.0, abs=0.01)
    assert float(words.split(" images/s")[0].split()[-1]) == pytest.approx(200, rel=0.1)
