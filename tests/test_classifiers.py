"""The classifiers of the second homework: losses with loops and without agree, gradients are right, they learn."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import nndl
from nndl.check.gradients import check_gradients
from nndl.knn import KNN
from nndl.linear_classifier import LinearClassifier
from nndl.softmax import Softmax
from nndl.svm import SVM

Array = NDArray[Any]


def blobs(count: int = 60) -> tuple[Array, Array]:
    random = np.random.default_rng(0)
    y = random.integers(3, size=count)
    return random.standard_normal((count, 5)) + 3 * np.eye(3, 5)[y], y


@pytest.mark.parametrize("kind", [SVM, Softmax])
def test_losses_with_loops_and_without_agree_and_have_right_gradients(kind: type[LinearClassifier]) -> None:
    X, y = blobs()
    classifier = kind(dims=[3, 5])
    classifier.W = np.random.default_rng(1).standard_normal((3, 5))
    loss, grad = classifier.loss_and_grad(X, y)
    fast_loss, fast_grad = classifier.fast_loss_and_grad(X, y)
    assert classifier.loss(X, y) == pytest.approx(loss, rel=1e-12)
    assert fast_loss == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(fast_grad, grad, rtol=1e-10, atol=1e-12)
    check = check_gradients(lambda: classifier.loss(X, y), {"W": classifier.W}, {"W": grad})
    assert check.passed, check


@pytest.mark.parametrize("kind", [SVM, Softmax])
def test_they_learn_and_print_their_progress(kind: type[LinearClassifier], capsys: pytest.CaptureFixture[str]) -> None:
    np.random.seed(0)  # noqa: NPY002
    X, y = blobs()
    classifier = kind()
    history = classifier.train(X, y, learning_rate=0.1, num_iters=201, verbose=True)
    assert classifier.W.shape == (3, 5)
    assert history[-1] < history[0]
    assert (classifier.predict(X) == y).mean() > 0.9
    assert capsys.readouterr().out.count("iteration") == 3


def test_the_sparse_check_prints_small_errors_and_puts_w_back(capsys: pytest.CaptureFixture[str]) -> None:
    X, y = blobs()
    classifier = Softmax(dims=[3, 5])
    before = classifier.W.copy()
    classifier.grad_check_sparse(X, y, classifier.fast_loss_and_grad(X, y)[1], num_checks=3)
    errors = [float(line.rsplit(" ", 1)[1]) for line in capsys.readouterr().out.splitlines()]
    assert len(errors) == 3
    assert max(errors) < 1e-6
    assert np.array_equal(classifier.W, before)


def test_distances_with_loops_and_without_agree() -> None:
    X, y = blobs()
    knn = KNN()
    knn.train(X=X, y=y)
    dists = knn.compute_distances(X=X[:7])
    np.testing.assert_allclose(dists, np.linalg.norm(X[:7, np.newaxis] - X, axis=2), rtol=1e-12)
    np.testing.assert_allclose(knn.compute_L2_distances_vectorized(X[:7]), dists, atol=1e-6)
    largest = knn.compute_distances(X[:7], lambda x: np.linalg.norm(x, ord=np.inf))
    np.testing.assert_allclose(largest, np.abs(X[:7, np.newaxis] - X).max(axis=2))


def test_the_nearest_vote_and_a_draw_goes_to_the_smaller_class() -> None:
    knn = KNN()
    knn.train(np.array([[0.0], [1.0], [2.0], [10.0]]), np.array([2, 1, 2, 0]))
    dists = knn.compute_distances(np.array([[0.9], [9.0]]))
    assert knn.predict_labels(dists, k=1).tolist() == [1, 0]
    assert knn.predict_labels(dists, k=3).tolist() == [2, 0]


def test_they_can_be_had_from_the_package_itself() -> None:
    """Homework 2 says `from nndl import KNN`; importing nndl alone must stay free of NumPy."""
    assert (nndl.KNN, nndl.Softmax, nndl.SVM) == (KNN, Softmax, SVM)
    with pytest.raises(AttributeError, match="Knn"):
        nndl.Knn  # noqa: B018
