"""Weights of classes in the losses: gradients, PyTorch's weighted mean, shards; scores are measured without them."""

import importlib.util
from typing import Any

import numpy as np
import pytest

from nndl.check.gradients import relative_error
from nndl.engines.reference import REFERENCE
from nndl.layers import softmax_loss, svm_loss
from nndl.net.catalog import Affine
from nndl.net.losses import Loss, SoftmaxLoss, SvmLoss
from nndl.net.network import Network
from nndl.train.evaluate import evaluate
from nndl.train.sharded.cut import Cut
from nndl.train.sharded.lanes import Lanes
from nndl.train.sharded.loss import ShardedLoss

WEIGHTS = np.array([0.5, 2.0, 1.0, 3.5])
RANDOM = np.random.default_rng(0)
X, Y = 2 * RANDOM.standard_normal((13, 4)), RANDOM.integers(0, 4, 13)
LOSSES: dict[str, Loss] = {
    "softmax": SoftmaxLoss(),
    "smoothed": SoftmaxLoss(label_smoothing=0.2),
    "svm": SvmLoss(),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=list(LOSSES))
def test_the_gradient_is_the_losss(loss: Loss) -> None:
    numerical, h = np.zeros_like(X), 1e-6
    for place in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[place] = h
        numerical[place] = (loss(X + step, Y, WEIGHTS)[0] - loss(X - step, Y, WEIGHTS)[0]) / (2 * h)
    assert relative_error(loss(X, Y, WEIGHTS)[1], numerical, 1e-4) < 1e-5


@pytest.mark.parametrize("loss", LOSSES.values(), ids=list(LOSSES))
def test_equal_weights_of_any_size_change_nothing_and_the_mean_is_the_weighted_one(loss: Loss) -> None:
    plain, weighted = loss(X, Y), loss(X, Y, np.full(4, 7.0))
    assert weighted[0] == pytest.approx(plain[0], rel=1e-12)
    np.testing.assert_allclose(weighted[1], plain[1], rtol=1e-12, atol=1e-15)
    if loss != LOSSES["smoothed"]:
        each = np.array([loss(X[i : i + 1], Y[i : i + 1])[0] for i in range(13)])
        assert loss(X, Y, WEIGHTS)[0] == pytest.approx(np.average(each, weights=WEIGHTS[Y]), rel=1e-12)


@pytest.mark.parametrize("function", [softmax_loss, svm_loss])
def test_float32_stays_float32(function: Any) -> None:
    loss, dx = function(X.astype(np.float32), Y, class_weights=WEIGHTS)
    assert (loss.dtype, dx.dtype) == (np.float32, np.float32)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_softmax_is_pytorchs_cross_entropy(smoothing: float) -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor(X, requires_grad=True)
    theirs = torch.nn.CrossEntropyLoss(torch.tensor(WEIGHTS), label_smoothing=smoothing)(x, torch.tensor(Y))
    theirs.backward()
    loss, dx = softmax_loss(X, Y, smoothing, WEIGHTS)
    assert loss == pytest.approx(theirs.item(), rel=1e-12)
    np.testing.assert_allclose(dx, x.grad.numpy(), rtol=1e-11, atol=1e-15)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
def test_svm_is_pytorchs_margin_loss_but_for_how_it_is_averaged() -> None:
    """It divides by the classes and by the images; ours by the weights of the labels, as its cross-entropy does."""
    torch = pytest.importorskip("torch")
    theirs = torch.nn.MultiMarginLoss(weight=torch.tensor(WEIGHTS))(torch.tensor(X), torch.tensor(Y)).item()
    assert svm_loss(X, Y, WEIGHTS)[0] * WEIGHTS[Y].sum() == pytest.approx(theirs * 4 * 13, rel=1e-12)


SHARES = RANDOM.dirichlet(np.ones(4), 13)
"""Labels of mixed images: a distribution over the classes for each."""


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_mixed_labels_have_the_gradient_of_their_loss_and_are_those_of_labels_where_nothing_is_mixed(
    smoothing: float,
) -> None:
    loss, numerical, h = SoftmaxLoss(label_smoothing=smoothing), np.zeros_like(X), 1e-6
    for place in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[place] = h
        numerical[place] = (loss(X + step, SHARES, WEIGHTS)[0] - loss(X - step, SHARES, WEIGHTS)[0]) / (2 * h)
    assert relative_error(loss(X, SHARES, WEIGHTS)[1], numerical, 1e-4) < 1e-5
    hard, soft = loss(X, Y, WEIGHTS), loss(X, np.eye(4)[Y], WEIGHTS)
    assert hard[0] == soft[0]
    np.testing.assert_array_equal(hard[1], soft[1])


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
def test_mixed_labels_are_pytorchs_but_for_the_sum_of_weights_it_does_not_divide_by() -> None:
    torch = pytest.importorskip("torch")
    weighted = torch.nn.CrossEntropyLoss(torch.tensor(WEIGHTS), label_smoothing=0.2, reduction="sum")
    theirs = weighted(torch.tensor(X), torch.tensor(SHARES)).item()
    assert SoftmaxLoss(label_smoothing=0.2)(X, SHARES, WEIGHTS)[0] * (SHARES @ WEIGHTS).sum() == pytest.approx(theirs)


def network(loss: Loss) -> Network:
    return Network([Affine(out_features=4)], (3, 2, 2), REFERENCE, loss=loss, dtype="float64", class_weights=WEIGHTS)


@pytest.mark.parametrize("whole", [False, True], ids=["shard", "batch"])
@pytest.mark.parametrize(("loss", "y"), [*((loss, Y) for loss in LOSSES.values()), (LOSSES["smoothed"], SHARES)])
def test_shards_add_up_to_the_batch(loss: Loss, y: Any, whole: bool) -> None:
    one, other = network(loss), network(loss)
    images = RANDOM.standard_normal((13, 3, 2, 2))
    expected, gradients = one.loss(images, y)
    cut = Cut(13, 4)
    found, sums = ShardedLoss(other, cut, Lanes(other, cut) if whole else None).loss(images, y)
    assert found == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(sums.vector, gradients.vector, rtol=0, atol=1e-13)


def test_scores_are_measured_without_them() -> None:
    own, images = network(SoftmaxLoss()), RANDOM.integers(0, 256, (13, 3, 2, 2)).astype(np.uint8)
    found = evaluate(own, images, Y, lambda pixels: pixels / 255.0)
    assert found.loss == pytest.approx(softmax_loss(own.scores(images / 255.0), Y)[0], rel=1e-12)
