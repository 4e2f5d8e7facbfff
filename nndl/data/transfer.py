"""Fetching one file over HTTP from hosts that are slow, cut the line, or send something else."""

import errno
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nndl.data.part import Checksum, Part, file_digest
from nndl.errors import DownloadError

if TYPE_CHECKING:
    from requests import Response, Session

_BLOCK = 1 << 14  # bytes read at a time: as much is lost when a line stalls
_ADVANCE = 1 << 20  # bytes after which a host that cuts the line is given all its attempts again


class Progress(Protocol):
    """What is told of the bytes as they come; `total` is None where the host does not say."""

    def start(self, description: str, total: int | None, done: int = 0) -> None:
        """A transfer begins (again), with `done` bytes here already."""

    def advance(self, count: int) -> None:
        """`count` more bytes are here."""


class Silent:
    """A progress that tells nobody."""

    def start(self, description: str, total: int | None, done: int = 0) -> None:
        """Say nothing."""

    def advance(self, count: int) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Patience:
    """Seconds to wait for a connection and for the next bytes; attempts per host, and the pause, doubled each time.

    A host that has given nothing yet gets two attempts: there are others, and who is offline waits for an answer.
    """

    connect: float = 10.0
    read: float = 30.0
    attempts: int = 5
    pause: float = 1.0


@dataclass(frozen=True)
class Transfer:
    """Where a file came from, how many bytes came now, and how many were here before."""

    url: str
    received: int
    resumed: int


class _LineCutError(Exception):
    """The transfer broke off; what came is kept, and the host is worth another attempt."""


class _HostFailedError(Exception):
    """The host does not have the file, or not this one."""


def download(
    urls: Sequence[str],
    target: Path,
    size: int | None,
    checksum: Checksum,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> Transfer:
    """Fetch target from the first of urls that gives a file of this size in bytes and this checksum.

    Bytes gather in target.part, which survives interruptions and is resumed by Range, from any of the hosts: the
    checksum decides. Raises DownloadError with every host's failure.
    """
    import requests

    target.parent.mkdir(parents=True, exist_ok=True)
    part, failures = Part(target), []
    with requests.Session() as session:
        for url in urls:
            host = _Host(session, url, part, size, checksum, progress or Silent(), patience or Patience())
            try:
                return host.fetch()
            except _HostFailedError as failure:
                failures.append(f"\n  {url}: {failure}")
    kept = f"\n{part.size:,} bytes are kept in {part.path}; the same command resumes." if part.size else ""
    raise DownloadError(f"{target.name} could not be fetched:{''.join(failures)}{kept}")


class _Host:
    """One address the file is said to be at."""

    def __init__(
        self,
        session: "Session",
        url: str,
        part: Part,
        size: int | None,
        checksum: Checksum,
        progress: Progress,
        patience: Patience,
    ) -> None:
        self._session, self._url, self._part = session, url, part
        self._size, self._checksum = size, checksum
        self._progress, self._patience = progress, patience
        self._resumed = self._received = 0

    def fetch(self) -> Transfer:
        """Fetch until whole; wrong bytes begun in an earlier transfer get a second chance from scratch."""
        self._resumed = self._part.size
        if self._size is None or self._part.size != self._size:
            self._persist()
        if (problem := self._mismatch()) and self._resumed:
            self._part.discard()
            self._resumed = self._received = 0
            self._persist()
            problem = self._mismatch()
        if problem:
            self._part.discard()
            raise _HostFailedError(problem)
        self._part.complete()
        return Transfer(self._url, self._received, self._resumed)

    def _persist(self) -> None:
        """Attempt until the transfer ends well; an attempt that brought much does not count against the host."""
        failed = 0
        while True:
            before = self._part.size
            try:
                return self._attempt()
            except _LineCutError as cut:
                failed = 1 if self._part.size - before >= _ADVANCE else failed + 1
                if failed >= (self._patience.attempts if self._received else min(2, self._patience.attempts)):
                    raise _HostFailedError(f"{cut} ({failed} attempts)") from None
                time.sleep(min(self._patience.pause * 2 ** (failed - 1), 30.0))

    def _attempt(self) -> None:
        import requests
        import urllib3

        headers = {"Accept-Encoding": "identity"}  # a host that sees .gz may offer to unpack it on the way
        if start := self._part.size:
            headers["Range"] = f"bytes={start}-"
            if validator := self._part.validator(self._url):
                headers["If-Range"] = validator
        timeout = (self._patience.connect, self._patience.read)
        try:
            with self._session.get(self._url, headers=headers, stream=True, timeout=timeout) as response:
                self._store(response, start)
        except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
            raise _LineCutError(_plainly(error)) from None
        except requests.RequestException as error:
            raise _HostFailedError(_plainly(error)) from None

    def _store(self, response: "Response", start: int) -> None:
        """Write the body after the part's bytes, or over them where the host sends the file from its beginning."""
        self._check_status(response, start)
        begins, total = _extent(response)
        if begins is None or begins != start * (response.status_code == 206):
            self._part.discard()
            raise _LineCutError(f"it sent another range than asked for ({response.headers.get('Content-Range')})")
        if total is not None and self._size is not None and total != self._size:
            raise _HostFailedError(f"its file has {total:,} bytes, but {self._size:,} expected")
        if begins == 0:
            self._part.begin(self._url, _validator(response))
            self._resumed = 0
        total = total or self._size
        self._progress.start(_host_name(self._url), total, begins)
        self._write(response, total)
        if total is not None and self._part.size < total:
            raise _LineCutError(f"the line was cut after {self._part.size:,} of {total:,} bytes")

    def _check_status(self, response: "Response", start: int) -> None:
        status = response.status_code
        if status == 416 and start:
            self._part.discard()
            raise _LineCutError("it has no bytes after those already here")
        if status in (408, 425, 429) or status >= 500:
            raise _LineCutError(f"it answered {status} {response.reason}")
        if status not in (200, 206):
            raise _HostFailedError(f"it answered {status} {response.reason}")
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise _HostFailedError("it sent a web page, not an archive")

    def _write(self, response: "Response", total: int | None) -> None:
        try:
            with self._part.path.open("ab", buffering=0) as sink:
                for block in response.raw.stream(_BLOCK, decode_content=False):
                    sink.write(block)
                    self._received += len(block)
                    self._progress.advance(len(block))
                    if total is not None and sink.tell() > total:
                        break
                os.fsync(sink.fileno())
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DownloadError(_disk_full(self._part, total)) from None
            raise
        if total is not None and self._part.size > total:
            self._part.discard()
            raise _HostFailedError(f"it sent more than the {total:,} bytes expected")

    def _mismatch(self) -> str | None:
        """What is wrong with the bytes, if anything."""
        digest = file_digest(self._part.path, self._checksum.algorithm)
        if digest == self._checksum.digest:
            return None
        return f"its bytes have {self._checksum.title} {digest}, but {self._checksum.digest} expected"


def _extent(response: "Response") -> tuple[int | None, int | None]:
    """Where the body begins in the file (None: unclear), and the file's length (None: not said)."""
    if response.status_code == 206:
        stated = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
        if not stated:
            return None, None
        return int(stated[1]), None if stated[2] == "*" else int(stated[2])
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _validator(response: "Response") -> str | None:
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _host_name(url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(url).netloc


def _plainly(error: Exception) -> str:
    """A network error in words: the innermost reason, without the library's object names."""
    reason: object = error
    while isinstance(
        inner := getattr(reason, "reason", None) or (getattr(reason, "args", None) or [None])[0], Exception
    ):
        reason = inner
    if "timed out" in str(reason).lower():
        return "nothing came for too long (timed out)"
    return re.sub(r"^.*object at 0x[0-9a-f]+>:? ?|^.*Connection\(.*?\): ", "", str(reason)) or type(error).__name__


def _disk_full(part: Part, total: int | None) -> str:
    needed = f"; {total - part.size:,} more bytes are needed" if total else ""
    return f"{part.path}: the disk is full{needed}. What came is kept; the same command resumes."
