"""The contract's public face: what it names, what it takes."""

import pytest

from nndl.check.contracts import ContractError, check_layer, check_layer_gradients, with_pair
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.norm import SpatialBn
from nndl.net.types import Array


def test_checks_made_are_named() -> None:
    names = check_layer(SpatialBn(), (3, 4, 4))
    assert {"gradients", "normalised", "running_statistics", "channel_order", "any_strides"} <= set(names)
    assert "equal_to_definition" not in names
    assert "equal_to_definition" in check_layer(SpatialBn(), (3, 4, 4), against=SpatialBn())


def test_a_failure_is_an_assertion_that_says_what_where_and_on_what() -> None:
    def forward(x: Array) -> tuple[Array, Array]:
        return x * (x > 0), x

    wrong = with_pair(Relu(), forward, lambda dout, cache: dout * (cache > 1))
    with pytest.raises(AssertionError) as caught:
        check_layer(wrong, (5,))
    assert isinstance(caught.value, ContractError)
    assert str(caught.value).startswith("relu for (5,) on reference in float64: gradients: dx (4, 5): wrong")
    assert "at [" in str(caught.value)


def test_a_layer_that_cannot_run_breaks_the_contract_too() -> None:
    def forward(x: Array) -> tuple[Array, Array]:
        raise KeyError(f"stride of {x.shape}")

    wrong = with_pair(Relu(), forward, lambda dout, _: dout)
    for call in (check_layer, check_layer_gradients):
        with pytest.raises(ContractError, match="KeyError: 'stride of "):
            call(wrong, (5,))


def test_layers_in_a_row_name_their_rows() -> None:
    check = check_layer_gradients((Affine(out_features=4), Relu(), Affine(out_features=3)), (6,))
    assert [row.name for row in check.rows] == ["x", "affine1.w", "affine1.b", "affine2.w", "affine2.b"]
    assert check.passed
