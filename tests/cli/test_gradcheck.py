"""nndl gradcheck: tables, JSON, exit codes."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from nndl.cli.app import Verbs
from nndl.cli.gradcheck import gradcheck
from nndl.engines import available
from nndl.net.catalog import LAYERS
from tests.cli.command import nndl

WRONG_AXIS = """
from nndl.layers import batchnorm_backward, batchnorm_forward

def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    out, cache = batchnorm_forward(x.reshape(-1, x.shape[1]), gamma, beta, bn_param)
    return out.reshape(x.shape), cache

def spatial_batchnorm_backward(dout, cache):
    dx, dgamma, dbeta = batchnorm_backward(dout.reshape(-1, dout.shape[1]), cache)
    return dx.reshape(dout.shape), dgamma, dbeta
"""


def run(*words: str) -> Result:
    app = typer.Typer(cls=Verbs, rich_markup_mode=None)
    app.callback()(lambda: None)
    app.command()(gradcheck)
    return CliRunner().invoke(app, ["gradcheck", *words])


def test_spatial_bn_shows_gradients_and_the_published_figures() -> None:
    done = run("spatial_bn")
    assert done.exit_code == 0, done.output
    for word in ("dx", "dgamma", "dbeta", "4 x 3 x 7 x 6", "2.9999988", "all right, to a relative error of 1e-06"):
        assert word in done.stdout


def test_all_layers_are_right() -> None:
    done = run("all", "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert found["passed"] is True
    assert {row["layer"] for row in found["rows"]} == set(LAYERS)
    assert all(row["max_relative_error"] < 1e-6 and row["checked"] > 0 for row in found["rows"])
    assert found["contract_checks"] > 10 * len(LAYERS)


def test_the_seed_and_the_number_of_coordinates_count() -> None:
    first, second = (json.loads(run("conv", "--seed", seed, "--json").stdout)["rows"] for seed in ("0", "1"))
    assert [row["max_relative_error"] for row in first] != [row["max_relative_error"] for row in second]
    few = json.loads(run("conv", "--coordinates", "2", "--json").stdout)["rows"]
    assert [row["checked"] for row in few] == [2, 2, 2]


def test_a_wrong_gradient_is_named_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "relu_forward = lambda x: (x * (x > 0), x)\nrelu_backward = lambda dout, x: 1.0001 * dout * (x > 0)"
    )
    done = run("relu", "--file", str(file))
    assert done.exit_code == 1
    assert "relu_forward  correct" in done.stdout
    assert "relu_backward  unknown mistake" in done.stdout
    assert "dx is what it should be times 1.0001." in done.stdout
    found = json.loads(run("relu", "--file", str(file), "--json").stdout)
    assert (found["passed"], [each["verdict"] for each in found["outcomes"]]) == (False, ["correct", "unknown mistake"])
    assert found["outcomes"][1]["findings"][0]["place"].startswith("dx[0, ")


def test_functions_that_no_layer_has_are_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    own = "from nndl.layers import affine_forward\n_help_forward = swish_forward = lambda x: (x * (x > 0), x)\n"
    own += "swish_backward = relu_backward = lambda dout, x: dout * (x > 0)\nrelu_forward = swish_forward\n"
    file.write_text(own + "def lrelu_backward_fast(dout, cache): ...\n")
    done = run("all", "--file", str(file))
    assert done.exit_code == 0, done.output
    named = "not checked, since no layer's functions are called so: swish_forward, swish_backward, lrelu_backward_fast;"
    assert done.stderr.startswith(named)


def test_a_wrong_file_of_ones_own_fails_though_its_gradients_pass(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(WRONG_AXIS, encoding="utf-8")
    done = run("--file", str(file), "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 1
    forward, backward = found["outcomes"]
    assert (forward["function"], forward["passed"]) == ("spatial_batchnorm_forward", False)
    assert backward["function"] == "spatial_batchnorm_backward"


CONFIG = """
model:
  layers:
    - conv: {filters: 3, kernel: 5, stride: 4, init: normal}
    - spatial_bn
    - relu
    - residual: [conv: 4, relu]
    - dropout: {keep: 0.5}
    - affine: 10
  loss: svm
train:
  l2: 0.1
"""


def test_a_config_is_checked_whole(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    done = nndl("gradcheck", "tiny.yaml", "--coordinates", "4", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["engine"] == available()[-1]
    names = [(row["layer"], row["gradient"]) for row in found["rows"]]
    assert names == [
        ("conv1", "dw"),
        ("conv1", "db"),
        ("spatial_bn1", "dgamma"),
        ("spatial_bn1", "dbeta"),
        ("residual1.conv1", "dw"),
        ("residual1.conv1", "db"),
        ("residual1.projection", "dw"),
        ("affine1", "dw"),
        ("affine1", "db"),
    ]
    assert all(row["checked"] >= 3 for row in found["rows"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.yaml"], "nowhere.yaml"),
        (["spatialbn"], "no layer or config is called 'spatialbn'; did you mean spatial_bn?"),
        (["relu", "--engine", "fastest"], "no engine is called 'fastest'"),
        (["relu", "--file", "nowhere.py"], "nowhere.py is not a Python file"),
        (["some.yaml", "--file", "nowhere.py"], "--file goes with a kind of layer"),
        (["--file", "nowhere"], "nowhere is not a Python file"),
        (["batchnorm_forwards", "--file", "nowhere.py"], "did you mean batchnorm_forward?"),
        (["--file", "nowhere.py", "--hints", "all"], "--hints is diagnosis or solution, not 'all'"),
    ],
)
def test_wrong_words_are_answered(words: list[str], message: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.output
