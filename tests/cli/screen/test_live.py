"""The live view says what happens from before the first step to the end, and fits any terminal."""

import itertools
import re
from collections.abc import Callable

import pytest

from nndl.cli.screen import terminal
from nndl.cli.screen.live import LiveView
from nndl.train.events import EpochDone, Event, Finished, Scoring, StepDone
from nndl.train.solver import Solver
from tests.train import tiny

WIDTHS = (20, 30, 50, 63, 64, 80, 100, 140, 300)


@pytest.fixture
def above(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the view prints to stay; nothing is drawn."""
    said: list[str] = []

    class Lines:
        def __init__(self, draw: Callable[[int], object]) -> None:
            draw(80)

        def above(self, parts: terminal.Parts) -> None:
            said.append("".join(text for text, _ in parts))

        def __enter__(self) -> None: ...
        def __exit__(self, *error: object) -> None: ...

    monkeypatch.setattr(terminal, "LiveLines", Lines)
    monkeypatch.setattr(terminal, "can_print", lambda _: True)
    monkeypatch.setattr(terminal, "width", lambda: 80)
    return said


def drawn(view: LiveView, width: int = 80) -> list[str]:
    blank, *lines = ["".join(text for text, _ in line) for line in view.frame(width)]
    assert blank == ""
    return lines


def begun(solver: Solver) -> tuple[LiveView, list[Event]]:
    """A view of it, and all its events."""
    view = LiveView(solver, itertools.count().__next__)
    return view, list(solver.events())


@pytest.mark.usefixtures("above")
def test_before_the_first_step_it_says_so_and_the_time_goes_on() -> None:
    view, _ = begun(tiny.solver(epochs=2))
    with view:
        first, second = drawn(view)[-1], drawn(view)[-1]
    assert first.startswith("epoch 1/2  the first step is under way  0:0")
    assert first != second


@pytest.mark.usefixtures("above")
def test_a_run_that_goes_on_begins_where_it_stood() -> None:
    solver = tiny.solver(epochs=2)
    events = list(itertools.islice(solver.events(), 2))
    view = LiveView(solver)
    assert "epoch 1/2  step 3 is under way" in drawn(view)[-1]
    assert " 33 %" in drawn(view)[1]
    assert len(events) == 2


def test_steps_scoring_and_rows_are_shown_as_they_come(above: list[str]) -> None:
    solver = tiny.solver(epochs=2)
    view = LiveView(solver)
    solver.scoring = lambda scoring: (view.see_scoring(scoring), said.append(drawn(view)[-1]))  # type: ignore[func-returns-value]
    said: list[str] = []
    for event in solver.events():
        view.see(event)
        said.append(drawn(view)[-1])
    assert re.fullmatch(r"epoch 1/2  step 1/3  [\d,]+ images/s  lr 0.01", said[0])
    assert said[2] == "epoch 1/2  being scored"
    assert said[3].startswith("epoch 1/2  scoring training images  ")
    assert any(line.startswith("epoch 1/2  scoring validation images  ") for line in said)
    assert said[-1] == "epoch 2/2  the test images are being scored"
    view.see_scoring(Scoring("test", 500, 10_000))
    assert drawn(view)[-1] == "epoch 2/2  scoring test images  500/10,000"
    assert [line.split()[0] for line in above if line] == ["epoch", "1", "2"]


@pytest.mark.usefixtures("above")
def test_the_loss_is_a_curve_of_a_cell_a_step_until_the_line_is_full() -> None:
    view, events = begun(tiny.solver(epochs=25))
    for event in events:
        view.see(event)
        curve, bar, *_ = drawn(view)
        assert re.search(r"loss \d+\.\d{4}$", curve)
        if isinstance(event, StepDone):
            assert len(curve[:59].rstrip()) == min(event.step, 59)
            assert bar.count("━") + bar.count("╸") == 59 * event.step // 75
    assert isinstance(events[-1], Finished)
    assert "100 %  0:00 left" in drawn(view)[1]


@pytest.mark.usefixtures("above")
@pytest.mark.parametrize("width", WIDTHS)
def test_every_moment_fits_every_width_with_as_many_lines(width: int) -> None:
    view, events = begun(tiny.solver(epochs=2))
    heights = {len(drawn(view, width))}
    for event in events:
        view.see(event)
        heights.add(len(drawn(view, width)))
        assert all(len(line) <= width for line in drawn(view, width))
    assert len(heights) == 1
    view.say_stopping()
    assert drawn(view, width)[-1] == "Ctrl+C: stopping after this step; Ctrl+C again stops at once"[:width]


@pytest.mark.usefixtures("above")
def test_a_terminal_without_such_characters_gets_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "can_print", lambda _: False)
    view, events = begun(tiny.solver(epochs=2))
    for event in events:
        view.see(event)
    assert all(line.isascii() for line in drawn(view))
    assert drawn(view)[0].startswith("####")


@pytest.mark.usefixtures("above")
def test_time_left_counts_the_scoring_that_is_to_come() -> None:
    solver = tiny.solver(epochs=3)
    now = [0.0]
    view = LiveView(solver, lambda: now[0])
    for event in solver.events():
        if isinstance(event, EpochDone):
            now[0] += 100.0  # each epoch is scored for so long
        view.see(event)
        if isinstance(event, StepDone):
            left = drawn(view)[1].split("%")[1].split()[0]
            to_come = 0 if event.epoch == 1 else 100 * (4 - event.epoch)
            assert left == f"{to_come // 60}:{to_come % 60:02}"
