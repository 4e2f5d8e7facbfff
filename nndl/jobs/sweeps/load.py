"""From the text of a sweep's file to a frozen `Sweep`, or to everything that is wrong with it."""

from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from nndl.config.advice import Hint, suggest
from nndl.config.bundled import SWEEPS, folder, sweep_names
from nndl.config.load import read_text
from nndl.config.pieces import Pieces
from nndl.config.reading.marked import Marked, read
from nndl.config.reading.messages import Path, Problem, ProblemsError, Report
from nndl.config.schema import OneOf
from nndl.config.translate import translate
from nndl.errors import ConfigError
from nndl.jobs.sweeps.base import Base
from nndl.jobs.sweeps.checks import check
from nndl.jobs.sweeps.dimensions import DIMENSIONS
from nndl.jobs.sweeps.schema import Sweep
from nndl.jobs.sweeps.values import choose_code
from nndl.paths import expanded, resolved

Kept = Callable[[Sweep], Base | None]
SPACE = OneOf("space", "", "range", DIMENSIONS)


def load_sweep(source: str | FilePath, kept: Kept = lambda _: None) -> tuple[Sweep, str]:
    """Read a sweep's file: a path, or the name of a bundled one; returns it with its text.

    kept: gives the base config, with its code, of a sweep that is begun. Raises ConfigError with everything that is
    wrong, each with its line: keys, ranges, and both ends of every range built into a config of its own.
    """
    path = locate_sweep(source)
    text = read_text(path)
    sweep = read_sweep(text, str(source), path)
    base = kept(sweep)
    if base is None:
        choose_code(sweep)
    return checked(sweep.with_base(base), text, str(source)), text


def check_sweep(source: str | FilePath) -> Sweep:
    """Read a sweep's file as `load_sweep` does, to look at it: code that this user never chose to run is not run."""
    path = locate_sweep(source)
    text = read_text(path)
    return checked(read_sweep(text, str(source), path), text, str(source))


def locate_sweep(source: str | FilePath) -> FilePath:
    """Find the file that `source` means: one that is there, or the bundled sweep of that name.

    Raises ConfigError, naming the nearest bundled sweep, where there is neither.
    """
    path = expanded(source)
    if path.is_file():
        return path
    name = path.as_posix().removeprefix("configs/").removeprefix(SWEEPS).removesuffix(".yaml")
    if name in sweep_names():
        return folder() / SWEEPS / f"{name}.yaml"
    raise ConfigError(f"there is no file {source}, and no bundled sweep of that name; {suggest(name, sweep_names())}")


def read_sweep(text: str, source: str, file: FilePath) -> Sweep:
    """Return the sweep that `text` describes, its base config not looked at, which is looked for beside `file` first.

    Raises ConfigError with everything that is wrong with it by itself.
    """
    marked = read(text, source)
    problems, report = _reporting(marked)
    if not isinstance(marked.value, dict):
        report((), "this is no sweep; begin with base: and space:")
        raise ProblemsError(source, text, problems)
    plain = dict(marked.value)
    space = plain.get("space")
    if isinstance(space, dict):
        built = {key: Pieces(report).one(SPACE, value, ("space", key)) for key, value in space.items()}
        plain["space"] = {key: dimension for key, dimension in built.items() if dimension is not None} or space
    sweep = _validated({"name": file.stem, **plain}, report)
    if sweep is None or problems:
        raise ProblemsError(source, text, problems)
    return _with_base_found(sweep, file)


def checked(sweep: Sweep, text: str, source: str) -> Sweep:
    """Return a sweep that `text` describes, once it fits its base config; raises ConfigError where it does not."""
    problems, report = _reporting(read(text, source))
    check(sweep, report)
    if problems:
        raise ProblemsError(source, text, problems)
    return sweep


def _reporting(marked: Marked) -> tuple[list[Problem], Report]:
    problems: list[Problem] = []

    def report(path: Path, words: str, at_key: bool = False) -> None:
        problems.append(Problem(path, words, marked.place(path, at_key)))

    return problems, report


def _validated(plain: dict[str, Any], report: Report) -> Sweep | None:
    known = list(Sweep.model_fields)
    try:
        return Sweep.model_validate(plain)
    except ValidationError as error:
        for path, words, at_key in translate(error, plain, lambda at, _: Hint(suggest(str(at[-1]), known)), Sweep):
            report(path, words, at_key)
        return None


def _with_base_found(sweep: Sweep, path: FilePath) -> Sweep:
    """Make the base a path that holds from anywhere, where it is a file beside the sweep's."""
    beside = path.parent / sweep.base
    return sweep.model_copy(update={"base": str(resolved(beside))}) if beside.is_file() else sweep
