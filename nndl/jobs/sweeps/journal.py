"""The journal of a sweep: a file with a line for each change, which many processes write and any may leave torn.

A process that is killed in the middle of a line leaves it without an end. Optuna's own file then raises for ever, in
every process that reads it. Here such a line is passed over, the next begins on one of its own, and whoever opens the
journal next mends it on a copy that takes its place.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from nndl.errors import CheckpointError
from nndl.jobs.sweeps.mirror import quiet_optuna
from nndl.runs.atomic import write_atomically
from nndl.runs.files import open_to_append, open_to_read, read_bounded

JOURNAL = "journal.log"
MOST_JOURNAL = 1 << 30
"""Bytes of a journal."""


def open_journal(path: Path) -> tuple[Any, list[str]]:
    """Open the journal as Optuna's storage, made where there is none; returns it and what was mended in it."""
    open_to_append(path).close()
    journal = Journal(path)
    with journal.locked():
        notes = mend(path)
    try:
        return quiet_optuna().storages.JournalStorage(journal), notes
    except Exception as error:
        raise CheckpointError(f"{path} is no journal of a sweep: {error}") from None


class _Read(NamedTuple):
    """The part of a file that was read: bytes, records among its lines, and its last line."""

    place: int = 0
    records: int = 0
    last: bytes = b""

    def is_in(self, file: BinaryIO) -> bool:
        """Tell whether a file still has the last line in its place."""
        file.seek(self.place - len(self.last))
        return file.read(len(self.last)) == self.last

    def and_then(self, line: bytes, is_record: bool) -> "_Read":
        return _Read(self.place + len(line), self.records + is_record, line)


class Journal:
    """The file as Optuna's journal storage reads and writes it: records by their numbers, torn lines not counted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        journal = quiet_optuna().storages.journal
        self._lock = journal.JournalFileOpenLock(str(path))
        self._acquire = journal._file.get_lock_file
        self._read = _Read()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all others from writing."""
        with self._acquire(self._lock):
            yield

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the records from one on."""
        with open_to_read(self._path) as file:
            if self._read.records > log_number_from or not self._read.is_in(file):
                self._read = _Read()  # the file was mended, and its records stand elsewhere
            file.seek(self._read.place)
            for line in file:
                if not line.endswith(b"\n"):
                    return  # it is being written, or was torn: whoever writes next ends it
                record = _record(line)
                self._read = self._read.and_then(line, record is not None)
                if record is not None and self._read.records > log_number_from:
                    yield record

    def append_logs(self, logs: Sequence[Mapping[str, Any]]) -> None:
        """Write records behind the others; raises OSError, and leaves none, where the disk is full."""
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        with self.locked(), open_to_append(self._path) as file:
            before = file.seek(0, os.SEEK_END)
            if _is_torn(self._path):
                text = b"\n" + text
            try:
                while text:
                    text = text[file.write(text) :]
                os.fsync(file.fileno())
            except OSError:  # the disk is full
                with contextlib.suppress(OSError):
                    file.truncate(before)
                raise


def _is_torn(path: Path) -> bool:
    with open_to_read(path) as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        return file.read() not in (b"", b"\n")


def mend(path: Path) -> list[str]:
    """Leave out lines that are torn or no records; the file as it was stays beside it. Says what was done."""
    lines = read_bounded(path, MOST_JOURNAL).split(b"\n")
    whole = [line for line in lines[:-1] if _record(line) is not None]
    if _record(lines[-1]) is not None:
        whole.append(lines[-1])  # all but its line break was written
    if len(whole) == len(lines) - 1 and not lines[-1]:
        return []
    aside = path.with_name(f"{path.stem}-damaged-{datetime.now():%Y%m%d-%H%M%S}{path.suffix}")
    write_atomically(aside, b"\n".join(lines))
    write_atomically(path, b"".join(line + b"\n" for line in whole).decode())
    count = len([line for line in lines if line]) - len(whole)
    return [f"{path}: {count or 'no'} torn line{'' if count == 1 else 's'} left out; the journal as it was: {aside}"]


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None
