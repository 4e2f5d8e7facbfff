"""nndl gradcheck: are the gradients those of the function?"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.complete import complete_engine, complete_layer_or_config
from nndl.cli.options import Json, Use
from nndl.errors import UsageError
from nndl.paths import expanded, to_write

if TYPE_CHECKING:
    from nndl.check.students.submission import Limits
    from nndl.course.results import Results

Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="A kind of layer (spatial_bn), `all` of them, or a config: its whole network. With --file also a loss, an "
        "update rule, a model or one function; if not given, all that the file defines.",
        autocompletion=complete_layer_or_config,
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="reference or vectorized (compiled is that in float64). If not given: reference, or the config's.",
        autocompletion=complete_engine,
    ),
]
Coordinates = Annotated[int, typer.Option(metavar="N", min=1, help="Coordinates sampled in each array.")]
Tolerance = Annotated[float, typer.Option(metavar="X", min=1e-12, help="Largest relative error that passes.")]
Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Draws inputs, upstream gradients and coordinates.")]
File = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        parser=expanded,
        help="Your Python file, or a folder of them: what it defines is checked, in a process of its own.",
    ),
]
Hints = Annotated[
    str, typer.Option(metavar="HOW", help="With --file: `diagnosis` says what is wrong, `solution` also what is right.")
]

Seconds = Annotated[float, typer.Option(metavar="N", min=0.1, help="With --file: what one function may take.")]
Rubric = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", parser=expanded, help="With --file: a YAML file that says what each function is worth."
    ),
]
JUnit = Annotated[
    Path | None,
    typer.Option(
        "--junit", metavar="FILE", parser=to_write, help="With --file: write JUnit's XML, anew after each function."
    ),
]
Gradescope = Annotated[
    Path | None,
    typer.Option(metavar="FILE", parser=to_write, help="With --file: write Gradescope's results.json likewise."),
]


def gradcheck(
    target: Target = "all",
    *,
    engine: Engine = None,
    coordinates: Coordinates = 10,
    tolerance: Tolerance = 1e-6,
    seed: Seed = 0,
    use: Use = None,
    file: File = None,
    hints: Hints = "diagnosis",
    seconds: Seconds = 10.0,
    rubric: Rubric = None,
    junit: JUnit = None,
    gradescope: Gradescope = None,
    json: Json = False,
) -> None:
    """Check hand-written gradients against numerical ones, in float64; or a student's file, and say what is wrong.

    A row for each array: a random direction through all of it, then sampled coordinates. Layers are held to the rest of
    their contract too: shapes, statistics, test mode. With --file every function is compared with ours in many shapes
    and options, and with what known mistakes would give. Exits with 1 if anything fails, or if of the functions of a
    rubric one does.
    """
    from nndl.check import report
    from nndl.cli.screen import terminal
    from nndl.cli.screen.gradcheck import show
    from nndl.config import load_config
    from nndl.config.build import build_network
    from nndl.config.own.using import chosen
    from nndl.config.schema import ONE_OF

    if file is not None:
        _check_file(target, file, hints, seconds, json, _results(rubric, junit, gradescope))
    if rubric or junit or gradescope:
        raise UsageError("--rubric, --junit and --gradescope go with --file")
    options: dict[str, Any] = {"coordinates": coordinates, "tolerance": tolerance, "seed": seed}
    with chosen(use or []) as parts:
        table = next(key.table for key in ONE_OF if key.what == "layer")
        brought = [each.described.kind for each in parts if each.what == "layer"]
        if kinds := _kinds(target, table, brought if use else None):
            found = report.report_layers(kinds, engine or "reference", **options, table=table, say=terminal.note)
        else:
            exact = load_config(target).model_copy(update={"dtype": "float64"})
            found = report.report_network(build_network(exact, engine), **options, say=terminal.note)
    if json:
        terminal.emit_json({"target": target, **options, **found})
    else:
        show(found, tolerance)
    raise typer.Exit(0 if found["passed"] else 1)


def _kinds(target: str, table: "Mapping[str, Any]", brought: Sequence[str] | None) -> Sequence[str]:
    """Return the kinds of layers that are meant: all of ours, or of the files used; or one; none for a config."""
    from nndl.net.catalog import LAYERS

    if target == "all":
        if brought == []:
            raise UsageError("what --use names registers no layer, and only layers have gradients to check")
        return brought or list(LAYERS)
    if target in table:
        return [target]
    _refuse_misspelt(target, list(table))
    return []


def _results(rubric: Path | None, junit: Path | None, gradescope: Path | None) -> "Results":
    """Return the files that results go to, as they stand before anything is known. Raises ConfigError, UsageError."""
    from nndl.course.results import Results
    from nndl.course.rubric import read_rubric

    for option, path in (("--junit", junit), ("--gradescope", gradescope)):
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise UsageError(f"{option} {path}: name a file in a folder that is there")
    results = Results(read_rubric(rubric) if rubric else None, junit, gradescope)
    results.write([])
    return results


def _check_file(target: str, file: Path, hints: str, seconds: float, json: bool, results: "Results") -> None:
    """Check a file or a folder, telling each function's outcome as it comes; exit with 0 if all are right."""
    from nndl.check.students.submission import Limits
    from nndl.cli.screen import outcomes, terminal
    from nndl.course.scoring import score

    if results.rubric and target != "all":
        raise UsageError(f"--rubric is for all that the file defines; leave out {target!r}")
    if hints not in ("diagnosis", "solution"):
        raise UsageError(f"--hints is diagnosis or solution, not {hints!r}")
    only = () if target == "all" else (_known(target),)
    records: list[dict[str, Any]] = []
    try:
        for record in _records(file, only, Limits(seconds), hints):
            records.append(record)
            results.write(records)
            if not json:
                outcomes.show_outcome(record, record["file"] if file.is_dir() else "")
        if not records:
            raise UsageError(f"{file} has none of the functions to check{_example(target)}")
    except UsageError as error:
        results.write(records, complete=True, words=str(error))
        raise
    tests = results.write(records, complete=True)
    passed = all(each.passed for each in tests) if results.rubric else all(record["passed"] for record in records)
    if json:
        found = {"target": target, "file": str(file), "passed": passed, "outcomes": records}
        terminal.emit_json(found | (score(tests) if results.rubric else {}))
    else:
        terminal.say(outcomes.summary(records))
        if results.rubric:
            outcomes.show_score(score(tests))
        _tell_passed_over(file)
    raise typer.Exit(0 if passed else 1)


def _records(file: Path, only: Sequence[str], limits: "Limits", hints: str) -> Iterator[dict[str, Any]]:
    from nndl.check.students.submission import check_file, check_folder

    for outcome in check_folder(file, limits) if file.is_dir() else check_file(file, only, limits):
        yield (outcome if hints == "solution" else outcome.without_solutions()).record()


def _known(target: str) -> str:
    """Return the name of an exercise or of one of its functions. Raises UsageError for any other."""
    from difflib import get_close_matches

    from nndl.check.exercises import EXERCISES

    names = [*EXERCISES, *(function for each in EXERCISES.values() for function in each.functions)]
    if target not in names:
        meant = get_close_matches(target, names, 1)
        raise UsageError(
            f"--file goes with a kind of layer, a loss, an update rule, a model or a function, not with {target!r}"
            + (f"; did you mean {meant[0]}?" if meant else "")
        )
    return target


def _example(target: str) -> str:
    from nndl.check.exercises import EXERCISES

    exercise = EXERCISES.get(target)
    return f", such as {exercise.functions[0]}" if exercise else ""


def _tell_passed_over(file: Path) -> None:
    """Say which functions of a student's file are not checked: no layer's pair is called so."""
    from nndl.check.students.reading import read_source
    from nndl.check.students.submission import not_checked
    from nndl.cli.screen import terminal

    names: list[str] = []
    with contextlib.suppress(SyntaxError, ValueError):  # told already
        names = not_checked(read_source(file)) if file.is_file() else []
    if names:
        words = f"not checked, since no layer's functions are called so: {', '.join(names)}"
        terminal.note(f"{words}; the names are those of nndl.layers and nndl.conv_layers, such as relu_forward")


def _refuse_misspelt(target: str, kinds: list[str]) -> None:
    """Raise UsageError for what is no file and nearly the name of a kind of layer."""
    from difflib import get_close_matches

    meant = get_close_matches(target, [*kinds, "all"], 1, 0.75)
    if meant and not expanded(target).exists():
        raise UsageError(f"no layer or config is called {target!r}; did you mean {meant[0]}?")
