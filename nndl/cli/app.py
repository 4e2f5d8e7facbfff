"""The command nndl: its verbs in the order one uses them, and what becomes of errors.

A verb's file imports only typer at its top, and what it needs inside its function: `nndl --help` loads no numpy.
"""

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from nndl import __version__
from nndl.cli.augment import augment
from nndl.cli.bench import bench
from nndl.cli.check import check
from nndl.cli.command import Group, TrainingVerb, Verb
from nndl.cli.config import config_app, configs_app
from nndl.cli.course import course_app
from nndl.cli.data import data_app
from nndl.cli.doctor import doctor
from nndl.cli.download_cifar import download_cifar
from nndl.cli.eval import evaluate
from nndl.cli.explain import explain
from nndl.cli.export import export
from nndl.cli.gradcheck import gradcheck
from nndl.cli.import_ import import_weights
from nndl.cli.overfit import overfit
from nndl.cli.plot import plot
from nndl.cli.predict import predict
from nndl.cli.report import report
from nndl.cli.reproduce import reproduce
from nndl.cli.resume import resume
from nndl.cli.runs import runs_app
from nndl.cli.screen.ending import INTERRUPTED, EndAskedError, asked_at_once
from nndl.cli.screen.pictures import picture_progress
from nndl.cli.summary import summary
from nndl.cli.sweep import sweep_app
from nndl.cli.train import train
from nndl.cli.verify_resume import verify_resume
from nndl.cli.watch import watch
from nndl.data.sources.telling import shown_by
from nndl.errors import NndlError
from nndl.launched import is_follower
from nndl.own.trust import trusting
from nndl.visible import beware

TRUST = "--trust"
PATIENCE = 2.0
"""Seconds that one of several processes waits before it says what is wrong: if the first has the same to say, mpiexec
has ended this one by then."""

LESS = (
    "what needs less: smaller batches (train.batch_size, train.eval_batch_size), fewer images (data.train_size), fewer "
    "threads, or a smaller network, which nndl summary CONFIG shows layer by layer"
)


class Verbs(Group):
    """A group of commands that answers errors with a message and an exit code, never with a traceback."""

    def main(self, args: Sequence[str] | None = None, *extra: Any, **options: Any) -> Any:
        """Run the command; `--debug` is taken anywhere on the line, since it is added to a line that just failed."""
        words = list(sys.argv[1:] if args is None else args)
        debug = "--debug" in words or bool(os.environ.get("NNDL_DEBUG"))
        _make_output_safe()
        _beware_of_names(words)
        words, runs = _without_runs(words)
        try:
            with _runs_in(runs), trusting(TRUST in words), shown_by(picture_progress):
                return super().main([word for word in words if word not in ("--debug", TRUST)], *extra, **options)
        except (Exception, KeyboardInterrupt, EndAskedError) as error:
            if debug:
                _say(traceback.format_exc().rstrip())
            sys.exit(_answer(asked_at_once() or error, debug))


def _answer(error: BaseException, debug: bool) -> int:
    """Say on stderr what went wrong; returns the exit code."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, EndAskedError):
        _say(f"\n{error}")
        return error.exit_code
    if isinstance(error, NndlError):
        _say(f"error: {error}{_of_run(error)}")
        return error.exit_code
    if isinstance(error, OSError):
        _say(f"error: {error}")
        return 1
    if (words := _of_own_code(error)) is not None:
        _say(f"error: {words}" + ("" if debug else "\n  --debug shows the traceback"))
        return 1
    if isinstance(error, MemoryError):
        _say(f"error: memory ran out{f' ({error})' if str(error) else ''}\n  {LESS}")
        return 1
    hint = "" if debug else "; run again with --debug for the traceback, and please report it"
    words = " ".join(str(error).split())
    _say(f"internal error: {type(error).__name__}: {words}{hint}")
    return 1


def _of_run(error: NndlError) -> str:
    """Say what to type where a run was named in place of a config; nothing where it was none."""
    name = getattr(error, "unknown", None)
    if name is None:
        return ""
    from nndl.runs.folder import find_run

    with contextlib.suppress(NndlError, OSError):
        run = find_run(name)
        if name == "latest" or f"{run.path.name}-".startswith(f"{Path(name).name}-"):
            return f"\n  {name} is a run: its config is {run.config}; nndl resume {name} goes on with it"
    return ""


def _of_own_code(error: BaseException) -> str | None:
    """Say the line and the words of an error in code that a config uses; None where none was run."""
    running: Any = sys.modules.get("nndl.own.running")
    return None if running is None else str(running.of_own_code(error) or "") or None


def _say(words: str) -> None:
    from nndl.cli.screen import terminal

    if is_follower():
        time.sleep(PATIENCE)
    terminal.note(words)


@contextlib.contextmanager
def _runs_in(folder: str | None) -> Iterator[None]:
    """Have, within, runs made and looked for in a folder; processes that are started have it from the environment."""
    before = os.environ.get("NNDL_RUNS")
    if folder is not None:
        os.environ["NNDL_RUNS"] = folder
    try:
        yield
    finally:
        if folder is not None:
            os.environ.pop("NNDL_RUNS")
            os.environ |= {} if before is None else {"NNDL_RUNS": before}


def _without_runs(words: list[str]) -> tuple[list[str], str | None]:
    """Return the words without --runs FOLDER, which may stand anywhere, and the folder."""
    for at, word in enumerate(words[: words.index("--")] if "--" in words else words):
        if word == "--runs" and words[at + 1 :]:
            return words[:at] + words[at + 2 :], words[at + 1]
        if word.startswith("--runs="):
            return words[:at] + words[at + 1 :], word.removeprefix("--runs=")
    return words, None


def _beware_of_names(words: Sequence[str]) -> None:
    """Have what is printed show the lines in a name as \\n, be it completed by the shell or that of this folder."""
    with contextlib.suppress(OSError):
        beware(Path.cwd())
    for word in words:
        beware(word)
        beware(word.partition("=")[2])


def _make_output_safe() -> None:
    """Let a character that the terminal's encoding lacks (cp1252 on Windows) print as '?' instead of ending the run."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"nndl {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="nndl",
    cls=Verbs,
    help="Train CIFAR-10 convolutional networks from YAML, in NumPy layers you can check by hand.",
    epilog="First run: nndl train quickstart",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: rich would double its time
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False,
    trust: Annotated[
        bool,
        typer.Option(TRUST, help="Run the code that a run brings, known here or not."),
    ] = False,
    runs: Annotated[
        str | None, typer.Option("--runs", metavar="FOLDER", help="Folder of the runs, instead of $NNDL_RUNS or runs/.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Take the options of every verb; all are handled before a verb runs."""
    del debug, trust, runs, version


app.command(short_help="Train a network; every run keeps a folder.", cls=TrainingVerb)(train)
app.command(short_help="Go on with a run that was stopped, bit for bit.", cls=TrainingVerb)(resume)
app.command(short_help="Train a run again, and compare every bit.", cls=Verb)(reproduce)
app.command("verify-resume", short_help="Prove that a resumed training equals a straight one.", cls=Verb)(verify_resume)
app.command(short_help="Follow a run that another terminal trains.", cls=Verb)(watch)
app.add_typer(sweep_app, name="sweep", short_help="Try values of a config, and find the best.")
app.add_typer(runs_app, name="runs")
app.command(short_help="Write a page that shows runs: one file, no server.", cls=Verb)(report)
app.command(short_help="Draw the curves of runs, here or as a picture.", cls=Verb)(plot)
app.command("eval", short_help="Score a run, class by class.", cls=Verb)(evaluate)
app.command(short_help="Name what is on pictures.", cls=Verb)(predict)
app.command(short_help="Hand a run on: ONNX, PyTorch, safetensors, NumPy.", cls=Verb)(export)
app.command("import", short_help="Make a run of weights from elsewhere.", cls=Verb)(import_weights)
app.command(short_help="Show a network layer by layer.", cls=Verb)(summary)
app.command(short_help="Explain a layer: formulas, gradient, numbers.", cls=Verb)(explain)
app.command(short_help="Check a config before it is trained.", cls=Verb)(check)
app.command(short_help="Draw what a network will see of its images.", cls=Verb)(augment)
app.command(short_help="See whether a network can learn a few images.", cls=Verb)(overfit)
app.command(short_help="Check gradients against numerical ones.", cls=Verb)(gradcheck)
app.add_typer(course_app, name="course")
app.command(short_help="Look at the installation: engine, data, extras.", cls=Verb)(doctor)
app.command(short_help="Measure the engines, step by step.", cls=Verb)(bench)
app.add_typer(data_app, name="data")
app.add_typer(config_app, name="config", short_help="List, copy, check and show configs.")
app.add_typer(configs_app, name="configs", hidden=True)
app.command("download-cifar", short_help="Fetch CIFAR-10 or CIFAR-100, and check it.", cls=Verb)(download_cifar)
