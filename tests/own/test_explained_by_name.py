"""nndl explain of a layer of one's own by its name: what it says of itself, and its pair."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nndl.cli.app import app
from tests.own.written import SWISH, write


def said(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["explain", *words])
    return done.exit_code, done.output


def test_a_layer_of_a_file_is_explained_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    code, told = said("swish", "--use", "my_layers.py")
    assert code == 0, told
    assert f"registered at {tmp_path / 'my_layers.py'}:" in told.replace("\n", "")
    for words in ("logistic function of beta x", "beta: 1.0. The steepness.", "return x * s, (x, s, beta)"):
        assert words in told
    assert "nndl gradcheck swish --use my_layers.py" in told
    assert "a layer of your own" not in said("swish")[1]  # without the file it is another name of silu
    assert said("swish", "--use", "my_layers.py", "--html")[0] == 2
    assert said("mine.yaml", "--use", "my_layers.py")[0] == 2


def test_an_option_without_a_default_is_told_without_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = SWISH.replace('"swish"', '"mine"').replace("beta: float = 1.0", "beta: float")
    write(tmp_path, code=code.replace('    """Swish: x times the logistic function of beta x."""\n', ""))
    monkeypatch.chdir(tmp_path)
    assert "--use FILE" in said("zzz")[1]
    told = said("mine", "--use", "my_layers.py", "--json")[1]
    assert json.loads(told)["words"] == ["beta. The steepness."]
    assert [half["lines"][0] for half in json.loads(told)["source"]] == [
        "def swish_forward(x, beta):",
        "def swish_backward(dout, cache):",
    ]
