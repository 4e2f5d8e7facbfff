"""nndl augment: the sheet, its JSON, and what it refuses."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.command import nndl
from tests.cli.test_train import CONFIG


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def test_a_sheet_is_written_and_said(folder: Path) -> None:
    words = (
        "augment",
        "tiny.yaml",
        "-o",
        "sheet.png",
        "--images",
        "3",
        "--epochs",
        "2",
        "--set",
        "data.augment=[flip]",
    )
    done = nndl(*words, "--set", "data.mix=[cutmix]", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ("sheet.png: 3 training images as they are, and in epochs 1 to 2; changed by flip, cutmix\n")
    with Image.open(folder / "sheet.png") as sheet:
        assert sheet.format == "PNG"
    assert sorted(path.name for path in folder.iterdir()) == ["sheet.png", "tiny.yaml"]
    again = nndl(*words, cwd=folder)
    assert again.returncode == 2
    assert "sheet.png is there already; name another --output, or give --force" in again.stderr
    assert nndl(*words, "--force", cwd=folder).returncode == 0


def test_json_tells_labels_and_shares(folder: Path) -> None:
    done = nndl("augment", "tiny.yaml", "--images", "1", "--epochs", "1", "--json", cwd=folder)
    record = json.loads(done.stdout)
    assert record["file"] == "augmented.png"
    assert record["changes"] == []
    (image,) = record["images"]
    assert image["shown"] == [{"epoch": 1, "shares": {image["label"]: 1.0}}]


@pytest.mark.parametrize(
    ("output", "words"),
    [("sheet.jpg", "so name a file that ends in .png"), ("none/sheet.png", "name a file in a folder that is there")],
)
def test_a_sheet_that_cannot_be_is_refused(folder: Path, output: str, words: str) -> None:
    done = nndl("augment", "tiny.yaml", "-o", output, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
