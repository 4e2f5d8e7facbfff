"""The linear classifiers of assignment 1: with loops as without, right gradients, trained, saved and loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cs231n.classifiers import LinearSVM, Softmax
from cs231n.classifiers.linear_classifier import LinearClassifier
from cs231n.classifiers.linear_svm import svm_loss_naive, svm_loss_vectorized
from cs231n.classifiers.softmax import softmax_loss_naive, softmax_loss_vectorized
from nndl.check.gradients import check_gradients

PAIRS = [(svm_loss_naive, svm_loss_vectorized), (softmax_loss_naive, softmax_loss_vectorized)]


def blobs() -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    y = random.integers(3, size=60)
    return random.standard_normal((60, 5)) + 3 * np.eye(3, 5)[y], y


@pytest.mark.parametrize(("naive", "vectorized"), PAIRS)
@pytest.mark.parametrize("reg", [0.0, 0.7])
def test_losses_agree_and_have_right_gradients(naive: Callable[..., Any], vectorized: Any, reg: float) -> None:
    X, y = blobs()
    W = np.random.default_rng(1).standard_normal((5, 3))
    loss, grad = naive(W, X, y, reg)
    assert vectorized(W, X, y, reg)[0] == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(vectorized(W, X, y, reg)[1], grad, rtol=1e-10, atol=1e-12)
    check = check_gradients(lambda: naive(W, X, y, reg)[0], {"W": W}, {"W": grad})
    assert check.passed, check


def test_regularisation_has_no_half() -> None:
    X, y = blobs()
    W = np.ones((5, 3))
    assert softmax_loss_vectorized(W, X, y, 2.0)[0] - softmax_loss_vectorized(W, X, y, 0.0)[0] == pytest.approx(30)


@pytest.mark.parametrize("kind", [LinearSVM, Softmax])
def test_they_learn_go_on_and_are_saved(
    kind: type[LinearClassifier], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    np.random.seed(0)  # noqa: NPY002
    X, y = blobs()
    classifier = kind()
    history = classifier.train(X, y, learning_rate=0.05, reg=1e-3, num_iters=201, verbose=True)
    assert history[-1] < history[0]
    assert classifier.W is not None
    assert classifier.W.shape == (5, 3)
    assert (classifier.predict(X) == y).mean() > 0.9
    before = classifier.W.copy()
    classifier.train(X, y, learning_rate=0.0, num_iters=1)
    np.testing.assert_array_equal(classifier.W, before)  # it goes on from the weights it has
    classifier.save("best.npy")
    other = kind()
    assert other.load("best.npy")
    np.testing.assert_array_equal(other.W, before)
    assert not kind().load("none.npy")
    said = capsys.readouterr().out
    assert said.count("iteration") == 3
    assert said.endswith("best.npy saved.\nbest.npy loaded.\nnone.npy not available.\n")


def test_without_weights_it_says_so() -> None:
    with pytest.raises(ValueError, match="no weights yet"):
        Softmax().predict(np.zeros((1, 5)))
    with pytest.raises(ValueError, match="no weights yet"):
        Softmax().loss(np.zeros((1, 5)), np.zeros(1, int), 0.0)
