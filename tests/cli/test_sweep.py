"""nndl sweep and what shows it."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import environment, nndl
from tests.jobs.sweeps.small import BASE, SWEEP, write

pytest.importorskip("optuna")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep")
    write(folder)
    done = nndl("sweep", "sweep.yaml", "--workers", "2", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\ntrial ") == 6
    assert "\nbest trial " in done.stdout
    return folder


def test_a_finished_sweep_says_so(folder: Path) -> None:
    again = nndl("sweep", "sweep.yaml", cwd=folder)
    assert again.returncode == 0
    assert "the sweep has all its 6 trials; --trials 26 would add some" in again.stderr


def test_workers_share_the_threads(folder: Path) -> None:
    from nndl.engines.shared.threads import cores

    share = max(1, cores() // 2)
    about = json.loads((folder / "runs" / "tiny-sweep" / "sweep.json").read_text(encoding="utf-8"))
    ran = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("runs/*/trial-*/environment.json")]
    assert (about["identity"]["threads"], {run["threads"] for run in ran}) == (share, {share})


def test_status_best_importance_and_export(folder: Path) -> None:
    status = nndl("sweep", "status", "runs/tiny-sweep", cwd=folder).stdout
    assert "6 of 6 trials: 6 complete" in status
    told = json.loads(nndl("sweep", "status", "runs/tiny-sweep", "--json", cwd=folder).stdout)
    assert [row["trial"] for row in told["trials"]] == list(range(6))
    best = nndl("sweep", "best", "runs/tiny-sweep", cwd=folder)
    (folder / "best.yaml").write_text(best.stdout, encoding="utf-8")
    assert nndl("config", "check", "best.yaml", cwd=folder).returncode == 0
    shares = json.loads(nndl("sweep", "importance", "runs/tiny-sweep", "--json", cwd=folder).stdout)
    assert sum(shares.values()) == pytest.approx(1)
    done = nndl("sweep", "export", "runs/tiny-sweep", "trials.csv", "--json", cwd=folder)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"file": "trials.csv"})
    assert len((folder / "trials.csv").read_text(encoding="utf-8").splitlines()) == 7


def test_every_other_verb_works_on_a_trial(folder: Path) -> None:
    assert "tiny-sweep/trial-0003" in nndl("runs", cwd=folder).stdout
    assert nndl("eval", "runs/tiny-sweep/trial-0003", cwd=folder).returncode == 0


def test_the_export_opens_as_an_optuna_study(folder: Path) -> None:
    optuna = pytest.importorskip("optuna")
    pytest.importorskip("sqlalchemy")
    assert nndl("sweep", "export", "runs/tiny-sweep", "trials.sqlite", cwd=folder).returncode == 0
    study = optuna.load_study(study_name="nndl-tiny-sweep", storage=f"sqlite:///{folder / 'trials.sqlite'}")
    assert len(study.trials) == 6
    assert nndl("sweep", "export", "runs/tiny-sweep", "trials.sqlite", cwd=folder).returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 75), ("SIGUSR1", 75), ("SIGINT", 130)])
def test_asked_to_end_it_ends_with_its_workers_and_goes_on(tmp_path: Path, number: str, code: int) -> None:
    write(tmp_path, SWEEP.replace("trials: 6", "trials: 12"))
    words = [sys.executable, "-m", "nndl", "sweep", "sweep.yaml", "--workers", "2"]
    process = subprocess.Popen(
        words, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    while not process.stdout.readline().startswith("trial "):
        assert process.poll() is None
    process.send_signal(signal.Signals[number])
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "the same command goes on" in said) == (code, True)
    assert f"{'Ctrl+C' if number == 'SIGINT' else number}: stopping; trials are saved" in said
    states = [row["state"] for row in standing(tmp_path)]
    assert "running" not in states  # no worker was left behind
    assert states.count("complete") < 12
    assert nndl("sweep", "sweep.yaml", cwd=tmp_path).returncode == 0
    assert {row["state"] for row in standing(tmp_path)} == {"complete"}


def test_workers_without_images_end_it_with_their_words_and_code(tmp_path: Path) -> None:
    write(tmp_path, base=BASE.replace("dataset: synthetic, ", ""))
    done = nndl("sweep", "sweep.yaml", "--workers", "2", "--data", "nowhere", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("error: CIFAR-10 is not in nowhere") == 1
    assert "a worker ended before its time, with exit code 2" in done.stderr


def test_where_the_time_is_over_it_says_so_and_has_not_failed(tmp_path: Path) -> None:
    write(tmp_path, f"{SWEEP}time_budget: 1s\n".replace("trials: 6", "trials: 500"))
    done = nndl("sweep", "sweep.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "the time_budget of 1s is over: " in done.stderr
    assert " of 500 trials are done" in done.stderr
    assert "best trial" not in done.stdout


def test_a_grid_takes_no_more_trials_than_it_has(tmp_path: Path) -> None:
    write(tmp_path, "base: base.yaml\nspace: {train.batch_size: {choose: [10, 20]}}\nsampler: grid\ntrials: 2\n")
    done = nndl("sweep", "sweep.yaml", "--trials", "3", cwd=tmp_path)
    assert (done.returncode, "error: --trials 3: the grid has 2 combinations" in done.stderr) == (2, True)
    assert not (tmp_path / "runs").exists()


def test_a_clone_that_is_not_installed_starts_workers_from_anywhere(tmp_path: Path) -> None:
    write(tmp_path, SWEEP.replace("trials: 6", "trials: 1"))
    variables = environment()
    variables.pop("PYTHONPATH", None)
    words = [sys.executable, str(Path(__file__).parents[2] / "cli.py"), "sweep", "sweep.yaml"]
    done = subprocess.run(words, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_sweep_whose_trials_all_fail_has_failed(tmp_path: Path) -> None:
    space = "space: {train.optimizer.adam.learning_rate: {choose: [1.0e+29, 1.0e+30]}}"
    write(tmp_path, f"base: base.yaml\n{space}\ntrials: 2\nname: ../away\n")
    done = nndl("sweep", "sweep.yaml", cwd=tmp_path)
    assert (done.returncode, "every trial failed" in done.stdout) == (1, True)
    assert (tmp_path / "runs" / "away-sweep").is_dir()
    assert not (tmp_path / "away-sweep").exists()


def test_a_port_that_is_taken_is_told_before_anybody_joins(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("grpc")
    with socket.create_server(("localhost", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = nndl("sweep", "serve", "--port", port, "--storage", f"sqlite:///{tmp_path / 'a.db'}", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: nobody can listen at localhost:{port}: Address already in use")


def standing(folder: Path) -> list[dict[str, object]]:
    told = json.loads(nndl("sweep", "status", "runs/tiny-sweep", "--json", cwd=folder).stdout)
    return list(told["trials"])


def test_what_is_wrong_is_told_with_its_place(folder: Path) -> None:
    (folder / "wrong.yaml").write_text("base: base.yaml\nspace: {train.l3: {log: [1, 2]}}\n", encoding="utf-8")
    done = nndl("sweep", "wrong.yaml", cwd=folder)
    assert done.returncode == 2
    assert "wrong.yaml:2:19: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "parallel: 3" in nndl("sweep", "sweep.yaml", "--workers", "4", cwd=folder).stderr
    assert nndl("sweep", "status", "runs/none", cwd=folder).returncode == 2


@pytest.mark.parametrize("words", [("--engine", "nope"), ("--threads", "0")], ids=" ".join)
def test_a_wrong_option_costs_no_trial(tmp_path: Path, words: tuple[str, str]) -> None:
    write(tmp_path)
    done = nndl("sweep", "sweep.yaml", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {' '.join(words)}: ")
    assert not (tmp_path / "runs").exists()
