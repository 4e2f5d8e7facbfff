"""A PostgreSQL server of the tests' own, where the programs are installed."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

USER = "postgres"
"""The server refuses to run as root; packages of it make this user."""


def missing() -> str | None:
    """Say why no server can be started here; None where one can."""
    if sys.platform == "win32" or not (shutil.which("initdb") and shutil.which("postgres")):
        return "PostgreSQL's initdb and postgres are not installed"
    if os.geteuid() == 0 and subprocess.run(["id", USER], capture_output=True, check=False).returncode:
        return f"PostgreSQL does not run as root, and there is no user {USER}"
    return None


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The address of a new server with an empty database, which ends with the context; it takes a password."""
    user = USER if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="nndl-pg-") as name:
        folder = Path(name)
        (folder / "password").write_text("correct-horse", encoding="utf-8")
        if user:
            shutil.chown(folder, user)
            shutil.chown(folder / "password", user)
        words = ["initdb", "-D", "data", "-U", "nndl", "--auth=scram-sha-256", "--pwfile=password", "-N"]
        subprocess.run(words, cwd=folder, user=user, check=True, capture_output=True)
        port = free_port()
        run = ["postgres", "-D", "data", "-p", str(port), "-k", str(folder), "-h", "127.0.0.1", "-F"]
        process = subprocess.Popen(run, cwd=folder, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait(port)
            yield f"postgresql://nndl:correct-horse@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGINT)  # a fast end: SIGTERM waits for its clients
            process.wait(30)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError("PostgreSQL did not start")
