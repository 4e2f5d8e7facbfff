"""The script that sets scores beside ONNX Runtime's, with the Python that the tests run by for both."""

import sys

import pytest

from benchmarks import inference


def test_contenders_take_turns_and_are_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxruntime")
    words = "inference bn_cnn --batches 1 --turns 2 --seconds 0 --engines vectorized --onnx-python"
    monkeypatch.setattr(sys, "argv", [*words.split(), sys.executable])
    inference.main()
    ours, theirs = capsys.readouterr().out.splitlines()
    assert ours.startswith("bn_cnn  batch   1  vectorized")
    assert ours.endswith("x onnxruntime")
    assert theirs.startswith("bn_cnn  batch   1  onnxruntime")
    assert theirs.endswith("1.00 x onnxruntime")
