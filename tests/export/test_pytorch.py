"""The printed module, given the arrays under PyTorch's names, computes what the network does."""

import ast
from typing import Any

import numpy as np
import pytest

from nndl.data.normalize import Normalize
from nndl.errors import ExportError
from nndl.export.pytorch import LINES, source
from nndl.export.torch_names import attribute, entries, to_torch
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.block import Block
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.residual import Residual
from nndl.net.layer import Layer
from nndl.net.shapes import everything
from tests.contracts.cases import CASES, Case, name
from tests.export.stirred import stirred


def known(case: Case) -> bool:
    placed = list(everything(stirred(case)[0].placed))
    return all(type(each.layer) in LINES or isinstance(each.layer, Block) for each in placed)


def module(text: str) -> Any:
    """The Network that a source makes."""
    space: dict[str, Any] = {}
    exec(compile(text, "network.py", "exec"), space)
    return space["Network"]()


@pytest.mark.parametrize("case", CASES, ids=name)
def test_the_module_computes_what_the_network_does(case: Case) -> None:
    torch = pytest.importorskip("torch")
    if not known(case):
        pytest.skip("a layer that is not exported")
    network, x = stirred(case)
    made = module(source(network))
    made.load_state_dict({key: torch.from_numpy(value) for key, value in to_torch(network).items()}, strict=True)
    with torch.no_grad():
        got = made.eval()(torch.from_numpy(x)).numpy()
    expected = network.scores(x)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4 * max(1.0, np.abs(expected).max()))


def test_odd_names_and_the_normalisation_load_too() -> None:
    torch = pytest.importorskip("torch")
    layers = (
        Conv(filters=4, name="train"),
        SpatialBn(name="2-norm"),
        Residual(layers=(Conv(filters=6, name="class"), Relu(name="mean")), name="_in"),
        Affine(out_features=3, name="type"),
    )
    network, x = stirred((layers, (3, 32, 32)))
    pixels = np.random.default_rng(1).integers(0, 256, x.shape, np.uint8)
    for mean in (np.array([120.0, 110, 100]), np.random.default_rng(0).uniform(90, 140, (3, 32, 32))):
        normalize = Normalize(mean, np.array([60.0, 61, 62]))
        made = module(source(network, normalize, "about", ("a", "b", "c")))
        arrays = {key: torch.from_numpy(value) for key, value in to_torch(network, normalize).items()}
        made.load_state_dict(arrays, strict=True)
        with torch.no_grad():
            got = made.eval()(torch.from_numpy(pixels / np.float32(255))).numpy()
        expected = network.scores(normalize.apply(pixels))
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("case", CASES, ids=name)
def test_the_source_is_python_with_a_module_for_every_array(case: Case) -> None:
    network, _ = stirred(case)
    if not known(case):
        pytest.skip("a layer that is not exported")
    tree = ast.parse(source(network))
    made = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert {entry.theirs.split(".")[-2] for entry in entries(network)} <= made


@pytest.mark.parametrize(
    ("given", "expected"), [("conv1", "conv1"), ("my-conv", "my_conv"), ("train", "train_"), ("2nd", "layer_2nd")]
)
def test_names_become_attributes(given: str, expected: str) -> None:
    assert attribute(given) == expected


def test_two_layers_that_would_share_a_name_are_refused() -> None:
    network, _ = stirred(((Conv(filters=3, name="a-b"), Conv(filters=3, name="a_b")), (3, 4, 4)))
    for hand_on in (to_torch, source):
        with pytest.raises(ExportError, match=r"a-b.* and a_b.* would both be a_b"):
            hand_on(network)


class Foreign(Layer):
    """A layer of one's own."""

    kind = "foreign"


def test_a_layer_that_pytorch_lacks_is_refused_by_name() -> None:
    network, _ = stirred(CASES[0])
    object.__setattr__(network.placed[0], "layer", Foreign())
    with pytest.raises(ExportError, match="conv1: a PyTorch module for foreign"):
        source(network)
