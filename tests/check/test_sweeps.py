"""`nndl gradcheck LAYER` holds our own layers to their contract in more than one shape and option."""

from typing import Any

import pytest

from nndl.check import report
from nndl.check.contracts import with_pair
from nndl.check.examples import EXAMPLES, SWEEPS
from nndl.net.catalog.conv import Conv
from tests.contracts.wrong_layers import conv_backward_with_stride_one


def test_convolutions_of_every_stride_and_padding_are_swept() -> None:
    swept = [layer for layer, _ in (EXAMPLES["conv"], *SWEEPS["conv"]) if isinstance(layer, Conv)]
    assert {layer.stride for layer in swept} >= {1, 2, 3}
    assert {layer.pad for layer in swept} >= {0, 1, 2}
    assert {shape[1] == shape[2] for _, shape in SWEEPS["conv"]} == {False}


def test_a_fault_that_the_first_example_hides_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"coordinates": 3, "tolerance": 1e-6, "seed": 0}
    wrong = [
        (with_pair(layer, layer.pair.forward, conv_backward_with_stride_one), shape)
        for layer, shape in (EXAMPLES["conv"], *SWEEPS["conv"][:1])
    ]
    monkeypatch.setitem(report.EXAMPLES, "conv", wrong[0])
    monkeypatch.setitem(report.SWEEPS, "conv", ())
    hidden = report.report_layers(("conv",), "reference", **options)
    monkeypatch.setitem(report.SWEEPS, "conv", (wrong[1],))
    found = report.report_layers(("conv",), "reference", **options)
    assert (hidden["passed"], found["passed"]) == (True, False)
    assert "conv for (2, 7, 5)" in found["broken"][0]
