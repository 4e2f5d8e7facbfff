"""The figures of a network's layers."""

from nndl.engines.reference import REFERENCE
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.residual import Residual
from nndl.net.network import Network
from nndl.net.shapes import infer_shapes
from nndl.net.summary import layer_rows, step_rows, totals

LAYERS = (Conv(filters=4), SpatialBn(), Residual(layers=(Conv(filters=6, stride=2),)), Affine(out_features=10))


def test_rows_agree_with_the_network_itself() -> None:
    rows = layer_rows(infer_shapes(LAYERS, (3, 8, 8)), 4)
    network = Network(LAYERS, (3, 8, 8), REFERENCE)
    assert totals(rows)["parameters"] == network.params.size
    by_name = {row["layer"]: row for row in rows}
    assert list(by_name) == ["conv1", "spatial_bn1", "residual1", "residual1.conv1", "residual1.projection", "affine1"]
    assert by_name["conv1"]["macs"] == 4 * 8 * 8 * 3 * 3 * 3
    assert by_name["conv1"]["bytes"] == 4 * 8 * 8 * 4
    assert by_name["residual1.conv1"]["output"] == [6, 4, 4]
    assert by_name["affine1"]["parameters"] == 10 * 6 * 4 * 4 + 10


def test_the_steps_of_a_residual_block_stand_one_deeper() -> None:
    steps = step_rows(Network(LAYERS, (3, 8, 8), REFERENCE).describe())
    inside = [step for step in steps if step["depth"] == 1]
    assert [step["layers"] for step in inside] == [["residual1.conv1"], ["residual1.projection"]]
    assert inside[0]["output"] == [6, 4, 4]
