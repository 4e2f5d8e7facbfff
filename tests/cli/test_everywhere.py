"""Promises of every verb: --debug anywhere, words in any encoding, JSON where there is a table."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from nndl.cli.app import app
from tests.cli.command import nndl

WRONG = [
    ("train", "nowhere.yaml"),
    ("resume", "nowhere"),
    ("reproduce", "nowhere"),
    ("verify-resume", "nowhere.yaml"),
    ("eval", "nowhere"),
    ("predict", "nowhere", "x.png"),
    ("export", "nowhere", "--to", "npz"),
    ("import", "quickstart", "nowhere.npz"),
    ("summary", "nowhere.yaml"),
    ("gradcheck", "nowhere.yaml"),
    ("explain", "nowhere"),
    ("watch", "nowhere"),
    ("plot", "nowhere"),
    ("report", "nowhere"),
    ("runs", "compare", "nowhere", "nothing"),
    ("runs", "best"),
    ("runs", "remove", "nowhere"),
    ("config", "source", "nowhere"),
    ("config", "check", "nowhere.yaml"),
    ("config", "show", "nowhere.yaml"),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_an_error_is_words_and_with_debug_a_traceback_too(tmp_path: Path, words: tuple[str, ...]) -> None:
    plain = nndl(*words, cwd=tmp_path)
    assert plain.returncode in (1, 2)
    assert plain.stderr.startswith("error: ")
    assert "Traceback" not in plain.stderr
    debug = nndl(*words[:1], "--debug", *words[1:], cwd=tmp_path)
    assert debug.returncode == plain.returncode
    assert "Traceback" in debug.stderr
    assert debug.stderr.endswith(plain.stderr)


@pytest.mark.parametrize(
    ("words", "code", "encoding"),
    [
        (("--help",), 0, "ascii"),
        (("config",), 0, "ascii"),
        (("config", "reference"), 0, "ascii"),
        (("config", "schema"), 0, "ascii"),
        (("summary", "quickstart", "--engine", "vectorized"), 0, "ascii"),
        (("gradcheck", "relu"), 0, "ascii"),
        (("explain", "affine"), 0, "ascii"),
        (("doctor",), 0, "ascii"),
        (("eval", "nürgends-✓"), 2, "ascii"),
        (("config", "check", "γ.yaml"), 2, "ascii"),
        (("config", "reference"), 0, "cp1252"),
        (("eval", "nürgends-✓"), 2, "cp1252"),
    ],
    ids=lambda value: " ".join(value).encode("ascii", "replace").decode() if isinstance(value, tuple) else "",
)
def test_a_terminal_that_lacks_a_character_gets_another(
    tmp_path: Path, words: tuple[str, ...], code: int, encoding: str
) -> None:
    done = nndl(*words, cwd=tmp_path, PYTHONIOENCODING=encoding, LANG="C", LC_ALL="C")
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr


WITHOUT_A_TABLE = {
    *(
        "config source",
        "config copy",
        "configs show",
        "configs copy",
        "config schema",
        "config reference",
        "sweep best",
    ),
    *("course init", "sweep serve", "sweep work"),
}
"""The first print a config, JSON or Markdown; the others write an assignment, or serve and work for sweeps."""


def leaves(group: typer.core.TyperGroup, path: str = "") -> dict[str, set[str]]:
    """The options of every command."""
    found: dict[str, set[str]] = {}
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            found |= leaves(command, f"{path}{name} ")
        else:
            found[path + name] = {option for parameter in command.params for option in parameter.opts}
    return found


def test_every_command_that_prints_a_table_prints_json() -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)
    commands = leaves(root)
    assert len(commands) > 15
    assert {name for name, options in commands.items() if "--json" not in options} == WITHOUT_A_TABLE & set(commands)


def test_help_names_what_is_given_in_words_for_people() -> None:
    """Neither Python's types (<list[str]>) nor click's (INTEGER): RUN, FOLDER, N."""

    def help_of(command: Any, name: str, above: Any = None) -> Iterator[tuple[str, str]]:
        with typer.Context(command, parent=above, info_name=name) as context:
            yield name, command.get_help(context)
            for inner, each in getattr(command, "commands", {}).items():
                yield from help_of(each, f"{name} {inner}", context)

    pages = dict(help_of(typer.main.get_command(app), "nndl"))
    assert "nndl runs export" in pages
    types = re.compile(r"<\w+(\[\w+\])?( range)?>|\b(INTEGER|FLOAT|PATH|BOOLEAN)\b")
    assert {name: found[0] for name, page in pages.items() if (found := types.search(page))} == {}
    assert [name for name, page in pages.items() if "\\[" in page or "{" in page.partition("\n")[0]] == []
    assert " predict [OPTIONS] RUN [IMAGE...]\n" in pages["nndl predict"]  # a single word is the picture
    assert " eval [OPTIONS] [RUN]\n" in pages["nndl eval"]
    assert [name for name, page in pages.items() if "[[" in page] == []


def test_help_is_whole_where_typer_and_click_disagree(monkeypatch: pytest.MonkeyPatch) -> None:
    """As typer 0.20 has it with click 8.5: the argument's help is lost, what is added is escaped for rich."""
    arguments, usual = typer.core.TyperArgument, typer.core.TyperOption.get_help_record
    monkeypatch.setattr(arguments, "get_help_record", lambda self, _: (self.name, "\\[default: latest]"))
    monkeypatch.setattr(
        typer.core.TyperOption,
        "get_help_record",
        lambda self, context: (self.name.upper(), usual(self, context)[1].replace("[", "\\[")),
    )
    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)
    pages = []
    for name in ("eval", "runs"):
        with typer.Context(root.commands[name], info_name=name) as context:
            pages.append(" ".join(root.commands[name].get_help(context).split()))
    assert "RUN A run's folder, its name under runs/, or latest. [default: latest]" in pages[0]
    assert "--split test|val Which images. [default: test]" in pages[0]
    assert "[default: begun]" in pages[1]


@pytest.mark.parametrize(
    "words",
    [
        ("config",),
        ("config", "list"),
        ("config", "check", "quickstart"),
        ("config", "show", "quickstart"),
        ("summary", "quickstart"),
        ("gradcheck", "relu"),
        ("explain",),
        ("explain", "affine"),
        ("doctor",),
        ("runs",),
    ],
    ids=" ".join,
)
def test_json_is_all_that_stands_on_stdout(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = nndl(*words, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
