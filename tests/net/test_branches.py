"""Branches meet as their definition says, each is given its part of the gradient, and an engine's order is kept."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from nndl.check.contracts import ContractError, check_layer
from nndl.check.networks import check_network
from nndl.engines import available, get_engine
from nndl.engines.reference import REFERENCE
from nndl.net.catalog import Affine, Concat, Conv, GlobalAvgPool, Relu, Residual, SpatialBn, Sum
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.plan import PlannedStep
from nndl.net.steps import BlockStep, ConcatStep, ConvertStep
from nndl.net.types import Array

SHAPE = (3, 6, 5)
DENSE = Concat(branches=(("x", ()), ("new", (Conv(filters=4), Relu()))))
ADDED = Sum(branches=(("a", (Conv(filters=7),)), ("b", ()), ("c", (Relu(),))))
RANDOM = np.random.default_rng(3)
X, Y = RANDOM.standard_normal((3, *SHAPE)), RANDOM.integers(0, 4, 3)


def test_what_branches_give_is_joined_and_added() -> None:
    def scores(*layers: Layer, like: Network | None = None) -> tuple[Network, Array]:
        model = Network(layers, SHAPE, REFERENCE, dtype="float64")
        for name in like.params if like else ():
            model.params[name.removeprefix("concat1.new.").removeprefix("sum1.a.")] = like.params[name]  # type: ignore[union-attr]
        return model, model.scores(X)

    dense, joined = scores(DENSE)
    _, new = scores(Conv(filters=4), Relu(), like=dense)
    np.testing.assert_array_equal(joined, np.concatenate((X, new), axis=1))
    model, added = scores(Sum(branches=(("a", (Conv(filters=3),)), ("b", ()), ("c", (Relu(),)))))
    _, a = scores(Conv(filters=3), like=model)
    np.testing.assert_array_equal(added, a + X + np.maximum(X, 0))


@pytest.mark.parametrize("first", [(), (Conv(filters=3),)], ids=["first", "behind"])
def test_the_gradients_of_a_whole_network_are_right(first: tuple[Layer, ...]) -> None:
    model = Network((*first, DENSE, SpatialBn(), ADDED, Affine(out_features=4)), SHAPE, REFERENCE, dtype="float64")
    check = check_network(model, X, Y, coordinates=3)
    assert check.passed, str(check)


def _part_of_the_next(self: ConcatStep, dout: Array) -> Sequence[Array]:
    channels = [place.stop - place.start for place in self._places]
    return [np.ascontiguousarray(dout[:, :count]) for count in channels]


def _last_alone(self: BlockStep, dout: Array) -> Array | None:
    return [branch.backward(part) for branch, part in zip(self.branches, self.part(dout), strict=True)][-1]


@pytest.mark.parametrize(
    ("step", "method", "wrong"),
    [(ConcatStep, "part", _part_of_the_next), (BlockStep, "backward", _last_alone)],
)
def test_the_contract_sees_a_gradient_that_is_cut_or_added_wrongly(
    monkeypatch: pytest.MonkeyPatch, step: type, method: str, wrong: Any
) -> None:
    monkeypatch.setattr(step, method, wrong)
    with pytest.raises(ContractError, match="gradients"):
        check_layer(DENSE, SHAPE)


def _flat(steps: Sequence[PlannedStep]) -> Iterator[PlannedStep]:
    for planned in steps:
        yield planned
        for branch in planned.branches:
            yield from _flat(branch)


@pytest.mark.parametrize("engine", [name for name in available() if name != "reference"])
def test_branches_run_fast_and_lie_in_the_engines_order(engine: str) -> None:
    projected = Residual(layers=(Conv(filters=8, stride=2), SpatialBn()), shortcut=(Conv(filters=8, stride=2), Relu()))
    layers = (Conv(filters=8), DENSE, DENSE, SpatialBn(), Relu(), projected, ADDED_8, GlobalAvgPool())
    model = Network((*layers, Affine(out_features=4)), (3, 8, 8), get_engine(engine))
    steps = list(_flat(model.describe()))
    assert [planned.paths for planned in steps if isinstance(planned.step, ConvertStep)] == []
    assert not any(type(planned.step).__name__ == "PairStep" for planned in steps)
    inside = {planned.paths for planned in steps}
    assert {("concat1.new.conv1", "concat1.new.relu1"), ("residual1.conv1", "residual1.spatial_bn1")} <= inside


ADDED_8 = Sum(branches=(("a", (Conv(filters=8), Relu())), ("b", ())))
