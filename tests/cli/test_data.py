"""nndl data inspect, as people run it."""

import json
from pathlib import Path

import pytest

from nndl.data.sources.folder import load
from nndl.data.sources.wanted import Wanted
from tests.cli.command import nndl
from tests.data.sources.drawn import Image, fill


def test_a_folder_is_told_and_shown(tmp_path: Path) -> None:
    fill(tmp_path / "pets", {"cat": 8, "dog": 6})
    done = nndl("data", "inspect", "pets", "--sheet", "sheet.png", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.startswith("looking at pets: 14 of 14 pictures")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["cat", "6", "2", "0"] in rows
    assert ["total", "11", "3", "0"] in rows
    assert "contact sheet: sheet.png" in done.stdout
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.format == "PNG"


def test_damage_is_an_exit_code_and_all_of_it_is_in_json(tmp_path: Path) -> None:
    fill(tmp_path / "pets", {"cat": 8, "dog": 6})
    for number in range(7):
        (tmp_path / "pets" / "cat" / f"x{number}.png").write_text("no picture")
    done = nndl("data", "inspect", "pets", cwd=tmp_path)
    assert done.returncode == 1
    assert "damaged: and 2 more, which --json names" in done.stdout
    told = json.loads(nndl("data", "inspect", "pets", "--json", cwd=tmp_path).stdout)
    assert len(told["damaged"]) == 7
    assert told["classes"][0]["damaged"] == 7


def test_classes_that_cannot_be_learnt_are_marked_in_the_table(tmp_path: Path) -> None:
    fill(tmp_path / "pets" / "train", {"cat": 3, "dog": 3})
    fill(tmp_path / "pets" / "valid", {"cat": 2}, first=10)
    fill(tmp_path / "pets" / "test", {"cat": 2, "owl": 2}, first=20)
    done = nndl("data", "inspect", "pets", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["class", "train", "valid", "test", "damaged"] in rows
    assert ["cat", "3", "2", "2", "0"] in rows
    assert ["owl", "0", "0", "2", "0", "fault"] in rows
    assert "that pets/train has none of: owl" in done.stdout


def test_what_is_none_is_told_in_a_line(tmp_path: Path) -> None:
    done = nndl("data", "inspect", "nowhere", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is no folder nowhere" in done.stderr
    assert "--dataset takes folder, npz" in nndl("data", "inspect", ".", "--dataset", "zip", cwd=tmp_path).stderr


def test_caches_are_listed_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNDL_CACHE", str(tmp_path / "caches"))
    fill(tmp_path / "pets", {"cat": 8, "dog": 6})
    assert nndl("data", "cache", cwd=tmp_path).stdout == f"there are none in {tmp_path / 'caches'}\n"
    load(Wanted(tmp_path / "pets", (8, 8)))
    assert nndl("data", "cache", cwd=tmp_path).stdout.splitlines()[2].rpartition("/")[2].split()[:2] == ["pets", "14"]
    assert "; nndl data cache --clean 30 removes those" in nndl("data", "cache", cwd=tmp_path).stdout
    assert nndl("data", "cache", "--clean", "1", cwd=tmp_path).stdout == "removed 0 caches, 0.0 MB\n"
    removed = json.loads(nndl("data", "cache", "--clean", "0", "--json", cwd=tmp_path).stdout)
    assert [each["images"] for each in removed] == [14]
    assert json.loads(nndl("data", "cache", "--json", cwd=tmp_path).stdout) == []
