"""Answers of a host over HTTP, within bounds: it may be slow, trickle, cut the line or send round in circles."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from nndl.data.address import public, split, without_secrets

if TYPE_CHECKING:
    from requests import Response, Session

BLOCK = 1 << 14
"""Bytes read at a time, or fewer where they do not come at once."""
_REDIRECTS = 10
_MOMENT = 0.2  # seconds after which a wait is looked up from, so that Ctrl+C is heard on Windows too


@dataclass(frozen=True)
class Patience:
    """Seconds to wait for a connection and for the next bytes; attempts per host, and the pause, doubled each time.

    A host that has given nothing yet gets two attempts: there are others, and who is offline waits for an answer. One
    that gives less than `least` bytes a second, over `trickle` seconds, is as one that gives nothing.
    """

    connect: float = 10.0
    read: float = 30.0
    attempts: int = 5
    pause: float = 1.0
    trickle: float = 30.0
    least: float = 1024.0


class LineCutError(Exception):
    """The transfer broke off; what came is kept, and the host is worth another attempt."""


class HostFailedError(Exception):
    """The host does not have the file, or not this one."""


def direct_session() -> "Session":
    """Make a session that leaves redirects alone: requests would read to its end what comes with one."""
    import requests

    class Direct(requests.Session):
        def get_redirect_target(self, resp: "Response") -> None:
            """Return None, whatever the answer says."""

    return Direct()


def ask(session: "Session", url: str, headers: Mapping[str, str], patience: Patience) -> "Response":
    """Return the answer to a GET, its body unread; redirects are followed, their bodies never read.

    session: one of `direct_session`. Raises LineCutError or HostFailedError, whatever the library raises.
    """
    import requests

    for _ in range(_REDIRECTS):
        with _in_words(url):
            response = _in_time(patience, partial(_get, session, url, headers, patience))
            redirect = requests.Session.get_redirect_target(session, response)
            if redirect is None:
                return response
            response.close()
            url = _joined(url, redirect)
    raise HostFailedError(f"it redirects more than {_REDIRECTS} times")


def body(response: "Response", patience: Patience) -> Iterator[bytes]:
    """Yield the body as it comes, in blocks of at most BLOCK bytes. Raises as `ask`, also for a body that trickles."""
    came, since = 0, time.monotonic()
    while True:
        with _in_words(response.url):
            block = response.raw.read1(BLOCK, decode_content=False)
        if not block:
            return
        yield block
        came, passed = came + len(block), time.monotonic() - since
        if passed >= patience.trickle:
            if came < patience.least * passed:
                raise LineCutError(f"it gave {came:,} bytes in {passed:.0f} seconds")
            came, since = 0, time.monotonic()


def _joined(url: str, redirect: str) -> str:
    try:
        joined = urljoin(url, redirect)
    except ValueError:
        joined = ""
    if not joined.lower().startswith(("http://", "https://")):
        raise HostFailedError(f"it redirects to {public(redirect)[:200]}, which is no address of http or https")
    return joined


def _get(session: "Session", url: str, headers: Mapping[str, str], patience: Patience) -> "Response":
    if split(url) is None:
        raise HostFailedError("there is no such address")
    timeout = (patience.connect, patience.read)
    return session.get(url, headers=dict(headers), stream=True, timeout=timeout, allow_redirects=False)


def _in_time(patience: Patience, call: Callable[[], "Response"]) -> "Response":
    """Return or raise as call() does; one that takes too long, though it never stands still, is left to itself."""
    future: Future[Response] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    until = time.monotonic() + patience.connect + patience.read + patience.trickle
    Thread(target=run, daemon=True, name="answer").start()
    while time.monotonic() < until:
        try:
            return future.result(_MOMENT)
        except TimeoutError:
            if future.done():
                raise
    future.add_done_callback(_close)
    raise LineCutError("its answer did not come in time")


def _close(late: "Future[Response]") -> None:
    if late.exception() is None:
        late.result().close()


@contextmanager
def _in_words(url: str) -> Iterator[None]:
    """Turn whatever the library raises, and Python's own on its behalf, into one of the two errors here."""
    import requests
    import urllib3

    try:
        yield
    except (LineCutError, HostFailedError):
        raise
    except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
        raise LineCutError(_plainly(error, url)) from None
    except Exception as error:  # also ValueError and its kind, of addresses and headers that cannot be parsed
        raise HostFailedError(_plainly(error, url)) from None


def _plainly(error: Exception, url: str) -> str:
    """Put a network error in words: the innermost reason, without the library's object names and without passwords."""
    reason: object = error
    while isinstance(
        inner := getattr(reason, "reason", None) or (getattr(reason, "args", None) or [None])[0], Exception
    ):
        reason = inner
    if "timed out" in str(reason).lower():
        return "nothing came for too long (timed out)"
    words = re.sub(r"^.*object at 0x[0-9a-f]+>:? ?|^.*Connection\(.*?\): ", "", str(reason))
    return without_secrets(words.replace(url, public(url)))[:300] or type(error).__name__
