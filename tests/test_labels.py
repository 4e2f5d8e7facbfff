"""Labels that are none are refused by every function that takes labels, before anything is computed with them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cs231n.classifiers import KNearestNeighbor, LinearSVM, linear_svm
from cs231n.classifiers import neural_net as course_net
from cs231n.classifiers import softmax as course_softmax
from cs231n.solver import Solver
from nndl.fc_net import FullyConnectedNet
from nndl.fc_net import TwoLayerNet as FcNet
from nndl.knn import KNN
from nndl.layers import softmax_loss, svm_loss
from nndl.neural_net import TwoLayerNet
from nndl.softmax import Softmax
from nndl.svm import SVM

X, W = np.arange(24.0).reshape(4, 6) / 24, np.arange(18.0).reshape(6, 3) / 18
RIGHT = np.array([0, 2, 1, 2])


def solver(y: Any, y_val: Any = RIGHT) -> None:
    data = {"X_train": X, "y_train": y, "X_val": X, "y_val": y_val}
    Solver(FullyConnectedNet([5], input_dim=6, num_classes=3), data, num_epochs=1, verbose=False).train()


TAKERS: dict[str, Callable[[Any], Any]] = {
    "softmax_loss": lambda y: softmax_loss(X @ W, y, 0.1),
    "svm_loss": lambda y: svm_loss(X @ W, y),
    "svm_loss_naive": lambda y: linear_svm.svm_loss_naive(W, X, y, 0.1),
    "svm_loss_vectorized": lambda y: linear_svm.svm_loss_vectorized(W, X, y, 0.1),
    "softmax_loss_naive": lambda y: course_softmax.softmax_loss_naive(W, X, y, 0.1),
    "softmax_loss_vectorized": lambda y: course_softmax.softmax_loss_vectorized(W, X, y, 0.1),
    "SVM.loss": lambda y: SVM((3, 6)).loss(X, y),
    "SVM.loss_and_grad": lambda y: SVM((3, 6)).loss_and_grad(X, y),
    "Softmax.loss": lambda y: Softmax((3, 6)).loss(X, y),
    "Softmax.fast_loss_and_grad": lambda y: Softmax((3, 6)).fast_loss_and_grad(X, y),
    "neural_net.loss": lambda y: TwoLayerNet(6, 5, 3).loss(X, y),
    "neural_net.train": lambda y: TwoLayerNet(6, 5, 3).train(X, y, X, RIGHT, num_iters=1),
    "neural_net.train, y_val": lambda y: TwoLayerNet(6, 5, 3).train(X, RIGHT, X, y, num_iters=1),
    "course neural_net": lambda y: course_net.TwoLayerNet(6, 5, 3).train(X, y, X, RIGHT, num_iters=1),
    "fc_net.TwoLayerNet": lambda y: FcNet(6, 5, 3).loss(X, y),
    "Solver": solver,
}
OPEN: dict[str, Callable[[Any], Any]] = {
    "SVM.train": lambda y: SVM((3, 6)).train(X, y, num_iters=1),
    "LinearSVM.train": lambda y: LinearSVM().train(X, y, num_iters=1),
    "KNN": lambda y: KNN().train(X, y),
    "KNearestNeighbor": lambda y: KNearestNeighbor().train(X, y),
    "Solver, y_val": lambda y: solver(RIGHT, y),
}
"""Those that learn from the labels how many classes there are."""

WRONG: dict[str, tuple[Any, str]] = {
    "negative": (np.array([0, -1, 2, 1]), "from -1 to 2"),
    "float": (np.array([0.0, 1.0, 2.0, 1.0]), "whole numbers.*float64"),
    "text": (np.array(["cat", "dog", "cat", "cat"]), "whole numbers"),
    "objects": (np.array([0, None, 1, 2], object), "whole numbers.*object"),
    "a column": (RIGHT[:, None], r"\(4, 1\)"),
    "too few": (RIGHT[:3], r"4 examples, not \(3,\)"),
    "too many": (np.tile(RIGHT, 2), r"4 examples, not \(8,\)"),
    "one-hot": (np.eye(3)[RIGHT], r"\(4, 3\)"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("taker", TAKERS | OPEN)
def test_they_are_refused_in_words(taker: str, wrong: str) -> None:
    labels, words = WRONG[wrong]
    with pytest.raises(ValueError, match=f"^labels .*{words}"):
        (TAKERS | OPEN)[taker](labels)


@pytest.mark.parametrize("taker", TAKERS)
def test_a_class_that_is_not_there_is_refused(taker: str) -> None:
    with pytest.raises(ValueError, match="labels go from 0 to 2, these from 0 to 3"):
        TAKERS[taker](np.array([0, 3, 3, 3]))


@pytest.mark.parametrize("taker", TAKERS | OPEN)
def test_whole_numbers_of_every_type_are_taken(taker: str) -> None:
    results = [
        drawn(lambda labels=labels: (TAKERS | OPEN)[taker](labels))  # type: ignore[misc]
        for labels in [np.array([0, 1, 1, 0], dtype) for dtype in (int, np.uint8, np.uint64, np.int8, bool)]
    ]
    for result in results[1:]:
        np.testing.assert_equal(result, results[0])


def drawn(function: Callable[[], Any]) -> Any:
    """Call a function that draws from NumPy's global state, always from the same one."""
    np.random.seed(5)  # noqa: NPY002
    return function()


@pytest.mark.parametrize("k", [0, -1, 1.5, "3"])
def test_neighbours_that_vote_are_a_whole_number_from_one_on(k: Any) -> None:
    model = KNN()
    model.train(X, RIGHT)
    with pytest.raises(ValueError, match="k, the number of neighbours that vote, is a whole number from 1 on"):
        model.predict_labels(model.compute_distances(X), k)
