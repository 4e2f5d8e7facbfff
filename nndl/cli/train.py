"""nndl train: train the network a config describes, and keep the run."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.complete import complete_run
from nndl.cli.options import (
    CONFIG,
    AcceptChanges,
    Data,
    Engine,
    JsonLines,
    Seed,
    Set,
    Synthetic,
    Threads,
)
from nndl.cli.screen.ending import exit_code
from nndl.launched import is_follower
from nndl.paths import expanded

if TYPE_CHECKING:
    from nndl.config import Experiment
    from nndl.config.build import Build
    from nndl.jobs.resume import Wanted

MOST_RUNS = 10_000
"""Of a set: more were mistyped."""
EPOCHS = typer.Option(
    metavar="N", help="Epochs, instead of the config's. A schedule that names later ones is shortened in proportion."
)
LR = typer.Option("--lr", metavar="X", help="Learning rate of the config's optimizer.")
RESUME = typer.Option(metavar="RUN", help="Go on with a run that was stopped.", autocompletion=complete_run)
SEEDS = typer.Option(
    metavar="N",
    min=1,
    max=MOST_RUNS,
    help="Train this many times, with --seed, --seed + 1, ...; mean and spread at the end. "
    "With the --run-dir of a set that was broken off, go on with it.",
)
FOLDS = typer.Option(
    metavar="N",
    min=2,
    max=MOST_RUNS,
    help="Cut the training images into N parts that are alike, and train N times, each part held out once; mean and "
    "spread at the end. With the --run-dir of a set that was broken off, go on with it.",
)
QUIET = typer.Option(
    "--quiet", "-q", help="Print the final line only; with --seeds or --folds one for each, and one of all."
)
LOG = typer.Option(
    metavar="NAME",
    help="Record for tensorboard, mlflow or wandb too, instead of the config's record.loggers. Repeatable.",
)

RUNS_DIR = typer.Option(metavar="FOLDER", parser=expanded, help="Folder of the run or runs, instead of runs/NAME-TIME.")


def train(
    config: Annotated[str | None, CONFIG] = None,
    override: Set = None,
    epochs: Annotated[float | None, EPOCHS] = None,
    lr: Annotated[float | None, LR] = None,
    batch_size: Annotated[int | None, typer.Option(metavar="N", help="Images in a step.")] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the run, instead of the config's.")] = None,
    engine: Engine = None,
    threads: Threads = None,
    seed: Seed = None,
    seeds: Annotated[int, SEEDS] = 1,
    folds: Annotated[int | None, FOLDS] = None,
    data: Data = None,
    download: Annotated[bool, typer.Option("--download", help="Fetch the data set first if it is missing.")] = False,
    synthetic: Synthetic = False,
    run_dir: Annotated[Path | None, RUNS_DIR] = None,
    resume: Annotated[str | None, RESUME] = None,
    accept_changes: AcceptChanges = False,
    log: Annotated[list[str] | None, LOG] = None,
    quiet: Annotated[bool, QUIET] = False,
    json: JsonLines = False,
) -> None:
    """Train the network that CONFIG describes; every run keeps a folder of its own.

    Ctrl+C stops after the step in flight with the state saved, as closing the terminal does (exit code 130); so do
    SIGTERM, SIGUSR1, SIGUSR2 and SIGXCPU (75). While no step is under way yet they end it at once, with these codes.
    """
    from nndl.cli.screen import terminal

    silent = quiet or json or is_follower()
    with terminal.waiting("starting", silent=silent):  # for the second that the imports take
        from nndl.config.reading.overrides import of_learning_rate, settings
        from nndl.jobs.parallel.team import team
        from nndl.jobs.resume import Wanted

    short = [*settings(engine, threads, seed, data, name, batch_size), *of_learning_rate(lr)]
    overrides = [*short, *(override or []), *_loggers(log), *_first_fold(folds, seeds)]
    said = {"quiet": quiet, "json": json}
    load = partial(_experiment, config, epochs, overrides, synthetic, silent)
    with team(load) as us:
        if resume is not None:
            _refuse_beside_resume(seeds=seeds > 1, folds=folds, run_dir=run_dir, synthetic=synthetic, download=download)
            done = _go_on(resume, Wanted(overrides, config, epochs, accept_changes), us.build, said)
        else:
            experiment = us.load(load)
            if download:
                _download(experiment, silent)
            done = _begin(experiment, seeds, folds, run_dir, accept_changes, us.build, said)
    if not done:
        raise typer.Exit(exit_code())


def _first_fold(folds: int | None, seeds: int) -> list[str]:
    """Return what the first of the folds sets, if there are any."""
    from nndl.errors import UsageError
    from nndl.jobs.repeats import fold_sets

    if folds is None:
        return []
    if seeds > 1:
        raise UsageError("--seeds and --folds: give one of them; --seed says which seed all folds have")
    return fold_sets(folds)


def _go_on(run: str, wanted: "Wanted", make: "Build", said: dict[str, Any]) -> bool:
    """Go on with a run; returns whether it came to its end."""
    from nndl.cli.screen.loading import one_run
    from nndl.cli.screen.training import Screen
    from nndl.jobs.training import go_on

    return go_on(one_run(run), wanted, Screen(**said), make) is not None


def _begin(
    experiment: "Experiment",
    seeds: int,
    folds: int | None,
    run_dir: Path | None,
    accept_changes: bool,
    make: "Build",
    said: dict[str, Any],
) -> bool:
    """Train from the beginning, once, from several seeds, or on all folds; returns whether it came to its end."""
    from nndl.cli.screen.repeats import SetScreen
    from nndl.cli.screen.training import Screen
    from nndl.jobs.repeating import train_all
    from nndl.jobs.repeats import of_folds, of_seeds
    from nndl.jobs.training import begin

    experiments = of_folds(experiment, folds) if folds else of_seeds(experiment, seeds)
    if len(experiments) > 1:
        screen = SetScreen(**said, given=run_dir is not None)
        return train_all(experiments, run_dir, screen, accept_changes=accept_changes, make=make)
    return begin(experiment, run_dir, Screen(**said), make) is not None


def _loggers(names: list[str] | None) -> list[str]:
    from nndl.config.reading.overrides import Change, quoted

    listed = ", ".join(map(quoted, names or []))
    return [Change(f"record.loggers=[{listed}]", " ".join(f"--log {name}" for name in names))] if names else []


def _refuse_beside_resume(**options: Any) -> None:
    from nndl.errors import UsageError

    given = [f"--{name.replace('_', '-')}" for name, value in options.items() if value]
    if given:
        raise UsageError(f"--resume RUN goes on in the run's own folder, with its images: {given[0]} does not fit")


def _experiment(
    config: str | None, epochs: float | None, overrides: list[str], synthetic: bool, silent: bool
) -> "Experiment":
    """Return the experiment of a config, on generated images if so wished, and with the epochs if they are given."""
    from nndl.config import load_config
    from nndl.config.reading.overrides import NO_BUDGET, SYNTHETIC, called, of_epochs
    from nndl.errors import UsageError

    if config is None:
        raise UsageError("which config? e.g. nndl train quickstart; `nndl config` lists those that are bundled")
    images = SYNTHETIC if synthetic else ()
    length = [] if epochs is None else [NO_BUDGET, of_epochs(epochs)]
    shorter = [] if epochs is None else _shorter(config, epochs, [*images, *overrides], silent)
    experiment = load_config(config, [*images, *length, *overrides, *shorter])
    _refuse_unmeant(experiment, {called(each).split()[0] for each in overrides if not synthetic})
    if epochs is not None and experiment.train.time_budget is not None:
        budget = f"train.time_budget ({experiment.train.time_budget})"
        raise UsageError(f"--epochs {epochs:.15g} and {budget} both say how long to train; give one of them")
    return experiment


def _refuse_unmeant(experiment: "Experiment", given: set[str]) -> None:
    """Raise UsageError for images that would not be looked at, and for a name that means another run."""
    from nndl.errors import UsageError

    if "--data" in given and experiment.data.dataset == "synthetic":
        cure = "--set data.dataset=cifar10, say, trains on those in the folder"
        words = f"{experiment.name} trains on generated images (data.dataset: synthetic)"
        raise UsageError(f"{words}, so --data says nothing: {cure}")
    if experiment.name == "latest":
        raise UsageError("latest always means the newest run, so none is named so; choose another name")


def _shorter(config: str, epochs: float, sets: list[str], silent: bool) -> list[str]:
    """Return what brings a config's longer schedule into --epochs, and what --set made of it: so it comes last."""
    from nndl.cli.screen import terminal
    from nndl.config.shortened import shortened

    shorter = shortened(config, sets, epochs)
    if shorter and not silent:
        terminal.note(f"shortened in proportion to --epochs {epochs:.15g}: {', '.join(shorter)}")
    return shorter


def _download(experiment: "Experiment", silent: bool) -> None:
    import time

    from nndl.cli.screen import download, terminal

    if experiment.data.dataset not in ("cifar10", "cifar100"):
        return
    began = time.monotonic()
    outcome = download.fetch(experiment.data.dataset, None, expanded(experiment.data.root), silent=silent)
    if not silent:
        terminal.say(f"{download.describe(outcome)} ({time.monotonic() - began:.1f} s)")
