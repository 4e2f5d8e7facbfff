"""nndl sweep: many trainings of one config with values drawn from a space, by several processes."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.command import Group, TrainingVerb, Verb
from nndl.cli.options import Data, Engine, Force, Json, OpenIt, Quiet, Synthetic, Threads
from nndl.cli.screen.ending import exit_code
from nndl.paths import expanded, resolved, to_write, writable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nndl.jobs.sweeps.schema import Sweep
    from nndl.jobs.sweeps.study import Study


class SweepGroup(Group):
    """A group whose first word may be a sweep's file: `nndl sweep FILE` is `nndl sweep run FILE`."""

    for_other_words = "run"
    """The command that a word is given to which is none."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put it before such a word."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [self.for_other_words, *args]
        return super().parse_args(ctx, args)


sweep_app = typer.Typer(
    cls=SweepGroup,
    help="Try values of a config: nndl sweep FILE begins a sweep, or goes on with it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[str, typer.Argument(metavar="FILE", help="A sweep's file, or the name of a bundled one.")]
Folder = Annotated[
    Path, typer.Argument(metavar="SWEEP", parser=expanded, help="The sweep's folder, such as runs/bn_cnn-sweep.")
]
Storage = Annotated[
    str | None,
    typer.Option(metavar="URL", help="sqlite:///FILE, postgresql://..., grpc://HOST:PORT; or in NNDL_STORAGE."),
]

Trials = Annotated[int | None, typer.Option(min=1, metavar="N", help="Trials in all, instead of the file's.")]
Workers = Annotated[int, typer.Option(min=1, metavar="N", help="Processes that train, each with its share of cores.")]
Slurm = Annotated[
    bool, typer.Option("--slurm", help="Submit the workers as jobs to Slurm; --threads is what each gets.")
]
SlurmSet = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="An option of sbatch, e.g. partition=cpu or time=4:00:00. Repeatable."),
]
SweepDir = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", parser=expanded, help="The sweep's folder, instead of runs/NAME-sweep."),
]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        parser=to_write,
        help="Where to.  [default: report.html in the sweep's folder]",
    ),
]
Output = Annotated[
    Path,
    typer.Argument(metavar="FILE", parser=to_write, help="FILE.csv, or FILE.sqlite for Optuna's dashboard."),
]


@sweep_app.command("run", cls=TrainingVerb, short_help="Begin a sweep, or go on with it.")
def run(
    file: File,
    trials: Trials = None,
    workers: Workers = 1,
    storage: Storage = None,
    slurm: Slurm = False,
    slurm_set: SlurmSet = None,
    sweep_dir: SweepDir = None,
    data: Data = None,
    engine: Engine = None,
    threads: Threads = None,
    synthetic: Synthetic = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train until the sweep has all its trials; every trial is a run of its own in the sweep's folder.

    The same command goes on with what was broken off: a trial whose process was killed continues bit for bit from its
    newest state. Other machines join with the same command on a shared disk. Ctrl+C stops with all states saved.
    """
    from nndl.cli.screen import sweep as screen
    from nndl.config.reading.overrides import SYNTHETIC, settings
    from nndl.engines.shared.threads import cores
    from nndl.errors import UsageError
    from nndl.jobs.sweeps.address import url_of
    from nndl.jobs.sweeps.slurm import submit
    from nndl.jobs.sweeps.storage import lost_is_told

    if slurm and threads is None:
        raise UsageError("--slurm needs --threads N, the cores of each job: this machine's say nothing of theirs")
    sets = [*(SYNTHETIC if synthetic else ()), *settings(engine=engine, data=data)]
    typed = [*sets, *settings(threads=threads)]
    url = url_of(storage)
    with lost_is_told(url):
        study = _begin(file, trials, workers, sweep_dir, url, threads or max(1, cores() // workers), typed)
        if slurm:
            jobs = submit(study.folder, workers, sets, study.threads, slurm_set or (), url=url)
            if not (quiet or json):
                screen.say_submitted(study, jobs)
        code = 0 if slurm else _train(study, workers, sets, url, quiet=quiet or json)
        if json:
            screen.emit_standing(study)
        elif not slurm and study.is_complete():
            screen.show_end(study)
        if not slurm and study.is_complete() and all(trial.state == "failed" for trial in study.trials()):
            code = 1
    if code:
        raise typer.Exit(code)


def _begin(
    file: str,
    trials: int | None,
    workers: int,
    sweep_dir: Path | None,
    url: str | None,
    threads: int,
    sets: "Sequence[str]",
) -> "Study":
    """Return the file's study, made where there is none; notes what the person should know.

    What the command itself sets is checked first: wrong, it would fail every trial.
    """
    from nndl.cli.screen import terminal
    from nndl.errors import UsageError
    from nndl.jobs.sweeps.checks import too_many
    from nndl.jobs.sweeps.load import load_sweep, locate_sweep
    from nndl.jobs.sweeps.study import base_in, begin_study
    from nndl.jobs.sweeps.values import experiment_of
    from nndl.runs.folder import runs_root, safe_name

    def folder_of(sweep: "Sweep") -> Path:
        return sweep_dir or runs_root() / f"{safe_name(sweep.name)}-sweep"

    sweep, text = load_sweep(file, lambda sweep: base_in(folder_of(sweep), sweep))
    experiment_of(sweep, {}, tuple(sets))
    if trials is not None:
        sweep = sweep.model_copy(update={"trials": trials})
        if words := too_many(sweep):
            raise UsageError(f"--trials {trials}: {words}")
    if workers > sweep.parallel:
        raise UsageError(
            f"--workers {workers}: the sweep has parallel: {sweep.parallel}, so that more would wait for each other; "
            f"raise it in {file} before the sweep begins (each trial then learns from fewer)"
        )
    study, notes = begin_study(folder_of(sweep), sweep, text, locate_sweep(file), url, threads)
    for note in notes:
        terminal.note(note)
    return study


def _train(study: "Study", workers: int, sets: "Sequence[str]", url: str | None, *, quiet: bool) -> int:
    """Start the workers, tell what they do, and wait; returns the exit code, 0 too where the time budget is over.

    What asks this process to end (Ctrl+C, a scheduler) asks its workers, which save their trials first.
    """
    from nndl.cli.screen import ending, terminal
    from nndl.cli.screen import sweep as screen
    from nndl.cli.screen.interrupt import clean_stop
    from nndl.jobs.sweeps.processes import Processes

    if study.is_complete():
        screen.note_complete(study)
        return 0
    if not quiet:
        screen.say_begin(study)
    with (
        Processes(study, workers, sets, url) as processes,
        clean_stop(
            lambda: processes.ask(ending.first_asked()),
            lambda: terminal.note(f"\n{ending.asked_by()}: stopping; trials are saved"),
        ),
    ):
        try:
            for words in dict.fromkeys(processes.wait(lambda trial: None if quiet else screen.say_trial(study, trial))):
                terminal.note(words)
        except KeyboardInterrupt:
            processes.kill()
            ending.asked(signal.SIGINT)
    if study.is_complete():
        return 0
    if ending.REQUEUE in processes.exit_codes:
        ending.asked(signal.SIGTERM)  # where a scheduler asked them alone
    failed = [code for code in processes.exit_codes if code and code not in ending.CODES]
    screen.note_unfinished(study, failed=failed, stopped=ending.is_asked())
    return exit_code() if ending.is_asked() else max(1, *failed) if failed else 0


@sweep_app.command("work", cls=TrainingVerb, hidden=True)
def work(
    folder: Folder, override: Annotated[list[str] | None, typer.Option("--set")] = None, quiet: Quiet = False
) -> None:
    """Train trials of a sweep until it is complete: what `nndl sweep FILE` starts so many of."""
    import time

    from nndl.cli.screen import terminal
    from nndl.cli.screen.interrupt import clean_stop
    from nndl.jobs.sweeps.address import url_of
    from nndl.jobs.sweeps.storage import lost_is_told
    from nndl.jobs.sweeps.worker import Worker
    from nndl.train.intervals import parse_duration

    study = _open(folder, None, look=False)
    study.refuse_other_versions()
    budget = study.sweep.time_budget
    until = None if budget is None else time.monotonic() + parse_duration(budget)
    worker = Worker(study, tuple(override or ()), until, (lambda _: None) if quiet else terminal.note)
    with lost_is_told(url_of(None)), clean_stop(worker.stop, lambda: None):
        worker.work()
    if worker.stopped:
        raise typer.Exit(exit_code())


@sweep_app.command("serve", short_help="Stand between a database and hundreds of workers.", cls=Verb)
def serve(
    storage: Storage = None,
    host: Annotated[str, typer.Option(metavar="NAME", help="Where to listen; 0.0.0.0 is everywhere.")] = "localhost",
    port: Annotated[int, typer.Option(metavar="N", min=1, max=65535, help="At which port.")] = 13000,
) -> None:
    """Stand between a database and hundreds of workers, which then say --storage grpc://HOST:PORT."""
    from nndl.cli.screen import terminal
    from nndl.jobs.sweeps.address import url_of
    from nndl.jobs.sweeps.storage import serve as stand_between

    words = f"workers join with --storage grpc://{host}:{port}; Ctrl+C ends this"
    stand_between(url_of(storage), host, port, lambda: terminal.note(words))


@sweep_app.command("status", cls=Verb)
def status(folder: Folder, storage: Storage = None, json: Json = False) -> None:
    """Show the trials, the best so far, and what runs where."""
    from nndl.cli.screen import sweep as screen

    study = _open(folder, storage)
    if json:
        screen.emit_standing(study)
    else:
        screen.show_standing(study)


@sweep_app.command("best", cls=Verb)
def best(folder: Folder, storage: Storage = None) -> None:
    """Print the config of the best trial, ready for nndl train."""
    from nndl.cli.screen import terminal
    from nndl.errors import UsageError
    from nndl.jobs.sweeps.standing import best as best_of

    found = best_of(_open(folder, storage))
    if found is None:
        raise UsageError(f"no trial in {folder} has come to its end yet")
    terminal.say(found.config.rstrip("\n"))
    terminal.note(f"trial {found.number}, {found.run.path}")


@sweep_app.command("importance", short_help="Show how much each key decides.", cls=Verb)
def importance(folder: Folder, storage: Storage = None, json: Json = False) -> None:
    """Show how much each key decides whether a trial is among the best."""
    from nndl.cli.screen import terminal
    from nndl.errors import UsageError
    from nndl.jobs.sweeps.standing import importance as shares

    found = shares(_open(folder, storage))
    if not found:
        raise UsageError(f"{folder} has too few complete trials, or too equal ones, to tell")
    if json:
        terminal.emit_json(found)
    else:
        terminal.print_table(("key", "share"), [(key, f"{100 * share:.0f} %") for key, share in found.items()])


@sweep_app.command("report", short_help="Write the sweep as one HTML page.", cls=Verb)
def report(
    folder: Folder,
    output: ReportFile = None,
    storage: Storage = None,
    open_it: OpenIt = False,
    json: Json = False,
) -> None:
    """Write a page that needs no network and no server: history, parallel coordinates, slices, importance, front."""
    from nndl.cli.screen import terminal
    from nndl.errors import UsageError
    from nndl.report.sweep import sweep_page
    from nndl.runs.atomic import write_atomically

    study = _open(folder, storage)
    path = output or folder / "report.html"
    if writable(path).is_dir() or not path.parent.is_dir():
        raise UsageError(f"--output {path}: name a file in a folder that is there")
    write_atomically(path, sweep_page(study))
    if json:
        terminal.emit_json({"file": str(path), "bytes": path.stat().st_size})
    else:
        terminal.say(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
    if open_it:
        import webbrowser

        webbrowser.open(resolved(path).as_uri())


@sweep_app.command("export", short_help="Write the trials as CSV, or as Optuna's SQLite.", cls=Verb)
def export(
    folder: Folder,
    file: Output,
    storage: Storage = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write the trials out: as CSV, or as the SQLite file that optuna-dashboard reads."""
    from nndl.cli.screen import terminal
    from nndl.errors import UsageError
    from nndl.jobs.sweeps.handing_on import write_csv, write_sqlite

    writers = {".csv": write_csv, ".sqlite": write_sqlite, ".sqlite3": write_sqlite, ".db": write_sqlite}
    if file.suffix not in writers:
        raise UsageError(f"{file}: the ending says what is written: {', '.join(writers)}")
    if file.exists() and (file.is_dir() or not force):
        raise UsageError(f"{file} exists; name another file, or say --force to replace it")
    writers[file.suffix](_open(folder, storage), file)
    if json:
        terminal.emit_json({"file": str(file)})
    else:
        terminal.say(str(file))


def _open(folder: Path, storage: str | None, *, look: bool = True) -> "Study":
    from nndl.cli.screen import terminal
    from nndl.jobs.sweeps.address import url_of
    from nndl.jobs.sweeps.study import open_study

    study, notes = open_study(folder, url_of(storage), look=look)
    for note in notes:
        terminal.note(note)
    return study
