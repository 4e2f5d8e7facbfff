"""input.json keeps every bit of a normalisation, and notices a digit that changed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.data.normalize import Normalize
from nndl.errors import CheckpointError
from nndl.runs.folder import RunFolder
from nndl.runs.inputs import Inputs, _digest, read_inputs, write_inputs


@pytest.mark.parametrize("shape", [(3,), (3, 32, 32)])
def test_what_is_written_is_read(tmp_path: Path, shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    normalize = Normalize(random.uniform(0, 255, shape), random.uniform(1, 80, 3))
    write_inputs(RunFolder(tmp_path), Inputs(normalize, ("a", "ü"), "cifar10", True))
    read = read_inputs(RunFolder(tmp_path))
    assert read is not None
    np.testing.assert_array_equal(read.normalize.mean, normalize.mean)
    np.testing.assert_array_equal(read.normalize.std, normalize.std)
    assert (read.classes, read.data, read.synthetic) == (("a", "ü"), "cifar10", True)


def test_a_run_without_one_has_none(tmp_path: Path) -> None:
    assert read_inputs(RunFolder(tmp_path)) is None


@pytest.mark.parametrize("content", ["", "{}", "[]", "3", "[" * 100_000, "\x00"])
def test_what_is_none_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "input.json").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"input\.json"):
        read_inputs(RunFolder(tmp_path))


def test_a_changed_digit_is_noticed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_inputs(folder, Inputs(Normalize(np.array([120.5, 1, 2]), np.ones(3)), ("a",), "cifar10", False))
    text = folder.inputs.read_text(encoding="utf-8")
    folder.inputs.write_text(text.replace("120.5", "121.5"), encoding="utf-8")
    with pytest.raises(CheckpointError, match="checksum"):
        read_inputs(folder)


@pytest.mark.parametrize("key", ["mean", "std"])
@pytest.mark.parametrize(
    "value", [[], 1.0, [1.0, 2.0], [[1.0], [2.0], [3.0]], [1.0, 2.0, float("nan")], [1e400, 1, 1], "x", [[1], 2]]
)
def test_figures_that_fit_no_image_are_refused_though_their_checksum_is_right(
    tmp_path: Path, key: str, value: Any
) -> None:
    folder = RunFolder(tmp_path)
    write_inputs(folder, Inputs(Normalize(np.ones(3), np.ones(3)), ("a",), "cifar10", False))
    content = {**json.loads(folder.inputs.read_text(encoding="utf-8")), key: value}
    del content["sha256"]
    folder.inputs.write_text(json.dumps({**content, "sha256": _digest(content)}), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"input\.json (is damaged: mean and std|cannot be read)"):
        read_inputs(folder)


@pytest.mark.parametrize("std", [[1.0, 0.0, 1.0], [1.0, -1.0, 1.0]])
def test_a_deviation_that_cannot_be_divided_by_is_refused(tmp_path: Path, std: list[float]) -> None:
    write_inputs(RunFolder(tmp_path), Inputs(Normalize(np.ones(3), np.array(std)), ("a",), "cifar10", False))
    with pytest.raises(CheckpointError, match="mean and std are not those of images"):
        read_inputs(RunFolder(tmp_path))
