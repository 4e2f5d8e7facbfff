import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nndl.data import transfer
from nndl.data.answer import BLOCK, Patience
from nndl.data.part import Checksum, Part
from nndl.data.transfer import Expected, Transfer, download
from nndl.errors import DownloadError
from tests.data import server

CONTENT = os.urandom(300_000)
SUM = Checksum("sha256", hashlib.sha256(CONTENT).hexdigest())
SIZE = len(CONTENT)
HASTE = Patience(connect=2, read=0.3, attempts=3, pause=0.01, trickle=0.3)
MOST = 2 * SIZE


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask 127.0.0.1 directly, whatever proxy the machine uses."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "file.tar.gz"


class Told:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.starts: list[tuple[str, int | None, int]] = []
        self.done = 0

    def start(self, description: str, total: int | None, done: int = 0) -> None:
        self.starts.append((description, total, done))
        self.done = done

    def advance(self, count: int) -> None:
        self.done += count


def fetch(
    target: Path, *hosts: server.Host | str, size: int | None = SIZE, checksum: Checksum = SUM, **options: Any
) -> Transfer:
    urls = [host if isinstance(host, str) else host.url for host in hosts]
    return download(urls, target, Expected(checksum, size, MOST), **{"patience": HASTE, **options})


def assert_whole(target: Path) -> None:
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def begun(target: Path, content: bytes, url: str = "elsewhere", validator: str | None = None) -> None:
    """Leave a part as an interrupted transfer does."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Part(target)
    part.begin(url, validator)
    part.path.write_bytes(content)


@pytest.mark.parametrize("size", [SIZE, None])
def test_fetches_a_file_and_tells_progress(target: Path, size: int | None) -> None:
    told = Told()
    with server.serving(CONTENT, server.well) as host:
        assert fetch(target, host, progress=told, size=size) == Transfer(host.url, SIZE, 0)
        assert told.starts == [(f"127.0.0.1:{host.server_port}", SIZE, 0)]
    assert told.done == SIZE
    assert_whole(target)


def test_resumes_by_range(target: Path) -> None:
    begun(target, CONTENT[:1000])
    told = Told()
    with server.serving(CONTENT, server.well) as host:
        assert fetch(target, host, progress=told) == Transfer(host.url, SIZE - 1000, 1000)
        headers = host.asked[0][1]
    assert headers["Range"] == "bytes=1000-"
    assert headers["Accept-Encoding"] == "identity"
    assert "If-Range" not in headers
    assert told.starts[0][1:] == (SIZE, 1000)
    assert told.done == SIZE
    assert_whole(target)


def test_a_file_that_changed_meanwhile_is_sent_anew(target: Path) -> None:
    with server.serving(CONTENT, server.well) as host:
        begun(target, b"old" * 100, host.url, '"v0"')
        assert fetch(target, host) == Transfer(host.url, SIZE, 0)
        assert host.asked[0][1]["If-Range"] == '"v0"'
    assert_whole(target)


def test_a_whole_part_needs_no_network(target: Path) -> None:
    begun(target, CONTENT)
    with server.serving(CONTENT, server.well) as host:
        assert fetch(target, host) == Transfer(host.url, 0, SIZE)
        assert host.asked == []
    assert_whole(target)


@pytest.mark.parametrize(
    "script",
    [
        [server.without_ranges],
        [server.says(206, CONTENT[500:], Content_Range=f"bytes 500-{SIZE - 1}/{SIZE}"), server.well],
        [server.says(206, CONTENT), server.well],
        [server.says(416), server.well],
    ],
    ids=["200 for a range", "another range", "no Content-Range", "416"],
)
@pytest.mark.parametrize("there", [CONTENT[:1000], b"x" * 1000], ids=["right part", "wrong part"])
def test_a_host_that_does_not_do_ranges_right(target: Path, script: list[server.Script], there: bytes) -> None:
    begun(target, there)
    with server.serving(CONTENT, *script) as host:
        fetch(target, host)
    assert_whole(target)


def test_a_part_larger_than_the_file_is_dropped(target: Path) -> None:
    begun(target, CONTENT + b"more")
    with server.serving(CONTENT, server.well) as host:
        assert fetch(target, host).received == SIZE
    assert_whole(target)


def test_a_part_of_other_bytes_is_fetched_anew_from_the_same_host(target: Path) -> None:
    begun(target, b"x" * 1000)
    with server.serving(CONTENT, server.well) as host:
        assert fetch(target, host) == Transfer(host.url, SIZE, 0)
        assert ["Range" in headers for _, headers in host.asked] == [True, False]
    assert_whole(target)


@pytest.mark.parametrize("breaks", [server.cut_after, server.stall_after])
def test_a_line_that_breaks_is_taken_up_where_it_broke(target: Path, breaks: Callable[[int], server.Script]) -> None:
    with server.serving(CONTENT, breaks(100_000), server.well) as host:
        fetch(target, host)
        start = int(host.asked[1][1]["Range"].removeprefix("bytes=").removesuffix("-"))
        assert 100_000 - BLOCK < start <= 100_000
        assert host.asked[1][1]["If-Range"] == '"v1"'
    assert_whole(target)


@pytest.mark.parametrize(
    ("breaks", "attempts"),
    [
        (server.cut_after(7), 3),
        (server.stall_after(7), 3),
        (server.stall_after(0), 2),
        (server.says(500), 2),
        (server.says(429), 2),
    ],
    ids=["cut", "stalled", "stalled at once", "500", "429"],
)
def test_attempts_are_bounded_then_the_mirror_is_asked(target: Path, breaks: server.Script, attempts: int) -> None:
    """Fewer of them with a host that has given nothing."""
    with server.serving(CONTENT, breaks) as bad, server.serving(CONTENT, server.well) as mirror:
        assert fetch(target, bad, mirror).url == mirror.url
        assert len(bad.asked) == attempts
    assert_whole(target)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (server.says(404), "it answered 404 Not Found"),
        (server.says(200, b"<html>", Content_Type="text/html; charset=utf-8"), "it sent a web page"),
        (server.claims(SIZE - 1), f"its file has {SIZE - 1:,} bytes, but {SIZE:,} expected"),
        (server.claims(SIZE + 1), f"its file has {SIZE + 1:,} bytes, but {SIZE:,} expected"),
        (server.serves(CONTENT[::-1]), f"its bytes have SHA-256 {hashlib.sha256(CONTENT[::-1]).hexdigest()}, but"),
        (server.says(302, Location="file.tar.gz"), "redirects"),
    ],
    ids=["404", "web page", "claims less", "claims more", "wrong bytes", "redirects for ever"],
)
def test_a_bad_host_is_left_for_the_mirror_and_named_where_there_is_none(
    target: Path, bad: server.Script, reason: str
) -> None:
    with server.serving(CONTENT, bad) as first, server.serving(CONTENT, server.well) as mirror:
        with pytest.raises(DownloadError) as caught:
            fetch(target, first)
        assert f"{first.url}: " in str(caught.value)
        assert reason in str(caught.value)
        assert not target.exists()
        assert fetch(target, first, mirror).url == mirror.url
    assert_whole(target)


def test_a_length_that_lies_to_one_who_does_not_know_better(target: Path) -> None:
    """Without an expected size the host's own claim is what there is; the sum decides."""
    with (
        server.serving(CONTENT, server.claims(SIZE - 1)) as short,
        server.serving(CONTENT, server.claims(SIZE + 1)) as long,
    ):
        with pytest.raises(DownloadError, match="SHA-256"):
            fetch(target, short, size=None)
        with pytest.raises(DownloadError, match="3 attempts"):
            fetch(target, long, size=None)
    assert not target.exists()


def test_more_than_expected_is_not_read_to_the_end(target: Path) -> None:
    for size, most in ((SIZE, SIZE), (None, MOST)):
        with (
            server.serving(CONTENT, server.endless) as host,
            pytest.raises(DownloadError, match=f"it sent more than the {most:,} bytes expected"),
        ):
            fetch(target, host, size=size)
        assert not Part(target).path.exists()
    with server.serving(CONTENT, server.claims(MOST + 1)) as host:
        with pytest.raises(DownloadError, match=f"its file has {MOST + 1:,} bytes, and {MOST:,} at most are expected"):
            fetch(target, host, size=None)
        assert len(host.asked) == 1


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


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "x.part").mkdir()
    with server.serving(CONTENT, server.well) as host:
        for place in (tmp_path / "file" / "x", tmp_path / "x"):
            with pytest.raises(DownloadError, match=r"cannot be written: "):
                fetch(place, host)


def test_a_compressing_host_is_not_unpacked_on_the_way(target: Path) -> None:
    with server.serving(b"", server.says(200, CONTENT, Content_Encoding="x-gzip")) as host:
        fetch(target, host)
    assert_whole(target)


def test_nobody_there(target: Path) -> None:
    with server.serving(CONTENT, server.well) as host:
        url = host.url
    with pytest.raises(DownloadError, match=r"(?i)refused.* \(2 attempts\)") as caught:
        fetch(target, url, "http://256.0.0.1/x", "nonsense")
    assert "object at" not in str(caught.value)
    assert "nonsense: Invalid URL" in str(caught.value)


def test_what_came_is_kept_and_said(target: Path) -> None:
    with (
        server.serving(CONTENT, server.cut_after(5000), server.says(503)) as host,
        pytest.raises(DownloadError, match=r"5,000 bytes are kept in .*file.tar.gz.part; the same command resumes"),
    ):
        fetch(target, host)
    with server.serving(CONTENT, server.well) as host:
        assert fetch(target, host).resumed == 5000
    assert_whole(target)


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device")])
def test_interrupted_or_out_of_space_keeps_the_part(target: Path, stop: BaseException) -> None:
    class Stops(Told):
        def advance(self, _: int) -> None:
            raise stop

    with server.serving(CONTENT, server.well) as host:
        with pytest.raises((KeyboardInterrupt, DownloadError)) as caught:
            fetch(target, host, progress=Stops())
        assert isinstance(caught.value, KeyboardInterrupt) or "the disk is full" in str(caught.value)
        assert 0 < Part(target).size <= SIZE
        fetch(target, host)
    assert_whole(target)


def test_a_damaged_note_of_the_origin_is_no_hindrance(target: Path) -> None:
    begun(target, CONTENT[:10])
    (target.parent / "file.tar.gz.part.json").write_text("[1", encoding="utf-8")
    with server.serving(CONTENT, server.well) as host:
        assert fetch(target, host).resumed == 10
    assert_whole(target)


def test_md5_where_no_other_sum_is_known(target: Path) -> None:
    with server.serving(CONTENT, server.well) as host:
        fetch(target, host, checksum=Checksum("md5", hashlib.md5(CONTENT).hexdigest()))
        assert_whole(target)
        with pytest.raises(DownloadError, match="MD5"):
            fetch(target, host, checksum=Checksum("md5", "0" * 32))


def test_a_slow_but_steady_host_is_given_all_its_attempts_again(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "_ADVANCE", 1000)

    def bit_by_bit(request: server.Request, content: bytes) -> None:
        start = request.start
        span = f"bytes {start}-{SIZE - 1}/{SIZE}"
        request.head(206 if start else 200, Content_Range=span, Content_Length=SIZE - start)
        request.wfile.write(content[start : start + 40_000])

    with server.serving(CONTENT, bit_by_bit) as host:
        fetch(target, host)
        assert len(host.asked) == 8 > HASTE.attempts
    assert_whole(target)
