"""A name with a line break in it, of a run's folder or of a picture, is no line of what is printed."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.command import nndl
from tests.small_run import trained

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")

NAME = "best\nFORGED line\tof a stranger"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs of a stranger's, two of them in a set, and their pictures."""
    image = pytest.importorskip("PIL.Image")
    folder = tmp_path_factory.mktemp("names")
    whole = trained(folder / "runs" / NAME, schedule="constant")
    os.utime(whole.config, (0, 0))  # long ago: watch waits for no training that is about to begin
    for number in range(2):
        shutil.copytree(whole.path, folder / "runs" / f"set{NAME}" / f"seed-{number}")
    (folder / f"photos{NAME}").mkdir()
    image.new("RGB", (32, 32)).save(folder / f"photos{NAME}" / f"{NAME}.png")
    (folder / f"photos{NAME}" / f"{NAME}.txt").write_text("x", encoding="utf-8")
    (folder / f"photos{NAME}" / f"{NAME}.jpg").write_text("x", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "words",
    [
        *("runs", "runs --by-config", "runs best", "runs compare set best", "runs remove best", "runs remove set"),
        *("eval best", "eval set", "eval none", "watch best --once", "watch set --once", "plot best", "plot set"),
        *("report best -o r.html", "report set", "resume best", "resume set --epochs 4 --quiet", "reproduce set"),
        *("export best --to npz -o x.npz", "export set --to npz", "predict best photos"),
        *("predict set photos", "eval best --data photos", "train --resume best --epochs 3.5 --quiet"),
        *("train configs --run-dir best", "config check best"),
    ],
)
def test_no_verb_prints_a_line_of_it(folder: Path, tmp_path: Path, words: str) -> None:
    shutil.copytree(folder, tmp_path / f"in{NAME}")
    given = {"best": f"runs/{NAME}", "set": f"runs/set{NAME}", "photos": f"photos{NAME}"}
    done = nndl(*(given.get(word, word) for word in words.split()), cwd=tmp_path / f"in{NAME}")
    assert done.returncode in (0, 1, 2)
    assert "internal error" not in done.stderr
    said = done.stdout + done.stderr
    assert said
    assert [line for line in said.splitlines() if line.startswith(("FORGED", "of a stranger"))] == []
