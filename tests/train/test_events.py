"""Events as records and back."""

import json
from typing import Any

import pytest

from nndl.train.events import Finished, Noticed, StepDone, as_record, from_record
from tests.train import tiny


def test_events_come_back_from_their_records() -> None:
    events = [*tiny.solver(epochs=1).events(), Noticed(step=0, sign="dead", says="all", cure="none")]
    assert [from_record(json.loads(json.dumps(as_record(event)))) for event in events] == events


@pytest.mark.parametrize("change", [{"kind": "other"}, {"loss": None}, {"loss": "low"}, {"seconds": []}])
def test_what_is_no_event_is_none(change: dict[str, object]) -> None:
    step = {"kind": "step", "step": 1, "epoch": 1, "loss": 2.0, "learning_rate": 0.1, "images": 5, "seconds": 0.1}
    assert from_record(step) is not None
    assert from_record(step | {"of a later version": 1}) == from_record(step)
    assert from_record(step | change) is None


@pytest.mark.parametrize("key", ["step", "epoch", "loss", "images", "seconds"])
@pytest.mark.parametrize("value", [None, "1", [], {}, float("nan"), float("inf"), 10**299, 2**60, 1e300])
def test_a_record_that_no_training_writes_is_no_event(key: str, value: Any) -> None:
    record = as_record(StepDone(step=1, epoch=1, loss=2.0, learning_rate=0.1, images=10, seconds=0.1))
    assert from_record(record) is not None
    assert from_record({**record, key: value}) is None


@pytest.mark.parametrize("value", [None, 1, [], "x" * 2001])
def test_what_is_said_is_words_and_not_endless(value: Any) -> None:
    record = as_record(Noticed(step=0, sign="dead", says="all", cure="none"))
    assert from_record({**record, "says": value}) is None


@pytest.mark.parametrize("value", ["x", [], float("inf")])
def test_what_may_be_missing_is_missing_or_a_number(value: Any) -> None:
    done = Finished(step=1, epochs=1, best_epoch=1, best_validation_accuracy=None, seconds=1.0)
    assert from_record(as_record(done)) == done
    assert from_record({**as_record(done), "best_validation_accuracy": value}) is None
