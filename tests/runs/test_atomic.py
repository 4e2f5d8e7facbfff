"""A file is written whole or not at all, as readable as others, and on file systems that know less than POSIX too."""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nndl.disk import sync
from nndl.runs.atomic import write_atomically
from nndl.runs.folder import RunFolder
from nndl.runs.states import States
from tests.runs.test_states import arrays, info

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


@pytest.fixture(params=[0o022, 0o077, 0o002], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_a_new_file_has_the_mode_that_open_gives(tmp_path: Path, umask: int) -> None:
    write_atomically(tmp_path / "new", "x")
    (tmp_path / "other").write_text("x", encoding="utf-8")
    assert mode(tmp_path / "new") == mode(tmp_path / "other") == 0o666 & ~umask


@posix
@pytest.mark.parametrize("kept", [0o600, 0o644, 0o664, 0o444])
def test_a_file_that_was_there_keeps_its_mode(tmp_path: Path, umask: int, kept: int) -> None:
    del umask
    path = tmp_path / "old"
    path.write_text("x", encoding="utf-8")
    path.chmod(kept)
    write_atomically(path, "y")
    assert (path.read_text(encoding="utf-8"), mode(path)) == ("y", kept)


@posix
def test_a_state_keeps_the_mode_of_the_one_before_it(tmp_path: Path) -> None:
    states = States(RunFolder(tmp_path))
    states.write(arrays(10), info(10))
    (tmp_path / "last.safetensors").chmod(0o600)
    states.write(arrays(20), info(20))
    assert mode(tmp_path / "last.safetensors") == 0o600


@posix
def test_a_link_is_replaced_not_followed_and_its_mode_is_not_taken(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine", encoding="utf-8")
    mine.chmod(0o600)
    for target in (mine, tmp_path / "none"):
        path = tmp_path / "link"
        path.symlink_to(target)
        write_atomically(path, "theirs")
        assert not path.is_symlink()
        assert (path.read_text(encoding="utf-8"), mode(path)) == ("theirs", mode_of_new(tmp_path))
        path.unlink()
    assert mine.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "none").exists()


def mode_of_new(folder: Path) -> int:
    (folder / "plain").touch()
    return mode(folder / "plain")


def test_a_file_system_without_modes_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    path = tmp_path / "file"
    path.write_text("x", encoding="utf-8")
    path.chmod(0o666)  # which no usual umask gives, so that it is tried
    for name in ("chmod", "fchmod", "lchmod"):
        monkeypatch.setattr(os, name, refused, raising=False)
    write_atomically(path, "y")
    write_atomically(tmp_path / "new", "z")
    assert (path.read_bytes(), (tmp_path / "new").read_bytes()) == (b"y", b"z")
    assert {each.name for each in tmp_path.iterdir()} == {"file", "new"}


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP])
def test_a_file_system_without_fsync_is_written_to_and_a_disk_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def answer(number: int) -> None:
        def fsync(_: int) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "fsync", fsync)

    answer(number)
    write_atomically(tmp_path / "file", "x")
    answer(errno.EIO)
    with pytest.raises(OSError, match="Input/output") as error:
        write_atomically(tmp_path / "file", "y")
    assert error.value.filename == str(tmp_path / "file")
    with pytest.raises(OSError, match="Input/output"):
        sync(0)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("file", b"x")]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        write_atomically(tmp_path / "none" / "file", "x")
    assert error.value.filename == str(tmp_path / "none" / "file")
