"""Someone else's functions are checked in the place of ours."""

from pathlib import Path

import pytest

from nndl.check.contracts import ContractError, check_layer
from nndl.check.student import load_file, replaced
from nndl.errors import UsageError
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.residual import Residual
from nndl.net.layer import Layer

RELU = """
import numpy as np
from beside import POSITIVE

def relu_forward(x):
    return np.maximum(0, x), x

def relu_backward(dout, cache):
    return dout * POSITIVE(cache)
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    (folder / "beside.py").write_text("POSITIVE = lambda x: x > 0", encoding="utf-8")
    return path


def replaced_relu(folder: Path, text: str) -> Layer:
    layer = replaced(Relu(), load_file(written(folder, text)))
    assert layer is not None
    return layer


def test_a_right_file_passes_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    check_layer(replaced_relu(tmp_path, RELU), (3, 4, 4), against=Relu())
    with pytest.raises(ContractError, match="dx"):
        check_layer(replaced_relu(tmp_path, RELU.replace("dout * ", "2 * dout * ")), (3, 4, 4))


def test_another_choice_at_the_kink_is_right_too(tmp_path: Path) -> None:
    mine = replaced_relu(tmp_path, RELU.replace("POSITIVE(cache)", "(cache >= 0)"))
    check_layer(mine, (3, 4, 4), against=Relu())


def test_layers_that_the_file_lacks_are_left_out(tmp_path: Path) -> None:
    module = load_file(written(tmp_path, "x = 1"))
    assert replaced(Relu(), module) is None
    assert replaced(Residual(layers=()), module) is None


def test_half_a_pair_is_named(tmp_path: Path) -> None:
    module = load_file(written(tmp_path, RELU.replace("relu_backward", "relu_backwards")))
    with pytest.raises(UsageError, match=r"has no function relu_backward; .* relu_forward and relu_backward"):
        replaced(Relu(), module)


@pytest.mark.parametrize("text", ["def f(:", "1 / 0", "import nothing_of_that_name"])
def test_a_file_that_cannot_run_says_why(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"mine.py cannot be run: (Syntax|ZeroDivision|ModuleNotFound)Error: "):
        load_file(written(tmp_path, text))


@pytest.mark.parametrize("name", ["none.py", "notes.txt"])
def test_what_is_no_python_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(UsageError, match="is not a Python file"):
        load_file(tmp_path / name)
