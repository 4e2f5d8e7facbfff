"""Scores are counted right, whatever the batch size."""

import numpy as np
import pytest

from nndl.train.evaluate import EvaluationStoppedError, evaluate
from tests.train import tiny


def test_counts_and_loss_by_hand() -> None:
    network = tiny.network()
    images, labels = tiny.images()
    scores = network.scores(tiny.normalize(images))
    result = evaluate(network, images, labels, tiny.normalize)
    predicted = scores.argmax(axis=1)
    assert result.accuracy == np.mean(predicted == labels)
    assert result.loss == pytest.approx(network.loss_function(scores, labels)[0], rel=1e-6)
    assert result.total.tolist() == np.bincount(labels).tolist()
    assert result.correct.tolist() == [int(np.sum((predicted == labels)[labels == c])) for c in range(tiny.CLASSES)]
    assert result.confusion[1, 2] == np.sum((labels == 1) & (predicted == 2))
    assert result.top5 == 1.0  # of four classes


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_the_batch_size_does_not_matter(batch_size: int) -> None:
    network = tiny.network()
    whole, parts = (evaluate(network, *tiny.images(), tiny.normalize, size) for size in (tiny.IMAGES, batch_size))
    np.testing.assert_array_equal(whole.confusion, parts.confusion)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-5)


def test_it_stops_when_asked_and_changes_nothing() -> None:
    network = tiny.network()
    before = network.buffers.vector.copy()
    with pytest.raises(EvaluationStoppedError):
        evaluate(network, *tiny.images(), tiny.normalize, 10, stopped=lambda: True)
    evaluate(network, *tiny.images(), tiny.normalize)
    np.testing.assert_array_equal(network.buffers.vector, before)
