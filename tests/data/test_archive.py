import io
import os
import tarfile
import time
from pathlib import Path

import pytest

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
