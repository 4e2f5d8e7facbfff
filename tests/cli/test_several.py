"""A folder of several runs given to each verb: taken whole where that makes sense, else told which run to name."""

import json
import os
import shutil
import statistics
import sys
from pathlib import Path

import pytest

from tests.cli.command import nndl
from tests.small_run import CONFIG, trained

TEXT = CONFIG.format(engine="vectorized", schedule="constant")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a set of two finished seeds."""
    folder = tmp_path_factory.mktemp("several")
    (folder / "small.yaml").write_text(TEXT, encoding="utf-8")
    done = nndl("train", "small.yaml", "--quiet", "--seeds", "2", "--run-dir", "runs/set", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """The same, with a third seed that was stopped after its second epoch."""
    shutil.copytree(whole, tmp_path / "here")
    stopped = trained(tmp_path / "here" / "runs" / "set" / "seed-2", 8, "constant")
    os.utime(stopped.config, (0, 0))  # long ago: watch waits for no training that is about to begin
    return tmp_path / "here"


def status(folder: Path) -> list[str]:
    """Read the status of each run of the set."""
    runs = sorted((folder / "runs" / "set").iterdir())
    return [json.loads((run / "summary.json").read_text(encoding="utf-8"))["status"] for run in runs]


def test_eval_scores_each_and_their_mean(folder: Path) -> None:
    tests = []
    for seed in range(2):
        summary = json.loads((folder / f"runs/set/seed-{seed}/summary.json").read_text(encoding="utf-8"))
        tests.append(summary["test"]["best"]["accuracy"])
    done = nndl("eval", "set", cwd=folder)
    assert done.returncode == 0, done.stderr
    mean, deviation = 100 * statistics.mean(tests), 100 * statistics.stdev(tests)
    assert (
        f"small: accuracy on 20 SYNTHETIC test images {mean:.2f} % on average over 2 runs, "
        f"standard deviation {deviation:.2f}\n" in done.stdout
    )
    assert [f"{100 * test:.2f} %" in done.stdout for test in tests] == [True, True]
    assert "runs/set: 1 of 3 runs left out of the mean" in done.stderr
    (group,) = json.loads(nndl("eval", "set", "--json", cwd=folder).stdout)["configs"]
    assert [run["accuracy"] for run in group["runs"]] == tests
    assert group["mean"] == pytest.approx(statistics.mean(tests))


def test_eval_counts_what_all_of_them_confuse(whole: Path) -> None:
    done = nndl("eval", "set", "--confusion", cwd=whole)
    rows = done.stdout.partition("is, taken for:")[2].splitlines()[2:]
    assert sum(int(number) for row in rows for number in row.split()[-10:]) == 2 * 20


@pytest.mark.parametrize(
    ("verb", "code"),
    [("export {} --to npz", 2), ("predict {} x.png", 2), ("reproduce {}", 2), ("train --resume {}", 2)],
)
def test_a_verb_of_one_run_names_those_there_are_and_a_command(folder: Path, verb: str, code: int) -> None:
    words = verb.format("set").split()
    done = nndl(*words, cwd=folder)
    assert done.returncode == code
    lines = done.stderr.splitlines()
    assert lines[0] == f"error: {Path('runs/set')} holds 3 runs, and this takes one:"
    assert [Path(line.split()[0]).name for line in lines[1:4]] == ["seed-0", "seed-1", "seed-2"]
    assert "finished, validation" in lines[1]
    ready = lines[-1].partition(": ")[2]
    assert ready.startswith(f"nndl {verb.split('{}')[0]}{Path('runs/set')}")
    assert sorted(path.name for path in folder.iterdir()) == ["runs", "small.yaml"]


def test_the_command_it_names_does_it(whole: Path) -> None:
    ready = (
        nndl("export", "set", "--to", "npz", "-o", "x.npz", cwd=whole).stderr.splitlines()[-1].partition(": nndl ")[2]
    )
    done = nndl(*ready.split(), cwd=whole)
    assert (done.returncode, (whole / "x.npz").is_file()) == (0, True), done.stderr


def test_resume_goes_on_with_those_that_are_not_finished(folder: Path) -> None:
    before = (folder / "runs/set/seed-0/last.safetensors").read_bytes()
    done = nndl("resume", "set", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert status(folder) == ["finished"] * 3
    assert (folder / "runs/set/seed-0/last.safetensors").read_bytes() == before
    again = nndl("resume", "set", cwd=folder)
    assert again.returncode == 2
    assert "nothing in " in again.stderr
    assert "--epochs N trains each of its runs to N epochs in all" in again.stderr
    longer = nndl("resume", "set", "--epochs", "4", "--quiet", cwd=folder)
    assert longer.returncode == 0, longer.stderr
    assert longer.stdout.count("test accuracy") == 3


def test_watch_and_compare_take_it_whole(folder: Path) -> None:
    assert nndl("watch", "set", "--once", cwd=folder).stdout.startswith(f"{Path('runs/set/seed-2')}: ")
    table = nndl("runs", "compare", "set", cwd=folder).stdout
    assert [name in table for name in ("set/seed-0", "set/seed-1", "set/seed-2")] == [True] * 3


def test_remove_takes_no_set_for_a_run(folder: Path) -> None:
    done = nndl("runs", "remove", "set", "--yes", cwd=folder)
    assert done.returncode == 2
    assert "holds 3 runs, and one is to be named" in done.stderr
    assert len(list((folder / "runs/set").iterdir())) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_seed_that_is_a_link_is_not_gone_on_with(folder: Path) -> None:
    mine = (folder / "runs" / "set" / "seed-2").rename(folder / "mine")
    (folder / "runs" / "set" / "seed-2").symlink_to(mine)
    before = {path.name: path.read_bytes() for path in mine.iterdir()}
    done = nndl("train", "small.yaml", "--seeds", "3", "--run-dir", "runs/set", cwd=folder)
    assert done.returncode == 2
    assert "seed-2 is a link, which may lead to any run" in done.stderr
    assert nndl("resume", "set", cwd=folder).returncode == 2
    assert {path.name: path.read_bytes() for path in mine.iterdir()} == before
