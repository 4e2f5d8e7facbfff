"""The code that a config's `use:` names: found, run if it may be, and what it brings put in force."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nndl.config.reading.messages import Report
from nndl.config.schema import Experiment
from nndl.errors import ConfigError
from nndl.own import trust
from nndl.own.registry import Part, in_force
from nndl.own.running import registers_nothing, run
from nndl.own.source import KEPT, Source, SourceError, copy_names, find_source, is_file_name
from nndl.paths import resolved
from nndl.visible import visible

Find = Callable[[Sequence[str], "Faults"], list[Source]]
"""Returns the code that goes by these names; what is wrong with one of them it reports under its number."""
Faults = Callable[[int, str], None]
MOST = 100
"""Files that a config may use."""


def nothing(names: Sequence[str], fault: Faults) -> list[Source]:
    """Find nothing: a text that is no file's uses no code."""
    for number, _ in enumerate(names[:1]):
        fault(number, "only a config in a file uses code of its own")
    return []


def of_config(folder: Path, *, look: bool) -> Find:
    """Return the way to the code of a config in `folder`; it is not run where the config is only to be looked at.

    A config that is given to be computed with is its user's own choice, which is noted; one in the folder of a run is
    the run's. The copy of a base config that a sweep keeps finds the code that is kept with it.
    """

    def find(names: Sequence[str], fault: Faults) -> list[Source]:
        kept = dict(zip(names, copy_names(names), strict=True)) if trust.is_run(folder) else {}
        sources = _each(names, fault, lambda name: find_source(name, folder, kept.get(name)))
        if look:
            trust.refuse_unknown(sources, "this config", ", and so does training with it, once and for all")
        else:
            trust.note(sources)
        return sources

    return find


@contextmanager
def chosen(names: Sequence[str]) -> Iterator[list[Part]]:
    """Run the files and modules that a command names, which its user so chooses, and have their parts known within.

    What lies in a run's folder is the run's, whoever names it.
    """
    sources = [find_source(name, Path.cwd()) for name in names]
    of_runs = [each for each in sources if any(map(trust.is_run, list(resolved(Path(each.path)).parents)[:2]))]
    trust.refuse_unknown(of_runs, "a run's folder")
    trust.note([each for each in sources if each not in of_runs])
    parts: list[Part] = []
    for source in sources:
        parts += _apart(run(source), parts)
        if words := idle(source):
            raise ConfigError(words)
    with in_force(parts):
        yield parts


def again(experiment: Experiment) -> Find:
    """Return the way to the code that an experiment was read with."""
    return given(lambda _: experiment.sources)


def given(read: Callable[[Sequence[str]], Sequence[Source]]) -> Find:
    """Return the way to code that `read` finds under all the names, or raises an error of its own for."""

    def find(names: Sequence[str], fault: Faults) -> list[Source]:
        del fault
        return list(read(names))

    return find


def with_copies(experiment: Experiment) -> Experiment:
    """Return an experiment as its run's config says it: what it uses are the run's own copies."""
    return _using(experiment, [f"{KEPT}/{name}" for name in copy_names([each.name for each in experiment.sources])])


def from_anywhere(experiment: Experiment) -> Experiment:
    """Return an experiment as a config in any folder says it, while the files that it uses stay where they are."""
    return _using(experiment, [each.path if is_file_name(each.name) else each.name for each in experiment.sources])


def _using(experiment: Experiment, names: Sequence[str]) -> Experiment:
    return experiment.model_copy(update={"use": tuple(names)}) if names else experiment


def _each(names: Sequence[str], fault: Faults, find: Callable[[str], Source]) -> list[Source]:
    found = []
    for number, name in enumerate(names):
        try:
            found.append(find(name))
        except SourceError as error:
            fault(number, str(error))
    return found


def names_in(tree: Any, report: Report) -> list[str]:
    """Return the names under `use`; what cannot be such is reported, and there are none."""
    names = tree.get("use", [])
    if not (isinstance(names, list) and all(isinstance(name, str) and name for name in names)):
        report(("use",), "use should be a list of files and modules: [my_layers.py, package.module]")
    elif len(names) > MOST:
        report(("use",), f"use names {len(names):,} files, and {MOST} are the most")
    elif twice := next((number for number, name in enumerate(names) if name in names[:number]), None):
        report(("use", twice), f"{names[twice]} is named twice; keep one of them")
    else:
        return names
    return []


@contextmanager
def used(sources: Sequence[Source], failed: Callable[[int, ConfigError], None]) -> Iterator[None]:
    """Run the code, unless it has been run, and have within what it registers known to the config.

    `failed` is told which of them cannot be used, and why.
    """
    parts: list[Part] = []
    for number, source in enumerate(sources):
        try:
            parts += _apart(run(source), parts)
        except ConfigError as error:
            failed(number, error)
    with in_force(parts):
        yield


def idle(source: Source) -> str | None:
    """Say that code which was run brings nothing; None where it does, or failed."""
    if not registers_nothing(source):
        return None
    return f"{visible(source.name)} registers nothing; write @nndl.register above a class there, or leave the file out"


def _apart(new: Sequence[Part], before: Sequence[Part]) -> Sequence[Part]:
    """Return the parts; raises ConfigError where one before has the name of one of them."""
    names = {(part.what, part.described.kind): part for part in before}
    for part in new:
        other = names.get((part.what, part.described.kind))
        if other is not None:
            kind = part.described.kind
            raise ConfigError(f"{kind}: registered twice as {part.what}, at {other.place} and at {part.place}")
    return new
