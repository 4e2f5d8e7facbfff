"""Events as records and back."""

import json

import pytest

from nndl.train.events import as_record, from_record
from tests.train import tiny


def test_events_come_back_from_their_records() -> None:
    events = list(tiny.solver(epochs=1).events())
    assert [from_record(json.loads(json.dumps(as_record(event)))) for event in events] == events


@pytest.mark.parametrize("change", [{"kind": "other"}, {"loss": None}, {"loss": "low"}, {"seconds": []}])
def test_what_is_no_event_is_none(change: dict[str, object]) -> None:
    step = {"kind": "step", "step": 1, "epoch": 1, "loss": 2.0, "learning_rate": 0.1, "images": 5, "seconds": 0.1}
    assert from_record(step) is not None
    assert from_record(step | {"of a later version": 1}) == from_record(step)
    assert from_record(step | change) is None
