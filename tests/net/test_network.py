"""A network speaks like the courses' models, and means what its layers' pairs mean."""

import numpy as np
import pytest

from nndl.conv_layers import (
    conv_backward_naive,
    conv_forward_naive,
    max_pool_backward_naive,
    max_pool_forward_naive,
    spatial_batchnorm_backward,
    spatial_batchnorm_forward,
)
from nndl.engines.reference import REFERENCE
from nndl.engines.shared.threads import set_threads, thread_count
from nndl.engines.vectorized import VECTORIZED
from nndl.layers import affine_backward, affine_forward, relu_backward, relu_forward, softmax_loss
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.pool import MaxPool
from nndl.net.catalog.residual import Residual
from nndl.net.catalog.simple import Dropout, StochasticDepth
from nndl.net.contract import Engine, Lowered, Rule, Site
from nndl.net.layer import Layer
from nndl.net.network import Network, Part
from nndl.net.steps import lower_by_definition
from nndl.net.types import Array

LAYERS = (Conv(filters=4), SpatialBn(), Relu(), MaxPool(), Affine(out_features=3))
SHAPE = (2, 6, 6)


@pytest.fixture
def batch() -> tuple[Array, Array]:
    random = np.random.default_rng(1)
    return random.standard_normal((5, *SHAPE)), random.integers(0, 3, 5)


def network(**options: object) -> Network:
    return Network(LAYERS, SHAPE, REFERENCE, dtype="float64", **options)  # type: ignore[arg-type]


def test_loss_and_gradients_are_those_of_the_pairs_composed_by_hand(batch: tuple[Array, Array]) -> None:
    X, y = batch
    model = network()
    p = {name: value.copy() for name, value in model.params.items()}
    a, conv = conv_forward_naive(X, p["conv1.w"], p["conv1.b"], {"stride": 1, "pad": 1})
    a, bn = spatial_batchnorm_forward(a, p["spatial_bn1.gamma"], p["spatial_bn1.beta"], {"mode": "train"})
    a, relu = relu_forward(a)
    a, pool = max_pool_forward_naive(a, {"pool_height": 2, "pool_width": 2, "stride": 2})
    scores, affine = affine_forward(a, p["affine1.w"], p["affine1.b"])
    expected_loss, d = softmax_loss(scores, y)
    d, dw, db = affine_backward(d, affine)
    d = relu_backward(max_pool_backward_naive(d, pool), relu)
    d, dgamma, dbeta = spatial_batchnorm_backward(d, bn)
    _, dw1, db1 = conv_backward_naive(d, conv)

    loss, grads = model.loss(X, y)

    assert loss == pytest.approx(expected_loss, rel=1e-12)
    expected = {
        "conv1.w": dw1,
        "conv1.b": db1,
        "spatial_bn1.gamma": dgamma,
        "spatial_bn1.beta": dbeta,
        "affine1.w": dw,
        "affine1.b": db,
    }
    assert set(grads) == set(expected)
    for name, gradient in expected.items():
        np.testing.assert_allclose(grads[name], gradient, rtol=1e-10, atol=1e-14, err_msg=name)


def test_scores_use_and_keep_the_running_statistics(batch: tuple[Array, Array]) -> None:
    X, y = batch
    model = network()
    before = {name: value.copy() for name, value in model.buffers.items()}
    first = model.loss(X)
    assert all((model.buffers[name] == value).all() for name, value in before.items())
    model.loss(X, y)
    assert any((model.buffers[name] != value).any() for name, value in before.items())
    assert (model.loss(X) != first).any()


def test_scores_are_not_overwritten_by_the_next_call(batch: tuple[Array, Array]) -> None:
    X, _ = batch
    model = network()
    first = model.scores(X)
    kept = first.copy()
    model.scores(2 * X)
    np.testing.assert_array_equal(first, kept)


def test_activations_are_arrays_of_their_own_that_end_in_the_scores(batch: tuple[Array, Array]) -> None:
    X, _ = batch
    for engine in (REFERENCE, VECTORIZED):
        model = Network(LAYERS, SHAPE, engine, dtype="float64")
        scores = model.scores(X)
        seen = [(path, out, out.copy()) for path, out in model.activations(X)]
        model.scores(2 * X)
        assert seen[-1][0] == "affine1"
        np.testing.assert_array_equal(seen[-1][1], scores)
        for path, out, kept in seen:
            np.testing.assert_array_equal(out, kept, err_msg=path)


def test_l2_adds_to_loss_and_gradients_of_weights_alone(batch: tuple[Array, Array]) -> None:
    X, y = batch
    plain, regularised = network(), network(l2=0.5)
    loss, grads = plain.loss(X, y)
    loss_l2, grads_l2 = regularised.loss(X, y)
    weights = {"conv1.w", "affine1.w"}
    assert loss_l2 == pytest.approx(loss + sum(0.25 * (plain.params[name] ** 2).sum() for name in weights))
    for name in grads:
        expected = grads[name] + (0.5 * plain.params[name] if name in weights else 0.0)
        np.testing.assert_allclose(grads_l2[name], expected, rtol=1e-12)


@pytest.mark.parametrize("threads", [1, 2])
def test_l2_of_the_loss_is_summed_in_the_order_people_see(threads: int) -> None:
    """Bit for bit, although the engine keeps filters in another order."""
    before = thread_count()
    set_threads(threads)
    layers = Conv(filters=37), Conv(filters=74, groups=37), Affine(out_features=3)
    model = Network(layers, (70, 6, 5), VECTORIZED, l2=0.3, dtype="float64")
    w = np.ones((37, 70, 3, 3))
    w[0, 0, 2, 2] = 2.0**27  # ones that its square is added to before are lost; in memory it is one of the last
    model.params["conv1.w"] = w
    expected = 0.0
    for name in ("conv1.w", "conv2.w", "affine1.w"):
        w = np.ascontiguousarray(model.params[name]).ravel()
        expected += 0.5 * 0.3 * float(np.dot(w, w))
    found = model.l2_loss()
    set_threads(before)
    assert found == expected


def test_a_parameter_can_be_replaced_from_outside(batch: tuple[Array, Array]) -> None:
    X, _ = batch
    model = network()
    model.params["affine1.w"] = np.zeros_like(model.params["affine1.w"])
    model.params["affine1.b"] = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(model.scores(X), np.tile([1.0, 2.0, 3.0], (5, 1)))


def test_one_seed_one_network_and_a_new_layer_moves_no_other() -> None:
    longer = Network((*LAYERS[:-1], Dropout(keep=0.5), LAYERS[-1]), SHAPE, REFERENCE, dtype="float64")
    same, other = network(), network(seed=1)
    for name, value in network().params.items():
        np.testing.assert_array_equal(value, same.params[name])
        np.testing.assert_array_equal(value, longer.params[name])
    assert (other.params["conv1.w"] != same.params["conv1.w"]).all()


def test_dropout_depends_on_the_step_alone(batch: tuple[Array, Array]) -> None:
    X, y = batch
    model = Network((Dropout(keep=0.5), *LAYERS), SHAPE, REFERENCE, dtype="float64")
    first = model.loss(X, y)[0]
    assert model.loss(X, y)[0] == first
    model.step = 1
    assert model.loss(X, y)[0] != first


@pytest.mark.parametrize("engine", [REFERENCE, VECTORIZED], ids=lambda engine: engine.name)
@pytest.mark.parametrize("layer", [Dropout(keep=0.5), StochasticDepth(keep=0.5)], ids=lambda layer: layer.kind)
def test_an_image_is_dropped_alike_in_a_part_of_its_batch(layer: Layer, engine: Engine) -> None:
    """Parts that begin at any image: Philox makes four numbers at once."""
    random = np.random.default_rng(2)
    X, y = random.standard_normal((11, *SHAPE)), random.integers(0, 3, 11)
    model = Network((Conv(filters=3), layer, Affine(out_features=3)), SHAPE, engine, dtype="float64")
    whole, gradients = model.part_loss(X, y), model.grads.vector.copy()
    for at in range(1, 11):
        first = model.part_loss(X[:at], y[:at], Part(share=at / 11))
        summed = model.grads.vector.copy()
        second = model.part_loss(X[at:], y[at:], Part(share=1 - at / 11, first=at))
        assert first + second == pytest.approx(whole, rel=1e-13)
        np.testing.assert_allclose(summed + model.grads.vector, gradients, rtol=0, atol=1e-13)


def test_stochastic_depth_in_a_block_leaves_the_shortcut_alone_of_some_images() -> None:
    block = Residual(layers=(Conv(filters=2), StochasticDepth(drop=0.5)))
    model = Network((block, Affine(out_features=3)), SHAPE, REFERENCE, dtype="float64")
    random = np.random.default_rng(0)
    X, y = random.standard_normal((40, *SHAPE)), random.integers(0, 3, 40)
    model.loss(X, y)
    trained = model.describe("train")[0].step.forward(X)
    plain = model.describe("test")[0].step.forward(X)
    dropped = (trained == X).all(axis=(1, 2, 3))
    assert 5 < dropped.sum() < 35
    np.testing.assert_allclose(trained[~dropped] - X[~dropped], 2 * (plain - X)[~dropped], rtol=1e-9, atol=1e-12)


def test_a_residual_block_is_the_sum_of_its_branches(batch: tuple[Array, Array]) -> None:
    X, _ = batch
    block = Residual(layers=(Conv(filters=2),))
    model = Network((block,), SHAPE, REFERENCE, dtype="float64")
    body, _ = conv_forward_naive(
        X, model.params["residual1.conv1.w"], model.params["residual1.conv1.b"], {"stride": 1, "pad": 1}
    )
    np.testing.assert_allclose(model.scores(X), body + X, rtol=1e-12)


class _Pixelwise:
    """Conv and ReLU as one step, by their definitions: a fusion to plan with."""

    def __init__(self, site: Site) -> None:
        self.steps = [lower_by_definition(member).step for member in site.members]

    def forward(self, x: Array) -> Array:
        for step in self.steps:
            x = step.forward(x)
        return x.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)

    def backward(self, dout: Array) -> Array | None:
        gradient: Array | None = np.ascontiguousarray(dout)
        for step in reversed(self.steps):
            assert gradient is not None
            gradient = step.backward(gradient)
        return None if gradient is None else gradient.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)


def test_rules_fuse_rows_and_conversions_are_visible(batch: tuple[Array, Array]) -> None:
    X, y = batch
    rule = Rule(
        (Conv, Relu),
        lambda site: Lowered(_Pixelwise(site), "nhwc", "nhwc"),
        accepts=lambda members: members[0].layer.kernel == 3,
    )
    engine = Engine("fusing", rules=(rule,), param_axes={(Conv, "w"): (2, 3, 1, 0)})
    layers = (Conv(filters=4), Relu(), MaxPool(), Conv(filters=3, kernel=1), Relu(), Affine(out_features=3))
    fused = Network(layers, SHAPE, engine, dtype="float64")
    plain = Network(layers, SHAPE, REFERENCE, dtype="float64")

    rows = [" + ".join(step.paths) for step in fused.describe()]
    assert rows == ["to nhwc", "conv1 + relu1", "to nchw", "max_pool1", "conv2", "relu2", "affine1"]
    assert fused.loss(X, y)[0] == pytest.approx(plain.loss(X, y)[0], rel=1e-12)
    for name in plain.grads:
        np.testing.assert_allclose(fused.grads[name], plain.grads[name], rtol=1e-10, err_msg=name)


def test_an_error_inside_a_step_names_the_layer() -> None:
    def explode(site: Site) -> Lowered:  # noqa: ARG001
        class Step:
            def forward(self, x: Array) -> Array:  # noqa: ARG002
                raise ValueError("boom")

            def backward(self, dout: Array) -> Array | None:
                return dout

        return Lowered(Step(), None, "nchw")

    model = Network(LAYERS, SHAPE, Engine("broken", {Relu: explode}))
    with pytest.raises(ValueError, match="boom") as caught:
        model.scores(np.zeros((1, *SHAPE)))
    assert caught.value.__notes__ == ["in the forward pass of relu1"]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros((4, 1), int), r"one for each of 4 examples, not \(4, 1\)"),
        (np.zeros(4), "whole numbers, the positions of the classes, not float64"),
        (np.zeros(8, int), r"not \(8,\)"),
        (np.full(4, -1), "these from -1 to -1"),
        (np.full(4, 99), r"labels go from 0 to \d+, these from 99 to 99"),
    ],
)
def test_labels_that_numpy_would_take_for_something_else_are_refused(labels: np.ndarray, words: str) -> None:
    model = network()
    with pytest.raises(ValueError, match=words):
        model.loss(np.zeros((4, *SHAPE)), labels)


def test_images_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"takes images of shape \(2, 6, 6\), not \(3, 6, 6\)"):
        network().scores(np.zeros((1, 3, 6, 6)))
