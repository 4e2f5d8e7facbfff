"""Runs that belong together: those of one config from several seeds in one folder, drawn and averaged as one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nndl.paths import resolved
from nndl.runs.comparing import by_config, counted, told_apart
from nndl.runs.curves import Curves, averaged, read_curves
from nndl.runs.differences import shown
from nndl.runs.files import is_there
from nndl.runs.folder import RunFolder, find_run, find_runs, members
from nndl.runs.listing import Row, read_row


@dataclass(frozen=True)
class Bundle:
    """The runs of one line in a diagram: one run, or those of one config in a folder of several."""

    rows: tuple[Row, ...]
    folder: str
    """The run's, or that of them all."""

    @property
    def drawn(self) -> list[Row]:
        """Those that are averaged: finished, each seed once; all where none is finished."""
        return counted(self.rows) or list(self.rows)

    @property
    def seeds(self) -> str:
        """Seed 3, 3 seeds, or 3 folds."""
        return f"{len(self.drawn)} {self.kind}" if len(self.rows) > 1 else f"seed {self.rows[0].seed}"

    @property
    def kind(self) -> str:
        """Seeds, or folds: the difference of its runs."""
        return "folds" if len({row.fold for row in self.rows}) > 1 else "seeds"

    @property
    def left_out(self) -> str:
        """The runs of it that are not averaged, in words, or nothing."""
        missing = len(self.rows) - len(self.drawn)
        why = "not finished, or their seed is there again"
        return f"{self.folder}: {missing} of {len(self.rows)} runs left out of the mean ({why})" if missing else ""


def bundles(words: Sequence[str], runs: Path | None = None) -> list[Bundle]:
    """List a bundle for each run named, and for each config in each folder of several; none of them twice."""
    found: dict[Path, Bundle] = {}
    for word in words:
        inside = folder_of_several(word, runs)
        if inside is None:
            row = read_row(find_run(word, runs))
            made = [Bundle((row,), row.folder)]
        else:
            made = [_bundle(group, inside) for group in by_config([read_row(run) for run in members(inside)])]
        for bundle in made:
            found.setdefault(resolved(Path(bundle.rows[0].folder)), bundle)
    return list(found.values())


def _bundle(group: Sequence[Row], inside: Path) -> Bundle:
    return Bundle(tuple(group), inside.as_posix() if len(group) > 1 else group[0].folder)


def folder_of_several(word: str, runs: Path | None = None) -> Path | None:
    """Return the folder of several runs that a word means, as `find_runs` finds it; None where it means a run."""
    path = find_runs(word, runs)
    return None if is_there(path / "config.yaml") else path


def names(found: Sequence[Bundle]) -> list[str]:
    """Return the shortest names that tell bundles apart: of config, with its seeds or what differs, or of folder."""
    configs = [bundle.rows[0].config or bundle.rows[0].name for bundle in found]
    seeded = [f"{config}, {bundle.seeds}" for config, bundle in zip(configs, found, strict=True)]
    differing = [
        ", ".join([config, *(f"{key}={shown(value)}" for key, value in places.items())])
        for config, places in zip(configs, told_apart([bundle.rows for bundle in found]), strict=True)
    ]
    own = [bundle.rows[0].name if len(bundle.rows) == 1 else Path(bundle.folder).name for bundle in found]
    paths = [bundle.folder for bundle in found]
    return next((each for each in (configs, seeded, own, differing, paths) if len(set(each)) == len(each)), seeded)


def read_bundles(found: Sequence[Bundle]) -> list[Curves]:
    """Read the curves of each: a run's own, or means of several, by names that say which are of generated images."""
    return [
        one_line(bundle, label, [read_curves(RunFolder(Path(row.folder))) for row in bundle.drawn])
        for bundle, label in zip(found, labels(found), strict=True)
    ]


def labels(found: Sequence[Bundle]) -> list[str]:
    """Return the names of several, with SYNTHETIC where their images were."""
    marks = [" (SYNTHETIC)" if len(found) > 1 and bundle.rows[0].on_synthetic else "" for bundle in found]
    return [f"{name}{mark}" for name, mark in zip(names(found), marks, strict=True)]


def one_line(bundle: Bundle, label: str, curves: Sequence[Curves]) -> Curves:
    """Return the curves that are drawn of a bundle as those of one run."""
    if len(bundle.rows) == 1:
        return replace(curves[0], name=label)
    return replace(averaged(curves, label), kind=bundle.kind)
