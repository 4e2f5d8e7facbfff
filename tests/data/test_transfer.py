"""A file is fetched from whichever host gives it, whole, and goes on where it broke off."""

import errno
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from nndl.data import transfer
from nndl.data.answer import BLOCK
from nndl.data.part import Checksum, Part
from nndl.data.transfer import Transfer
from nndl.errors import DownloadError
from tests.data import server
from tests.data.fetched import CONTENT, HASTE, MOST, SIZE, Told, assert_whole, begun, fetch


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
