"""nndl configs: the configs that come with nndl."""

import os
from pathlib import Path
from typing import Annotated

import typer

from nndl.cli.command import Group, Verb
from nndl.cli.complete import complete_bundled
from nndl.cli.options import Json
from nndl.paths import to_write, word

configs_app = typer.Typer(cls=Group, help="List, show and copy the configs that come with nndl.", rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A bundled config's name.", autocompletion=complete_bundled)]


@configs_app.callback(invoke_without_command=True)
def list_configs(context: typer.Context, json: Json = False) -> None:
    """List the bundled configs."""
    if not context.invoked_subcommand:
        list_bundled(json)


@configs_app.command("list", cls=Verb)
def list_bundled(json: Json = False) -> None:
    """List the bundled configs, as `nndl configs` alone does."""
    from nndl.cli.screen import terminal
    from nndl.config.bundled import bundled, names, own_names

    rows = [{"name": name, "about": _first_comment(bundled(name))} for name in names()]
    if json:
        terminal.emit_json(rows)
        return
    terminal.print_table(("config", "what it is"), [tuple(row.values()) for row in rows], left=("what it is",))
    terminal.say("\nnndl train NAME runs one; nndl configs copy NAME mine.yaml makes it yours to change")
    terminal.say(f"for pictures of your own: {', '.join(own_names())}, with --data FOLDER")


@configs_app.command("show", cls=Verb)
def show_bundled(name: Name) -> None:
    """Print a bundled config, comments and all."""
    from nndl.cli.screen import terminal
    from nndl.config.bundled import bundled

    terminal.say(bundled(name).read_text(encoding="utf-8").rstrip())


@configs_app.command("copy", short_help="Copy a bundled config into a file of your own.", cls=Verb)
def copy_bundled(
    name: Name,
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE", help="A file, with .yaml if it has no suffix, or a folder; by default this one."
        ),
    ] = None,
) -> None:
    """Copy a bundled config into a file of your own; one that exists is left alone."""
    from nndl.cli.screen import terminal
    from nndl.config.bundled import bundled
    from nndl.errors import UsageError

    source = bundled(name)
    copy = _copy_of(source, target or ".")
    if not copy.parent.is_dir():
        raise UsageError(f"there is no folder {copy.parent} to copy into; make it first")
    try:
        with copy.open("x", encoding="utf-8", newline="\n") as file:
            file.write(source.read_text(encoding="utf-8"))
    except FileExistsError:
        raise UsageError(f"{copy} exists; name another file, or remove it first") from None
    terminal.say(f"{copy}\n  nndl config check {word(copy)}\n  nndl train {word(copy)}")


def _copy_of(source: Path, target: str) -> Path:
    """Return the file that a copy to `target` makes: in a folder, there or not, it keeps its name."""
    path = to_write(target)
    if path.is_dir() or target.endswith(("/", os.sep)):
        return path / source.name
    return path if path.suffix else path.with_suffix(".yaml")


def _first_comment(path: Path) -> str:
    """Return the comment a config opens with, up to its first blank line, as one line."""
    words = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            break
        words.append(line.removeprefix("# ").strip())
    return " ".join(words)
