"""nndl overfit: exit codes, words and JSON."""

import json
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.command import nndl, started
from tests.cli.test_train import CONFIG


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def test_what_is_learnt_ends_with_0_and_nothing_is_kept(folder: Path) -> None:
    done = nndl("overfit", "tiny.yaml", "--images", "20", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "tiny: 20 SYNTHETIC images, in batches of 20, engine reference\nput aside: dropout, train.sch" in done.stdout
    assert "\nlearnt by heart\n20 of 20 images after " in done.stdout
    assert [path.name for path in folder.iterdir()] == ["tiny.yaml"]


def test_what_is_not_ends_with_1_and_says_what_fails_first(folder: Path) -> None:
    words = ("overfit", "tiny.yaml", "--images", "20", "--steps", "150", "--set")
    low = "train.optimizer={sgd: {learning_rate: 1.0e-8}}"
    done = nndl(*words, low, cwd=folder)
    assert done.returncode == 1, done.stderr
    assert "\nNOT learnt by heart\n" in done.stdout
    assert "\nwhat fails first (updates): after step 101, one step moves no weight by more than " in done.stdout
    assert "\n  what to try: train.optimizer's learning_rate ten to a hundred times larger than " in done.stdout
    done = nndl(*words, low, "--json", cwd=folder)
    record = json.loads(done.stdout)
    assert (done.returncode, record["learnt"], record["failed"]["check"]) == (1, False, "updates")
    assert record["put_aside"] == ["dropout", "train.schedule (constant)"]


@pytest.mark.parametrize("words", [("nowhere.yaml",), ("tiny.yaml", "--images", "1"), ("tiny.yaml", "--data", "none")])
def test_what_is_wrong_ends_with_2(folder: Path, words: tuple[str, ...]) -> None:
    sets = ("--set", "data.dataset=cifar10") if "none" in words else ()
    done = nndl("overfit", *words, *sets, cwd=folder)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl+C goes to all of its processes")
def test_ctrl_c_ends_it_with_130(folder: Path) -> None:
    slow = "train.optimizer={sgd: {learning_rate: 1.0e-8}}"
    process = started("overfit", "tiny.yaml", "--steps", "100000", "--set", slow, cwd=folder)
    assert process.stdout
    while "step" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped after step" in said
