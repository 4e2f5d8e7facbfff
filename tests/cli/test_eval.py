"""nndl eval says of a run what the run said of itself."""

import json
from pathlib import Path

import pytest

from tests.cli.command import nndl
from tests.cli.test_train import CONFIG


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("eval")
    (folder / "tiny.yaml").write_text(CONFIG + "  average: {ema: 0.9}\n", encoding="utf-8")
    done = nndl("train", "tiny.yaml", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("weights", ["best", "last"])
def test_the_scores_are_those_of_the_summary(folder: Path, weights: str) -> None:
    done = nndl("eval", "latest", f"--{weights}", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    (run,) = (folder / "runs").iterdir()
    kept = json.loads((run / "summary.json").read_text(encoding="utf-8"))["test"][weights]
    assert {key: report[key] for key in kept} == kept
    assert (report["split"], report["synthetic"], report["weights"]) == ("test", True, weights)


def test_the_validation_score_is_that_of_the_best_epoch(folder: Path) -> None:
    done = nndl("eval", "tiny", "--split", "val", "--json", cwd=folder)
    (run,) = (folder / "runs").iterdir()
    kept = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    assert json.loads(done.stdout)["accuracy"] == kept["best_validation_accuracy"]


def test_the_table_has_a_row_for_each_class_and_says_synthetic(folder: Path) -> None:
    done = nndl("eval", cwd=folder)
    lines = done.stdout.splitlines()
    assert "SYNTHETIC" in lines[0]
    assert "SYNTHETIC" in lines[-1]
    assert sum(line.startswith(("checkerboard", "dots", "rings", "disc")) for line in lines) == 4
    assert all(line.rstrip().endswith(tuple(")abcdefghijklmnopqrstuvwxyz")) or "%" in line for line in lines[3:13])


def test_wrong_words_are_answered(folder: Path) -> None:
    for words, message in ((("nowhere",), "no run 'nowhere'"), (("latest", "--split", "train"), "test or val")):
        done = nndl("eval", *words, cwd=folder)
        assert done.returncode == 2
        assert message in done.stderr
        assert "Traceback" not in done.stderr
