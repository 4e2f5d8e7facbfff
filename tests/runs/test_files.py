"""A run's folder may come from a stranger: nothing in it leads elsewhere, holds a reader up, or fills the memory."""

import os
import sys
import time
from pathlib import Path

import pytest

from nndl.runs.files import (
    MOST_TEXT,
    ForeignFileError,
    is_there,
    open_own,
    open_to_append,
    own_folder,
    read_bounded,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="of POSIX alone")
MINE = b"a key of mine\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A file elsewhere that must stay as it is."""
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "key"
    path.write_bytes(MINE)
    return path


def place(kind: str, path: Path, mine: Path) -> None:
    """Put something in a file's place."""
    if kind == "a link":
        path.symlink_to(mine)
    elif kind == "a link to nowhere":
        path.symlink_to(mine.with_name("none"))
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    elif kind == "a named pipe":
        os.mkfifo(path)
    else:
        path.mkdir()


KINDS = ["a link", "a link to nowhere", "a device", "a named pipe", "a folder"]


@posix
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_neither_read_nor_written_and_holds_nobody_up(tmp_path: Path, mine: Path, kind: str) -> None:
    path = tmp_path / "file"
    place(kind, path, mine)
    words = "a link" if "link" in kind or kind == "a device" else kind
    began = time.monotonic()
    for work in (
        lambda: read_bounded(path),
        lambda: open_to_append(path).close(),
        lambda: os.close(open_own(path, os.O_RDWR | os.O_CREAT)),
    ):
        with pytest.raises(ForeignFileError, match=rf"file is {words}, not a file"):
            work()
    assert time.monotonic() - began < 5
    assert is_there(path)
    assert mine.read_bytes() == MINE
    assert [each.name for each in mine.parent.iterdir()] == ["key"]


@posix
def test_a_link_that_takes_the_place_while_it_is_looked_at_is_not_followed(
    tmp_path: Path, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.symlink_to(mine)
    monkeypatch.setattr("nndl.runs.files._refuse", lambda _: None)  # it was a file a moment ago
    with pytest.raises(OSError, match="symbolic link"):
        open_to_append(path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ForeignFileError, match="no regular file"):
        read_bounded(tmp_path / "pipe")


def test_a_file_of_several_names_is_read_but_not_appended_to(tmp_path: Path, mine: Path) -> None:
    (tmp_path / "log.txt").hardlink_to(mine)
    assert read_bounded(tmp_path / "log.txt") == MINE
    with pytest.raises(ForeignFileError, match="several names"):
        open_to_append(tmp_path / "log.txt")
    assert mine.read_bytes() == MINE


def test_no_more_is_read_than_a_file_can_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bounded(path, 5) == b"12345"
    with pytest.raises(ForeignFileError, match=r"file has more than 4 bytes"):
        read_bounded(path, 4)
    os.truncate(path, 1 << 40)
    with pytest.raises(ForeignFileError, match=rf"more than {MOST_TEXT:,} bytes"):
        read_bounded(path)
    path.write_bytes(bytes(100))
    real = os.fstat
    monkeypatch.setattr(os, "fstat", lambda handle: _empty(real(handle)))  # it grows while it is read
    with pytest.raises(ForeignFileError, match="more than 99 bytes"):
        read_bounded(path, 99)


def _empty(found: os.stat_result) -> os.stat_result:
    return os.stat_result((*found[:6], 0, *found[7:]))


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    assert not is_there(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        read_bounded(tmp_path / "none")


@posix
def test_a_folder_for_others_to_write_in_is_no_link_and_has_none(tmp_path: Path, mine: Path) -> None:
    made = own_folder(tmp_path / "tensorboard")
    (made / "events").touch()
    (made / "deeper").mkdir()
    assert own_folder(made) == made
    (made / "events.2").symlink_to(mine)
    with pytest.raises(ForeignFileError, match=r"events\.2 is neither"):
        own_folder(made)
    assert own_folder(made, links=True) == made
    (tmp_path / "linked").symlink_to(mine.parent)
    with pytest.raises(ForeignFileError, match="linked is a link, not a folder"):
        own_folder(tmp_path / "linked", links=True)
