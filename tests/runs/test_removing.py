"""Only runs are removed, and only those that nobody needs at the moment."""

from pathlib import Path

import pytest

from nndl.errors import UsageError
from nndl.runs.folder import RunFolder
from nndl.runs.lock import lock_run
from nndl.runs.removing import removable, remove_run, size_of
from tests.runs.made import make_run


def test_a_run_goes_and_its_neighbour_stays(tmp_path: Path) -> None:
    folder, neighbour = make_run(tmp_path / "gone"), make_run(tmp_path / "gone2")
    (folder / "tensorboard").mkdir()
    (folder / "tensorboard" / "events").write_text("x", encoding="utf-8")
    assert size_of(RunFolder(folder)) > 100
    remove_run(removable("gone", tmp_path))
    assert not folder.exists()
    assert neighbour.is_dir()


def test_the_beginning_of_a_name_is_not_enough(tmp_path: Path) -> None:
    make_run(tmp_path / "gone2")
    with pytest.raises(UsageError, match="no run 'gone' to remove"):
        removable("gone", tmp_path)


def test_what_is_no_run_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "config.yaml").write_text("a: 1", encoding="utf-8")
    with pytest.raises(UsageError, match=r"holds a config\.yaml, but no run"):
        removable("project", tmp_path)
    folder = make_run(tmp_path / "holding")
    (folder / "thesis").mkdir()
    with pytest.raises(UsageError, match="a folder that is not the run's, thesis"):
        removable("holding", tmp_path)
    make_run(tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(UsageError, match="is where you are"):
        removable("here", tmp_path)
    (tmp_path / "link").symlink_to(make_run(tmp_path / "real"))
    with pytest.raises(UsageError, match="is a link"):
        removable("link", tmp_path)


def test_a_run_that_is_training_is_left_alone(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "busy")
    with lock_run(folder), pytest.raises(UsageError, match="is being trained"):
        removable("busy", tmp_path)
