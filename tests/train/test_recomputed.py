"""Running statistics computed anew are the means of those of the batches, and PyTorch's."""

import importlib.util
from typing import Any

import numpy as np
import pytest

from nndl.engines import available, get_engine
from nndl.net.catalog import Affine, Bn, Conv, Dropout, Relu, SpatialBn
from nndl.net.network import Network
from nndl.train.events import EpochDone
from nndl.train.recomputed import recompute
from nndl.train.solver import Solver
from nndl.train.transforms import Swa
from tests.train import tiny

RANDOM = np.random.default_rng(0)
BATCHES = [(3 + 2 * RANDOM.standard_normal((count, 3, 6, 6)), np.zeros(count, int)) for count in (8, 8, 5)]


def network(engine: str = "vectorized") -> Network:
    layers = [Conv(filters=4), SpatialBn(unbiased=True), Relu(), Affine(out_features=6), Bn(), Dropout(keep=0.5)]
    made = Network([*layers, Affine(out_features=3)], (3, 6, 6), get_engine(engine), dtype="float64")
    made.buffers.vector[:] = 7.0
    return made


@pytest.mark.parametrize("engine", available())
def test_they_are_those_of_all_images_layer_by_layer(engine: str) -> None:
    own = network(engine)
    weights = own.params.vector.copy()
    recompute(own, BATCHES)
    first = [own.chain("test").steps[0].step.forward(np.ascontiguousarray(X, own.dtype)).copy() for X, _ in BATCHES]
    assert own.params.vector.tolist() == weights.tolist()
    if engine == "reference":  # where the first step is the convolution alone
        means = [out.mean(axis=(0, 2, 3)) for out in first]
        np.testing.assert_allclose(
            own.buffers["spatial_bn1.running_mean"], np.average(means, axis=0, weights=[8, 8, 5])
        )
    other = network("reference")
    recompute(other, BATCHES)
    np.testing.assert_allclose(own.buffers.vector, other.buffers.vector, rtol=1e-9, atol=1e-12)


def test_they_do_not_depend_on_those_before_and_an_error_leaves_those() -> None:
    one, other = network(), network()
    other.buffers.vector[:] = 0.1
    for each in (one, other):
        recompute(each, BATCHES)
    np.testing.assert_array_equal(one.buffers.vector, other.buffers.vector)
    before = one.buffers.vector.copy()

    def stop(images: int, batches: int) -> None:
        assert images == 8 * batches
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recompute(one, BATCHES[::-1][1:], stop)
    np.testing.assert_array_equal(one.buffers.vector, before)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="needs torch")
def test_they_are_pytorchs_where_batches_are_alike() -> None:
    torch = pytest.importorskip("torch")
    layers = [Conv(filters=4), SpatialBn(unbiased=True), Relu(), Affine(out_features=6), Bn(unbiased=True)]
    own = Network(layers, (3, 6, 6), get_engine("vectorized"), dtype="float64")
    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU(), torch.nn.Flatten(),
        torch.nn.Linear(144, 6), torch.nn.BatchNorm1d(6),
    ).double()  # fmt: skip
    with torch.no_grad():
        theirs[0].weight[:] = torch.tensor(own.params["conv1.w"])
        theirs[0].bias[:] = torch.tensor(own.params["conv1.b"])
        theirs[4].weight[:] = torch.tensor(own.params["affine1.w"].T)
        theirs[4].bias[:] = torch.tensor(own.params["affine1.b"])
    recompute(own, BATCHES[:2])
    torch.optim.swa_utils.update_bn([torch.tensor(X) for X, _ in BATCHES[:2]], theirs)
    for name, layer in (("spatial_bn1", theirs[1]), ("bn1", theirs[5])):
        for kind in ("running_mean", "running_var"):
            np.testing.assert_allclose(own.buffers[f"{name}.{kind}"], getattr(layer, kind).numpy(), rtol=1e-9)


def solver(**options: Any) -> Solver:
    return tiny.solver(average=Swa(start=0.5), shown=tiny.TinyBatches(), **options)


def test_swa_is_scored_with_statistics_of_its_own_weights() -> None:
    made = solver(epochs=4)
    for event in made.events():
        if isinstance(event, EpochDone):
            averaged = made.learner.averaged
            assert averaged is not None
            if event.epoch <= 2:  # until the start the average is the network
                np.testing.assert_array_equal(averaged.buffers.vector, made.network.buffers.vector)
                continue
            other = tiny.network()
            other.params.vector[:] = averaged.params.vector
            other.step = event.step
            recompute(other, tiny.TinyBatches().epoch(0))
            np.testing.assert_array_equal(averaged.buffers.vector, other.buffers.vector)
            assert made.train_sample(other).accuracy == event.train_accuracy
