import errno
import gzip
import io
import os
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nndl.data.archive import extract
from nndl.errors import DataError
from tests.data import fake

FILES = {"a.bin": b"a" * 1000, "b.bin": b"b" * 10}
LIMITS = {"a.bin": 1000, "b.bin": 1000, "readme.html": 1000}


def member(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", content: bytes = b""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(content)
    return info, content


def write_tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    whole = [member(f"folder/{name}", content=content) for name, content in FILES.items()]
    with tarfile.open(path, "w:gz") as tar:
        for info, content in (*whole, *members):
            tar.addfile(info, io.BytesIO(content))
    return path


def only(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def test_unpacks_what_is_expected_and_leaves_the_rest(tmp_path: Path) -> None:
    archive = write_tar(
        tmp_path / "x.tar.gz", member("folder/._a.bin", content=b"mac"), member("folder", tarfile.DIRTYPE)
    )
    assert extract(archive, tmp_path / "out", LIMITS, FILES) == tmp_path / "out"
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == FILES
    assert only(tmp_path) == ["out", "x.tar.gz"]


def test_replaces_an_older_folder_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.bin").write_bytes(b"old")
    extract(write_tar(tmp_path / "x.tar.gz"), tmp_path / "out", LIMITS, FILES)
    assert only(tmp_path / "out") == ["a.bin", "b.bin"]
    assert (tmp_path / "out" / "a.bin").read_bytes() == FILES["a.bin"]
    assert only(tmp_path) == ["out", "x.tar.gz"]


def test_a_file_system_without_modes_or_fsync_is_unpacked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As GCS FUSE and CIFS mounts are: what is cosmetic is no reason to fail."""

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    def unknown(_: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    archive = write_tar(tmp_path / "x.tar.gz")
    for name in ("chmod", "fchmod", "lchmod"):
        monkeypatch.setattr(os, name, refused, raising=False)
    monkeypatch.setattr(os, "fsync", unknown)
    extract(archive, tmp_path / "out", LIMITS, FILES)
    assert only(tmp_path / "out") == ["a.bin", "b.bin"]


UNSAFE = {
    "parent": member("../evil", content=b"x"),
    "parent inside": member("folder/../../evil", content=b"x"),
    "absolute": member("/tmp/evil", content=b"x"),
    "backslashes": member("..\\evil", content=b"x"),
    "drive": member("C:evil", content=b"x"),
    "expected name outside": member("../a.bin", content=b"x"),
    "symbolic link": member("folder/readme.html", tarfile.SYMTYPE, "/etc/passwd"),
    "hard link": member("folder/readme.html", tarfile.LNKTYPE, "folder/a.bin"),
    "fifo": member("folder/readme.html", tarfile.FIFOTYPE),
    "character device": member("folder/readme.html", tarfile.CHRTYPE),
    "too large": member("folder/readme.html", content=b"x" * 1001),
}


@pytest.mark.parametrize("unsafe", UNSAFE.values(), ids=UNSAFE.keys())
def test_refuses_unsafe_members_and_leaves_nothing(tmp_path: Path, unsafe: tuple[tarfile.TarInfo, bytes]) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    archive = write_tar(inside / "x.tar.gz", unsafe)
    with pytest.raises(DataError, match=r"x.tar.gz: refused: "):
        extract(archive, inside / "out", LIMITS, FILES)
    assert only(inside) == ["x.tar.gz"]
    assert only(tmp_path) == ["inside"]


def test_refuses_a_bomb_among_the_files_nobody_asked_for(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "x.tar.gz", member("folder/more", content=bytes(20 << 20)))
    assert archive.stat().st_size < 100_000
    with pytest.raises(DataError, match="unpacks to far more than the files expected"):
        extract(archive, tmp_path / "out", LIMITS, FILES)


def test_refuses_endless_members(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "x.tar.gz", *[member(f"folder/{number}") for number in range(1000)])
    with pytest.raises(DataError, match="refused"):
        extract(archive, tmp_path / "out", LIMITS, FILES)


@pytest.mark.parametrize("cut", [0, 1, 40, -9, -5, -1])
def test_a_truncated_archive_changes_nothing(tmp_path: Path, cut: int) -> None:
    (tmp_path / "out").mkdir()
    whole = write_tar(tmp_path / "whole.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[:cut])
    with pytest.raises(DataError, match=r"cut.tar.gz: not a whole .tar.gz archive"):
        extract(tmp_path / "cut.tar.gz", tmp_path / "out", LIMITS, FILES)
    assert only(tmp_path) == ["cut.tar.gz", "out", "whole.tar.gz"]
    assert only(tmp_path / "out") == []


def test_a_flipped_bit_is_found_by_the_checksum(tmp_path: Path) -> None:
    """Even where the tar ends on the boundary of a read, so that its reader has no cause to look for more."""
    whole = 5 << 20
    raw = bytearray(fake.archive({"a.bin": bytes(whole - 512 - 1024)}))
    assert int.from_bytes(raw[-4:], "little") == whole  # gzip's own count of the bytes
    raw[-8] ^= 1
    (tmp_path / "x.tar.gz").write_bytes(raw)
    with pytest.raises(DataError, match="not a whole"):
        extract(tmp_path / "x.tar.gz", tmp_path / "out", {"a.bin": whole}, ["a.bin"])


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x1f\x8bnothing"])
def test_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"x.tar.gz: not a whole"):
        extract(tmp_path / "x.tar.gz", tmp_path / "out", LIMITS, FILES)


def extended(body: bytes, kind: bytes = tarfile.XHDTYPE, claimed: int | None = None) -> bytes:
    """An archive of FILES, the first behind an extended header."""
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, len(body) if claimed is None else claimed
    raw = info.tobuf() + body + bytes(-len(body) % 512)
    for name, content in FILES.items():
        each, _ = member(name, content=content)
        raw += each.tobuf() + content + bytes(-len(content) % 512)
    return gzip.compress(raw + bytes(1024))


@pytest.mark.parametrize(
    "body",
    [
        b"99999999999999999999 path=a\n",
        b"9" * 5000 + b" path=a\n",
        b"22 GNU.sparse.map=a,b\n",
        b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n",
        b"20 GNU.sparse.size=x\n",
        b"0 path=a\n",
    ],
)
def test_a_malformed_extended_header_is_refused_in_words(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x.tar.gz").write_bytes(extended(body))
    with pytest.raises(DataError, match=r"x.tar.gz: not a whole .tar.gz archive: "):
        extract(tmp_path / "x.tar.gz", tmp_path / "out", LIMITS, FILES)
    assert only(tmp_path) == ["x.tar.gz"]


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_an_extended_header_that_claims_to_be_large_is_not_read(tmp_path: Path, kind: bytes) -> None:
    (tmp_path / "x.tar.gz").write_bytes(extended(b"", kind, claimed=100_000_000))
    with pytest.raises(DataError, match="a header of 100,000,000 bytes"):
        extract(tmp_path / "x.tar.gz", tmp_path / "out", LIMITS, FILES)
    (tmp_path / "x.tar.gz").write_bytes(extended(b"16 comment=abcd\n", tarfile.XHDTYPE))
    assert extract(tmp_path / "x.tar.gz", tmp_path / "out", LIMITS, FILES)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_mangled_archive_is_unpacked_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    """Its headers are mangled, and their checksums made right again, so that what they say is believed."""
    raw = bytearray(gzip.decompress(extended(b"20 mtime=1234567.50\n16 comment=abcd\n18 path=x/y/a.bin\n")))
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, 2400))] = data.draw(st.sampled_from([0, 10, 32, 48, 57, 61, 120, 255]))
    for start in (0, 1024, 2560):
        raw[start + 148 : start + 156] = b" " * 8
        raw[start + 148 : start + 156] = b"%06o\0 " % sum(raw[start : start + 512])
    (tmp_path / "x.tar.gz").write_bytes(gzip.compress(bytes(raw), 1))
    try:
        extract(tmp_path / "x.tar.gz", tmp_path / "out", LIMITS, FILES)
    except DataError:
        return
    assert only(tmp_path / "out") == ["a.bin", "b.bin"]


def test_missing_members_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no c.bin"):
        extract(write_tar(tmp_path / "x.tar.gz"), tmp_path / "out", LIMITS, [*FILES, "c.bin"])
    assert only(tmp_path) == ["x.tar.gz"]


def test_finish_sees_the_folder_before_it_has_its_name(tmp_path: Path) -> None:
    def finish(folder: Path) -> None:
        assert only(folder) == ["a.bin", "b.bin"]
        assert not (tmp_path / "out").exists()
        (folder / "manifest").write_text("made", encoding="utf-8")

    extract(write_tar(tmp_path / "x.tar.gz"), tmp_path / "out", LIMITS, FILES, finish)
    assert only(tmp_path / "out") == ["a.bin", "b.bin", "manifest"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="cannot be unpacked into"):
        extract(write_tar(tmp_path / "x.tar.gz"), tmp_path / "file" / "out", LIMITS, FILES)


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    for name, age in (("left", 7200), ("working", 60)):
        (tmp_path / f".out.{name}").mkdir()
        (tmp_path / f".out.{name}" / "a.bin").write_bytes(b"")
        os.utime(tmp_path / f".out.{name}", (time.time() - age,) * 2)
    extract(write_tar(tmp_path / "x.tar.gz"), tmp_path / "out", LIMITS, FILES)
    assert only(tmp_path) == [".out.working", "out", "x.tar.gz"]
