"""train.time_budget at the command line: what is said of it, what it does not go with, and Ctrl+C."""

import signal
import sys
from pathlib import Path

import pytest

from nndl.config import load_config
from tests.cli.command import nndl, started
from tests.small_run import CONFIG

TEXT = CONFIG.format(engine="vectorized", schedule="cosine")
BUDGET = ["--set", "train.time_budget=0.1s"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.yaml").write_text(TEXT, encoding="utf-8")
    return tmp_path


def test_the_timing_is_told_before_the_run(folder: Path) -> None:
    done = nndl("train", "small.yaml", *BUDGET, "--quiet", "--run-dir", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    first, second = done.stderr.splitlines()
    assert first == "timing steps, to know how many epochs fit into 0.1s"
    assert second.endswith(" epochs fit into 0.1s")
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl+C to one process")
def test_ctrl_c_while_steps_are_timed_leaves_nothing(folder: Path) -> None:
    process = started("train", "small.yaml", "--set", "train.time_budget=1h", cwd=folder)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("timing steps")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip() == "stopped while steps were timed; no run was begun"
    assert not (folder / "runs").exists()


def test_a_schedule_that_would_be_cut_is_refused_before_there_is_a_run(folder: Path) -> None:
    schedule = "train.schedule={piecewise_linear: [[0, 1], [900000, 0]]}"
    done = nndl("train", "small.yaml", *BUDGET, "--set", schedule, "--run-dir", "run", cwd=folder)
    assert done.returncode == 2
    assert "the schedule (piecewise_linear) goes on to epoch 900000: give it a longer time_budget" in done.stderr
    assert not (folder / "run").exists()


def test_epochs_take_the_place_of_a_budget_in_the_config(folder: Path) -> None:
    (folder / "timed.yaml").write_text(TEXT.replace("epochs: 3", "time_budget: 1h"), encoding="utf-8")
    done = nndl("train", "timed.yaml", "--epochs", "1", "--run-dir", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    kept = load_config(folder / "run" / "config.yaml").train
    assert (kept.epochs, kept.time_budget) == (1, None)
    again = nndl("train", "timed.yaml", "--resume", "run", "--epochs", "2", "--quiet", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert load_config(folder / "run" / "config.yaml").train.epochs == 2


def test_epochs_and_a_budget_do_not_go_together(folder: Path) -> None:
    for budget in ("train.time_budget=5s", "train={time_budget: 5s}"):
        done = nndl("train", "small.yaml", "--epochs", "2", "--set", budget, "--run-dir", "run", cwd=folder)
        assert done.returncode == 2
        assert done.stderr == (
            "error: --epochs 2 and train.time_budget (5s) both say how long to train; give one of them\n"
        )
    assert not (folder / "run").exists()


def test_verify_resume_turns_a_budget_into_epochs(folder: Path) -> None:
    words = ["verify-resume", "small.yaml", "--steps", "6", "--stop-at", "3", "--set"]
    done = nndl(*words, "train.time_budget=2s", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1].endswith(" epochs fit into 2s")
    assert done.stdout.splitlines()[-1] == "identical to the last bit"
    refused = nndl(*words, "train.time_budget=0.000001s", cwd=folder)
    assert refused.returncode == 2
    assert "a step takes" in refused.stderr
