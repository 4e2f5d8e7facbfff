"""A sweep's journal with torn lines is mended on a copy; a storage's password is never shown."""

import json
import sys
from pathlib import Path

import pytest

from nndl.errors import UsageError
from nndl.jobs.sweeps.storage import mend, open_storage, shown
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


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    assert shown("postgresql://me:secret@host:5432/db") == "postgresql://me:***@host:5432/db"
    with pytest.raises(UsageError) as caught:
        open_storage(tmp_path, "nosuch://me:secret@host/db")
    assert "secret" not in str(caught.value)


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
