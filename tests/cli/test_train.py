"""nndl train in a process of its own: what it prints, what it keeps, how it stops and goes on."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.config import load_config
from nndl.runs.checkpoint import read_checkpoint
from nndl.runs.metrics import read_metrics
from nndl.train.schedules import Multistep
from tests.cli.command import environment, nndl, started

CONFIG = """\
name: tiny
engine: reference
threads: 1
data:
  dataset: synthetic
  train_size: 200
  test_size: 50
  validation_size: 40
model:
  layers:
    - avg_pool: 8
    - affine: 16
    - bn
    - relu
    - dropout: {keep: 0.9}
    - affine: 10
train:
  epochs: 3
  batch_size: 32
  optimizer:
    adam: {learning_rate: 0.01}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def only_run(folder: Path) -> Path:
    (run,) = (folder / "runs").glob("[!.]*")
    return run


def summary(run: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return loaded


def same_arrays(left: Path, right: Path) -> bool:
    one, two = read_checkpoint(left)[0], read_checkpoint(right)[0]
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


def test_fewer_epochs_than_a_schedule_names_train_the_whole_in_little(folder: Path) -> None:
    schedule = "  warmup_epochs: 0.6\n  schedule: {multistep: {epochs: [1, 2]}}\n"
    (folder / "tiny.yaml").write_text(CONFIG + schedule, encoding="utf-8")
    done = nndl("train", "tiny.yaml", "--epochs", "0.75", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == (
        "shortened in proportion to --epochs 0.75: "
        "train.schedule={multistep: {epochs: [0.25, 0.5], factor: 0.1}}, train.warmup_epochs=0.15\n"
    )
    kept = load_config(only_run(folder) / "config.yaml").train
    assert (kept.epochs, kept.schedule, kept.warmup_epochs) == (0.75, Multistep(epochs=(0.25, 0.5)), 0.15)
    set_alone = nndl("train", "tiny.yaml", "--set", "train.epochs=1", cwd=folder)
    assert (set_alone.returncode, "the drop after epoch 2 never comes" in set_alone.stderr) == (2, True)


def test_what_set_names_is_shortened_too(folder: Path) -> None:
    sets = "train.groups=[{match: '*.b', freeze_after: 2}]", "train.schedule={multistep: {epochs: [2]}}"
    done = nndl(
        "train", "tiny.yaml", "--epochs", "0.75", *(word for each in sets for word in ("--set", each)), cwd=folder
    )
    assert done.returncode == 0, done.stderr
    kept, whole = load_config(only_run(folder) / "config.yaml").train, load_config(folder / "tiny.yaml").train.epochs
    moved = 2 * 0.75 / whole
    assert (kept.schedule, kept.groups[0].freeze_after) == (Multistep(epochs=(moved,)), moved)


def test_a_freezing_that_training_does_not_come_to_is_told(folder: Path) -> None:
    groups = "  groups: [{match: '*.b', freeze_after: 2}]\n"
    (folder / "tiny.yaml").write_text(CONFIG + groups, encoding="utf-8")
    done = nndl("train", "tiny.yaml", "--set", "train.epochs=1", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "train.groups: the freezing of '*.b' after epoch 2 never comes\n")


def test_a_run_prints_plain_lines_and_keeps_everything(folder: Path) -> None:
    done = nndl("train", "tiny.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    lines = done.stdout.splitlines()
    run = only_run(folder)
    assert run.name.startswith("tiny-")
    assert "SYNTHETIC" in lines[0]
    assert "engine reference" in lines[1]
    assert run.name in done.stdout
    assert [line.split()[1] for line in lines if " done " in line] == ["1/3", "2/3", "3/3"]
    assert "test accuracy" in lines[-1]
    assert "SYNTHETIC" in lines[-1]
    assert {path.name for path in run.iterdir()} == {
        ".lock",
        "config.yaml",
        "environment.json",
        "input.json",
        "metrics.jsonl",
        "best.safetensors",
        "last.safetensors",
        "step-10.safetensors",
        "log.txt",
        "summary.json",
    }
    kinds = [line["kind"] for line in read_metrics(run / "metrics.jsonl")]
    assert kinds == [*(["step"] * 5 + ["epoch"]) * 3, "finished"]
    kept = summary(run)
    assert kept["status"] == "finished"
    assert kept["test"]["best"]["images"] == 50
    assert json.loads((run / "environment.json").read_text(encoding="utf-8"))["data"]["synthetic"] is True


def test_json_lines_are_all_json_and_quiet_is_one_line(folder: Path) -> None:
    done = nndl("train", "tiny.yaml", "--json", "--epochs", "1", cwd=folder)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["kind"] for record in records] == ["start", *["step"] * 5, "epoch", "finished", "summary"]
    assert records[0]["data"]["synthetic"] is True
    assert 0 <= records[-1]["test"]["best"]["accuracy"] <= 1
    quiet = nndl("train", "tiny.yaml", "--quiet", "--epochs", "1", "--run-dir", "here/it", cwd=folder)
    assert quiet.returncode == 0, quiet.stderr
    assert len(quiet.stdout.splitlines()) == 1
    assert (folder / "here" / "it" / "last.safetensors").is_file()


def test_the_same_seed_gives_the_same_run(folder: Path) -> None:
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        done = nndl("train", "tiny.yaml", "--quiet", "--epochs", "1", "--seed", seed, "--run-dir", name, cwd=folder)
        assert done.returncode == 0, done.stderr
    assert same_arrays(folder / "a" / "last.safetensors", folder / "b" / "last.safetensors")
    assert not same_arrays(folder / "a" / "last.safetensors", folder / "c" / "last.safetensors")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl+C to one process")
def test_ctrl_c_saves_the_state_and_the_run_goes_on_exactly(folder: Path) -> None:
    words = ["train", "tiny.yaml", "--epochs", "600"]
    process = started(*words, "--json", "--run-dir", "stopped", cwd=folder)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("step", 0) >= 12:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "nndl resume stopped" in err
    assert json.loads(out.splitlines()[-1])["kind"] == "interrupted"
    assert summary(folder / "stopped")["status"] == "interrupted"
    _, info = read_checkpoint(folder / "stopped" / "last.safetensors")
    assert 12 <= info["step"] < 3000


def test_resumed_equals_uninterrupted_to_the_last_bit(folder: Path) -> None:
    whole = nndl("train", "tiny.yaml", "--quiet", "--run-dir", "whole", cwd=folder)
    assert whole.returncode == 0, whole.stderr
    code = (
        "from nndl.train.solver import Solver\nfrom nndl.cli.app import app\ntake = Solver._take_step\n"
        "def stopping(self, X, y):\n"
        "    if self.step == 6:\n        self.stop()\n"
        "    return take(self, X, y)\n"
        "Solver._take_step = stopping\n"
        "app(['train', 'tiny.yaml', '--quiet', '--run-dir', 'parts'], prog_name='nndl')"
    )
    stopped = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment(), capture_output=True, check=False
    )
    assert stopped.returncode == 130, stopped.stderr
    assert read_checkpoint(folder / "parts" / "last.safetensors")[1]["step"] == 7
    resumed = nndl("train", "--resume", "parts", "--quiet", cwd=folder)
    assert resumed.returncode == 0, resumed.stderr
    for name in ("last.safetensors", "best.safetensors"):
        assert same_arrays(folder / "whole" / name, folder / "parts" / name)

    def metrics(run: str) -> list[dict[str, Any]]:
        timing = ("seconds", "images_per_second")
        lines = read_metrics(folder / run / "metrics.jsonl")
        return [{key: value for key, value in line.items() if key not in timing} for line in lines]

    assert metrics("parts") == metrics("whole")
    assert summary(folder / "parts")["test"] == summary(folder / "whole")["test"]


def test_divergence_is_explained_and_the_run_marked_as_failed(folder: Path) -> None:
    done = nndl("train", "tiny.yaml", "--set", "train.optimizer={sgd: {learning_rate: 1.0e+30}}", cwd=folder)
    assert done.returncode == 1
    assert "error: the weights are far too large (affine1.w comes to 1.9" in done.stderr
    assert "Warning" not in done.stderr
    assert summary(only_run(folder))["status"] == "failed"


def test_missing_data_names_both_ways_on(folder: Path) -> None:
    done = nndl("train", "tiny.yaml", "--set", "data.dataset=cifar10", "--data", "nowhere", cwd=folder)
    assert done.returncode == 2
    assert "nndl download-cifar" in done.stderr
    assert "synthetic" in done.stderr
    assert not (folder / "runs").exists()


def test_losses_beyond_reason_are_told_once_and_kept_with_the_run(tmp_path: Path) -> None:
    """Adam at a rate of 1 came to losses of 2e4 and was finished without a word."""
    text = CONFIG.partition("model:")[0] + "model: {layers: [affine: 10]}\n"
    text += "train: {epochs: 3, optimizer: {sgd: {learning_rate: 9}}}\n"
    (tmp_path / "far.yaml").write_text(text, encoding="utf-8")
    done = nndl("train", "far.yaml", "--run-dir", "far", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = re.findall(
        r"warning: (epoch \d costs .* guessing costs 2\.3: this learns nothing\n  what to try: .*)\n", done.stderr
    )
    assert len(said) == 1
    assert json.loads((tmp_path / "far" / "summary.json").read_text(encoding="utf-8"))["warning"] == said[0]
    assert said[0].splitlines()[0] in (tmp_path / "far" / "log.txt").read_text(encoding="utf-8")


def test_what_is_noticed_is_a_line_of_json_or_a_warning_with_what_to_try(tmp_path: Path) -> None:
    text = CONFIG.partition("model:")[0] + "model: {layers: [affine: {out_features: 9, init: zeros}, affine: 10]}\n"
    (tmp_path / "ill.yaml").write_text(text + "train: {epochs: 1, batch_size: 32}\n", encoding="utf-8")
    done = nndl("train", "ill.yaml", "--json", cwd=tmp_path)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    (noticed,) = (line for line in lines if line["kind"] == "noticed")
    assert (noticed["sign"], noticed["step"]) == ("vanishing", 0)
    assert "warning" not in done.stderr
    assert lines[-1]["noticed"] == ["vanishing"]
    done = nndl("train", "ill.yaml", "--quiet", cwd=tmp_path)
    assert f"warning: {noticed['says']}\n  what to try: {noticed['cure']}\n" in done.stderr
    done = nndl("watch", "latest", cwd=tmp_path)
    assert noticed["says"] in done.stderr


def test_images_that_would_not_be_looked_at_and_a_name_of_another_run_are_refused(tmp_path: Path) -> None:
    for words, said in (
        (["--data", "pets"], "generated images (data.dataset: synthetic), so --data says nothing"),
        (["--name", "latest"], "latest always means the newest run"),
    ):
        done = nndl("train", "quickstart", *words, cwd=tmp_path)
        assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
        assert said in done.stderr
