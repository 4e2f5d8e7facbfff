"""nndl train --seeds: a run for each seed, and what they say together."""

import json
import statistics
from pathlib import Path

import pytest

from tests.cli.command import nndl
from tests.cli.test_train import CONFIG


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def test_each_seed_has_a_run_and_the_last_line_tells_mean_and_spread(folder: Path) -> None:
    done = nndl("train", "tiny.yaml", "--seeds", "3", "--seed", "4", "--run-dir", "repeated", cwd=folder)
    assert done.returncode == 0, done.stderr
    tests = []
    for seed in (4, 5, 6):
        run = folder / "repeated" / f"seed-{seed}"
        assert f"seed: {seed}\n" in (run / "config.yaml").read_text(encoding="utf-8")
        tests.append(json.loads((run / "summary.json").read_text(encoding="utf-8"))["test"]["best"]["accuracy"])
    mean, deviation = 100 * statistics.mean(tests), 100 * statistics.stdev(tests)
    last = done.stdout.strip().splitlines()[-1]
    assert f"over 3 seeds: test accuracy {mean:.2f} % on average, standard deviation {deviation:.2f} (" in last


def test_it_speaks_json(folder: Path) -> None:
    done = nndl("train", "tiny.yaml", "--seeds", "2", "--epochs", "0.5", "--json", cwd=folder)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    last = lines[-1]
    assert last["kind"] == "seeds"
    assert last["seeds"] == [0, 1]
    summaries = [line["test"]["best"]["accuracy"] for line in lines if line["kind"] == "summary"]
    assert summaries == last["test_accuracy"]
    assert last["mean"] == pytest.approx(sum(summaries) / 2)
    assert [line["epoch"] for line in lines if line["kind"] == "epoch"] == [1, 1]


def test_a_run_that_is_gone_on_with_has_its_one_seed(folder: Path) -> None:
    done = nndl("train", "--resume", "latest", "--seeds", "2", cwd=folder)
    assert done.returncode == 2
    assert "--seeds does not fit" in done.stderr
