"""The frame of the command line: quick help, errors in words, exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from nndl import __version__
from nndl.cli.app import LESS, Verbs, app
from nndl.errors import ConfigError, NndlError
from tests.cli.command import environment, nndl
from tests.runs.made import make_run

VERBS = tuple(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
HEAVY = ("numpy", "rich", "yaml", "requests", "safetensors", "matplotlib", "PIL", "onnx", "nndl.net", "nndl.config")


def test_help_loads_nothing_heavy_and_lists_every_verb(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom nndl.cli.app import app\n"
        f"for words in {[[verb, '--help'] for verb in VERBS]} + [['--help']]:\n"
        "    try:\n        app(words, prog_name='nndl')\n    except SystemExit as end:\n        assert not end.code\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    listed = done.stdout.split("Commands:")[-1].split()
    assert {"train", "resume", "eval", "runs", "config", "download-cifar"} <= set(VERBS) <= {*listed, "configs"}
    assert done.stdout.splitlines()[-1] == "[]"


def test_version_and_an_unknown_verb(tmp_path: Path) -> None:
    assert nndl("--version", cwd=tmp_path).stdout == f"nndl {__version__}\n"
    unknown = nndl("trian", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "Did you mean 'train'" in unknown.stderr
    assert "Traceback" not in unknown.stderr


@pytest.mark.parametrize("words", ["--runs mine runs", "runs --runs=mine", "runs list --runs mine"])
def test_the_folder_of_the_runs_may_stand_anywhere_and_holds_for_one_command(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNDL_RUNS", "theirs")
    make_run(tmp_path / "mine" / "trial")
    assert "trial" in CliRunner().invoke(app, words.split()).stdout
    assert "no run under theirs" in CliRunner().invoke(app, ["runs"]).stdout


@pytest.mark.parametrize("words", ["train trial", "summary latest", "config check trial-20260101-000000"])
def test_a_run_in_the_place_of_a_config_is_told_for_what_it_is(words: str, tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "trial-20260101-000000")
    done = nndl(*words.split(), cwd=tmp_path)
    named = words.split()[-1]
    assert done.returncode == 2
    said = f"its config is runs/trial-20260101-000000/config.yaml; nndl resume {named} goes on with it\n"
    assert f"\n  {named} is a run: {said}" in done.stderr
    assert "is a run" not in nndl("train", "tria", cwd=tmp_path).stderr


def failing(error: BaseException) -> typer.Typer:
    """An app framed as ours whose one verb fails."""
    app = typer.Typer(cls=Verbs, pretty_exceptions_enable=False, rich_markup_mode=None)

    @app.command()
    def fail() -> None:
        raise error

    @app.command()
    def other() -> None:
        pass

    return app


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ConfigError("bn.yaml:3:1: no key 'trian'"), 2, "error: bn.yaml:3:1: no key 'trian'\n"),
        (NndlError("not well"), 1, "error: not well\n"),
        (OSError(28, "No space left on device"), 1, "error: [Errno 28] No space left on device\n"),
        (MemoryError(), 1, f"error: memory ran out\n  {LESS}\n"),
        (MemoryError("Unable to allocate 3. GiB"), 1, f"error: memory ran out (Unable to allocate 3. GiB)\n  {LESS}\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_become_words_and_exit_codes(error: BaseException, code: int, words: str) -> None:
    result = CliRunner().invoke(failing(error), ["fail"])
    assert (result.exit_code, result.stderr) == (code, words)


def test_a_fault_of_ours_is_one_line_and_debug_shows_where_from() -> None:
    app = failing(ZeroDivisionError("division\nby zero"))
    plain = CliRunner().invoke(app, ["fail"])
    assert plain.exit_code == 1
    assert plain.stderr.startswith("internal error: ZeroDivisionError: division by zero; run again with --debug")
    assert plain.stderr.count("\n") == 1
    debug = CliRunner().invoke(app, ["fail", "--debug"])
    assert debug.exit_code == 1
    assert "Traceback" in debug.stderr
    assert "raise error" in debug.stderr


def test_output_survives_an_encoding_without_the_characters(tmp_path: Path) -> None:
    code = (
        "import typer\nfrom nndl.cli.app import Verbs\nfrom nndl.cli.screen import terminal\n"
        "app = typer.Typer(cls=Verbs)\n"
        "@app.command()\ndef show():\n    terminal.print_table(['name'], [['\\u03b3 \\u2713']])\n"
        "    terminal.say('\\u2014')\n"
        "@app.command()\ndef other():\n    pass\n"
        "app(['show'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(PYTHONIOENCODING="cp1252"),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"? ?" in done.stdout
