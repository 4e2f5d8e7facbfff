"""The nearest neighbours of assignment 1: distances with two loops, one and none."""

import numpy as np
import pytest

from cs231n.classifiers import KNearestNeighbor


def test_the_three_ways_agree_and_predict() -> None:
    random = np.random.default_rng(0)
    X, y = random.standard_normal((20, 6)), random.integers(4, size=20)
    classifier = KNearestNeighbor()
    classifier.train(X, y)
    two = classifier.compute_distances_two_loops(X[:5] + 0.1)
    np.testing.assert_allclose(classifier.compute_distances_one_loop(X[:5] + 0.1), two, rtol=1e-12)
    np.testing.assert_allclose(classifier.compute_distances_no_loops(X[:5] + 0.1), two, rtol=1e-7)
    assert {tuple(classifier.predict(X[:5], k=1, num_loops=loops)) for loops in (0, 1, 2)} == {tuple(y[:5])}
    with pytest.raises(ValueError, match="num_loops is 0, 1 or 2, not 3"):
        classifier.predict(X, num_loops=3)
