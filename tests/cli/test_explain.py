"""nndl explain: what it prints, in which width, and what it answers to unknown names."""

import json
from pathlib import Path

import numpy as np
import pytest

from nndl.explain.table import EXPLANATIONS, find
from nndl.layers import affine_forward
from tests.cli.command import nndl


def test_the_list(tmp_path: Path) -> None:
    done = nndl("explain", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert [name for name in listed if name in EXPLANATIONS] == list(EXPLANATIONS)


def test_a_layer_is_explained_in_eighty_columns(tmp_path: Path) -> None:
    done = nndl("explain", "spatial_bn", cwd=tmp_path, COLUMNS="80")
    assert done.returncode == 0, done.stderr
    told, _, rest = done.stdout.partition("Our source")
    assert "dγ[c] = Σ_nij dout[n,c,i,j] · x̂[n,c,i,j]" in told
    assert "= 1/4 · (1 + 3 + 5 + 7)" in told
    assert [line for line in told.splitlines() if len(line) > 80] == []
    assert "nndl/layers.py:" in rest
    assert "    dx = inverse_std * (dx_hat" in rest


def test_json_holds_the_worked_example_of_our_functions(tmp_path: Path) -> None:
    found = json.loads(nndl("explain", "affine", "--json", cwd=tmp_path).stdout)
    x, w, b = (np.array(found["example"][name]) for name in ("x", "w", "b"))
    assert np.array_equal(found["results"]["out"], affine_forward(x, w, b)[0])
    assert max(found["checked"][name] for name in ("formula", "own")) < 1e-12


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("affine", "affine"),
        ("Affine", "affine"),
        ("affine_forward", "affine"),
        ("affine_backward", "affine"),
        ("linear", "affine"),
        ("spatial_batchnorm", "spatial_bn"),
        ("spatial-bn", "spatial_bn"),
        ("spatial_batchnorm_backward", "spatial_bn"),
    ],
)
def test_the_courses_names_find_it_too(word: str, name: str) -> None:
    assert find(word).name == name


def test_an_unknown_name_gets_the_nearest(tmp_path: Path) -> None:
    done = nndl("explain", "afine", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: nothing called 'afine' is explained; did you mean affine?\n"
