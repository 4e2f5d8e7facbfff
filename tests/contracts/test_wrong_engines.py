"""The contract sees what an engine, rather than a definition, can do wrong."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from nndl.check.contracts import ContractError, check_engine, check_layer, with_pair
from nndl.engines.reference import REFERENCE
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.pool import MaxPool
from nndl.net.contract import Engine, Lowered, Rule, Site
from nndl.net.steps import PairStep
from nndl.net.types import Array
from tests.contracts.wrong_layers import max_pool_to_the_last_tie

SHAPE = (3, 6, 6)


class StaleRelu(PairStep):
    """Keeps a mask of the largest batch so far, and reads old examples behind a smaller one."""

    mask: Array | None = None

    def forward(self, x: Array) -> Array:
        super().forward(x)
        if self.mask is None or len(self.mask) < len(x):
            self.mask = x > 0
        return x * self.mask[: len(x)]


class HalfDx(PairStep):
    """dx is right at a stride of one only."""

    def backward(self, dout: Array) -> Array | None:
        dx = super().backward(dout)
        return dx if dx is None or self.site.state["stride"] == 1 else dx / 2


class NoDx(PairStep):
    """Takes every layer for the first."""

    def backward(self, dout: Array) -> Array | None:
        super().backward(dout)


class AddsToGrads(PairStep):
    """Adds to the gradients that are there."""

    def backward(self, dout: Array) -> Array | None:
        before = {name: value.copy() for name, value in self.site.grads.items()}
        dx = super().backward(dout)
        for name, value in before.items():
            self.site.grads[name][...] += value
        return dx


class TransposedOutput(PairStep):
    """Says nchw, gives channels last."""

    def forward(self, x: Array) -> Array:
        return np.ascontiguousarray(super().forward(x).transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


class DeafRelu(PairStep):
    """Takes NaN for a number below zero, as `a > b ? a : b` does."""

    def forward(self, x: Array) -> Array:
        super().forward(x)
        return np.where(x > 0, x, 0).astype(x.dtype)


class DeafBack(PairStep):
    """Masks a gradient where 0 times NaN is NaN."""

    def backward(self, dout: Array) -> Array | None:
        return np.where(self.cache > 0, dout, 0).astype(dout.dtype)


class InfiniteConv(PairStep):
    """Makes NaN of an infinity, and tells the images beside it."""

    def forward(self, x: Array) -> Array:
        out = super().forward(x)
        return out if np.isfinite(out).all() else np.full_like(out, np.nan)


class FlushedRelu(PairStep):
    """Takes denormal numbers for zero, as a processor does that is told to."""

    def forward(self, x: Array) -> Array:
        return super().forward(np.where(np.abs(x) < np.finfo(x.dtype).tiny, 0, x).astype(x.dtype))


class FlushedBack(PairStep):
    """The same on the way back."""

    def backward(self, dout: Array) -> Array | None:
        return super().backward(np.where(np.abs(dout) < np.finfo(dout.dtype).tiny, 0, dout).astype(dout.dtype))


def lowering(step: Callable[[Site], PairStep]) -> Callable[[Site], Lowered]:
    return lambda site: Lowered(step(site), "nchw", "nchw")


@pytest.mark.parametrize(
    ("step", "layer", "check"),
    [
        (StaleRelu, Relu(), "evaluation_keeps_state"),
        (HalfDx, Conv(filters=2, stride=2), "gradients"),
        (NoDx, Relu(), "shapes"),
        (AddsToGrads, Conv(filters=2), "same_again"),
        (TransposedOutput, Relu(), "shapes"),
    ],
)
def test_a_wrong_step_is_caught(step: Callable[[Site], PairStep], layer: Relu | Conv, check: str) -> None:
    engine = Engine("careless", {type(layer): lowering(step)})
    with pytest.raises(ContractError, match=f"{layer.kind} for .* on careless in float64") as caught:
        check_layer(layer, SHAPE, engine)
    assert caught.value.check == check


@pytest.mark.parametrize(
    ("step", "layer", "check"),
    [
        (DeafRelu, Relu(), "special_values"),
        (DeafBack, Relu(), "special_values"),
        (InfiniteConv, Conv(filters=2), "special_values"),
        (FlushedRelu, Relu(), "denormal_numbers"),
        (FlushedBack, Conv(filters=2), "denormal_numbers"),
    ],
)
def test_a_step_that_loses_special_numbers_is_caught(
    step: Callable[[Site], PairStep], layer: Relu | Conv, check: str
) -> None:
    engine = Engine("careless", {type(layer): lowering(step)})
    with pytest.raises(ContractError) as caught:
        check_layer(layer, SHAPE, engine, dtype="float32")
    assert caught.value.check == check


def test_an_engine_takes_the_first_of_equal_numbers() -> None:
    """The last would be a right gradient too, but then two engines would train to different weights."""
    last = with_pair(MaxPool(), MaxPool.pair.forward, max_pool_to_the_last_tie)
    engine = Engine("careless", {MaxPool: lowering(lambda site: PairStep(replace(site, layer=last)))})
    with pytest.raises(ContractError) as caught:
        check_layer(MaxPool(), SHAPE, engine)
    assert caught.value.check == "equal_on_ties"
    check_layer(last, SHAPE, against=MaxPool())


class ReluBeforeConv:
    """A fusion that runs its members in the wrong order, with the right gradient for that."""

    def __init__(self, site: Site) -> None:
        conv, relu = site.members
        self.steps = [PairStep(relu), PairStep(conv)]

    def forward(self, x: Array) -> Array:
        for step in self.steps:
            x = step.forward(x)
        return x

    def backward(self, dout: Array) -> Array | None:
        gradient: Array | None = dout
        for step in reversed(self.steps):
            assert gradient is not None
            gradient = step.backward(gradient)
        return gradient


def test_a_fusion_means_its_members_in_their_order() -> None:
    engine = Engine("fusing", rules=(Rule((Conv, Relu), lambda site: Lowered(ReluBeforeConv(site), "nchw", "nchw")),))
    with pytest.raises(ContractError) as caught:
        check_layer((Conv(filters=3), Relu()), SHAPE, engine)
    assert caught.value.check == "equal_to_definition"


def test_a_right_engine_passes_all_its_cases() -> None:
    own = Engine("own", {Relu: lowering(PairStep)})
    assert check_engine(own, [(Relu(), SHAPE), ((Conv(filters=2), Relu()), SHAPE)]) == 4
    assert "equal_to_definition" in check_layer(Relu(), SHAPE, own)
    assert "equal_to_definition" not in check_layer(Relu(), SHAPE, REFERENCE)
