"""Workers as jobs through submitit: its local executor runs them, a stand-in for sbatch shows what Slurm would get."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nndl.errors import UsageError
from nndl.jobs.sweeps.load import load_sweep
from nndl.jobs.sweeps.slurm import JOBS, command, submit
from nndl.jobs.sweeps.study import Study, begin_study
from nndl.jobs.sweeps.worker import Worker
from tests.cli.command import ROOT, nndl
from tests.jobs.sweeps.small import SWEEP, table, write

pytest.importorskip("optuna")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Slurm, and submitit's local jobs, are POSIX")


def begun(folder: Path, file: Path) -> Study:
    sweep, text = load_sweep(file)
    return begin_study(folder, sweep, text, file, None, threads=1)[0]


def children(pid: int) -> list[int]:
    said = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(word) for word in said.split()]


def preempted(controller: int, study: Study) -> None:
    """Send the job what a cluster sends, once a trial is under way."""
    give_up = time.monotonic() + 90
    while not any(trial.state == "running" for trial in study.trials()) and time.monotonic() < give_up:
        time.sleep(0.02)
    for task in children(controller):
        os.kill(task, signal.SIGUSR2)


def test_a_preempted_job_saves_its_trial_and_goes_on_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("submitit")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    file = write(tmp_path)
    calm = begun(tmp_path / "calm", file)
    assert Worker(calm).work()
    study = begun(tmp_path / "jobs", file)
    (job,) = submit(study.folder, 1, (), 1, cluster="local")
    preempted(int(job.job_id), study)
    job.wait()
    log = job.paths.stdout.read_text(encoding="utf-8") + job.paths.stderr.read_text(encoding="utf-8")
    assert job.exception() is None, log
    assert "Requeued job" in log
    assert all(trial.finished for trial in study.trials())
    assert table(study) == table(calm)


def test_slurm_gets_an_array_of_workers(tmp_path: Path) -> None:
    pytest.importorskip("submitit")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, says in (("srun", ""), ("sbatch", 'cp "$1" "$HERE/script"; echo Submitted batch job 12')):
        (programs / name).write_text(f"#!/bin/sh\n{says}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    write(tmp_path, SWEEP)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    options = (
        "--slurm",
        "--threads",
        "4",
        "--workers",
        "3",
        "--slurm-set",
        "partition=cpu",
        "--slurm-set",
        "time=2:00:00",
    )
    done = nndl("sweep", "sweep.yaml", *options, cwd=tmp_path, PATH=path, HERE=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "submitted: jobs 12_0, 12_1, 12_2" in done.stdout
    script = (tmp_path / "script").read_text(encoding="utf-8").splitlines()
    for line in ("array=0-2%3", "cpus-per-task=4", "partition=cpu", "time=2:00:00", "signal=USR2@90"):
        assert f"#SBATCH --{line}" in script
    assert (tmp_path / "runs" / "tiny-sweep" / JOBS).is_dir()


def test_where_there_is_no_slurm_it_is_told(tmp_path: Path) -> None:
    pytest.importorskip("submitit")
    write(tmp_path)
    done = nndl("sweep", "sweep.yaml", "--slurm", "--threads", "1", cwd=tmp_path, PATH="/nowhere")
    assert (done.returncode, "Could not detect" in done.stderr) == (2, True)


def test_what_slurm_cannot_know_is_asked_for(tmp_path: Path) -> None:
    write(tmp_path)
    done = nndl("sweep", "sweep.yaml", "--slurm", cwd=tmp_path)
    assert (done.returncode, "--slurm needs --threads N" in done.stderr) == (2, True)
    assert not (tmp_path / "runs").exists()


def test_an_option_without_a_value_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("submitit")
    with pytest.raises(UsageError, match="--slurm-set partition: say KEY=VALUE"):
        submit(tmp_path, 1, (), 1, ["partition"], cluster="local")


def test_the_workers_command_holds_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = command(Path("a b"), ["data.root=/images"])
    assert shlex.join(words).endswith(f"-m nndl sweep work '{tmp_path / 'a b'}' --set data.root=/images")
