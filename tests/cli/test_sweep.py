"""nndl sweep and what shows it."""

import json
from pathlib import Path

import pytest

from tests.cli.command import nndl
from tests.jobs.sweeps.small import write

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


def test_what_is_wrong_is_told_with_its_place(folder: Path) -> None:
    (folder / "wrong.yaml").write_text("base: base.yaml\nspace: {train.l3: {log: [1, 2]}}\n", encoding="utf-8")
    done = nndl("sweep", "wrong.yaml", cwd=folder)
    assert done.returncode == 2
    assert "wrong.yaml:2:19: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "parallel: 3" in nndl("sweep", "sweep.yaml", "--workers", "4", cwd=folder).stderr
    assert nndl("sweep", "status", "runs/none", cwd=folder).returncode == 2
