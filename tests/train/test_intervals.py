"""Intervals: how they are written, and when they are over."""

from typing import Any

import pytest

from nndl.train.events import EpochDone, Event, StepDone
from nndl.train.intervals import Due, Interval, duration, parse_interval


def step(number: int) -> StepDone:
    return StepDone(step=number, epoch=1, loss=1.0, learning_rate=0.1, images=1, seconds=0.1)


def epoch(number: int) -> EpochDone:
    fields: dict[str, Any] = dict.fromkeys(EpochDone.__annotations__, 0)
    return EpochDone(**fields | {"step": 5 * number, "epoch": number})


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("epoch", Interval("epoch")),
        ("1 step", Interval("step", 1)),
        ("200 steps", Interval("step", 200)),
        ("10 minutes", Interval("minute", 10)),
    ],
)
def test_an_interval_is_read(text: str, interval: Interval) -> None:
    assert parse_interval(text) == interval


@pytest.mark.parametrize("text", ["", "epochs", "2 epochs", "0 steps", "-1 steps", "200", "1.5 minutes", "5  steps\n"])
def test_what_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 200 steps"):
        parse_interval(text)


def over(interval: Interval, events: list[Event]) -> list[Event]:
    due = Due(interval)
    return [event for event in events if due.at(event)]


def test_epochs_and_steps_are_counted() -> None:
    events: list[Event] = [step(3), step(4), step(5), epoch(1), step(6), epoch(2)]
    assert over(Interval("epoch"), events) == [epoch(1), epoch(2)]
    assert over(Interval("step", 2), events) == [step(4), step(6)]


def test_minutes_go_by_the_clock() -> None:
    now = 0.0
    due = Due(Interval("minute", 2), lambda: now)
    at = []
    for second in range(0, 500, 7):
        now = float(second)
        if due.at(step(second)):
            at.append(second)
    assert at == [126, 252, 378]


def test_durations_read_as_clocks() -> None:
    assert [duration(s) for s in (0, 59.6, 65, 3725)] == ["0:00", "1:00", "1:05", "1:02:05"]
