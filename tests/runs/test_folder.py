"""Run folders: names every system takes, never the same twice, found again."""

import json
import os
import sys
from pathlib import Path
from shutil import rmtree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl.errors import UsageError
from nndl.runs.folder import (
    RunFolder,
    SeveralRunsError,
    create_run_folder,
    find_run,
    find_runs,
    members,
    note_elsewhere,
    run_names,
    runs_root,
    safe_name,
)
from nndl.runs.lock import lock_run
from tests.runs.made import make_run


@given(st.text(max_size=200))
def test_names_are_safe_on_every_system(text: str) -> None:
    name = safe_name(text)
    assert 0 < len(name) <= 84
    assert not set(name) & set('<>:"/\\|?* ')
    assert name.isascii()
    assert name.isprintable()
    assert name[0] not in "-."
    assert name[-1] not in "."
    assert name.split(".")[0].lower() not in {"con", "nul", "aux", "prn", "com1", "lpt9"}


def test_two_runs_in_one_second_get_two_folders(tmp_path: Path) -> None:
    folders = [create_run_folder("bn_cnn", runs=tmp_path).path for _ in range(3)]
    assert len(set(folders)) == 3
    assert all(folder.is_dir() and folder.name.startswith("bn_cnn-") for folder in folders)


def test_a_chosen_folder_is_obeyed_and_never_written_over(tmp_path: Path) -> None:
    chosen = tmp_path / "a" / "b"
    assert create_run_folder("x", chosen).path == chosen
    (chosen / "config.yaml").touch()
    with pytest.raises(UsageError, match="not an empty folder"):
        create_run_folder("x", chosen)


def test_what_a_run_leaves_that_was_killed_before_it_had_a_config_is_no_hindrance(tmp_path: Path) -> None:
    for name in (".lock", ".config.yaml.x.part", "environment.json", "input.json"):
        (tmp_path / name).touch()
    assert create_run_folder("x", tmp_path).path == tmp_path
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match="not an empty folder"):
        create_run_folder("x", tmp_path)


def test_where_no_folder_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"no run folder can be made at .*file.*--run-dir"):
        create_run_folder("x", tmp_path / "file" / "run")


def test_a_config_that_somebody_put_there_is_not_the_latest_run(tmp_path: Path) -> None:
    for age, name in enumerate(["run", "copied"]):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").touch()
        os.utime(tmp_path / name / "config.yaml", (age, age))
    assert find_run("latest", tmp_path).path.name == "copied"  # there is nothing else
    (tmp_path / "run/environment.json").touch()
    assert find_run("latest", tmp_path).path.name == "run"


def test_a_run_is_found_by_folder_name_beginning_and_latest(tmp_path: Path) -> None:
    for age, name in enumerate(["b-20260101-000000", "a-20260102-000000"]):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").touch()
        os.utime(tmp_path / name / "config.yaml", (age, age))
    (tmp_path / "empty").mkdir()
    found = {text: find_run(text, tmp_path).path.name for text in ("latest", "b", "a-20260102-000000")}
    assert found == {"latest": "a-20260102-000000", "b": "b-20260101-000000", "a-20260102-000000": "a-20260102-000000"}
    assert find_run(str(tmp_path / "b-20260101-000000"), tmp_path / "none").path == tmp_path / "b-20260101-000000"
    with pytest.raises(UsageError, match=r"no run 'c'(.*\n)+  a-20260102"):
        find_run("c", tmp_path)
    with pytest.raises(UsageError, match="no run 'latest' under"):
        find_run("latest", tmp_path / "none")


def test_a_name_that_is_whole_comes_before_the_newer_beginning_of_another(tmp_path: Path) -> None:
    names = ["es-20260101-000000", "es-20260102-000000-2", "es2-20260103-000000", "es-20260104-long", "esa/seed-0"]
    for age, name in enumerate(names):
        make_run(tmp_path / name)
        os.utime(tmp_path / name / "config.yaml", (age, age))
    expected = {"es": names[1], "es2": names[2], "esa": "esa/seed-0", "es-2026010": names[3]}
    assert {text: find_run(text, tmp_path).path.relative_to(tmp_path).as_posix() for text in expected} == expected


def test_runs_made_elsewhere_are_found_again_as_long_as_they_are_there(tmp_path: Path) -> None:
    runs, other = tmp_path / "runs", tmp_path / "other" / "trial"
    make_run(other)
    note_elsewhere(other, runs)
    note_elsewhere(other, runs)
    make_run(runs / "own")
    note_elsewhere(runs / "own", runs)
    (runs / ".elsewhere").write_text((runs / ".elsewhere").read_text() + "relative\n\0\n", encoding="utf-8")
    assert set(run_names(runs)) == {"own", str(other)}
    assert find_run("tri", runs).path == other
    assert find_run(str(other), runs).path == other
    rmtree(other)
    assert run_names(runs) == ["own"]


def test_a_list_of_runs_elsewhere_that_is_a_link_is_neither_read_nor_written(tmp_path: Path) -> None:
    mine, runs = tmp_path / "mine", tmp_path / "runs"
    mine.write_text(str(make_run(tmp_path / "away")), encoding="utf-8")
    runs.mkdir()
    (runs / ".elsewhere").symlink_to(mine)
    note_elsewhere(tmp_path / "trial", runs)
    assert run_names(runs) == []
    assert "trial" not in mine.read_text(encoding="utf-8")


def test_the_folder_of_the_runs_is_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NNDL_RUNS", raising=False)
    assert runs_root() == Path("runs")
    monkeypatch.setenv("NNDL_RUNS", str(tmp_path / "mine"))
    made = make_run(tmp_path / "mine" / "a")
    assert find_run("latest").path == made
    assert create_run_folder("b").path.parent == tmp_path / "mine"
    monkeypatch.setenv("NNDL_RUNS", "~/mine")
    assert runs_root() == Path.home() / "mine"


def test_runs_in_a_folder_of_runs_are_found_too(tmp_path: Path) -> None:
    for age, name in enumerate(["old", "trials/seed-0", "trials/seed-1", "trials/seed-1/deeper"]):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "config.yaml").touch()
        os.utime(tmp_path / name / "config.yaml", (age, age))
    assert run_names(tmp_path) == ["old", "trials/seed-0", "trials/seed-1"]
    found = [find_run(text, tmp_path).path for text in ("latest", "trials/seed-0")]
    assert found == [tmp_path / "trials" / name for name in ("seed-1", "seed-0")]


def test_a_folder_of_several_is_no_run_and_says_which_there_are(tmp_path: Path) -> None:
    for name in ("trials/seed-10", "trials/seed-9", "alone/seed-0"):
        make_run(tmp_path / name)
    for text in ("trials", "tri", str(tmp_path / "trials")):
        with pytest.raises(
            SeveralRunsError, match=r"holds 2 runs, and one is to be named:\n  \S+seed-9\n  \S+seed-10$"
        ):
            find_run(text, tmp_path)
        assert find_runs(text, tmp_path) == tmp_path / "trials"
    assert find_run("alone", tmp_path).path == tmp_path / "alone" / "seed-0"
    with pytest.raises(UsageError, match="no run ''"):
        find_run("", tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_what_a_set_links_to_is_none_of_its_runs(tmp_path: Path) -> None:
    make_run(tmp_path / "mine" / "seed-0")
    make_run(tmp_path / "runs" / "theirs" / "seed-0")
    (tmp_path / "runs" / "theirs" / "seed-1").symlink_to(tmp_path / "mine" / "seed-0")
    (tmp_path / "runs" / "theirs" / "more").symlink_to(tmp_path / "mine")
    (tmp_path / "runs" / "own").symlink_to(tmp_path / "mine" / "seed-0")
    assert [run.path.name for run in members(tmp_path / "runs" / "theirs")] == ["seed-0"]
    assert set(run_names(tmp_path / "runs")) == {"theirs/seed-0", "own"}  # what lies in runs/ is the owner's
    (tmp_path / "runs" / "linked").mkdir()
    (tmp_path / "runs" / "linked" / "seed-0").symlink_to(tmp_path / "mine" / "seed-0")
    with pytest.raises(UsageError, match="linked are links, which may lead anywhere"):
        find_run("linked", tmp_path / "runs")


def test_status_tells_a_run_that_died_from_one_that_runs(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.status() == "died"
    with lock_run(folder.path):
        folder.write_status("running")
        assert folder.status() == "running"
    assert folder.status() == "died"
    summary = json.loads(folder.summary.read_text(encoding="utf-8"))
    folder.summary.write_text(json.dumps(summary | {"host": "elsewhere"}), encoding="utf-8")
    assert folder.status() == "running"  # for all we know
    folder.write_status("finished", test_accuracy=0.75)
    assert folder.status() == "finished"
    assert json.loads(folder.summary.read_text(encoding="utf-8"))["test_accuracy"] == 0.75


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("[]", "damaged"),
        ("1", "damaged"),
        ("{}", "damaged"),
        ('{"status": null}', "damaged"),
        ('{"status": ["running"]}', "damaged"),
        ('{"status": "fine\\u001b[2J"}', "damaged"),
        ('{"status": "' + "x" * 1000 + '"}', "damaged"),
        ('{"status": "imported"}', "imported"),
        ('{"status": "running", "host": {}}', "running"),
        ("[" * 100_000, "died"),
        ("", "died"),
    ],
)
def test_a_status_is_a_word_whatever_a_summary_says(tmp_path: Path, content: str, status: str) -> None:
    (tmp_path / "summary.json").write_text(content, encoding="utf-8")
    assert RunFolder(tmp_path).status() == status
