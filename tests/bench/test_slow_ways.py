"""Steps that run by their definition, or between two changes of memory order, are named; nothing else is."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from nndl.bench.slow_ways import BETWEEN_CONVERSIONS, BY_DEFINITION, slow_ways
from nndl.engines import get_engine
from nndl.engines.vectorized import VECTORIZED
from nndl.net.catalog import LAYERS as KINDS
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.block import Block
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.residual import Residual
from nndl.net.contract import Engine, Lowered, Lowering, Site
from nndl.net.layer import Layer
from nndl.net.network import Network

INSIDE = Residual(layers=(Conv(filters=4), SpatialBn(name="inner"), Relu(), Conv(filters=4)))
LAYERS: tuple[Layer, ...] = (Conv(filters=4), SpatialBn(), Relu(), Conv(filters=4), INSIDE, Affine(out_features=2))


def _with(lowerings: Mapping[type[Layer], Lowering], without: tuple[type[Layer], ...] = ()) -> Engine:
    kept = {kind: lower for kind, lower in VECTORIZED.lowerings.items() if kind not in without}
    return replace(VECTORIZED, lowerings={**kept, **lowerings}, rules=())


def _found(engine: Engine) -> dict[tuple[str, ...], str]:
    return slow_ways(Network(LAYERS, (3, 6, 6), engine).describe("train"))


@pytest.mark.parametrize("engine", ["vectorized", "compiled"])
def test_nothing_is_named_where_the_engine_knows_all_layers(engine: str) -> None:
    assert _found(get_engine(engine)) == {}


def test_a_layer_without_a_lowering_is_named_inside_a_block_too() -> None:
    found = _found(_with({}, without=(SpatialBn,)))
    assert found == {("spatial_bn1",): BY_DEFINITION, ("residual1.inner",): BY_DEFINITION}


def test_a_step_in_another_memory_order_than_its_neighbours_is_named() -> None:
    def in_given_order(site: Site) -> Lowered:
        lowered = VECTORIZED.lowerings[Relu](replace(site, layout="nchw"))
        return Lowered(lowered.step, "nchw", "nchw")

    found = _found(_with({Relu: in_given_order}))
    assert found == {("relu1",): BETWEEN_CONVERSIONS, ("residual1.relu1",): BETWEEN_CONVERSIONS}


@pytest.mark.parametrize(
    ("engine", "left"),
    [("vectorized", {"bn", "layer_norm", "flatten", "scale"}), ("compiled", {"flatten", "scale"})],
)
def test_what_each_engine_leaves_to_the_definitions(engine: str, left: set[str]) -> None:
    known = get_engine(engine).lowerings
    assert {name for name, kind in KINDS.items() if not issubclass(kind, Block) and kind not in known} == left
