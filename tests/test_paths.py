"""~ at the beginning of a path, wherever one is taken."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer

from nndl import load_config, load_run, train
from nndl.cli.app import app
from nndl.config.data import build_split
from nndl.config.reading.overrides import settings
from nndl.data.cifar import load_cifar
from nndl.errors import DataError, UsageError
from nndl.paths import expanded, resolved, to_write, word
from nndl.runs.lock import is_locked
from tests.cli.command import ROOT, nndl
from tests.small_run import CONFIG, experiment

HOME = "USERPROFILE" if os.name == "nt" else "HOME"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_home_folder_takes_its_place(home: Path) -> None:
    assert expanded("~/x") == home / "x"
    assert expanded(Path("~")) == home
    for kept in ("a/~/x", "x~", ""):
        assert expanded(kept) == Path(kept)
    assert expanded(expanded("./~/x")) == home / "~" / "x"


@pytest.mark.skipif(os.name == "nt", reason="Windows makes a home folder of any name")
def test_a_user_who_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match=r"~nobody-of-that-name/x: .* write \./~nobody-of-that-name"):
        expanded("~nobody-of-that-name/x")


def test_every_entrance_of_python_takes_it(home: Path) -> None:
    run = train(experiment(), "~/run")
    assert run.folder.path == home / "run"
    assert load_run("~/run").step == run.step
    (home / "own.yaml").write_bytes((home / "run" / "config.yaml").read_bytes())
    assert load_config("~/own.yaml").train == run.experiment.train
    assert run.export("~/own.npz").files == (home / "own.npz",)
    with pytest.raises(DataError, match=r"is not in .*images"):
        load_cifar(Path("~/images"))
    assert not (home / "~").exists()


@pytest.mark.usefixtures("home")
def test_a_config_may_say_it() -> None:
    config = load_config("bn_cnn", settings(data=Path("~/images")))
    assert config.data.root == "~/images"  # as it is written, so that it means the same for others
    with pytest.raises(DataError) as told:
        build_split(config)
    assert "is not in ~" not in str(told.value)


def parameters(group: typer.Typer, path: str = "") -> Iterator[tuple[str, Any]]:
    """(verb and parameter, its annotation) of every command."""
    for command in group.registered_commands:
        assert command.callback is not None
        for name, hint in get_type_hints(command.callback, include_extras=True).items():
            yield f"{path}{command.callback.__name__} {name}", hint
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from parameters(inner.typer_instance, f"{path}{inner.name} ")


def test_every_option_that_takes_a_path_takes_it() -> None:
    paths = {name: hint for name, hint in parameters(app) if "Path" in str(hint)}
    assert {"doctor data", "train run_dir", "predict images", "runs export file"} <= set(paths)
    assert [
        name
        for name, hint in paths.items()
        if all(getattr(each, "parser", 0) not in (expanded, to_write) for each in get_args(hint))
    ] == []


def test_behind_an_equals_sign_where_the_shell_leaves_it(home: Path) -> None:
    (home / "own.yaml").write_text(CONFIG.format(engine="auto", schedule="constant"), encoding="utf-8")
    for words in (
        ("train", "~/own.yaml", "--run-dir=~/run", "--quiet"),
        ("export", "~/run", "--to=npz", "--output=~/w.npz"),
        ("import", "own.yaml", "~/w.npz", "--run-dir=~/back"),
        ("eval", "~/back"),
        ("runs", "export", "~/runs.csv"),
        ("config", "copy", "quickstart", "~/quick.yaml"),
    ):
        done = nndl(*words, cwd=home, **{HOME: str(home)})
        assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in home.iterdir()) == [
        "back",
        "own.yaml",
        "quick.yaml",
        "run",
        "runs",  # where those are noted that lie elsewhere
        "runs.csv",
        "w.npz",
    ]
    missing = nndl("train", "bn_cnn", "--data=~/images", cwd=home, **{HOME: str(home)})
    assert f"is not in {home / 'images'}: " in missing.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="of POSIX's shells")
@pytest.mark.parametrize("path", ["runs/a", "my runs/it's", "-x", "--to", "$HOME;x", "a*b", "ü"])
def test_a_word_of_a_command_is_one_word_and_no_option(path: str) -> None:
    (read,) = shlex.split(word(path))
    assert Path(read) == Path(path)
    assert not read.startswith("-")


@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("bash"), reason="elsewhere names are text")
@pytest.mark.parametrize("name", [b"caf\xe9 \xff", b"it's\n\t\\n", b"a\x1b[31mb", "é\u202e'".encode()])
def test_a_word_that_cannot_be_typed_is_one_in_another_quoting(name: bytes) -> None:
    typed = word(os.fsdecode(name))
    assert typed.isprintable()
    assert subprocess.run(["bash", "-c", f"printf %s {typed}"], capture_output=True, check=True).stdout == name


@pytest.mark.skipif(os.name == "nt", reason="named pipes are POSIX")
def test_nothing_but_a_file_is_written_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    for name, kind in (("pipe", "a named pipe"), ("link", "a link")):
        with pytest.raises(UsageError, match=f"{name} is {kind}, and only files are written over"):
            to_write(tmp_path / name)
    with pytest.raises(UsageError, match="/dev/null is a device"):
        to_write("/dev/null")
    for fine in ("file", "new", "."):
        assert to_write(tmp_path / fine) == tmp_path / fine


@pytest.mark.skipif(os.name == "nt", reason="named pipes are POSIX")
@pytest.mark.parametrize(
    "words",
    [
        ("runs", "export", "it.csv", "--force"),
        ("plot", "it", "-o", "it.csv", "--force"),
        ("report", "it", "-o", "it.csv"),
        ("export", "it", "--to", "npz", "-o", "it.csv", "--force"),
        ("sweep", "export", "it", "it.csv", "--force"),
        ("sweep", "report", "it", "-o", "it.csv"),
        ("gradcheck", "all", "--file", ".", "--junit", "it.csv"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_no_verb_writes_over_a_named_pipe(tmp_path: Path, words: tuple[str, ...]) -> None:
    train(experiment(), tmp_path / "it")
    os.mkfifo(tmp_path / "it.csv")
    done = nndl(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "it.csv is a named pipe, and only files are written over" in done.stderr
    assert (tmp_path / "it.csv").is_fifo()


def test_circles_of_links_are_told_and_not_fallen_over(tmp_path: Path) -> None:
    """Nothing calls pathlib's resolve, which raises a RuntimeError for them."""
    for one, other in (("a", "b"), ("b", "a")):
        (tmp_path / one).symlink_to(tmp_path / other)
    assert resolved(tmp_path / "a") == resolved(tmp_path) / "a"
    assert not is_locked(tmp_path / "a")
    written = [path for path in (ROOT / "nndl").rglob("*.py") if ".resolve()" in path.read_text(encoding="utf-8")]
    assert written == []
