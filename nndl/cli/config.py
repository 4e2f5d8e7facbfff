"""nndl config: the configs that come with nndl listed and copied; any config checked, shown, explained to editors."""

import os
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.command import Group, Verb
from nndl.cli.complete import complete_bundled, complete_config
from nndl.cli.options import Config, Json, Set
from nndl.paths import expanded, to_write, word

if TYPE_CHECKING:
    from nndl.config import Experiment

config_app = typer.Typer(
    cls=Group, help="List, copy, check and show configs, those that come with nndl or your own.", rich_markup_mode=None
)
configs_app = typer.Typer(cls=Group, help="The earlier name of nndl config.", hidden=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A bundled config's name.", autocompletion=complete_bundled)]

SchemaOf = Annotated[
    str | None,
    typer.Argument(
        metavar="CONFIG", help="A config whose own parts (use:) are in it too.", autocompletion=complete_config
    ),
]


@config_app.callback(invoke_without_command=True)
def config(context: typer.Context, json: Json = False) -> None:
    """List the configs that come with nndl."""
    if not context.invoked_subcommand:
        list_bundled(json)


@config_app.command("list", cls=Verb)
def list_bundled(json: Json = False) -> None:
    """List the bundled configs, as `nndl config` alone does."""
    from nndl.cli.screen import terminal
    from nndl.config.bundled import bundled, names, own_names

    rows = [{"name": name, "about": _first_comment(bundled(name))} for name in names()]
    if json:
        terminal.emit_json(rows)
        return
    terminal.print_table(("config", "what it is"), [tuple(row.values()) for row in rows], left=("what it is",))
    terminal.say("\nnndl train NAME runs one; nndl config copy NAME mine.yaml makes it yours to change")
    terminal.say(f"for pictures of your own: {', '.join(own_names())}, with --data FOLDER")


@config_app.command("source", cls=Verb)
def show_bundled(name: Name) -> None:
    """Print a bundled config, comments and all."""
    from nndl.cli.screen import terminal
    from nndl.config.bundled import bundled

    terminal.say(bundled(name).read_text(encoding="utf-8").rstrip())


@config_app.command("copy", short_help="Copy a bundled config into a file of your own.", cls=Verb)
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


@configs_app.callback(invoke_without_command=True)
def configs(context: typer.Context, json: Json = False) -> None:
    """Do what nndl config does, under the earlier name."""
    from nndl.cli.screen import terminal

    terminal.note("note: nndl configs is nndl config now, and its show is source")
    config(context, json)


for name, command in (("list", list_bundled), ("show", show_bundled), ("copy", copy_bundled)):
    configs_app.command(name, cls=Verb)(command)


def _copy_of(source: Path, target: str) -> Path:
    """Return the file that a copy to `target` makes: in a folder, there or not, it keeps its name."""
    path = to_write(target)
    if path.is_dir() or target.endswith(("/", os.sep)):
        return path / source.name
    return path if path.suffix else path.with_suffix(".yaml")


@config_app.command("check", cls=Verb)
def check(config: Config, override: Set = None, json: Json = False) -> None:
    """Say OK, or everything that is wrong, with line and column, of a sweep's file too. Exits with 2 if anything is."""
    from nndl.cli.screen import terminal
    from nndl.config import load_config
    from nndl.errors import NndlError

    try:
        if _is_sweep(config):
            _check_sweep(config, override, json)
            return
        experiment = load_config(config, override or (), look=True)
    except NndlError as error:
        if not json:
            raise
        terminal.emit_json({"config": config, "ok": False, "problems": _problems(error)})
        raise typer.Exit(error.exit_code) from None
    size = _size(experiment)
    if json:
        terminal.emit_json({"config": config, "ok": True, **size})
        return
    counts = f"{size['layers']} layers, {size['parameters']:,} parameters"
    bundled = "" if expanded(config).is_file() else ", the bundled one"
    terminal.say(f"{config}: OK{bundled} ({counts}, {size['macs'] / 1e6:,.1f} million multiply-adds an image)")


def _is_sweep(config: str) -> bool:
    """Tell whether it is the file of a sweep; what cannot be read is told as a config."""
    from nndl.config.bundled import locate
    from nndl.config.load import is_sweep, read_text
    from nndl.config.reading.marked import read
    from nndl.errors import NndlError

    with suppress(NndlError):
        return is_sweep(read(read_text(locate(config)), config).value)
    return False


def _check_sweep(config: str, override: list[str] | None, json: bool) -> None:
    from nndl.cli.screen import terminal
    from nndl.errors import UsageError
    from nndl.jobs.sweeps.load import check_sweep

    if override:
        raise UsageError(f"--set changes a config, and {config} is a sweep's file; write it under set: there")
    sweep = check_sweep(config)
    if json:
        terminal.emit_json(
            {"config": config, "ok": True, "base": sweep.base, "trials": sweep.trials, "space": [*sweep.space]}
        )
        return
    keys = ", ".join(sweep.space)
    terminal.say(f"{config}: OK, a sweep of {sweep.base}: {sweep.trials:,} trials with values of {keys}")
    terminal.say(f"nndl sweep {word(config)} trains them")


@config_app.command("show", cls=Verb)
def show(config: Config, override: Set = None, json: Json = False) -> None:
    """Print every value in force, defaults included, as a config that means the same."""
    from nndl.cli.screen import terminal
    from nndl.config import load_config
    from nndl.config.writing.decay import in_pytorch
    from nndl.config.writing.show import as_tree, dump

    experiment = load_config(config, override or (), look=True)
    if json:
        terminal.emit_json(as_tree(experiment), indent=2)
    else:
        notes = (f"# {line}" for line in in_pytorch(experiment.train))
        terminal.say("\n".join((dump(experiment).rstrip(), *notes)))


@config_app.command("schema", cls=Verb)
def schema(config: SchemaOf = None) -> None:
    """Print a JSON Schema for editors: they complete and check a config as you type."""
    from nndl.cli.screen import terminal
    from nndl.config.load import parts_of
    from nndl.config.writing.json_schema import json_schema

    with nullcontext() if config is None else parts_of(config):
        terminal.emit_json(json_schema(), indent=2)


@config_app.command("reference", cls=Verb)
def reference() -> None:
    """Print the config reference, docs/config.md, in Markdown."""
    from nndl.cli.screen import terminal
    from nndl.config.writing.reference import reference as page

    terminal.say(page().rstrip())


def _size(experiment: "Experiment") -> dict[str, int]:
    """Count layers, parameters and multiply-adds (macs) an image of the network."""
    from nndl.net.shapes import infer_shapes
    from nndl.net.summary import layer_rows, totals

    rows = layer_rows(infer_shapes(experiment.model.layers, experiment.data.input_shape), 4)
    sums = totals(rows)
    return {"layers": len(rows), "parameters": sums["parameters"], "macs": sums["macs"]}


def _problems(error: Exception) -> list[dict[str, Any]]:
    """List what is wrong, with line and column (both from 1) where it stands in the file."""
    from nndl.config.reading.messages import ProblemsError, dotted

    if not isinstance(error, ProblemsError):
        return [{"message": str(error)}]
    rows = []
    for problem in error.problems:
        row: dict[str, Any] = {"message": problem.words, "key": dotted(problem.path)}
        if problem.source is None:
            row |= {"line": problem.mark.line + 1, "column": problem.mark.column + 1}
        else:
            row["set"] = problem.source.removeprefix("--set ")
        rows.append(row)
    return rows


def _first_comment(path: Path) -> str:
    """Return the comment a config opens with, up to its first blank line, as one line."""
    words = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            break
        words.append(line.removeprefix("# ").strip())
    return " ".join(words)
