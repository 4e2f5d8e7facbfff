"""nndl train --folds: each part of the images held out once, and what the runs say together."""

import json
import statistics
from pathlib import Path

import pytest

from nndl.config.data import build_split
from nndl.config.load import load_config
from tests.cli.command import nndl
from tests.cli.test_seeds import stopped
from tests.cli.test_train import CONFIG, same_arrays


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def test_each_fold_has_a_run_that_holds_it_out_and_is_repeated_exactly(folder: Path) -> None:
    done = nndl("train", "tiny.yaml", "--folds", "3", "--run-dir", "cut", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["kind"], last["finished"], last["folds"]) == ("folds", True, [1, 2, 3])
    held_out: list[int] = []
    ended = []
    for fold in (1, 2, 3):
        run = folder / "cut" / f"fold-{fold}"
        split = build_split(load_config(run / "config.yaml"))
        held_out += split.validation.tolist()
        epochs = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
        ended.append([epoch for epoch in epochs if epoch["kind"] == "epoch"][-1]["validation_accuracy"])
    assert sorted(held_out) == list(range(len(held_out)))
    assert last["validation_accuracy"] == ended
    assert last["validation_mean"] == pytest.approx(statistics.mean(ended))
    assert last["validation_deviation"] == pytest.approx(statistics.stdev(ended))
    assert nndl("reproduce", "cut/fold-2", "--quiet", cwd=folder).stdout.startswith("bit-identical: ")
    assert "cut/fold-2" in nndl("report", "cut", cwd=folder).stdout + (folder / "cut" / "report.html").read_text(
        "utf-8"
    )


def test_a_set_that_was_broken_off_is_completed_by_the_same_command(folder: Path) -> None:
    words = ("train", "tiny.yaml", "--folds", "3", "--quiet", "--run-dir")
    whole = nndl(*words, "whole", cwd=folder)
    assert whole.returncode == 0, whole.stderr
    assert whole.stdout.splitlines()[-1].startswith("over 3 folds: validation accuracy after the last epoch ")
    parts = stopped(folder, *words, "parts", seed=1, step=7)
    assert parts.returncode == 130
    assert "1 of 3 folds is done\nover 1 fold: validation accuracy" in parts.stderr
    done = nndl(*words, "parts", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("fold 1 is finished: test accuracy ")
    for fold in (1, 2, 3):
        assert same_arrays(*(folder / name / f"fold-{fold}" / "last.safetensors" for name in ("whole", "parts")))


def test_resume_begins_the_folds_that_were_never_begun(folder: Path) -> None:
    words = ("train", "tiny.yaml", "--folds", "3", "--quiet", "--run-dir")
    assert nndl(*words, "whole", cwd=folder).returncode == 0
    assert stopped(folder, *words, "parts", seed=1, step=7).returncode == 130
    assert not (folder / "parts" / "fold-3").exists()
    refused = nndl("resume", "parts", "--set", "train.l2=0.5", "--accept-changes", cwd=folder)
    assert (refused.returncode, "another experiment than its siblings" in refused.stderr) == (2, True)
    done = nndl("resume", "parts", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    for fold in (1, 2, 3):
        assert same_arrays(*(folder / name / f"fold-{fold}" / "last.safetensors" for name in ("whole", "parts")))
    assert "is left to train" in nndl("resume", "parts", cwd=folder).stderr


def test_another_number_of_folds_is_another_experiment(folder: Path) -> None:
    words = ("train", "tiny.yaml", "--epochs", "0.5", "--quiet", "--run-dir", "cut", "--folds")
    assert nndl(*words, "3", cwd=folder).returncode == 0
    done = nndl(*words, "4", cwd=folder)
    assert done.returncode == 2
    assert "data.fold: 1/3 -> 1/4" in done.stderr


def test_what_cannot_be_is_refused(folder: Path) -> None:
    both = nndl("train", "tiny.yaml", "--folds", "3", "--seeds", "2", cwd=folder)
    assert (both.returncode, "give one of them" in both.stderr) == (2, True)
    many = nndl("train", "tiny.yaml", "--folds", "1000", cwd=folder)
    assert many.returncode == 2
    assert "fewer than the 10 classes; take fewer folds" in many.stderr
    assert "--folds does not fit" in nndl("train", "--resume", "latest", "--folds", "3", cwd=folder).stderr
    assert not (folder / "runs").exists()


def test_two_sets_are_compared_pair_by_pair(folder: Path) -> None:
    words = ("train", "tiny.yaml", "--epochs", "0.5", "--quiet")
    for name, rate in (("slow", "0.001"), ("fast", "0.05")):
        more = ("--set", f"train.optimizer={{sgd: {{learning_rate: {rate}}}}}", "--run-dir")
        assert nndl(*words, "--folds", "3", *more, f"folds-{name}", cwd=folder).returncode == 0
        assert nndl(*words, "--seeds", "2", *more, f"seeds-{name}", cwd=folder).returncode == 0
    for kind, figures in (("folds", ["validation accuracy", "test accuracy"]), ("seeds", ["test accuracy"] * 1)):
        done = nndl("runs", "compare", f"{kind}-slow", f"{kind}-fast", cwd=folder)
        assert done.returncode == 0, done.stderr
        assert done.stdout.index(figures[0]) < done.stdout.index(figures[-1]) or len(figures) == 1
        assert f"{kind}-fast is " in done.stdout
        assert f" {kind}, 95 % confidence " in done.stdout
        assert "learning_rate" in done.stdout
        told = json.loads(nndl("runs", "compare", f"{kind}-slow", f"{kind}-fast", "--json", cwd=folder).stdout)
        assert {each["kind"] for each in told["compared"]} == {kind}
        assert [place["key"] for place in told["config"]] == ["train.optimizer.sgd.learning_rate"]
    other = nndl("runs", "compare", "folds-slow", "seeds-slow", cwd=folder)
    assert (other.returncode, "no finished run of the same seed and fold" in other.stderr) == (2, True)
