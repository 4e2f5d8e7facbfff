"""nndl train: train the network a config describes, and keep the run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.complete import CONFIG, complete_engine, complete_run

if TYPE_CHECKING:
    from nndl.config import Experiment

INTERRUPTED = 130  # what shells report for a command ended by Ctrl+C
ACCEPT = typer.Option("--accept-changes", help="Go on although config, data or versions are not as they were.")
SEEDS = typer.Option(
    min=1,
    help="Train this many times, with --seed, --seed + 1, ...; mean and spread at the end. "
    "With the --run-dir of a set that was broken off, go on with it.",
)
QUIET = typer.Option(
    "--quiet", "-q", help="Print the final line only; with --seeds one for each seed, and one of all at the end."
)
LOG = typer.Option(
    metavar="NAME",
    help="Record for tensorboard, mlflow or wandb too, instead of the config's record.loggers. Repeatable.",
)
OVERRIDE = typer.Option("--set", metavar="KEY=VALUE", help="Set a config value, e.g. train.epochs=5. Repeatable.")


def train(
    config: Annotated[str | None, CONFIG] = None,
    override: Annotated[list[str] | None, OVERRIDE] = None,
    epochs: Annotated[float | None, typer.Option(help="Epochs, instead of the config's.")] = None,
    engine: Annotated[
        str | None,
        typer.Option(help="auto, compiled, compiled_bf16, vectorized or reference.", autocompletion=complete_engine),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads to compute with.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    seeds: Annotated[int, SEEDS] = 1,
    data: Annotated[Path | None, typer.Option(help="Folder that holds the data set.")] = None,
    download: Annotated[bool, typer.Option("--download", help="Fetch the data set first if it is missing.")] = False,
    synthetic: Annotated[bool, typer.Option("--synthetic", help="Train on generated images instead.")] = False,
    run_dir: Annotated[Path | None, typer.Option(help="Folder of the run or runs, instead of runs/NAME-TIME.")] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Go on with a run that was stopped.", autocompletion=complete_run)
    ] = None,
    accept_changes: Annotated[bool, ACCEPT] = False,
    log: Annotated[list[str] | None, LOG] = None,
    quiet: Annotated[bool, QUIET] = False,
    json: Annotated[bool, typer.Option("--json", help="Print every event as a line of JSON.")] = False,
) -> None:
    """Train the network that CONFIG describes; every run keeps a folder of its own.

    Ctrl+C stops after the step in flight with the state saved.
    """
    from nndl.cli.screen.training import resume_and_run, start_and_run

    overrides = [*settings(engine, threads, seed, data, override), *_loggers(log)]
    if resume is not None:
        _refuse_beside_resume(seeds=seeds > 1, run_dir=run_dir, synthetic=synthetic, download=download)
        from nndl.jobs.resume import Wanted

        wanted = Wanted(overrides, config, epochs, accept_changes)
        done = resume_and_run(resume, wanted, quiet=quiet, json=json) is not None
    else:
        experiment = _experiment(config, epochs, overrides, synthetic)
        if download and experiment.data.dataset != "synthetic":
            _download(experiment, silent=quiet or json)
        if seeds > 1:
            from nndl.cli.screen.seeds import train_seeds

            done = train_seeds(experiment, seeds, run_dir, accept_changes=accept_changes, quiet=quiet, json=json)
        else:
            done = start_and_run(experiment, run_dir, quiet=quiet, json=json) is not None
    if not done:
        raise typer.Exit(INTERRUPTED)


def _loggers(names: list[str] | None) -> list[str]:
    from nndl.config.reading.overrides import quoted

    return [f"record.loggers=[{', '.join(quoted(Path(name)) for name in names)}]"] if names else []


def _refuse_beside_resume(**options: Any) -> None:
    from nndl.errors import UsageError

    given = [f"--{name.replace('_', '-')}" for name, value in options.items() if value]
    if given:
        raise UsageError(f"--resume RUN goes on in the run's own folder, with its images: {given[0]} does not fit")


def settings(
    engine: str | None, threads: int | None, seed: int | None, data: Path | None, override: list[str] | None
) -> list[str]:
    """What the options of a command set, as `--set` would."""
    from nndl.config.reading.overrides import quoted

    root = None if data is None else quoted(data)
    given = {"engine": engine, "threads": threads, "seed": seed, "data.root": root}
    return [f"{key}={value}" for key, value in given.items() if value is not None] + (override or [])


def experiment_of(config: str | None, overrides: list[str], synthetic: bool) -> "Experiment":
    """The experiment of a config, on generated images if so wished."""
    from nndl.config import load_config
    from nndl.errors import UsageError

    if config is None:
        raise UsageError("which config? e.g. nndl train quickstart; `nndl configs` lists those that are bundled")
    if not synthetic:
        return load_config(config, overrides)
    # The sizes of CIFAR mean nothing to the generated set; what the command line says still counts.
    sizes = ["data.train_size=all", "data.test_size=all", "data.validation_size=500"]
    return load_config(config, ["data.dataset=synthetic", *sizes, *overrides])


def _experiment(config: str | None, epochs: float | None, overrides: list[str], synthetic: bool) -> "Experiment":
    """The experiment of a config with so many epochs, which take the place of the config's time_budget too."""
    from nndl.config.reading.overrides import NO_BUDGET, of_epochs
    from nndl.errors import UsageError

    if epochs is None:
        return experiment_of(config, overrides, synthetic)
    experiment = experiment_of(config, [NO_BUDGET, of_epochs(epochs), *overrides], synthetic)
    if experiment.train.time_budget is not None:
        budget = f"train.time_budget ({experiment.train.time_budget})"
        raise UsageError(f"--epochs {epochs:.15g} and {budget} both say how long to train; give one of them")
    return experiment


def _download(experiment: "Experiment", silent: bool) -> None:
    from nndl.cli.download import download_cifar

    download_cifar(dataset=experiment.data.dataset, root=Path(experiment.data.root).expanduser(), quiet=silent)
