"""The storage of a sweep's trials: a journal file in its folder, or a database that Optuna knows."""

import contextlib
import os
import re
import socket
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nndl.errors import MissingExtraError, UsageError
from nndl.jobs.sweeps.address import VARIABLE, check_address, shown, without_password
from nndl.jobs.sweeps.journal import JOURNAL, open_journal
from nndl.jobs.sweeps.mirror import quiet_optuna

PROXY_SECONDS, PROXY_THREADS = 20.0, 10
DRIVERS = ("sqlalchemy", "psycopg", "grpc", "optuna")
"""Packages whose errors are those of a storage."""


def open_storage(folder: Path, url: str | None, *, begun: bool = False, connections: int = 1) -> tuple[Any, list[str]]:
    """Open the storage, by default the journal in `folder`; returns it and what was mended in it.

    url: sqlite:///FILE, postgresql://..., or grpc://HOST:PORT for Optuna's proxy. begun: its tables are there. Raises
    UsageError, without the password, for one that cannot be reached, MissingExtraError for a driver that is missing.
    """
    optuna = quiet_optuna()
    if url is None:
        return open_journal(folder / JOURNAL)
    check_address(url)
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
        if not url.startswith(("grpc", "postgres")):
            raise UsageError(f"the storage {shown(url)} cannot be used: {_cause(error, url)}") from None
        extra = "grpc" if url.startswith("grpc") else "postgresql"
        raise MissingExtraError(str(error.name or "a driver"), extra, f"the storage {shown(url)}") from None
    except Exception as error:  # every driver raises its own
        raise UsageError(f"the storage {shown(url)} cannot be used: {_cause(error, url)}") from None


def serve(url: str | None, host: str, port: int, ready: Callable[[], None] = lambda: None) -> None:
    """Stand between a database and many workers as Optuna's gRPC proxy, until this process is ended.

    Calls `ready` before. Raises UsageError where the database, or the port, is not to be had.
    """
    if url is None or url.startswith("grpc://"):
        raise UsageError("a proxy stands before a database: say which with --storage, or in NNDL_STORAGE")
    storage, _ = open_storage(Path(), url, connections=PROXY_THREADS)
    if find_spec("grpc") is None:
        raise MissingExtraError("grpcio", "grpc", "a proxy")
    try:
        socket.create_server((host, port)).close()  # gRPC would share a port that another proxy listens at
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise UsageError(f"nobody can listen at {host}:{port}: {why}; choose another --port") from None
    ready()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is told to be experimental
        threads = ThreadPoolExecutor(PROXY_THREADS)
        quiet_optuna().storages.run_grpc_proxy_server(storage, host=host, port=port, thread_pool=threads)


def _pool(address: str, connections: int) -> dict[str, Any]:
    """Return how a process connects: to a server so often, and once more for a moment, since it has few to give."""
    few = {} if address.startswith("sqlite") else {"pool_size": connections, "max_overflow": 1}
    return {"pool_pre_ping": True, **few}


def _cause(error: BaseException, url: str | None) -> str:
    """Return the words of the error at the bottom, which is the driver's own, on one line and without a password."""
    while error.__cause__ is not None:
        error = error.__cause__
    return without_password(" ".join(str(error).split()) or type(error).__name__, url)[:300]


def _proxy(url: str) -> Any:
    """Return Optuna's gRPC proxy, which itself would wait for its first call to find that nobody is there."""
    host, _, port = url.removeprefix("grpc://").rstrip("/").partition(":")
    if port and not port.isdecimal():
        raise ValueError("a proxy is named as grpc://HOST:PORT, and PORT is a number")
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
            f"the storage {where} was lost: {_cause(error, url)}\nstates are saved; the same command goes on"
        ) from None


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
