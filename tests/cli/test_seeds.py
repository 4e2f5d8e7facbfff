"""nndl train --seeds: a run for each seed, and what they say together."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import environment, nndl
from tests.cli.test_train import CONFIG, same_arrays


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
    assert (
        f"over 3 seeds: test accuracy {mean:.2f} % on SYNTHETIC images on average, standard deviation {deviation:.2f} ("
        in last
    )


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


def stopped(
    folder: Path, *words: str, seed: int, step: int, error: str = "self.stop()"
) -> "subprocess.CompletedProcess[str]":
    """Run `nndl words...`, and have the seed stopped, by Ctrl+C or otherwise, when it has done `step` steps."""
    code = (
        "import os, sys\nfrom nndl.errors import TrainingError\nfrom nndl.train.solver import Solver\n"
        "from nndl.cli.app import app\ntake, begun = Solver._take_step, []\n"
        "def stopping(self, X, y):\n"
        "    if self.step == 0:\n        begun.append(self)\n"
        f"    if len(begun) == {seed + 1} and self.step == {step}:\n        {error}\n"
        "    return take(self, X, y)\n"
        "Solver._take_step = stopping\napp(prog_name='nndl')"
    )
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)


def test_the_same_command_goes_on_where_it_was_stopped(folder: Path) -> None:
    words = ("train", "tiny.yaml", "--seeds", "3", "--quiet", "--run-dir")
    assert nndl(*words, "whole", cwd=folder).returncode == 0
    parts = stopped(folder, *words, "parts", seed=1, step=7)
    assert parts.returncode == 130
    assert "1 of 3 seeds is done\nover 1 seed: test accuracy " in parts.stderr
    assert parts.stderr.endswith(
        "to go on with all of them: nndl train tiny.yaml --seeds 3 --quiet --run-dir parts\n"
    ), parts.stderr
    finished = (folder / "parts" / "seed-0" / "last.safetensors").stat().st_mtime_ns
    done = nndl(*words, "parts", cwd=folder)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("seed 0 is finished: test accuracy ")
    assert lines[-1].startswith("over 3 seeds: test accuracy ")
    assert len(lines) == 4
    assert (folder / "parts" / "seed-0" / "last.safetensors").stat().st_mtime_ns == finished
    for seed in (0, 1, 2):
        assert same_arrays(*(folder / name / f"seed-{seed}" / "last.safetensors" for name in ("whole", "parts")))


def test_a_killed_set_is_completed_with_more_seeds(folder: Path) -> None:
    words = ("train", "tiny.yaml", "--epochs", "0.5", "--run-dir", "c", "--json", "--seeds")
    killed = stopped(folder, *words, "2", seed=1, step=1, error="os._exit(9)")
    assert killed.returncode == 9
    done = nndl(*words, "3", cwd=folder)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["folder"] for line in lines if line["kind"] == "summary"] == [
        str(Path(f"c/seed-{seed}")) for seed in range(3)
    ]
    assert (lines[-1]["finished"], lines[-1]["seeds"], lines[-1]["missing"]) == (True, [0, 1, 2], [])
    assert nndl(*words, "3", cwd=folder).stdout.splitlines()[-1] == done.stdout.splitlines()[-1]


def test_without_a_run_dir_the_set_has_a_folder_and_the_note_names_it(folder: Path) -> None:
    done = stopped(folder, "train", "tiny.yaml", "--seeds", "2", "--json", seed=1, step=3)
    assert done.returncode == 130
    (inside,) = (folder / "runs").glob("[!.]*")
    assert inside.name.startswith("tiny-")
    assert f"nndl train tiny.yaml --seeds 2 --json --run-dir runs/{inside.name}\n" in done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["kind"], last["finished"], last["seeds"], last["missing"]) == ("seeds", False, [0], [1])
    assert last["mean"] == last["test_accuracy"][0]
    listed = nndl("runs", cwd=folder).stdout
    assert f"{inside.name}/seed-1   interrupted" in listed
    assert nndl("resume", inside.name, "--quiet", cwd=folder).returncode == 0  # the newest of them
    assert "config" not in listed.splitlines()[0]


def test_a_second_ctrl_c_tells_what_is_done_too(folder: Path) -> None:
    words = ("train", "tiny.yaml", "--seeds", "2", "--epochs", "1", "--quiet", "--run-dir", "c")
    done = stopped(folder, *words, seed=1, step=2, error="raise KeyboardInterrupt")
    assert done.returncode == 130
    assert "1 of 2 seeds is done\n" in done.stderr
    assert nndl(*words, cwd=folder).returncode == 0


def test_an_error_in_a_seed_names_it(folder: Path) -> None:
    words = ("train", "tiny.yaml", "--seeds", "3", "--quiet", "--run-dir", "c")
    done = stopped(folder, *words, seed=1, step=2, error="raise TrainingError('the loss is nan')")
    assert done.returncode == 1
    assert done.stderr.endswith("--run-dir c\nerror: seed 1: the loss is nan\n")
    assert "1 of 3 seeds is done" in done.stderr
    assert not (folder / "c" / "seed-2").exists()


def test_what_is_something_else_is_refused_before_anything_is_trained(folder: Path) -> None:
    words = ("train", "tiny.yaml", "--seeds", "2", "--run-dir", "c", "--epochs")
    (other := folder / "c" / "seed-1").mkdir(parents=True)
    (other / "notes.txt").write_text("mine", encoding="utf-8")
    done = nndl(*words, "1", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {Path('c/seed-1')} is there already and holds no run")
    (other / "notes.txt").unlink()
    assert nndl("train", "tiny.yaml", "--seed", "1", "--epochs", "2", "--run-dir", "c/seed-1", cwd=folder).stderr == ""
    done = nndl(*words, "1", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{Path('c/seed-1')} holds a run of another experiment:\n  train.epochs: 2 -> 1\n" in done.stderr
    assert "of 2 seeds" not in done.stderr
    done = nndl(*words, "2", "--threads", "2", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "threads: 1 -> 2\nput that back as it was, or go on nevertheless with --accept-changes" in done.stderr
    assert nndl(*words, "2", "--threads", "2", "--accept-changes", cwd=folder).returncode == 0


def test_a_set_that_was_never_begun_leaves_nothing(folder: Path) -> None:
    words = ("train", "tiny.yaml", "--seeds", "2", "--set", "data.dataset=cifar10", "--data", "nowhere")
    done = nndl(*words, cwd=folder)
    assert done.returncode == 2
    assert "seeds are done" not in done.stderr
    assert list((folder / "runs").glob("[!.]*")) == []


def test_the_epochs_of_a_time_budget_are_those_of_the_runs_there_are(folder: Path) -> None:
    words = ("train", "tiny.yaml", "--set", "train.time_budget=0.05s", "--seeds", "2", "--quiet", "--run-dir", "c")
    assert stopped(folder, *words, "--set", "train.batch_size=8", seed=0, step=10**9).returncode == 0
    (folder / "c" / "seed-1").rename(folder / "second")
    done = nndl(*words, "--set", "train.batch_size=8", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert f"epochs for 0.05s, as in {Path('c/seed-0')}\n" in done.stderr
    assert same_arrays(folder / "second" / "last.safetensors", folder / "c" / "seed-1" / "last.safetensors")


def test_a_summary_without_its_time_is_none_of_a_finished_run(folder: Path) -> None:
    """A stranger's, or a damaged one: its run goes on, where it was counted in and ended the whole set inside."""
    words = ["train", "tiny.yaml", "--seeds", "2", "--run-dir", "set"]
    assert nndl(*words, cwd=folder).returncode == 0
    summary = folder / "set" / "seed-0" / "summary.json"
    said = json.loads(summary.read_text(encoding="utf-8"))
    for wrong in (None, -1, "x", 1e300):
        summary.write_text(json.dumps({**said, "seconds": wrong}), encoding="utf-8")
        done = nndl(*words, cwd=folder)
        assert done.returncode == 2
        assert "is finished; --epochs" in done.stderr


def test_what_is_noticed_of_them_is_told_at_the_end_and_kept_with_each(tmp_path: Path) -> None:
    text = CONFIG.partition("model:")[0] + "model: {layers: [affine: {out_features: 9, init: zeros}, affine: 10]}\n"
    (tmp_path / "ill.yaml").write_text(text + "train: {epochs: 0.5, batch_size: 32}\n", encoding="utf-8")
    done = nndl("train", "ill.yaml", "--seeds", "2", "--run-dir", "ill", cwd=tmp_path)
    assert "warning" not in done.stderr
    for seed in (0, 1):
        log = tmp_path / "ill" / f"seed-{seed}" / "log.txt"
        assert f"noticed in seed-{seed}: vanishing; what to try is in {log.relative_to(tmp_path)}\n" in done.stderr
        assert "warning: activations vanish" in log.read_text(encoding="utf-8")
    done = nndl("train", "ill.yaml", "--seeds", "2", "--run-dir", "ill", "--json", cwd=tmp_path)
    assert json.loads(done.stdout.splitlines()[-1])["noticed"] == {"0": ["vanishing"], "1": ["vanishing"]}
