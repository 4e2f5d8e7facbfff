"""nndl runs: the runs there are, compared, chosen, removed, written out."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nndl.cli.command import Group, Verb
from nndl.cli.complete import complete_run_config, complete_sort
from nndl.cli.options import Force, Json, Runs
from nndl.cli.screen.counts import count_of
from nndl.paths import expanded, quoted, resolved, writable

if TYPE_CHECKING:
    from nndl.runs.listing import Row
    from nndl.runs.sets import Bundle

runs_app = typer.Typer(cls=Group, help="List, compare, choose, remove and write out runs.", rich_markup_mode=None)

Sort = Annotated[
    str, typer.Option(metavar="KEY", help="What to sort by: test, name, seconds, ...", autocompletion=complete_sort)
]
Filter = Annotated[str, typer.Option(metavar="TEXT", help="Only runs whose name, config or status has TEXT in it.")]
ByConfig = Annotated[bool, typer.Option("--by-config", help="A row for each config: mean and spread of its seeds.")]


@runs_app.callback(invoke_without_command=True)
def runs(
    context: typer.Context, sort: Sort = "begun", filter: Filter = "", by_config: ByConfig = False, json: Json = False
) -> None:
    """List the runs under runs/, newest first."""
    if not context.invoked_subcommand:
        list_(sort, filter, by_config, json)


@runs_app.command("list", cls=Verb)
def list_(sort: Sort = "begun", filter: Filter = "", by_config: ByConfig = False, json: Json = False) -> None:
    """List the runs, as `nndl runs` alone does."""
    from nndl.cli.screen import runs as tables
    from nndl.cli.screen import terminal
    from nndl.runs.folder import runs_root
    from nndl.runs.listing import list_runs, sort_rows

    rows = [row for row in list_runs() if filter.lower() in f"{row.name}\n{row.config}\n{row.status}".lower()]
    rows = sort_rows(rows, sort)
    if by_config:
        tables.show_groups(rows, json)
    elif json:
        terminal.emit_json([row.record() for row in rows])
    elif rows:
        tables.show_rows(rows)
    else:
        which = f"no run with {filter!r}" if filter else "no run"
        terminal.say(f"{which} under {runs_root()}; nndl train quickstart makes one")
    tables.note_faults(rows)


@runs_app.command("compare", short_help="Show what differs in configs, and what it did.", cls=Verb)
def compare(run: Runs, json: Json = False) -> None:
    """Show what differs in the configs of runs, and what it did to the results.

    Of folders of several seeds or folds, the results pair by pair: mean difference, and where it lies with 95 %
    confidence.
    """
    from nndl.cli.screen import runs as tables
    from nndl.cli.screen import terminal
    from nndl.errors import UsageError
    from nndl.runs.comparing import changed
    from nndl.runs.sets import bundles

    found = bundles(run)
    rows = [row for bundle in found for row in bundle.rows]
    if len(rows) < 2:
        raise UsageError("which other run? nndl runs compare A B [...]")
    tables.note_faults(rows)
    if 1 < len(found) == len(run) and all(len(bundle.rows) > 1 for bundle in found):
        compare_sets(found, json)
        return
    if json:
        terminal.emit_json({"runs": [row.record() for row in rows], "config": [vars(place) for place in changed(rows)]})
    else:
        tables.show_comparison(rows)


def compare_sets(found: "list[Bundle]", json: bool) -> None:
    """Show how sets of runs differ pair by pair, each from the first."""
    from dataclasses import asdict

    from nndl.cli.screen import pairs, terminal
    from nndl.cli.screen.runs import show_changes
    from nndl.runs.comparing import changed
    from nndl.runs.pairing import paired

    first, *others = found
    compared = [(other, paired(first, other)) for other in others]
    places = changed([first.drawn[0], *(other.drawn[0] for other in others)])
    if json:
        sets = [({"one": first.folder, "other": other.folder}, figures) for other, figures in compared]
        records = [{**folders, **asdict(each)} for folders, figures in sets for each in figures]
        terminal.emit_json({"compared": records, "config": [vars(place) for place in places]}, indent=2)
    else:
        for other, figures in compared:
            pairs.show(first, other, figures)
        show_changes([Path(bundle.folder).name for bundle in (first, *others)], places)


@runs_app.command("best", short_help="Name the run of the highest validation accuracy.", cls=Verb)
def best(
    config: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only runs of this config's name.", autocompletion=complete_run_config),
    ] = None,
    json: Json = False,
) -> None:
    """Name the run of the highest validation accuracy: for `nndl eval $(nndl runs best)`.

    Runs on generated images count only where there are no others.
    """
    from nndl.cli.screen import runs as tables
    from nndl.cli.screen import terminal
    from nndl.errors import UsageError
    from nndl.runs.comparing import best_run, unscored
    from nndl.runs.listing import list_runs

    row = best_run(list_runs(), config)
    if row is None:
        raise UsageError(unscored(list_runs(), config))
    if json:
        terminal.emit_json(row.record())
    else:
        _say_name(row.folder)
        terminal.note(tables.sentence(row))


def _say_name(name: str) -> None:
    """Print a name for `$(nndl runs best)`: as its bytes, or as it is typed where a terminal would show or obey it."""
    import sys

    from nndl.cli.screen import terminal

    raw, out = os.fsencode(name), getattr(sys.stdout, "buffer", None)
    if out is None or sys.stdout.isatty() or not raw.decode("utf-8", errors="replace").isprintable():
        terminal.say(name if name.isprintable() else quoted(name))
    else:
        out.write(raw + os.linesep.encode())
        sys.stdout.flush()


@runs_app.command("remove", cls=Verb)
def remove(
    run: Runs, yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False, json: Json = False
) -> None:
    """Delete runs for good; asks first. A run that is training, and a folder that is no run, are left alone."""
    from nndl.cli.screen import terminal
    from nndl.errors import UsageError
    from nndl.runs.folder import find_run
    from nndl.runs.removing import removable, remove_run, size_of

    named = [str(find_run(text).path) if text == "latest" else text for text in run]
    folders = list({resolved(folder.path): folder for folder in (removable(text) for text in named)}.values())
    sizes = {str(folder.path): size_of(folder) for folder in folders}
    if not yes:
        for path, size in sizes.items():
            terminal.note(f"{path}  {size / 1e6:,.1f} MB")
        if not typer.confirm(f"Delete {count_of(len(folders), 'run')} for good?", err=True, default=False):
            raise UsageError("nothing is removed")
    for folder in folders:
        remove_run(folder)
        if not json:
            terminal.say(f"removed {folder.path}")
    if json:
        terminal.emit_json([{"folder": path, "bytes": size} for path, size in sizes.items()])


@runs_app.command("export", short_help="Write a CSV file: a row a run.", cls=Verb)
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", parser=expanded, help="Where to; - is stdout.")],
    force: Force = False,
    json: Json = False,
) -> None:
    """Write a CSV file: a row a run, with its results and every value of its config."""
    from nndl.cli.screen import terminal
    from nndl.errors import UsageError
    from nndl.runs.atomic import write_atomically
    from nndl.runs.listing import list_runs

    if str(file) == "-":
        if json:
            raise UsageError("- writes the CSV to stdout, where --json writes too; give one of them")
        terminal.say(_as_csv(list_runs()).rstrip("\n"))
        return
    if writable(file).exists() and (file.is_dir() or not force):
        raise UsageError(f"{file} exists; name another file, or say --force to replace it")
    if not file.parent.is_dir():
        raise UsageError(f"there is no folder {file.parent} to write to; make it first")
    rows = list_runs()
    write_atomically(file, _as_csv(rows))
    if json:
        terminal.emit_json({"file": str(file), "runs": len(rows)})
    else:
        terminal.say(f"{file}: {count_of(len(rows), 'run')}")


def _as_csv(rows: "list[Row]") -> str:
    from nndl.runs.csv_table import as_csv
    from nndl.runs.listing import flattened

    return as_csv([row.record() | {f"config.{key}": value for key, value in flattened(row.tree)} for row in rows])
