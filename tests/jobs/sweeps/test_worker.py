"""Workers: a sweep comes to the same table however it is interrupted, killed, or shared out."""

import errno
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nndl.errors import DataError, UsageError
from nndl.jobs.sweeps import worker as working
from nndl.jobs.sweeps.load import load_sweep
from nndl.jobs.sweeps.standing import front, record, time_left, without_effect
from nndl.jobs.sweeps.study import ABOUT, Study, begin_study, open_study
from nndl.jobs.sweeps.worker import Worker
from nndl.runs.lock import lock_run
from tests.cli.command import environment, nndl
from tests.jobs.sweeps.small import BASE, SWEEP, table, write

pytest.importorskip("optuna")


def begun(folder: Path, file: Path) -> Study:
    sweep, text = load_sweep(file)
    return begin_study(folder, sweep, text, file, None, threads=1)[0]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path)


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep that one worker has completed, at leisure."""
    folder = tmp_path_factory.mktemp("complete")
    assert Worker(begun(folder / "calm", write(folder))).work()
    return folder / "calm"


@pytest.fixture
def calm(complete: Path, tmp_path: Path, file: Path) -> Study:
    """The completed sweep, in a copy of the test's own."""
    shutil.copytree(complete, tmp_path / "calm")
    return begun(tmp_path / "calm", file)


def test_a_sweep_has_all_its_trials_and_a_best(calm: Study) -> None:
    trials = calm.trials()
    assert [trial.number for trial in trials] == list(range(6))
    assert {trial.state for trial in trials} == {"complete"}
    best = front(calm, trials)[0]
    assert best.values[0] == max(trial.values[0] for trial in trials)
    assert without_effect(trials) == []
    assert len({trial.notes["digest"] for trial in trials}) == 6


def test_what_waits_is_in_no_storage_and_a_trial_reads_the_study_once(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With many workers most of the work would be to read trials that nobody has begun."""
    study = begun(tmp_path / "s", file)
    assert study.optuna_study().trials == []
    assert [trial.state for trial in study.trials()] == ["waiting"] * 6
    reads, trials = [], Study.trials

    def counted(self: Study) -> Any:
        reads.append(self)
        return trials(self)

    monkeypatch.setattr(Study, "trials", counted)
    assert Worker(study).work()
    assert len(reads) == 7  # the last finds that all are finished


def test_a_claim_that_another_was_before_is_none(tmp_path: Path, file: Path) -> None:
    one, other = (begun(tmp_path / "s", file) for _ in range(2))
    third, again = (study.trials()[3] for study in (one, other))
    mine = one.claim(third)
    assert mine is not None
    assert (mine.number, mine.state) == (3, "running")
    assert other.claim(again) is None
    assert [trial.state for trial in other.trials()] == [
        "waiting",
        "waiting",
        "waiting",
        "running",
        "waiting",
        "waiting",
    ]


def test_stopped_after_any_step_and_gone_on_with_it_is_the_same(calm: Study, tmp_path: Path, file: Path) -> None:
    study = begun(tmp_path / "stopped", file)
    for seconds in (0.0, 0.1, 0.2, 0.3):
        worker = Worker(study)
        timer = threading.Timer(seconds, worker.stop)
        timer.start()
        worker.work()
        timer.join()
    assert Worker(study).work()
    assert table(study) == table(calm)


def test_stopped_before_its_first_step_however_often_a_trial_has_not_failed(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four stops that came that early, as on a busy machine, were counted as four crashes: the trial was given up."""
    study = begun(tmp_path / "stopped", file)
    with monkeypatch.context() as patched:
        patched.setattr(Worker, "_result", lambda self, *_: self.stop())
        for _ in range(5):
            assert not Worker(study).work()
    assert Worker(study).work()
    assert {trial.state for trial in study.trials()} == {"complete"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_in_mid_trial_it_is_taken_up_by_another(calm: Study, tmp_path: Path, file: Path) -> None:
    study = begun(tmp_path / "killed", file)
    words = [sys.executable, "-m", "nndl", "sweep", "work", str(study.folder)]
    for _ in range(3):
        process = subprocess.Popen(words, env=environment(), stderr=subprocess.DEVNULL)
        give_up = time.monotonic() + 60
        while not any(trial.state == "running" for trial in study.trials()) and time.monotonic() < give_up:
            time.sleep(0.05)
        time.sleep(0.2)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert Worker(study).work()
    assert table(study) == table(calm)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("number", ["SIGTERM", "SIGUSR1", "SIGUSR2"])
def test_a_scheduler_that_asks_a_worker_to_end_has_its_trial_saved(
    calm: Study, tmp_path: Path, file: Path, number: str
) -> None:
    study = begun(tmp_path / "asked", file)
    process = subprocess.Popen(
        [sys.executable, "-m", "nndl", "sweep", "work", str(study.folder)], env=environment(), stderr=subprocess.DEVNULL
    )
    give_up = time.monotonic() + 60
    while not any(trial.state == "running" for trial in study.trials()) and time.monotonic() < give_up:
        time.sleep(0.01)
    process.send_signal(signal.Signals[number])
    assert process.wait(60) == 75
    assert not all(trial.finished for trial in study.trials())
    assert Worker(study).work()
    assert table(study) == table(calm)


def test_two_workers_train_no_trial_twice(calm: Study, tmp_path: Path, file: Path) -> None:
    study = begun(tmp_path / "two", file)
    words = [sys.executable, "-m", "nndl", "sweep", "work", str(study.folder)]
    both = [subprocess.Popen(words, env=environment(), stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=110)[1] for process in both]
    trained = sorted(line.split()[1] for text in said for line in text.splitlines() if line.startswith("trial"))
    assert trained == list("012345")
    assert table(study) == table(calm)


def test_a_trial_that_fails_counts_and_says_why(tmp_path: Path) -> None:
    text = SWEEP.replace("{log: [1.0e-4, 1.0e-1]}", "{choose: [1.0e-3, 1.0e+30]}").replace("trials: 6", "trials: 4")
    study = begun(tmp_path / "s", write(tmp_path, text, BASE.replace("adam}", "adam, clip_norm: null}")))
    assert Worker(study).work()
    failed = [trial for trial in study.trials() if trial.state == "failed"]
    assert failed
    assert all(trial.notes["error"] for trial in failed)


def test_a_trial_whose_values_fit_no_config_fails_with_them_and_its_reason(tmp_path: Path) -> None:
    """Both ends of the range make configs, and what lies between does not always."""
    text = SWEEP.replace("conv.filters: {integers: [2, 6]}", "conv.kernel: {integers: [1, 3]}")
    study = begun(tmp_path / "s", write(tmp_path, text))
    assert Worker(study).work()
    kernels = [record(study, trial)["values"]["model.layers[1].conv.kernel"] for trial in study.trials()]
    assert {"2", "3"} <= set(kernels)
    for trial, kernel in zip(study.trials(), kernels, strict=True):
        assert trial.state == ("failed" if kernel == "2" else "complete")
        assert kernel != "2" or "pad: same needs an odd kernel, not 2" in trial.notes["error"]


def test_a_trial_that_ends_at_the_same_step_again_and_again_fails(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = begun(tmp_path / "s", file)

    def crash(*_: Any) -> str:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(working, "train_run", crash)
    for _ in range(working.MOST_ATTEMPTS):
        with pytest.raises(RuntimeError, match="out of luck"):
            Worker(study).work()
    monkeypatch.undo()
    Worker(study).work()
    assert study.trials()[0].state == "failed"
    assert f"ended {working.MOST_ATTEMPTS} times at step 0" in study.trials()[0].notes["error"]


@pytest.mark.parametrize("error", [DataError("no images"), OSError(errno.ENOSPC, "No space left on device")])
def test_what_is_missing_ends_the_worker_and_never_counts_against_a_trial(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Five commands without --data, and the first trial had failed for good."""
    study = begun(tmp_path / "s", file)

    def missing(*_: Any) -> str:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(working, "train_run", missing)
        for _ in range(working.MOST_ATTEMPTS + 1):
            with pytest.raises(type(error), match=str(error.args[-1])):
                Worker(study).work()
    assert Worker(study).work()
    assert {trial.state for trial in study.trials()} == {"complete"}


def test_a_folder_that_was_renamed_holds_the_same_sweep(calm: Study, file: Path) -> None:
    there = calm.folder.rename(calm.folder.with_name("elsewhere"))
    assert len(open_study(there, None)[0].trials()) == 6
    again = begun(there, file)
    assert again.is_complete()
    assert {trial.name for trial in there.glob("trial-*")} == {f"trial-000{number}" for number in range(6)}


def test_the_total_can_be_raised_and_another_sweep_is_refused(calm: Study, file: Path) -> None:
    sweep, text = load_sweep(file)
    more = begin_study(calm.folder, sweep.model_copy(update={"trials": 8}), text, file, None, 1)[0]
    assert Worker(more).work()
    assert len(more.trials()) == 8
    assert table(more)[:6] == table(calm)[:6]
    with pytest.raises(UsageError, match="seed: 0 -> 1"):
        begin_study(calm.folder, sweep.model_copy(update={"seed": 1}), text, file, None, 1)
    assert len(open_study(calm.folder, None)[0].trials()) == 8


@pytest.mark.parametrize("name", ["nndl", "numpy", "optuna"])
def test_a_worker_of_another_version_is_refused_by_name(tmp_path: Path, file: Path, name: str) -> None:
    study = begun(tmp_path / "s", file)
    about = json.loads((study.folder / ABOUT).read_text(encoding="utf-8"))
    now = about["identity"][name]
    about["identity"][name] = "0.0.1"
    (study.folder / ABOUT).write_text(json.dumps(about), encoding="utf-8")
    done = nndl("sweep", "work", str(study.folder), cwd=tmp_path)
    assert done.returncode == 2
    assert f"{name}: 0.0.1 -> {now}" in done.stderr
    again = nndl("sweep", file.name, "--sweep-dir", str(study.folder), cwd=tmp_path)
    assert (again.returncode, f"{name}: 0.0.1 -> {now}" in again.stderr) == (2, True)
    assert {trial.state for trial in study.trials()} == {"waiting"}


def test_several_seeds_are_runs_in_the_trials_folder_and_their_mean_counts(tmp_path: Path) -> None:
    text = SWEEP.replace("trials: 6", "trials: 2\nseeds: 2\nobjective: [validation_loss, multiply_adds]")
    study = begun(tmp_path / "s", write(tmp_path, text))
    assert Worker(study).work()
    assert all(len(list(study.path(number).glob("seed-*/config.yaml"))) == 2 for number in (0, 1))
    assert all(len(trial.values) == 2 for trial in study.trials())


def test_the_time_left_is_that_of_the_trials_to_come_by_as_many_as_train(calm: Study) -> None:
    trials = calm.trials()
    assert time_left(calm, trials) is None  # nobody trains
    took = [json.loads((calm.path(number) / "summary.json").read_text())["seconds"] for number in range(4)]
    mine = replace(trials[4], state="running", notes={"lease": [platform.node(), os.getpid(), time.time()]})
    with lock_run(calm.path(4)):
        left = time_left(calm, [*trials[:4], mine, replace(trials[5], state="waiting")])
    assert left == pytest.approx(1.5 * sum(took) / 4)


def test_values_without_effect_are_pointed_out(calm: Study) -> None:
    first, second, *others = calm.trials()
    same = replace(second, notes={**second.notes, "losses": first.notes["losses"]})
    assert without_effect([first, same, *others]) == [[0, 1]]
