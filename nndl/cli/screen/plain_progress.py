"""Progress of a download, and of reading pictures, as plain lines."""

import time
from collections.abc import Callable

SECONDS_BETWEEN_LINES = 5.0
MEGABYTE = 1e6


class PlainByteProgress:
    """Says every few seconds how many megabytes are there, how fast they come, and how long the rest will take."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self.start("", None)

    def start(self, description: str, total: int | None, done: int = 0) -> None:
        self._description, self._total, self._done, self._before = description, total, done, done
        self._began = self._last_line = self._clock()

    def advance(self, count: int) -> None:
        self._done += count
        now = self._clock()
        if now - self._last_line >= SECONDS_BETWEEN_LINES or self._done == self._total:
            self._last_line = now
            self._say(self._line(now - self._began))

    def _line(self, seconds: float) -> str:
        speed = (self._done - self._before) / max(seconds, 1e-9)
        amount = f"{self._done / MEGABYTE:.1f}"
        if self._total is None:
            return f"{self._description}: {amount} MB, {speed / MEGABYTE:.2f} MB/s"
        left = (self._total - self._done) / max(speed, 1e-9)
        total = f"{self._total / MEGABYTE:.1f}"
        return f"{self._description}: {amount} of {total} MB, {speed / MEGABYTE:.2f} MB/s, {left:.0f} s left"


class PlainPictureProgress(PlainByteProgress):
    """Says every few seconds how many pictures have been read, how fast it goes, and how long the rest will take."""

    def note(self, words: str) -> None:
        self._say(words)

    def _line(self, seconds: float) -> str:
        speed = (self._done - self._before) / max(seconds, 1e-9)
        of = "" if self._total is None else f" of {self._total:,}"
        line = f"{self._description}: {self._done:,}{of} pictures, {speed:,.0f} a second"
        return line if self._total is None else f"{line}, {(self._total - self._done) / max(speed, 1e-9):.0f} s left"
