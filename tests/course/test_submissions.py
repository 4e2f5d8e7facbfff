"""Submissions as they are taken: Python files within bounds, and what is never taken."""

import os
import re
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from nndl.course import submissions as module
from nndl.course.submissions import is_inside, submissions, take
from nndl.errors import UsageError
from tests.course.homework import RIGHT, hand_in, zipped


def test_a_folder_and_its_zip_are_the_same(tmp_path: Path) -> None:
    folder = hand_in(tmp_path / "alice" / "nndl").parent
    archive = zipped(tmp_path / "bob.zip", ("nndl/layers.py", RIGHT), ("notes.txt", "hello"), ("__MACOSX/x.py", "x"))
    assert take(folder).files == take(archive).files == {"nndl/layers.py": RIGHT.encode()}
    assert take(folder).digest() == take(archive).digest()
    hand_in(folder / "nndl", RIGHT + "# more")
    assert take(folder).digest() != take(archive).digest()


OUTSIDE = ["../evil.py", "/tmp/evil.py", "a/../../evil.py", "..\\evil.py", "C:/evil.py", "C:evil.py", "./evil.py"]
ODD = ["a//b.py", "con\x1b.py", "a/ /b.py", "a/.../b.py", "x" * 300 + ".py", "a/" * 30 + "b.py"]


@pytest.mark.parametrize("name", [*OUTSIDE, *ODD])
def test_names_that_lead_out_of_a_zip_are_left_out(tmp_path: Path, name: str) -> None:
    assert not is_inside(name)
    taken = take(zipped(tmp_path / "a.zip", (name, "evil"), ("layers.py", RIGHT)))
    assert list(taken.files) == ["layers.py"]


def test_links_in_a_zip_are_left_out(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("optim.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    taken = take(zipped(tmp_path / "a.zip", (link, "/etc/passwd"), ("layers.py", RIGHT)))
    assert list(taken.files) == ["layers.py"]
    assert taken.notes == ["optim.py is a link, or no file: left out"]


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_links_and_pipes_in_a_folder_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("secret")
    folder = hand_in(tmp_path / "alice")
    (folder / "stolen.py").symlink_to(tmp_path / "secret.py")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.py")
    taken = take(folder)
    assert list(taken.files) == ["layers.py"]
    assert len(taken.notes) == 3
    assert "stolen.py is a link: left out" in taken.notes
    (tmp_path / "bob").symlink_to(folder)
    with pytest.raises(UsageError, match="it is a link"):
        take(tmp_path / "bob")


def test_a_bomb_is_read_to_its_bound_only(tmp_path: Path) -> None:
    bomb = zipped(tmp_path / "a.zip", ("bomb.py", b"#" * (1 << 26)), ("layers.py", RIGHT))
    taken = take(bomb)
    assert list(taken.files) == ["layers.py"]
    assert taken.notes == ["bomb.py has more than 1,048,576 bytes: left out"]


def test_folders_of_windows_are_folders(tmp_path: Path) -> None:
    names = [("nndl\\layers.py", RIGHT), ("..\\evil.py", "x = 1"), ("C:\\layers.py", "x = 1")]
    taken = take(zipped(tmp_path / "a.zip", *names))
    assert list(taken.files) == ["nndl/layers.py"]
    assert taken.notes == [
        f"{name} would lie outside the submission: left out" for name in ("../evil.py", "C:/layers.py")
    ]


def test_one_file_is_a_submission(tmp_path: Path) -> None:
    hand_in(tmp_path, name="alice_layers.py")
    assert [(each.name, list(take(each.path).files)) for each in submissions([tmp_path / "*.py"])] == [
        ("alice_layers", ["alice_layers.py"])
    ]


@pytest.mark.parametrize("packed", [True, False])
def test_what_is_no_python_file_is_told_where_there_is_none(tmp_path: Path, packed: bool) -> None:
    inner = zipped(tmp_path / "inner.zip", ("layers.py", RIGHT)).read_bytes()
    if packed:
        others = (("hw/d.PY", RIGHT), ("hw/.ipynb_checkpoints/c.ipynb", ""))
        path = zipped(tmp_path / "a.zip", ("hw/b.zip", inner), ("hw/c.ipynb", "{}"), *others)
    else:
        path = hand_in(tmp_path / "a" / "hw", "{}", "c.ipynb").parent
        (path / "hw" / "b.zip").write_bytes(inner)
        hand_in(tmp_path / "a" / "hw", RIGHT, "d.PY")
    says = "it holds no Python files; hw/b.zip is a zip file within the submission: not looked into; "
    says += "hw/c.ipynb is a notebook: functions in it are not looked at; hw/d.PY is no Python file for Python"
    with pytest.raises(UsageError, match=re.escape(says)):
        take(path)
    whole = zipped(tmp_path / "d.zip", ("layers.py", RIGHT), ("c.ipynb", "{}"))
    assert take(whole).notes == []


def test_files_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 3)
    monkeypatch.setattr(module, "MOST_ENTRIES", 30)
    many = [(f"a{number:03}.py", "x = 1") for number in range(100)]
    for path in (zipped(tmp_path / "a.zip", *many), tmp_path / "b"):
        for name, text in many:
            hand_in(tmp_path / "b", text, name)
        taken = take(path)
        assert len(taken.files) == 3
        assert len(taken.notes) <= module.MOST_NOTES


def test_what_is_damaged_is_told(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "a.zip", ("layers.py", RIGHT), ("optim.py", "x = 1")).read_bytes()
    (tmp_path / "b.zip").write_bytes(whole[:40] + bytes(5) + whole[45:])
    taken = take(tmp_path / "b.zip")
    assert list(taken.files) == ["optim.py"]
    assert taken.notes[0].startswith("layers.py cannot be unpacked")
    (tmp_path / "c.zip").write_bytes(whole[:60])
    with pytest.raises(UsageError, match="neither a folder nor a zip file"):
        take(tmp_path / "c.zip")
    (tmp_path / "d").mkdir()
    with pytest.raises(UsageError, match="it holds no Python files"):
        take(tmp_path / "d")


def test_names_are_told_apart_and_patterns_expanded(tmp_path: Path) -> None:
    hand_in(tmp_path / "one" / "alice")
    hand_in(tmp_path / "two" / "alice")
    zipped(tmp_path / "two" / "Alice.zip", ("layers.py", RIGHT))
    found = submissions([tmp_path / "one" / "*", str(tmp_path / "two" / "*"), tmp_path / "one" / "alice"])
    assert [each.name for each in found] == ["alice", "Alice-2", "alice-3"]
    with pytest.raises(UsageError, match=r"nobody\* is not there"):
        submissions([tmp_path / "nobody*"])


def test_text_that_is_obeyed_is_shown(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("no such names there")
    folder = hand_in(tmp_path / "a\x1b[2Jb")
    assert submissions([folder])[0].name == "a\\x1b[2Jb"
