"""Answers are awaited within bounds, redirects followed, passwords kept; whatever goes wrong is told in words."""

import hashlib
from pathlib import Path

import pytest

from nndl.data.address import host_of, public
from nndl.data.answer import Patience
from nndl.data.part import Checksum, Part
from nndl.data.transfer import Transfer
from nndl.errors import DownloadError
from tests.data import server
from tests.data.fetched import CONTENT, SIZE, Told, assert_whole, begun, fetch


@pytest.mark.parametrize("slow", [server.trickle, server.trickling_head])
def test_a_host_that_trickles_is_left_for_the_mirror(target: Path, slow: server.Script) -> None:
    haste = Patience(connect=0.2, read=0.2, attempts=2, pause=0.01, trickle=0.3)
    with server.serving(CONTENT, slow) as bad, server.serving(CONTENT, server.well) as mirror:
        with pytest.raises(
            DownloadError, match=r"it gave [0-9]+ bytes in [01] seconds|its answer did not come in time"
        ):
            fetch(target, bad, patience=haste)
        assert fetch(target, bad, mirror, patience=haste).url == mirror.url
    assert_whole(target)


def test_a_host_may_be_as_slow_as_the_least_rate(target: Path) -> None:
    few = CONTENT[:40]
    with server.serving(few, server.trickle) as host:
        digest = Checksum("sha256", hashlib.sha256(few).hexdigest())
        patience = Patience(read=0.3, attempts=1, trickle=0.2, least=10)
        assert fetch(target, host, size=len(few), checksum=digest, patience=patience).received == len(few)
        assert len(host.asked) == 1


def test_chunks_are_put_together(target: Path) -> None:
    with server.serving(CONTENT, server.chunked) as host:
        fetch(target, host, size=None)
    assert_whole(target)


def test_follows_redirects(target: Path) -> None:
    with (
        server.serving(CONTENT, server.well) as there,
        server.serving(b"body", server.to(there.url)) as here,  # with a body without end, which is not read
        server.serving(b"body", server.to("/elsewhere/file.tar.gz"), server.well) as around,
    ):
        assert fetch(target, here).url == here.url
        assert_whole(target)
        with pytest.raises(DownloadError, match=r"its file has 4 bytes"):
            fetch(target, around)
        assert [path for path, _ in around.asked] == ["/file.tar.gz", "/elsewhere/file.tar.gz"]


@pytest.mark.parametrize(
    "location",
    ["http://[::bad", "http://host:port/x", "http://..a/x", "ftp://127.0.0.1/x", "http://", "//", "\xff\xfe:",
     "http://\x7f/", "http://" + "a" * 300 + "/", "http://127.0.0.1:99999/", "file:///etc/passwd",
     "http://127.0.0.1:1/x", "data:,x"],
)  # fmt: skip
def test_a_redirect_to_nowhere_is_told_in_words(target: Path, location: str) -> None:
    with server.serving(CONTENT, server.to(location)) as host:
        with pytest.raises(DownloadError) as caught:
            fetch(target, host)
        assert f"{host.url}: " in str(caught.value)
        assert "object at" not in str(caught.value)
        assert "onnection adapters" not in str(caught.value)
        assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Length": "9" * 5000},
        {"Content_Range": f"bytes 0-{'9' * 5000}/{'9' * 5000}"},
        {"Content_Length": "-5"},
        {"Content_Length": "\u0663"},
        {"ETag": '"' + "x" * 60000},
    ],
)
@pytest.mark.parametrize("status", [200, 206])
def test_headers_that_make_no_sense_are_as_none(target: Path, status: int, headers: dict[str, str]) -> None:
    def script(request: server.Request, content: bytes) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request._headers_buffer.append(f"{name.replace('_', '-')}: {value}\r\n".encode())  # type: ignore[attr-defined]
        request.end_headers()
        request.wfile.write(content)

    with server.serving(CONTENT, script) as host:
        if status == 200:
            fetch(target, host, size=None)
            assert_whole(target)
        else:
            with pytest.raises(DownloadError, match=r"it sent another range than asked for .{,70} \(2 attempts\)"):
                fetch(target, host, size=None)


SECRET = "s3cret"


@pytest.mark.parametrize("password", [SECRET, f"{SECRET}%40/x".replace("/", "%2F")])
def test_a_password_is_used_and_neither_written_down_nor_printed(target: Path, password: str) -> None:
    told = Told()
    with server.serving(CONTENT, server.for_user("me", password.replace("%40", "@").replace("%2F", "/"))) as host:
        address = host.url.replace("//", f"//me:{password}@")
        with pytest.raises(DownloadError, match="MD5") as caught:
            fetch(target, address, checksum=Checksum("md5", "0" * 32))
        assert SECRET not in str(caught.value)
        begun(target, CONTENT[:1000])
        assert fetch(target, address, progress=told) == Transfer(host.url, SIZE - 1000, 1000)
        with pytest.raises(DownloadError, match=r"401 Unauthorized; user and password may stand in --url"):
            fetch(target, host, checksum=Checksum("md5", "0" * 32))
    assert told.starts[0][0] == f"127.0.0.1:{host.server_port}"
    assert_whole(target)


@pytest.mark.parametrize(
    "address",
    [f"http://me:{SECRET}@127.0.0.1:1/x", f"http://me:{SECRET}/more@127.0.0.1/x", f"me:{SECRET}@host/x",
     f"http://me:{SECRET}@[::bad/x", f"http://me:{SECRET}@127.0.0.1:99999/x", f"ftp://me:{SECRET}@host/x"],
)  # fmt: skip
def test_the_password_of_an_address_that_fails_is_not_printed(target: Path, address: str) -> None:
    with pytest.raises(DownloadError) as caught:
        fetch(target, address)
    assert "file.tar.gz could not be fetched" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert not list(target.parent.iterdir())


def test_what_is_kept_of_a_download_holds_no_password(target: Path) -> None:
    with server.serving(CONTENT, server.cut_after(5000)) as host:
        with pytest.raises(DownloadError):
            fetch(target, host.url.replace("//", f"//me:{SECRET}@"))
        assert Part(target).validator(host.url) == '"v1"'
    assert all(SECRET not in path.read_bytes().decode("latin1") for path in target.parent.iterdir())


@pytest.mark.parametrize(
    ("url", "shown", "host"),
    [
        ("https://host/a@b.tar.gz", "https://host/a@b.tar.gz", "host"),
        ("http://me@host:8080/x?y=z@w#v", "http://host:8080/x?y=z@w#v", "host:8080"),
        ("http://me:a@b@[::1]:80/x", "http://[::1]:80/x", "[::1]:80"),
        ("http://me:a/b@host/x", "host/x", ""),
        ("http://[::bad", "http://[::bad", "http://[::bad"),
    ],
)
def test_an_address_is_shown_without_user_and_password(url: str, shown: str, host: str) -> None:
    assert (public(url), host_of(url)) == (shown, host)
