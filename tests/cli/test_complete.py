"""After Tab: names of configs, runs, layers and engines, in every shell that typer knows."""

import os
from pathlib import Path
from typing import get_args

import pytest
import typer

from nndl.cli.app import app
from nndl.cli.complete import (
    ENGINES,
    complete_bundled,
    complete_config,
    complete_engine,
    complete_layer_or_config,
    complete_run,
    complete_run_config,
)
from nndl.config.bundled import names
from nndl.config.schema import Experiment
from nndl.net.catalog import LAYERS
from tests.cli.command import nndl


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two runs, a config, and another in a folder."""
    for run in ("bn_cnn-20260102-030405", "quick-20260102-030406"):
        (tmp_path / "runs" / run).mkdir(parents=True)
        (tmp_path / "runs" / run / "config.yaml").write_text("", encoding="utf-8")
    (tmp_path / "mine").mkdir()
    for name in ("own.yaml", "mine/deep.yml", "notes.txt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_names_that_begin_so_are_offered() -> None:
    assert complete_config("bn") == [name for name in names() if name.startswith("bn")]
    assert set(complete_config("")) == {*names(), "own.yaml", "mine/", "runs/"}
    assert complete_config("mine/") == ["mine/deep.yml"]
    assert complete_run("") == ["latest", "bn_cnn-20260102-030405", "quick-20260102-030406", "mine/", "runs/"]
    assert complete_run("quick") == ["quick-20260102-030406"]
    assert complete_run("runs/b") == ["runs/bn_cnn-20260102-030405/"]
    assert complete_layer_or_config("spatial") == ["spatial_bn"]
    assert set(complete_layer_or_config("")) >= {*LAYERS, "all", *names()}
    assert complete_bundled("quick") == ["quickstart"]
    assert complete_engine("c") == ["compiled", "compiled_bf16"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_with_control_characters_is_not_typed_into_the_shell(folder: Path) -> None:
    for hostile in ("bn_evil\x1b[2J", "bn_evil\nrm -r x", "bn_\u202e"):
        (folder / "runs" / hostile).mkdir()
        (folder / "runs" / hostile / "config.yaml").write_text('name: "evil\\e[2J"', encoding="utf-8")
    assert complete_run("bn") == ["bn_cnn-20260102-030405"]
    assert complete_run("runs/b") == ["runs/bn_cnn-20260102-030405/"]
    assert complete_run_config("") == []


def test_the_engines_are_those_of_a_config() -> None:
    assert set(ENGINES) == set(get_args(Experiment.model_fields["engine"].annotation))


@pytest.mark.usefixtures("folder")
def test_a_folder_that_cannot_be_read_offers_nothing() -> None:
    assert complete_config("nowhere/") == []
    assert complete_run("own.yaml/") == []


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("nndl train bn", "bn_cnn"),
        ("nndl summary three", "three_layer"),
        ("nndl gradcheck spatial", "spatial_bn"),
        ("nndl eval qui", "quick-20260102-030406"),
        ("nndl predict l", "latest"),
        ("nndl config source quick", "quickstart"),
        ("nndl train --engine v", "vectorized"),
        ("nndl ev", "eval"),
        ("nndl export latest --to o", "onnx"),
        ("nndl plot latest qui", "quick-20260102-030406"),
        ("nndl watch bn", "bn_cnn-20260102-030405"),
        ("nndl runs compare qui", "quick-20260102-030406"),
        ("nndl runs --sort best", "best_validation"),
    ],
)
def test_the_shell_is_told(folder: Path, line: str, offered: str) -> None:
    words = len(line.split()) - 1
    bash = {"_NNDL_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(words)}
    done = nndl(cwd=folder, **bash)
    assert done.stdout.split() == [offered], done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "pwsh"])
def test_the_script_for_a_shell_is_shown(tmp_path: Path, shell: str) -> None:
    done = nndl("--show-completion", cwd=tmp_path, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "Traceback" not in done.stderr
    done = nndl(cwd=tmp_path, _NNDL_COMPLETE=f"source_{shell}")
    assert done.returncode == 0, done.stderr
    assert "_NNDL_COMPLETE" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="bash's start file is what is looked at")
def test_completion_is_installed_into_the_shells_start_file(tmp_path: Path) -> None:
    done = nndl(
        "--install-completion",
        "bash",
        cwd=tmp_path,
        HOME=str(tmp_path),
        _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1",
    )
    assert done.returncode == 0, done.stderr
    assert "nndl" in (tmp_path / ".bashrc").read_text(encoding="utf-8")


def test_every_run_and_config_asked_for_is_completed() -> None:
    def commands(group: typer.core.TyperGroup, path: str = "nndl") -> list[tuple[str, object]]:
        found = []
        for name, command in group.commands.items():
            inside = commands(command, f"{path} {name}") if isinstance(command, typer.core.TyperGroup) else []
            found += [(f"{path} {name}", command), *inside]
        return found

    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)
    bare = [
        f"{path} {parameter.name}"
        for path, command in commands(root)
        for parameter in command.params  # type: ignore[attr-defined]
        if parameter.name in ("run", "runs", "config", "resume") and parameter._custom_shell_complete is None
    ]
    assert bare == []
