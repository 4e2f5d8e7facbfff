"""nndl plot in the terminal and as a picture."""

import json
from pathlib import Path

import pytest

from tests.cli.command import nndl
from tests.runs.made import make_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_run(tmp_path / "runs" / "first")
    make_run(tmp_path / "runs" / "second", validation=(0.7, 0.8))
    return tmp_path


def test_one_run_shows_training_beside_validation(folder: Path) -> None:
    shown = nndl("plot", "first", cwd=folder).stdout
    assert "loss   a = training" in shown  # letters, where there are no colours
    assert "b = validation 60.0 %" in shown
    assert "⠉" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_several_runs_share_the_panels(folder: Path) -> None:
    shown = nndl("plot", "first", "second", cwd=folder).stdout
    assert "a = first 60.0 %   b = second 80.0 %" in shown
    assert nndl("plot", "first", "runs/first", cwd=folder).stdout == nndl("plot", "first", cwd=folder).stdout


def test_a_terminal_without_braille_gets_letters(folder: Path) -> None:
    shown = nndl("plot", "first", "second", cwd=folder, PYTHONIOENCODING="ascii").stdout
    assert "a = first" in shown
    assert "bbb" in shown


def test_points_come_as_json(folder: Path) -> None:
    (curves,) = json.loads(nndl("plot", "first", "--json", cwd=folder).stdout)
    assert curves["validation_accuracy"] == [[1.0, 0.5], [2.0, 0.6]]


def test_a_picture_is_written_and_not_written_over(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    assert nndl("plot", "first", "-o", "a.svg", cwd=folder).stdout == "a.svg\n"
    assert nndl("plot", "first", "-o", "a.svg", cwd=folder).returncode == 2
    both = nndl("plot", "first", "-o", "a.svg", "--force", "--terminal", cwd=folder).stdout
    assert both.startswith("a.svg\nloss ")


def test_an_empty_run_says_so(folder: Path) -> None:
    (folder / "runs" / "first" / "metrics.jsonl").unlink()
    assert "loss: nothing recorded yet" in nndl("plot", "first", cwd=folder).stdout
