"""Definitions that a submission imports and does not hold."""

import pytest

from nndl.check.running.loading import OURS
from nndl.course.borrowing import borrowed

NOTE = "mine.py imports {}, which is not handed in: ours stood in for it"


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        ("from nndl.layers import *", "nndl.layers"),
        ("def relu_forward(x):\n    import cs231n.layers as other\n    return other.relu_forward(x)", "cs231n.layers"),
        ("from nndl import conv_layers, optim", "nndl.conv_layers, nndl.optim"),
        ("import numpy as np\nfrom cs231n.gradient_check import *\nfrom .layers import *\nimport layers", ""),
        ("def broken(:", ""),
        ("\0", ""),
    ],
)
def test_what_is_imported_and_not_held_is_told(text: str, modules: str) -> None:
    assert borrowed({"mine.py": text.encode()}) == ([NOTE.format(modules)] if modules else [])


def test_ours_are_told_by_the_name_that_only_they_have_too() -> None:
    text = f"from {OURS}.layers import relu_forward\n".encode()
    assert borrowed({"mine.py": text, "layers.py": b""}) == [NOTE.format(f"{OURS}.layers")]


def test_what_is_held_is_not_borrowed() -> None:
    text = b"from nndl.layers import relu_forward\n"
    assert borrowed({"nndl/cnn.py": text, "nndl/layers.py": b""}) == []
    assert borrowed({"cnn.py": text, "layers.py": b""}) == []
    assert len(borrowed({"cnn.py": text, "optim.py": b""})) == 1


def test_a_file_that_imports_its_own_name_is_not_what_it_imports() -> None:
    text = b"import nndl.layers as L\n\ndef relu_forward(x):\n    return L.relu_forward(x)\n"
    assert borrowed({"layers.py": text}) == [NOTE.replace("mine", "layers").format("nndl.layers")]
    assert borrowed({"nndl/layers.py": text}) == []
    assert borrowed({"layers.py": text, "nndl/layers.py": b""}) == []
