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


def test_a_folder_of_seeds_is_drawn_as_its_mean_in_a_band(folder: Path) -> None:
    for seed in range(3):
        made = folder / "runs" / "set" / f"seed-{seed}"
        make_run(made, name="net", seed=seed, dataset="synthetic", validation=(0.5 + seed / 10, 0.7 + seed / 10))
    done = nndl("plot", "set", cwd=folder)
    assert done.stdout.startswith(
        "net: SYNTHETIC images, means of 3 seeds, in a band from the lowest to the highest\n\n"
    )
    assert "b = validation 80.0 %" in done.stdout
    assert "⢕" in done.stdout  # every other dot
    plain = nndl("plot", "set", cwd=folder, PYTHONIOENCODING="ascii").stdout
    assert "......" in plain
    (curves,) = json.loads(nndl("plot", "set", "--json", cwd=folder).stdout)
    assert (curves["seeds"], curves["synthetic"]) == (3, True)
    assert curves["bands"]["validation_accuracy"] == [[1.0, 0.5, 0.7], [2.0, 0.7, 0.7 + 2 / 10]]
    both = nndl("plot", "set", "first", cwd=folder).stdout
    assert "a = net (SYNTHETIC) 80.0 %   b = tiny 60.0 %" in both
    (folder / "runs" / "set" / "seed-1" / "summary.json").write_text('{"status": "interrupted"}', encoding="utf-8")
    done = nndl("plot", "set", cwd=folder)
    assert "means of 2 seeds" in done.stdout
    assert done.stderr.startswith("runs/set: 1 of 3 runs left out of the mean")


def test_generated_images_are_said_of_a_run_too(folder: Path) -> None:
    make_run(folder / "runs" / "made", dataset="synthetic")
    assert nndl("plot", "made", cwd=folder).stdout.startswith("tiny: SYNTHETIC images\n\nloss ")


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
