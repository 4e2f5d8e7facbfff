"""A sweep in a database is the same as one in a journal: SQLite, PostgreSQL, and Optuna's proxy before one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nndl.errors import UsageError
from nndl.jobs.sweeps.load import load_sweep
from nndl.jobs.sweeps.study import ABOUT, Study, begin_study, open_study
from nndl.jobs.sweeps.worker import Worker
from tests.cli.command import environment
from tests.jobs.sweeps import postgresql
from tests.jobs.sweeps.small import SWEEP, table, write

optuna = pytest.importorskip("optuna")
sqlalchemy = pytest.importorskip("sqlalchemy")


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what a test leaves open, which a process's end does elsewhere."""
    engines: list[Any] = []
    create = sqlalchemy.engine.create_engine

    def kept(*words: Any, **options: Any) -> Any:
        engines.append(create(*words, **options))
        return engines[-1]

    monkeypatch.setattr("sqlalchemy.engine.create_engine", kept)
    yield
    for engine in engines:
        engine.dispose()


def begun(folder: Path, file: Path, url: str | None) -> Study:
    sweep, text = load_sweep(file)
    return begin_study(folder, sweep, text, file, url, threads=1)[0]


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    if postgresql.missing():
        pytest.skip(postgresql.missing() or "")
    pytest.importorskip("psycopg")
    with postgresql.server() as url:
        yield url


def killed_on_the_way(study: Study, url: str) -> None:
    """A worker that is killed in mid-trial, and another that goes on."""
    words = [sys.executable, "-m", "nndl", "sweep", "work", str(study.folder)]
    process = subprocess.Popen(words, env=environment(NNDL_STORAGE=url), stderr=subprocess.DEVNULL)
    give_up = time.monotonic() + 60
    while not any(trial.state == "running" for trial in study.trials()) and time.monotonic() < give_up:
        time.sleep(0.05)
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert Worker(study).work()


def test_sqlite_holds_the_same_study_as_a_journal(tmp_path: Path) -> None:
    file = write(tmp_path)
    calm = begun(tmp_path / "calm", file, None)
    assert Worker(calm).work()
    url = f"sqlite:///{tmp_path / 'trials.sqlite'}"
    study = begun(tmp_path / "sqlite", file, url)
    killed_on_the_way(study, url)
    assert table(study) == table(calm)
    with pytest.raises(UsageError, match="say so with --storage"):
        open_study(study.folder, None)


def test_a_sweep_is_gone_on_with_in_its_own_storage_alone(tmp_path: Path) -> None:
    """A command without its --storage used to begin another study, in the folder, over the same trials."""
    file = write(tmp_path)
    kept, other = (f"sqlite:///{tmp_path / name}.sqlite" for name in ("kept", "other"))
    begun(tmp_path / "one", file, kept)
    before = (tmp_path / "one" / ABOUT).read_bytes()
    with pytest.raises(UsageError, match=r"kept in sqlite:///.*; say so with --storage"):
        begun(tmp_path / "one", file, None)
    with pytest.raises(UsageError, match="has nothing of the sweep nndl-one"):
        begun(tmp_path / "one", file, other)
    assert (tmp_path / "one" / ABOUT).read_bytes() == before
    begun(tmp_path / "two", file, None)
    for enter in (begun, lambda folder, _, url: open_study(folder, url)):
        with pytest.raises(UsageError, match="kept in its folder, not in sqlite"):
            enter(tmp_path / "two", file, kept)


def test_two_sweeps_of_one_name_do_not_share_a_study(tmp_path: Path) -> None:
    file, url = write(tmp_path), f"sqlite:///{tmp_path / 'both.sqlite'}"
    begun(tmp_path / "a" / "name", file, url)
    assert begun(tmp_path / "b" / "name", file, url).trials()
    write(tmp_path, SWEEP.replace("integers: [2, 6]", "integers: [2, 7]"))
    with pytest.raises(UsageError, match=r"under the name nndl-name, holds a sweep that is not this one:\n  space: "):
        begun(tmp_path / "c" / "name", file, url)


def test_postgresql_holds_the_same_study_and_no_password_is_kept(postgres: str, tmp_path: Path) -> None:
    file = write(tmp_path)
    calm = begun(tmp_path / "calm", file, None)
    assert Worker(calm).work()
    study = begun(tmp_path / "postgresql", file, postgres)
    assert study._storage._backend.engine.pool.size() == 1  # a server has a hundred
    killed_on_the_way(study, postgres)
    assert table(study) == table(calm)
    for path in study.folder.rglob("*"):
        assert not path.is_file() or b"correct-horse" not in path.read_bytes()


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[str]:
    """Optuna's gRPC proxy before an SQLite file, in a process of its own."""
    pytest.importorskip("grpc")
    pytest.importorskip("google.protobuf")
    port = postgresql.free_port()
    words = [sys.executable, "-m", "nndl", "sweep", "serve", "--port", str(port)]
    behind = environment(NNDL_STORAGE=f"sqlite:///{tmp_path / 'behind.sqlite'}")
    process = subprocess.Popen(words, env=behind, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"grpc://localhost:{port}"
    finally:
        process.kill()
        process.wait()


def test_a_proxy_holds_the_same_study(proxy: str, tmp_path: Path) -> None:
    file = write(tmp_path)
    calm = begun(tmp_path / "calm", file, None)
    assert Worker(calm).work()
    study = begun(tmp_path / "proxy", file, proxy)
    killed_on_the_way(study, proxy)
    assert table(study) == table(calm)


@pytest.mark.parametrize("url", ["grpc://localhost:1", "grpc://localhost:port"])
def test_a_proxy_that_is_not_there_is_told(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("grpc")
    pytest.importorskip("google.protobuf")
    monkeypatch.setattr("nndl.jobs.sweeps.storage.PROXY_SECONDS", 0.5)
    with pytest.raises(UsageError, match=f"the storage {url} cannot be used"):
        begun(tmp_path / "s", write(tmp_path), url)
    assert not (tmp_path / "s" / ABOUT).exists()


def test_a_storage_that_is_lost_in_between_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    """The server ends while a worker trains; with another in its place the same command goes on."""
    if postgresql.missing():
        pytest.skip(postgresql.missing() or "")
    pytest.importorskip("psycopg")
    file = write(tmp_path, SWEEP.replace("trials: 6", "trials: 40"))
    with postgresql.server() as url:
        study = begun(tmp_path / "s", file, url)
        words = [sys.executable, "-m", "nndl", "sweep", "work", str(study.folder)]
        process = subprocess.Popen(words, env=environment(NNDL_STORAGE=url), stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("trial 0 ")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "error: the storage postgresql://nndl:***@" in said
    assert "was lost" in said
    assert "correct-horse" not in said
    assert "Traceback" not in said


def test_a_wrong_password_is_told_and_not_shown(postgres: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be used") as caught:
        begun(tmp_path / "s", write(tmp_path), postgres.replace("correct-horse", "hunter2"))
    assert "hunter2" not in str(caught.value)
    assert not (tmp_path / "s" / ABOUT).exists()


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(UsageError, match=r"the storage postgresql://me:\*\*\*@127.0.0.1:1/none cannot be used"):
        begun(tmp_path / "s", write(tmp_path), "postgresql://me:secret@127.0.0.1:1/none")
