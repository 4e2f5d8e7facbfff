"""A sweep's journal with torn lines is mended on a copy, and passed over by whoever reads it meanwhile."""

import errno
import json
import sys
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from nndl.jobs.sweeps.journal import Journal, mend
from nndl.jobs.sweeps.storage import open_storage
from nndl.runs.files import ForeignFileError

optuna = pytest.importorskip("optuna")

LINES = [json.dumps({"op_code": 0, "n": number}).encode() for number in range(3)]


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"\n".join([*LINES, b'{"op_code": 4, "tri']), 3),
        (b"\n".join([LINES[0], b'{"op_co{"op_code": 1}', LINES[2], b""]), 2),
        (b"\n".join([LINES[0], b"\xff\x00", b"[1]", b""]), 1),
        (b"\n".join(LINES), 3),
    ],
    ids=["torn at the end", "two lines in one", "no records", "no line break at the end"],
)
def test_torn_lines_are_left_out_and_the_file_stays_beside(tmp_path: Path, content: bytes, kept: int) -> None:
    path = tmp_path / "journal.log"
    path.write_bytes(content)
    (note,) = mend(path)
    assert "left out" in note
    assert len(path.read_bytes().splitlines()) == kept
    assert all(json.loads(line) for line in path.read_bytes().splitlines())
    (aside,) = tmp_path.glob("journal-damaged-*")
    assert aside.read_bytes() == content
    assert mend(path) == []


def test_a_whole_journal_is_left_alone(tmp_path: Path) -> None:
    storage, notes = open_storage(tmp_path, None)
    optuna.create_study(storage=storage, study_name="a")
    before = (tmp_path / "journal.log").read_bytes()
    assert open_storage(tmp_path, None)[1] == notes == []
    assert (tmp_path / "journal.log").read_bytes() == before


def noted(storage: Any, study: int) -> list[str]:
    return sorted(storage.get_study_user_attrs(study))


def test_a_line_torn_while_others_work_stops_none_of_them(tmp_path: Path) -> None:
    """Optuna's own file raises for ever, in every process that reads it."""
    path = tmp_path / "journal.log"
    one, other = (open_storage(tmp_path, None)[0] for _ in range(2))
    study = one.create_new_study([optuna.study.StudyDirection.MINIMIZE], "a")
    with path.open("ab") as file:
        file.write(b'{"op_code": 2, "stu')
    assert noted(other, study) == []
    for number, storage in enumerate((one, other, one, other)):
        storage.set_study_user_attr(study, f"note {number}", number)
    with path.open("ab") as file:
        file.write(b"\xff{\n[1]\n")
    one.set_study_user_attr(study, "last", 1)
    for storage in (one, other, open_storage(tmp_path, None)[0]):
        assert noted(storage, study) == ["last", "note 0", "note 1", "note 2", "note 3"]


def test_whoever_has_it_open_goes_on_with_the_one_that_was_mended(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    one, other = (open_storage(tmp_path, None)[0] for _ in range(2))
    study = one.create_new_study([optuna.study.StudyDirection.MINIMIZE], "a")
    with path.open("ab") as file:
        file.write(b'{"op_code": 2, "stu')
    one.set_study_user_attr(study, "before", 1)
    assert noted(other, study) == ["before"]
    newest, notes = open_storage(tmp_path, None)
    assert "1 torn line left out" in notes[0]
    newest.set_study_user_attr(study, "after", 1)
    for storage in (one, other, newest):
        assert noted(storage, study) == ["after", "before"]


def test_a_full_disk_leaves_no_torn_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "journal.log")
    journal.append_logs([{"op_code": 0}])
    before = (tmp_path / "journal.log").read_bytes()
    write = FileIO.write

    class Full(FileIO):
        def write(self, content: Any) -> int:
            if len(content) < 20:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(self, content[:10])

    monkeypatch.setattr("nndl.runs.files.FileIO", Full)
    with pytest.raises(OSError, match="No space left"):
        journal.append_logs([{"op_code": 1, "study_name": "a" * 20}])
    monkeypatch.undo()
    assert (tmp_path / "journal.log").read_bytes() == before
    assert list(journal.read_logs(0)) == [{"op_code": 0}]


@pytest.mark.skipif(sys.platform == "win32", reason="links of POSIX")
def test_a_journal_that_is_a_link_is_refused_and_its_target_left(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_bytes(b"a key of mine")
    storage, _ = open_storage(tmp_path, None)
    (journal,) = tmp_path.glob("journal*")
    for link in (journal.symlink_to, journal.hardlink_to):
        journal.unlink()
        link(mine)
        with pytest.raises(ForeignFileError, match=r"is a (link|file of several names)"):
            open_storage(tmp_path, None)
    assert mine.read_bytes() == b"a key of mine"
    assert {path.name for path in tmp_path.iterdir()} == {"mine", journal.name}
    del storage
