"""The model that Solvers are given."""

import numpy as np
import pytest

from nndl.check.running.probe import ENOUGH, Model, images


@pytest.mark.parametrize("batches", [1, 2, ENOUGH])
def test_of_few_batches_nothing_is_said_that_chance_decides(batches: int) -> None:
    model, (X, y) = Model([[1.0], [1.0]], [10, 10]), images(10, 0)
    for _ in range(batches):
        model.loss(X[:3], y[:3])
    by_chance = {model.seen[name] for name in ("images of both halves of the set", "in random order")}
    assert by_chance == {batches < ENOUGH}


def test_labels_of_other_images_are_seen_at_once() -> None:
    model, (X, y) = Model([[1.0], [1.0]], [10, 10]), images(10, 0)
    model.loss(X[:3], np.roll(y, 1)[:3])
    assert not model.seen["labels are those of the images"]
