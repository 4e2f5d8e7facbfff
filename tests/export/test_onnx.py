"""Every layer on every kind of image: the ONNX graph computes what the definitions do."""

import numpy as np
import pytest

from nndl.engines.reference import REFERENCE
from nndl.errors import ExportError
from nndl.net.catalog.activation import Gelu, Relu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.shapes import everything
from nndl.net.types import Array
from tests.contracts.cases import CASES, Case, name
from tests.export.stirred import stirred

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

from nndl.export.onnx import INPUT, OPERATORS, SCORES, onnx_model  # noqa: E402


def run(model: "onnx.ModelProto", x: Array) -> Array:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run([SCORES], {INPUT: x})[0]


@pytest.mark.parametrize("case", CASES, ids=name)
def test_the_graph_computes_what_the_network_does(case: Case) -> None:
    network, x = stirred(case)
    if any(type(placed.layer) not in OPERATORS for placed in everything(network.placed)):
        pytest.skip("a layer that is not exported")
    model = onnx_model(network)
    onnx.checker.check_model(model, full_check=True)
    expected = network.scores(x)
    got = run(model, x)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4 * max(1.0, np.abs(expected).max()))


def test_layers_may_be_called_what_the_inputs_and_outputs_are() -> None:
    network, x = stirred(
        ((Affine(out_features=4, name="images"), Relu(name="scores"), Gelu(name="probabilities")), (3,))
    )
    np.testing.assert_allclose(run(onnx_model(network), x), network.scores(x), rtol=1e-4, atol=1e-5)


def test_a_network_of_float64_is_exported_in_float32() -> None:
    layers = (Conv(filters=4), SpatialBn(), Gelu(), Affine(out_features=3))
    network = Network(layers, (3, 6, 6), REFERENCE, dtype="float64")
    x = np.random.default_rng(0).standard_normal((4, 3, 6, 6)).astype(np.float32)
    np.testing.assert_allclose(run(onnx_model(network), x), network.scores(x), rtol=1e-4, atol=1e-5)


class Foreign(Layer):
    """A layer of one's own."""

    kind = "foreign"


def test_a_layer_without_operators_is_refused_by_name() -> None:
    network, _ = stirred(CASES[0])
    object.__setattr__(network.placed[0], "layer", Foreign())
    with pytest.raises(ExportError, match="conv1: an ONNX operator for foreign"):
        onnx_model(network)
