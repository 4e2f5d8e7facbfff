"""A host on 127.0.0.1 which serves one file well or badly, as each test scripts it."""

import base64
import contextlib
import http.server
import re
import threading
from collections.abc import Callable, Iterator


class Request(http.server.BaseHTTPRequestHandler):
    """One request; the script decides how it is answered, with the helpers below."""

    protocol_version = "HTTP/1.0"  # the body ends where the line does
    server: "Host"

    def do_GET(self) -> None:
        host = self.server
        host.asked.append((self.path, dict(self.headers)))
        script = host.script[min(len(host.asked), len(host.script)) - 1]
        with contextlib.suppress(ConnectionError):
            script(self, host.content)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""

    def head(self, status: int, **headers: object) -> None:
        """The status line and headers; underscores stand for hyphens."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    @property
    def start(self) -> int:
        """The first byte asked for."""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(asked[1]) if asked else 0


Script = Callable[[Request, bytes], None]

DRIP = 0.02
"""Seconds between two bytes of a host that trickles."""


class Host(http.server.ThreadingHTTPServer):
    """Serves `content` by `script`, one entry a request, the last one ever after; `asked` lists what was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, content: bytes, script: list[Script]) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.content, self.script = content, script
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/file.tar.gz"


@contextlib.contextmanager
def serving(content: bytes, *script: Script) -> Iterator[Host]:
    """A running host."""
    host = Host(content, list(script))
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.over.set()
        host.shutdown()
        host.server_close()
        thread.join()


def well(request: Request, content: bytes) -> None:
    """As a good host does: ranges, ETag, If-Range."""
    start = request.start if request.headers.get("If-Range", '"v1"') == '"v1"' else 0
    if start >= len(content):
        request.head(416, Content_Range=f"bytes */{len(content)}")
    elif start:
        span = f"bytes {start}-{len(content) - 1}/{len(content)}"
        request.head(206, Content_Range=span, Content_Length=len(content) - start, ETag='"v1"')
    else:
        request.head(200, Content_Length=len(content), ETag='"v1"')
    request.wfile.write(content[start:])


def without_ranges(request: Request, content: bytes) -> None:
    """Sends the whole file whatever is asked."""
    request.head(200, Content_Length=len(content))
    request.wfile.write(content)


def cut_after(count: int) -> Script:
    """Promises everything and hangs up after `count` bytes."""

    def script(request: Request, content: bytes) -> None:
        request.head(200, Content_Length=len(content), ETag='"v1"')
        request.wfile.write(content[:count])

    return script


def stall_after(count: int) -> Script:
    """Sends `count` bytes, then nothing, and does not hang up."""

    def script(request: Request, content: bytes) -> None:
        request.head(200, Content_Length=len(content), ETag='"v1"')
        request.wfile.write(content[:count])
        request.server.over.wait(20)

    return script


def endless(request: Request, content: bytes) -> None:
    """Sends the file over and over, and does not say how long it is."""
    request.head(200)
    while not request.server.over.is_set():
        request.wfile.write(content)


def trickle(request: Request, content: bytes) -> None:
    """Sends a byte now and then, so that it never stands still."""
    request.head(200, Content_Length=len(content), ETag='"v1"')
    drip(request, content[request.start :])


def trickling_head(request: Request, _: bytes) -> None:
    """Sends the same way a header that does not end."""
    request.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
    drip(request, b"x" * 60_000)


def drip(request: Request, content: bytes) -> None:
    """A byte at a time, until the test is over."""
    for place in range(len(content)):
        if request.server.over.wait(DRIP):
            return
        request.wfile.write(content[place : place + 1])


def to(location: str, body: Script | None = None) -> Script:
    """Redirects, with a body that nobody need read."""

    def script(request: Request, content: bytes) -> None:
        request.head(302, Location=location)
        (body or endless)(request, content)

    return script


def for_user(name: str, password: str) -> Script:
    """Serves well whoever says who they are, and nobody else."""
    known = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()

    def script(request: Request, content: bytes) -> None:
        if request.headers.get("Authorization") == known:
            well(request, content)
        else:
            request.head(401, WWW_Authenticate="Basic")

    return script


def chunked(request: Request, content: bytes) -> None:
    """Sends the file in chunks of HTTP/1.1, without its length."""
    request.protocol_version = "HTTP/1.1"
    request.head(200, Transfer_Encoding="chunked", Connection="close")
    for start in range(0, len(content), 50_000):
        part = content[start : start + 50_000]
        request.wfile.write(b"%x\r\n" % len(part) + part + b"\r\n")
    request.wfile.write(b"0\r\n\r\n")


def claims(length: int) -> Script:
    """Sends the whole file under a wrong Content-Length."""

    def script(request: Request, content: bytes) -> None:
        request.head(200, Content_Length=length)
        request.wfile.write(content)

    return script


def says(status: int, body: bytes = b"", **headers: object) -> Script:
    """A status and a body."""

    def script(request: Request, _: bytes) -> None:
        request.head(status, Content_Length=len(body), **headers)
        request.wfile.write(body)

    return script


def serves(other: bytes) -> Script:
    """Other bytes than expected, whole and well served."""
    return lambda request, _: well(request, other)
