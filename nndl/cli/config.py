"""nndl config: one config, checked, shown, explained to an editor."""

from typing import TYPE_CHECKING, Any

import typer

from nndl.cli.command import Group, Verb
from nndl.cli.options import Config, Json, Set
from nndl.paths import expanded

if TYPE_CHECKING:
    from nndl.config import Experiment

config_app = typer.Typer(
    cls=Group, help="Check a config, or show every value in force.", no_args_is_help=True, rich_markup_mode=None
)


@config_app.command("check", cls=Verb)
def check(config: Config, override: Set = None, json: Json = False) -> None:
    """Say OK, or everything that is wrong, with line and column. Exits with 2 if anything is."""
    from nndl.cli.screen import terminal
    from nndl.config import load_config
    from nndl.errors import NndlError

    try:
        experiment = load_config(config, override or ())
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


@config_app.command("show", cls=Verb)
def show(config: Config, override: Set = None, json: Json = False) -> None:
    """Print every value in force, defaults included, as a config that means the same."""
    from nndl.cli.screen import terminal
    from nndl.config import load_config
    from nndl.config.writing.decay import in_pytorch
    from nndl.config.writing.show import as_tree, dump

    experiment = load_config(config, override or ())
    if json:
        terminal.emit_json(as_tree(experiment), indent=2)
    else:
        notes = (f"# {line}" for line in in_pytorch(experiment.train))
        terminal.say("\n".join((dump(experiment).rstrip(), *notes)))


@config_app.command("schema", cls=Verb)
def schema() -> None:
    """Print a JSON Schema for editors: they complete and check a config as you type."""
    from nndl.cli.screen import terminal
    from nndl.config.writing.json_schema import json_schema

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
