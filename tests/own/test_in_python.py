"""A part that Python alone registered is in no run: who opens the run elsewhere is told what is missing, and a cure."""

import json
from pathlib import Path

import pytest

from nndl import load_config, load_run, train
from nndl.errors import ConfigError
from nndl.jobs.resume import Wanted, resume
from nndl.jobs.stored import stored_experiment
from nndl.jobs.trained import load_run as load
from nndl.own.registry import forget, there
from nndl.runs.folder import RunFolder
from nndl.runs.lock import lock_run
from tests.own.written import CONFIG, SWISH, write


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run whose layer was registered in a notebook, which has ended."""
    monkeypatch.chdir(tmp_path)
    exec(compile(SWISH, "notebook.py", "exec"), {"__name__": "__main__"})
    config = write(tmp_path, CONFIG.replace("use: [my_layers.py]\n", ""))
    try:
        run = train(load_config(config), tmp_path / "run", progress=False)
        assert load(str(run.folder.path)).experiment == run.experiment
    finally:
        part = there("layer", "swish")
        assert part is not None
        forget(part)
    return run.folder.path


def test_what_is_missing_is_told_with_its_place_and_a_cure(run: Path) -> None:
    assert json.loads((run / "environment.json").read_text(encoding="utf-8"))["registered"] == {
        "swish": "notebook.py:19"
    }
    with pytest.raises(ConfigError) as caught:
        load_run(run)
    told = str(caught.value)
    assert "no layer 'swish'" in told
    assert "swish was registered in Python (notebook.py:19), and no run keeps that code" in told
    assert f"nndl import CONFIG {run / 'best.safetensors'}, or nndl train CONFIG --resume {run}" in told


def test_the_cure_cures(run: Path, tmp_path: Path) -> None:
    (tmp_path / "used.yaml").write_text(
        f"use: [my_layers.py]\n{(tmp_path / 'mine.yaml').read_text()}", encoding="utf-8"
    )
    with lock_run(run):
        resume(RunFolder(run), Wanted(config="used.yaml", epochs=3))
    assert [layer.kind for layer in stored_experiment(RunFolder(run)).model.layers][2] == "swish"


@pytest.mark.parametrize("said", [[], {"swish": 3}, {"swish": ["x"]}, {"swish": "\x1b[2J"}, {"silu": "x"}])
def test_what_a_stranger_says_of_it_harms_nobody(run: Path, said: object) -> None:
    path = run / "environment.json"
    read = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**read, "registered": said, "packages": said}), encoding="utf-8")
    with pytest.raises(ConfigError, match="no layer 'swish'") as caught:
        load_run(run)
    assert "\x1b" not in str(caught.value)
