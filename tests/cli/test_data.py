"""nndl data inspect, as people run it."""

import json
from pathlib import Path

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


def test_what_is_none_is_told_in_a_line(tmp_path: Path) -> None:
    done = nndl("data", "inspect", "nowhere", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is no folder nowhere" in done.stderr
    assert "--dataset takes folder, npz" in nndl("data", "inspect", ".", "--dataset", "zip", cwd=tmp_path).stderr
