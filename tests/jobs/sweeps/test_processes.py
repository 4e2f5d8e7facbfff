"""Workers as processes: what they are asked, and what they said."""

import sys
from pathlib import Path

import pytest

from nndl.jobs.sweeps import processes
from nndl.jobs.sweeps.address import url_of
from nndl.jobs.sweeps.load import load_sweep
from nndl.jobs.sweeps.processes import Processes
from nndl.jobs.sweeps.study import Study, begin_study
from tests.jobs.sweeps.small import write

pytest.importorskip("optuna")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    file = write(tmp_path)
    sweep, text = load_sweep(file)
    return begin_study(tmp_path / "study", sweep, text, file, None, threads=1)[0]


def replace_worker(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(processes, "command", lambda *_: [sys.executable, "-c", program])


def test_a_worker_that_says_more_than_a_pipe_holds_ends(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_worker(monkeypatch, "import sys; sys.exit('x' * 300_000 + ' why')")
    with Processes(study, 2, (), None) as started:
        said = started.wait(print)
    assert [words[-5:] for words in said] == ["x why", "x why"]
    assert started.exit_codes == [1, 1]


def test_the_storage_is_named_to_workers_alone(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NNDL_STORAGE", raising=False)
    replace_worker(monkeypatch, "import os, sys; sys.exit(os.environ['NNDL_STORAGE'])")
    with Processes(study, 1, (), "sqlite:///here") as started:
        assert started.wait(print) == ["sqlite:///here"]
    assert url_of(None) is None


def test_killed_they_are_gone(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_worker(monkeypatch, "import time; time.sleep(600)")
    with Processes(study, 2, (), None) as started:
        assert started.exit_codes == [None, None]
        started.kill()
        assert None not in started.exit_codes
