"""nndl predict names what the Python interface predicts; what is no picture does not stop the others."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nndl import load_run
from tests.cli.command import environment, nndl
from tests.cli.test_train import CONFIG

Image = pytest.importorskip("PIL.Image")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("predict")
    (folder / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    done = nndl("train", "tiny.yaml", "--quiet", "--run-dir", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "pictures").mkdir()
    for i, pixels in enumerate(load_run(folder / "run").images("test").images[:3]):
        Image.fromarray(pixels.transpose(1, 2, 0)).save(folder / "pictures" / f"{i}.png")
    return folder


def test_without_a_run_the_latest_names_the_pictures(folder: Path) -> None:
    named = nndl("predict", "run", "pictures", "--json", cwd=folder).stdout
    for words in (["latest", "pictures"], ["pictures"]):
        done = nndl("predict", *words, "--json", cwd=folder)
        assert json.loads(done.stdout)["predictions"] == json.loads(named)["predictions"], done.stderr
    picture = "pictures/1.png"
    twice = nndl("predict", picture, "pictures/2.png", "--json", cwd=folder)
    assert [row["image"] for row in json.loads(twice.stdout)["predictions"]] == [picture, "pictures/2.png"]
    assert "there is no file gone.png" in nndl("predict", "gone.png", picture, cwd=folder).stderr
    assert "which pictures? nndl predict run IMAGE..." in nndl("predict", "run", cwd=folder).stderr


def test_the_table_and_json_say_what_the_run_says(folder: Path) -> None:
    run = load_run(folder / "run")
    shares = run.probabilities(run.images("test").images[:3])
    done = nndl("predict", "run", "pictures", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["synthetic"], report["refused"]) == (True, [])
    for row, share in zip(report["predictions"], shares, strict=True):
        ranked = [run.classes[i] for i in np.argsort(-share)[:3]]
        assert [one["class"] for one in row["top"]] == ranked
        np.testing.assert_allclose([one["probability"] for one in row["top"]], np.sort(share)[::-1][:3], rtol=1e-5)
    lines = nndl("predict", "run", "pictures", "--top", "1", cwd=folder).stdout.splitlines()
    assert "SYNTHETIC" in lines[0]
    for line, row in zip(lines[3:], report["predictions"], strict=True):
        assert line.split(maxsplit=1)[1].startswith(row["top"][0]["class"])


def test_the_others_are_predicted_and_the_exit_code_is_2(folder: Path) -> None:
    done = nndl("predict", "run", "tiny.yaml", "pictures/1.png", "nowhere.png", cwd=folder)
    assert done.returncode == 2
    assert "pictures/1.png" in done.stdout.replace("\\", "/")
    assert "tiny.yaml is no picture" in done.stderr
    assert "there is no file nowhere.png" in done.stderr
    report = json.loads(nndl("predict", "run", "tiny.yaml", "--json", cwd=folder).stdout)
    assert report["predictions"] == []
    assert report["refused"][0]["image"] == "tiny.yaml"


def test_what_is_passed_over_in_a_folder_is_said_and_hidden_files_are_not(folder: Path) -> None:
    (folder / "mixed").mkdir()
    picture = (folder / "pictures" / "1.png").read_bytes()
    for name in ("a.png", "b.heic", "c.txt", "._a.png", "Thumbs.db"):
        (folder / "mixed" / name).write_bytes(picture if name == "a.png" else b"")
    done = nndl("predict", "run", "mixed", cwd=folder)
    assert (done.returncode, done.stderr.replace("\\", "/")) == (
        0,
        "note: passed over, by their names no pictures: mixed/b.heic, mixed/c.txt\n",
    )
    report = json.loads(nndl("predict", "run", "mixed", "--json", cwd=folder).stdout)
    assert [Path(name).name for name in report["passed_over"]] == ["b.heic", "c.txt"]


def test_a_picture_may_come_through_a_pipe(folder: Path) -> None:
    done = nndl("predict", "run", "-", "--json", cwd=folder, stdin=folder / "pictures" / "0.png")
    (piped,) = json.loads(done.stdout)["predictions"]
    (read,) = json.loads(nndl("predict", "run", "pictures/0.png", "--json", cwd=folder).stdout)["predictions"]
    assert piped["top"] == read["top"]


def test_without_pillow_the_command_that_adds_it_is_told(folder: Path) -> None:
    code = "import sys; sys.modules['PIL'] = None\nfrom nndl.cli.app import app\napp(['predict', 'run', 'pictures'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "error: reading picture files needs pillow: pip install 'nndl[images]'\n"
