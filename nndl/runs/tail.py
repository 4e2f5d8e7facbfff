"""A run's metrics as another process writes them: the records that are new since the last look."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nndl.runs.files import is_there, open_to_read
from nndl.runs.folder import RunFolder
from nndl.runs.metrics import LONGEST, record_of
from nndl.train.events import Event, from_record

PAUSE = 0.5
"""Seconds between two looks at the folder."""
PATIENCE = 10.0
"""Seconds after which a folder with a config whose training has not begun counts as dead."""


def wait_for_begin(folder: RunFolder) -> None:
    """Return once a run whose folder was made a moment ago says that it runs."""
    until = time.time() + PATIENCE
    with contextlib.suppress(OSError):
        until = min(until, folder.config.lstat().st_mtime + PATIENCE)
    while not is_there(folder.summary) and time.time() < until:
        time.sleep(PAUSE)


class Tail:
    """The records that a growing file has gained since the last look."""

    def __init__(self, path: Path) -> None:
        self.path, self._place = path, 0

    def events(self) -> list[Event]:
        """Return the records that are events, as these."""
        return [event for event in map(from_record, self.records()) if event is not None]

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield those of whole lines. A file that became shorter, as of a run that went on, is read anew."""
        with contextlib.suppress(OSError), open_to_read(self.path) as file:
            if os.fstat(file.fileno()).st_size < self._place:
                self._place = 0
            file.seek(self._place)
            for line in iter(lambda: file.readline(LONGEST), b""):
                if len(line) < LONGEST and not line.endswith(b"\n"):
                    return  # it is being written
                self._place += len(line)
                record = record_of(line)
                if record is not None:
                    yield record
