"""One run from its first event to its summary, kept in its folder whatever happens."""

import contextlib
import math
from collections.abc import Callable, Sequence
from functools import partial
from shutil import disk_usage
from typing import Any

from nndl.errors import CheckpointError
from nndl.runs.checkpoint import read_checkpoint
from nndl.runs.folder import RunFolder
from nndl.runs.listing import flattened, read_config
from nndl.runs.lock import lock_run
from nndl.runs.log import log_error, write_log
from nndl.runs.loggers import Loggers
from nndl.runs.loggers.logger import About
from nndl.runs.noticed import read_noticed
from nndl.runs.observing import Observers
from nndl.runs.recorder import Keeping, Recorder
from nndl.runs.results import result_record
from nndl.train.evaluate import EvaluationStoppedError, Evaluator
from nndl.train.events import EpochDone, Event, Finished, Noticed
from nndl.train.health.health import Health
from nndl.train.solver import Solver
from nndl.train.state import check_weights, load_weights


def keep_run(
    folder: RunFolder,
    solver: Solver,
    test: Evaluator,
    classes: tuple[str, ...],
    watch: Callable[[Event], None],
    keeping: Keeping | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Train to the end or until stopped; returns what summary.json then holds. `watch` sees every event once kept.

    The test set is scored once, after training, with the best weights and the last ones. An error is written down as
    the run's end and raised again; KeyboardInterrupt (a second Ctrl+C) counts as an interruption. `warn` is told what
    went wrong without ending the run. Raises UsageError where another process has the folder.
    """
    so_far = {"step": solver.step, "steps": solver.steps}
    with lock_run(folder.path):
        folder.write_status("running", **so_far)
        unlogged = write_log(folder, f"{_maker(keeping)}training from step {solver.step:,} to {solver.steps:,}")
        if unlogged:
            warn(f"what the run has to say is not logged: {unlogged}")
        told = _logged(folder, warn)
        try:
            _check_room(folder, solver, keeping or Keeping(), told)
            observers = Observers(keeping.observers if keeping else (), solver, folder, told)
            with _loggers(folder, solver, keeping, told) as loggers:

                def seen(event: Event) -> None:
                    loggers.see(event)
                    observers.see(event)
                    watch(event)

                summary = _train(folder, solver, test, classes, seen, keeping, told)
                loggers.finish(summary)
            folder.write_status(**summary)
        except BaseException as error:
            _write_end(folder, solver, error)
            raise
        write_log(folder, f"{summary['status']} at step {summary['step']:,}")
    return summary


def _loggers(folder: RunFolder, solver: Solver, keeping: Keeping | None, warn: Callable[[str], None]) -> Loggers:
    about = About(folder, dict(flattened(read_config(folder) or {})), solver.step)
    return Loggers(keeping.loggers if keeping else (), about, solver.steps, warn)


def _maker(keeping: Keeping | None) -> str:
    """Return version, engine and threads, where they are known."""
    about = keeping.about if keeping else {}
    return "nndl {nndl}, engine {engine}, threads {threads}: ".format(**about) if "nndl" in about else ""


def _check_room(folder: RunFolder, solver: Solver, keeping: Keeping, warn: Callable[[str], None]) -> None:
    """Warn now, rather than hours later, of a disk that cannot hold what the run will keep."""
    state = sum(array.nbytes for array in solver.state()[0].values())
    best = sum(array.nbytes for array in solver.weights().values())
    needed, free = (keeping.keep + 1) * (state + best) + best, math.inf
    with contextlib.suppress(OSError):  # of a file system that does not say
        free = disk_usage(folder.path).free
    if free < needed:
        has, needs = (f"{size / 1e6:,.2f} MB" for size in (free, needed))
        warn(f"the disk has {has} left, and the states of this run need {needs}")


def _logged(folder: RunFolder, warn: Callable[[str], None]) -> Callable[[str], None]:
    def both(words: str) -> None:
        write_log(folder, f"warning: {words}")
        warn(words)

    return both


def _write_end(folder: RunFolder, solver: Solver, error: BaseException) -> None:
    """Write down how a run ended before its time, as far as the disk lets us."""
    so_far: dict[str, Any] = {"step": solver.step, "steps": solver.steps}
    stopped = isinstance(error, KeyboardInterrupt)
    if not stopped:
        so_far["error"] = str(error) or type(error).__name__
    with contextlib.suppress(OSError):
        folder.write_status("interrupted" if stopped else "failed", **so_far)
    log_error(folder, error)


def _train(
    folder: RunFolder,
    solver: Solver,
    test: Evaluator,
    classes: tuple[str, ...],
    watch: Callable[[Event], None],
    keeping: Keeping | None,
    warn: Callable[[str], None],
) -> dict[str, Any]:
    last: Event | None = None
    before = read_noticed(folder, solver.step)
    health = Health(solver, {each.sign for each in before})
    with Recorder(folder, solver, keeping, warn) as recorder:

        def tell(noticed: Sequence[Noticed]) -> None:
            for each in noticed:
                write_log(folder, f"warning: {each.words()}")
                watch(each)

        found = recorder.note(health.begin())
        tell(found)
        for last in solver.events():
            found += (new := recorder.note(health.see(last)))
            recorder.see(last)
            if isinstance(last, EpochDone):
                write_log(folder, _in_words(last))
            watch(last)
            tell(new)
    so_far = {"step": solver.step, "steps": solver.steps}
    if not isinstance(last, Finished):
        return {"status": "interrupted", **so_far}
    try:
        scores = score_test(folder, solver, test, classes, warn)
    except EvaluationStoppedError:
        return {"status": "interrupted", **so_far}
    return {
        "status": "finished",
        **so_far,
        "epochs": last.epochs,
        "seconds": last.seconds,
        **({"stopped_early": True} if solver.gave_up and solver.step < solver.steps else {}),
        "best_epoch": last.best_epoch,
        "best_validation_accuracy": last.best_validation_accuracy,
        "test": scores,
        **_in_summary([*before, *found]),
    }


def _in_summary(noticed: Sequence[Noticed]) -> dict[str, Any]:
    """Return the entries of summary.json that say what was noticed, where anything was."""
    warning = next((each.words() for each in noticed if each.sign == "absurd"), None)
    return {
        **({"noticed": [each.sign for each in noticed]} if noticed else {}),
        **({"warning": warning} if warning else {}),
    }


def _in_words(epoch: EpochDone) -> str:
    words = f"epoch {epoch.epoch} done: step {epoch.step:,}, train loss {epoch.train_loss:.4f}"
    if epoch.validation_accuracy is not None:
        words += f", validation accuracy {epoch.validation_accuracy:.4f}{' (best)' if epoch.is_best else ''}"
    return words


def score_test(
    folder: RunFolder,
    solver: Solver,
    test: Evaluator,
    classes: tuple[str, ...],
    warn: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Score the test set with the best weights and their running statistics, and with the last; the best stay.

    Where best.safetensors can no longer be read, `warn` is told, and the last weights stand for the best.
    """
    network = solver.network
    load_weights(network, solver.weights())
    last = result_record(solver.score(test, "test"), classes)
    if solver.best is None or solver.best.step == solver.step:
        return {"best": last, "last": last}
    try:
        best = read_checkpoint(folder.best, partial(check_weights, network=network))[0]
    except CheckpointError as error:
        warn(f"{error}\nthe last weights are scored in their place")
        return {"best": last, "last": last}
    load_weights(network, best)
    return {"best": result_record(solver.score(test, "test"), classes), "last": last}
