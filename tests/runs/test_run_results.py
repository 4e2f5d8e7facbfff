"""Scores as JSON, and those of several runs together."""

import numpy as np

from nndl.net.losses import SoftmaxLoss
from nndl.runs.results import accuracy_of, result_record, together
from nndl.train.evaluate import result_of


def scored(taken_for: list[int], labels: list[int]) -> dict[str, object]:
    scores = 5 * np.eye(2)[taken_for]
    return result_record(result_of([(scores, np.array(labels))], SoftmaxLoss()), ("cat", "dog"))


def test_a_class_has_its_own_accuracy_and_none_where_it_has_no_image() -> None:
    record = scored([0, 0, 1], [0, 0, 0])
    assert record["per_class"] == {
        "cat": {"correct": 2, "images": 3, "accuracy": 2 / 3},
        "dog": {"correct": 0, "images": 0, "accuracy": None},
    }
    assert accuracy_of(record) == 2 / 3
    assert accuracy_of({**record, "sets": [], "mean_accuracy": 0.5}) == 0.5


def test_what_several_runs_confused_is_counted_together() -> None:
    runs = [scored([0, 1, 1], [0, 0, 1]), scored([1, 1, 0], [0, 1, 1])]
    assert together(runs)["confusion"] == [[1, 2], [1, 2]]
