"""Training on several processes is training on one: the same bits, one voice, one end."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nndl.config import parse_config
from nndl.config.build import build
from nndl.jobs.replay import compare_runs, timeless, train_until
from nndl.jobs.resume import keeping
from nndl.jobs.start import start_run
from nndl.jobs.stored import stored_experiment
from nndl.runs.folder import RunFolder
from nndl.runs.metrics import read_metrics
from tests.cli.command import nndl
from tests.jobs.parallel.ranks import launch, needs_mpi, train
from tests.small_run import STEPS, config

pytestmark = [needs_mpi, pytest.mark.xdist_group("mpi")]

FAULTY = str(Path(__file__).with_name("faulty.py"))


def sharded(optimizer: str = "adam", steps: str = "3 steps", epochs: int = 3) -> str:
    """A small run's config, in 5 shards of 2 images, mixed across them, with everything on that has state."""
    mixed = "augment: [flip, rotation: 9], mix: [cutmix: {probability: 0.5}, mixup]"
    text = (
        config()
        .replace("augment: [flip]", mixed)
        .replace("  batch_size: 10\n", "  batch_size: 10\n  shards: 5\n  clip_norm: 1.0\n")
    )
    return text.replace("adam", optimizer).replace("3 steps", steps).replace("epochs: 3", f"epochs: {epochs}")


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(sharded(), encoding="utf-8")
    return path


def alone(text: Path, folder: Path) -> RunFolder:
    """The same run on this process."""
    built = build(parse_config(text.read_text(encoding="utf-8"), "small.yaml", name="small"))
    run = start_run(built, folder)
    train_until(run, built.solver, keeping(built), STEPS)
    return run


@pytest.mark.parametrize(("size", "optimizer"), [(2, "adam"), (3, "muon")])
def test_ranks_train_what_one_process_trains(text: Path, tmp_path: Path, size: int, optimizer: str) -> None:
    text.write_text(sharded(optimizer), encoding="utf-8")
    words = ["-m", "nndl", "train", str(text), "--run-dir", str(tmp_path / "ranks")]
    ended = launch(*[words] * size)
    assert ended.code == 0, ended.err
    assert ended.out.count("test accuracy") == 1
    assert f"1 thread on each of {size} ranks, 5 shards, float32" in ended.out
    environment = json.loads((tmp_path / "ranks" / "environment.json").read_text(encoding="utf-8"))
    assert (environment["ranks"], environment["threads"]) == (size, 1)
    one = alone(text, tmp_path / "one")
    ranks = RunFolder(tmp_path / "ranks")
    parts = {part.name: part.first for part in compare_runs(one, ranks)}
    parts.pop("metrics")  # that of a run which ended by itself says so
    assert set(parts) >= {"parameters", "running statistics", "optimizer", "averages", "progress"}
    assert set(parts.values()) == {None}
    steps = [[line for line in read_metrics(run.metrics) if line["kind"] in ("step", "epoch")] for run in (one, ranks)]
    assert list(map(timeless, steps[0])) == list(map(timeless, steps[1]))
    assert len(steps[0]) > STEPS


def test_ranks_train_at_growing_sizes_and_go_on_at_them(text: Path, tmp_path: Path) -> None:
    """Resumed in the middle of a size: the ranks that follow are told of it, and begin no statistics anew."""
    growing = sharded().replace("avg_pool: 8", "avg_pool: 4").replace("affine: 10]", "global_max_pool, affine: 10]")
    growing = growing.replace("  clip_norm", "  resolution: {schedule: [[0, 16], [0.25, 24], [0.8, 32]]}\n  clip_norm")
    text.write_text(growing, encoding="utf-8")
    one, run = alone(text, tmp_path / "one"), tmp_path / "run"
    built = build(parse_config(growing, "small.yaml", name="small"))
    train_until(start_run(built, run), built.solver, keeping(built), 6)
    resumed = launch(*[["-m", "nndl", "resume", str(run), "--quiet", "--accept-changes"]] * 2)
    assert resumed.code == 0, resumed.err
    parts = {part.name: part.first for part in compare_runs(one, RunFolder(run))}
    parts.pop("metrics")
    parts.pop("progress")  # says that the number of ranks changed
    assert set(parts.values()) == {None}


PARTS = """\
  accumulate: 2
  class_weights: balanced
  clip_norm: 1.0
"""


@pytest.mark.parametrize("average", ["{swa: {start: 0.3, every: 2 steps, learning_rate: 0.003}}", "{ema: 0.9}"])
def test_batches_one_after_another_drawn_and_weighted_by_class_are_shared_out_too(
    text: Path, tmp_path: Path, average: str
) -> None:
    """Begun on one process, gone on with on two, ended on three; a plateau and SWA are the first one's to follow."""
    small = config(schedule="{plateau: {factor: 0.5, patience: 0, threshold: 0.5}}").replace("{ema: 0.9}", average)
    small = small.replace("  batch_size: 10\n", f"  batch_size: 5\n  shards: 2\n{PARTS}")
    text.write_text(small.replace("augment: [flip]", "augment: [flip], sampling: balanced"), encoding="utf-8")
    one, run = alone(text, tmp_path / "one"), tmp_path / "run"
    built = build(parse_config(text.read_text(encoding="utf-8"), "small.yaml", name="small"))
    train_until(start_run(built, run), built.solver, keeping(built), 5)
    until = ["-m", "nndl.jobs.parallel.run_until", str(run)]
    for size, step in ((2, 9), (3, STEPS)):
        ended = launch(*[[*until, str(step)]] * size)
        assert ended.code == 0, ended.err
    parts = {part.name: part.first for part in compare_runs(one, RunFolder(run))}
    assert set(parts) >= {"parameters", "running statistics", "optimizer", "averages", "metrics"}
    assert set(parts.values()) == {None}


def test_statistics_of_the_whole_batch_need_a_shard_for_each_rank(text: Path, tmp_path: Path) -> None:
    text.write_text(sharded().replace("shards: 5", "shards: 2\n  shard_statistics: batch"), encoding="utf-8")
    ended = train(3, text, tmp_path / "run")
    assert ended.code == 2
    assert "train.shard_statistics: batch: a batch of 10 has 2 shards, too few for 3 ranks to meet" in ended.err
    assert train(2, text, tmp_path / "run").code == 0
    parts = {part.name: part.first for part in compare_runs(alone(text, tmp_path / "one"), RunFolder(tmp_path / "run"))}
    parts.pop("metrics")
    assert set(parts.values()) == {None}


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("raise", "error: rank 1 of 2: internal error: ValueError: a planted fault"),
        ("memory", "rank 1 of 2: memory ran out"),
        ("exit", "rank 1 of 2: internal error: SystemExit: 0"),
    ],
)
def test_an_error_of_one_rank_ends_all_with_its_words(text: Path, tmp_path: Path, how: str, words: str) -> None:
    run = tmp_path / "run"
    ended = launch(*[[FAULTY, how, "17", "train", str(text), "--run-dir", str(run), "--quiet"]] * 2)
    assert ended.code not in (0, 2)
    assert words in ended.err
    assert ended.seconds < 30
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    assert summary["status"] == "failed"
    assert words.removeprefix("error: ") in summary["error"]
    assert (run / "last.safetensors").is_file()


def test_a_rank_that_is_killed_ends_all(text: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    ended = launch(*[[FAULTY, "kill", "17", "train", str(text), "--run-dir", str(run), "--quiet"]] * 2)
    assert ended.code != 0
    assert ended.seconds < 30
    assert (run / "last.safetensors").is_file()


def when_it_trains(run: Path, number: int) -> Callable[[int], None]:
    """Send the launcher a signal once steps are done."""

    def ask(pid: int) -> None:
        until = time.monotonic() + 40
        while time.monotonic() < until and not (run / "last.safetensors").is_file():
            time.sleep(0.02)
        os.kill(pid, number)

    return ask


def test_all_stop_at_one_step_and_go_on_on_another_number(text: Path, tmp_path: Path) -> None:
    text.write_text(sharded(epochs=2000), encoding="utf-8")
    run = tmp_path / "run"
    stopped = train(2, text, run, asked=when_it_trains(run, signal.SIGUSR1))
    assert stopped.code == 75, stopped.err
    assert "state saved" in stopped.err
    step = json.loads((run / "summary.json").read_text(encoding="utf-8"))["step"]
    epochs = str(step // 4 + 2)
    resumed = launch(*[["-m", "nndl", "resume", str(run), "--epochs", epochs, "--quiet"]] * 3)
    assert resumed.code == 0, resumed.err
    assert json.loads((run / "summary.json").read_text(encoding="utf-8"))["status"] == "finished"


def test_a_signal_that_reaches_one_rank_alone_stops_all(text: Path, tmp_path: Path) -> None:
    text.write_text(sharded(epochs=100_000), encoding="utf-8")
    run = tmp_path / "run"
    ended = launch(*[[FAULTY, "signal", "17", "train", str(text), "--run-dir", str(run), "--quiet"]] * 2)
    assert ended.code == 75, ended.err
    assert json.loads((run / "summary.json").read_text(encoding="utf-8"))["status"] == "interrupted"


def test_folds_are_trained_and_gone_on_with_on_another_number(tmp_path: Path) -> None:
    """The set's first run settled shards and threads, and another number of ranks would have settled others."""
    text, run = tmp_path / "small.yaml", tmp_path / "run"
    text.write_text(sharded().replace("  shards: 5\n", ""), encoding="utf-8")
    assert train(2, text, run, "--folds", "2").code == 0
    shutil.rmtree(run / "fold-2")
    ended = train(3, text, run, "--folds", "2")
    assert ended.code == 0, ended.err
    assert ended.out.count("over 2 folds: ") == 1
    shards = [stored_experiment(RunFolder(run / f"fold-{number}")).train.shards for number in (1, 2)]
    assert shards == [2, 2]


def test_processes_that_the_mpi_does_not_know_are_refused(text: Path, tmp_path: Path) -> None:
    words = ("train", str(text), "--run-dir", str(tmp_path / "run"))
    done = nndl(*words, cwd=tmp_path, OMPI_COMM_WORLD_RANK="0", OMPI_COMM_WORLD_SIZE="2")
    assert done.returncode == 2
    assert "2 processes were started, but the MPI sees 1" in done.stderr
    assert not (tmp_path / "run").exists()


def test_ranks_that_are_told_otherwise_are_refused(text: Path, tmp_path: Path) -> None:
    words = ["-m", "nndl", "train", str(text), "--run-dir", str(tmp_path / "run")]
    ended = launch(words, [*words, "--seed", "5", "--set", "train.l2=0.5"])
    assert ended.code == 2
    assert "error: the ranks are not to train the same" in ended.err
    assert "seed: 0 -> 5" in ended.err
    assert "train.l2: 0.0 -> 0.5" in ended.err
    assert ended.err.count("error: ") == 1
    assert not (tmp_path / "run").exists()


def test_an_error_of_all_is_told_once(text: Path, tmp_path: Path) -> None:
    text.write_text(sharded("adamm"), encoding="utf-8")
    ended = train(2, text, tmp_path / "run")
    assert ended.code == 2
    assert ended.err.count("did you mean") == 1
