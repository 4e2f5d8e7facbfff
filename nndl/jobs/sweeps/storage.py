"""The storage of a sweep's trials: a journal file in its folder, or a database that Optuna knows.

A journal is a line a change. A process that is killed in the middle of one leaves it torn, and Optuna then refuses the
whole file; here it is mended on a copy, which takes the journal's place while nobody writes.
"""

import contextlib
import json
import os
import re
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nndl.errors import CheckpointError, MissingExtraError, UsageError
from nndl.jobs.sweeps.mirror import quiet_optuna
from nndl.runs.atomic import write_atomically
from nndl.runs.files import open_to_append, read_bounded

JOURNAL = "journal.log"
PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*@")
PROXY_SECONDS, PROXY_THREADS = 20.0, 10
DRIVERS = ("sqlalchemy", "psycopg", "grpc", "optuna")
"""Packages whose errors are those of a storage."""
VARIABLE = "NNDL_STORAGE"
MOST_JOURNAL = 1 << 30
"""Bytes of a journal."""


def open_storage(folder: Path, url: str | None, *, begun: bool = False, connections: int = 1) -> tuple[Any, list[str]]:
    """Open the storage, by default the journal in `folder`; returns it and what was mended in it.

    url: sqlite:///FILE, postgresql://..., or grpc://HOST:PORT for Optuna's proxy. begun: its tables are there. Raises
    UsageError, without the password, for one that cannot be reached, MissingExtraError for a driver that is missing.
    """
    optuna = quiet_optuna()
    if url is None:
        return _journal(folder / JOURNAL)
    try:
        if url.startswith("grpc://"):
            return _proxy(url), []
        address = re.sub("^postgres(ql)?://", "postgresql+psycopg://", url)  # SQLAlchemy's own choice changed with 2.1
        database = optuna.storages.RDBStorage(
            address,
            engine_kwargs=_pool(address, connections),
            skip_table_creation=begun,
            skip_compatibility_check=begun,
        )
        return optuna.storages.get_storage(database), []  # in its cache: finished trials are read once
    except ImportError as error:
        extra = "grpc" if url.startswith("grpc://") else "postgresql"
        raise MissingExtraError(str(error.name or "a driver"), extra, f"the storage {shown(url)}") from None
    except Exception as error:  # every driver raises its own
        raise UsageError(f"the storage {shown(url)} cannot be used: {_cause(error)}") from None


def serve(url: str | None, host: str, port: int) -> None:
    """Stand between a database and many workers as Optuna's gRPC proxy, until this process is ended."""
    if url is None or url.startswith("grpc://"):
        raise UsageError("a proxy stands before a database: say which with --storage, or in NNDL_STORAGE")
    storage, _ = open_storage(Path(), url, connections=PROXY_THREADS)
    if find_spec("grpc") is None:
        raise MissingExtraError("grpcio", "grpc", "a proxy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is told to be experimental
        threads = ThreadPoolExecutor(PROXY_THREADS)
        quiet_optuna().storages.run_grpc_proxy_server(storage, host=host, port=port, thread_pool=threads)


def _pool(address: str, connections: int) -> dict[str, Any]:
    """Return how a process connects: to a server so often, and once more for a moment, since it has few to give."""
    few = {} if address.startswith("sqlite") else {"pool_size": connections, "max_overflow": 1}
    return {"pool_pre_ping": True, **few}


def _cause(error: BaseException) -> str:
    """Return the words of the error at the bottom, which is the driver's own, on one line and without a password."""
    while error.__cause__ is not None:
        error = error.__cause__
    return shown(" ".join(str(error).split()) or type(error).__name__)[:300]


def _proxy(url: str) -> Any:
    """Return Optuna's gRPC proxy, which itself would wait for its first call to find that nobody is there."""
    host, _, port = url.removeprefix("grpc://").rstrip("/").partition(":")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is told to be experimental
        proxy = quiet_optuna().storages.GrpcStorageProxy(host=host or "localhost", port=int(port or 13000))
    proxy.wait_server_ready(PROXY_SECONDS)
    return proxy


@contextlib.contextmanager
def lost_is_told(url: str | None) -> Iterator[None]:
    """Raise UsageError, without the password, where a storage that was there is lost within."""
    try:
        yield
    except Exception as error:  # every driver raises its own
        if type(error).__module__.partition(".")[0] not in DRIVERS:
            raise
        where = shown(url) if url else "in the sweep's folder"
        raise UsageError(
            f"the storage {where} was lost: {_cause(error)}\nstates are saved; the same command goes on"
        ) from None


def shown(url: str) -> str:
    """Return a storage's address as it may be printed and written down: without the password."""
    return PASSWORD.sub(r"\1:***@", url)


def _journal(path: Path) -> tuple[Any, list[str]]:
    open_to_append(path).close()  # Optuna would follow a link
    journal = quiet_optuna().storages.journal
    lock = journal.JournalFileOpenLock(str(path))
    backend = journal.JournalFileBackend(str(path), lock_obj=lock)
    with journal._file.get_lock_file(lock):
        notes = mend(path)
    try:
        return quiet_optuna().storages.JournalStorage(backend), notes
    except Exception as error:
        raise CheckpointError(f"{path} is no journal of a sweep: {error}") from None


def mend(path: Path) -> list[str]:
    """Leave out lines that are torn or no records; the file as it was stays beside it. Says what was done."""
    lines = read_bounded(path, MOST_JOURNAL).split(b"\n")
    whole = [line for line in lines[:-1] if _is_record(line)]
    if _is_record(lines[-1]):
        whole.append(lines[-1])  # all but its line break was written
    if len(whole) == len(lines) - 1 and not lines[-1]:
        return []
    aside = path.with_name(f"{path.stem}-damaged-{datetime.now():%Y%m%d-%H%M%S}{path.suffix}")
    write_atomically(aside, b"\n".join(lines))
    write_atomically(path, b"".join(line + b"\n" for line in whole).decode())
    count = len([line for line in lines if line]) - len(whole)
    return [f"{path}: {count or 'no'} torn line{'' if count == 1 else 's'} left out; the journal as it was: {aside}"]


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def url_of(given: str | None) -> str | None:
    """Return the storage asked for: the option, or NNDL_STORAGE, which keeps passwords out of the list of processes."""
    return given or os.environ.get(VARIABLE) or None


@contextlib.contextmanager
def storage_named(url: str | None) -> Iterator[None]:
    """Have processes that are started within find the storage, if there is a url, in NNDL_STORAGE."""
    before = os.environ.get(VARIABLE)
    if url:
        os.environ[VARIABLE] = url
    try:
        yield
    finally:
        os.environ.pop(VARIABLE, None)
        if before is not None:
            os.environ[VARIABLE] = before
