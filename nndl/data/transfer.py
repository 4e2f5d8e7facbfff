"""Fetching one file over HTTP from hosts that are slow, cut the line, or send something else."""

import errno
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nndl.data.address import host_of, public
from nndl.data.answer import HostFailedError, LineCutError, Patience, ask, body, direct_session
from nndl.data.part import Checksum, Part, file_digest
from nndl.disk import sync
from nndl.errors import DownloadError

if TYPE_CHECKING:
    from requests import Response, Session

_ADVANCE = 1 << 20  # bytes after which a host that cuts the line is given all its attempts again


class Progress(Protocol):
    """A listener that is told of the bytes as they come; `total` is None where the host does not say."""

    def start(self, description: str, total: int | None, done: int = 0) -> None:
        """Note that a transfer begins (again), with `done` bytes here already."""

    def advance(self, count: int) -> None:
        """Note that `count` more bytes are here."""


class Silent:
    """A progress that tells nobody."""

    def start(self, description: str, total: int | None, done: int = 0) -> None:
        """Say nothing."""

    def advance(self, count: int) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Transfer:
    """The source of a file, the bytes that came now, and those that were here before."""

    url: str
    received: int
    resumed: int


@dataclass(frozen=True)
class Expected:
    """Expectations of a file before it comes: its sum, its size in bytes if that is known, else the most it may be."""

    checksum: Checksum
    size: int | None
    most: int

    @property
    def limit(self) -> int:
        """The most bytes that are read."""
        return self.most if self.size is None else self.size


def download(
    urls: Sequence[str],
    target: Path,
    expected: Expected,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> Transfer:
    """Fetch target from the first of urls that gives the file expected.

    Bytes gather in target.part, which survives interruptions and is resumed by Range, from any of the hosts: the
    checksum decides. Raises DownloadError with every host's failure, or with what keeps the file from being written.
    """
    part, failures = Part(target), []
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with direct_session() as session:
            for url in urls:
                host = _Host(session, url, part, expected, progress or Silent(), patience or Patience())
                try:
                    return host.fetch()
                except HostFailedError as failure:
                    failures.append(f"\n  {public(url)}: {failure}")
    except OSError as error:
        raise DownloadError(_not_written(error, part, expected)) from None
    kept = f"\n{part.size:,} bytes are kept in {part.path}; the same command resumes." if part.size else ""
    raise DownloadError(f"{target.name} could not be fetched:{''.join(failures)}{kept}")


class _Host:
    """One address the file is said to be at."""

    def __init__(
        self, session: "Session", url: str, part: Part, expected: Expected, progress: Progress, patience: Patience
    ) -> None:
        self._session, self._url, self._part, self._expected = session, url, part, expected
        self._progress, self._patience = progress, patience
        self._resumed = self._received = 0

    def fetch(self) -> Transfer:
        """Fetch until whole; wrong bytes begun in an earlier transfer get a second chance from scratch."""
        self._resumed = self._part.size
        if self._part.size != self._expected.size:
            self._persist()
        if (problem := self._mismatch()) and self._resumed:
            self._part.discard()
            self._resumed = self._received = 0
            self._persist()
            problem = self._mismatch()
        if problem:
            self._part.discard()
            raise HostFailedError(problem)
        self._part.complete()
        return Transfer(public(self._url), self._received, self._resumed)

    def _persist(self) -> None:
        """Attempt until the transfer ends well; an attempt that brought much does not count against the host."""
        failed = 0
        while True:
            before = self._part.size
            try:
                return self._attempt()
            except LineCutError as cut:
                failed = 1 if self._part.size - before >= _ADVANCE else failed + 1
                if failed >= (self._patience.attempts if self._received else min(2, self._patience.attempts)):
                    raise HostFailedError(f"{cut} ({failed} attempts)") from None
                time.sleep(min(self._patience.pause * 2 ** (failed - 1), 30.0))

    def _attempt(self) -> None:
        headers = {"Accept-Encoding": "identity"}  # a host that sees .gz may offer to unpack it on the way
        if start := self._part.size:
            headers["Range"] = f"bytes={start}-"
            if validator := self._part.validator(public(self._url)):
                headers["If-Range"] = validator
        with ask(self._session, self._url, headers, self._patience) as response:
            self._store(response, start)

    def _store(self, response: "Response", start: int) -> None:
        """Write the body after the part's bytes, or over them where the host sends the file from its beginning."""
        self._check_status(response, start)
        begins, total = _extent(response)
        if begins is None or begins != start * (response.status_code == 206):
            self._part.discard()
            raise LineCutError(
                f"it sent another range than asked for ({response.headers.get('Content-Range', '')[:60]})"
            )
        if total is not None and self._expected.size not in (None, total):
            raise HostFailedError(f"its file has {total:,} bytes, but {self._expected.size:,} expected")
        if total is not None and total > self._expected.limit:
            raise HostFailedError(f"its file has {total:,} bytes, and {self._expected.limit:,} at most are expected")
        if begins == 0:
            self._part.begin(public(self._url), _validator(response))
            self._resumed = 0
        total = total or self._expected.size
        self._progress.start(host_of(self._url), total, begins)
        self._write(response, self._expected.limit if total is None else total)
        if total is not None and self._part.size < total:
            raise LineCutError(f"the line was cut after {self._part.size:,} of {total:,} bytes")

    def _check_status(self, response: "Response", start: int) -> None:
        status, answered = response.status_code, f"it answered {response.status_code} {(response.reason or '')[:60]}"
        if status == 416 and start:
            self._part.discard()
            raise LineCutError("it has no bytes after those already here")
        if status in (408, 425, 429) or status >= 500:
            raise LineCutError(answered)
        if status == 401:
            raise HostFailedError(f"{answered}; user and password may stand in --url, or in ~/.netrc")
        if status not in (200, 206):
            raise HostFailedError(answered)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise HostFailedError("it sent a web page, not an archive")

    def _write(self, response: "Response", most: int) -> None:
        with self._part.path.open("ab", buffering=0) as sink:
            for block in body(response, self._patience):
                sink.write(block)
                self._received += len(block)
                self._progress.advance(len(block))
                if sink.tell() > most:
                    break
            sync(sink.fileno())
        if self._part.size > most:
            self._part.discard()
            raise HostFailedError(f"it sent more than the {most:,} bytes expected")

    def _mismatch(self) -> str | None:
        """Return what is wrong with the bytes, if anything."""
        digest = file_digest(self._part.path, self._expected.checksum.algorithm)
        if digest == self._expected.checksum.digest:
            return None
        return f"its bytes have {self._expected.checksum.title} {digest}, but {self._expected.checksum.digest} expected"


def _extent(response: "Response") -> tuple[int | None, int | None]:
    """Return where the body begins in the file (None: unclear), and the file's length (None: not said)."""
    if response.status_code == 206:
        stated = re.fullmatch(
            r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", response.headers.get("Content-Range", "").strip(), re.ASCII
        )
        if not stated:
            return None, None
        return int(stated[1]), None if stated[2] == "*" else int(stated[2])
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if re.fullmatch(r"\d{1,18}", length, re.ASCII) else None


def _validator(response: "Response") -> str | None:
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _not_written(error: OSError, part: Part, expected: Expected) -> str:
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return f"{error.filename or part.path} cannot be written: {error.strerror or error}"
    needed = f"; {expected.size - part.size:,} more bytes are needed" if expected.size else ""
    return f"{part.path}: the disk is full{needed}. What came is kept; the same command resumes."
