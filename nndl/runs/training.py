"""One run from its first event to its summary, kept in its folder whatever happens."""

from collections.abc import Callable
from typing import Any

from nndl.runs.checkpoint import read_checkpoint
from nndl.runs.folder import RunFolder
from nndl.runs.recorder import Recorder, result_record
from nndl.train.evaluate import EvaluationStoppedError, Evaluator
from nndl.train.events import Event, Finished
from nndl.train.solver import Solver
from nndl.train.state import load_weights


def keep_run(
    folder: RunFolder,
    solver: Solver,
    test: Evaluator,
    classes: tuple[str, ...],
    watch: Callable[[Event], None],
) -> dict[str, Any]:
    """Train to the end or until stopped; returns what summary.json then holds. `watch` sees every event once kept.

    The test set is scored once, after training, with the best weights and the last ones. An error is written down as
    the run's end and raised again; KeyboardInterrupt (a second Ctrl+C) counts as an interruption.
    """
    folder.write_status("running", step=solver.step, steps=solver.steps)
    try:
        summary = _train(folder, solver, test, classes, watch)
    except KeyboardInterrupt:
        folder.write_status("interrupted", step=solver.step, steps=solver.steps)
        raise
    except Exception as error:
        folder.write_status("failed", step=solver.step, steps=solver.steps, error=str(error) or type(error).__name__)
        raise
    folder.write_status(**summary)
    return summary


def _train(
    folder: RunFolder, solver: Solver, test: Evaluator, classes: tuple[str, ...], watch: Callable[[Event], None]
) -> dict[str, Any]:
    last: Event | None = None
    with Recorder(folder, solver) as recorder:
        for last in solver.events():
            recorder.see(last)
            watch(last)
    so_far = {"step": solver.step, "steps": solver.steps}
    if not isinstance(last, Finished):
        return {"status": "interrupted", **so_far}
    try:
        scores = score_test(folder, solver, test, classes)
    except EvaluationStoppedError:
        return {"status": "interrupted", **so_far}
    return {
        "status": "finished",
        **so_far,
        "epochs": last.epochs,
        "seconds": last.seconds,
        "best_epoch": last.best_epoch,
        "best_validation_accuracy": last.best_validation_accuracy,
        "test": scores,
    }


def score_test(folder: RunFolder, solver: Solver, test: Evaluator, classes: tuple[str, ...]) -> dict[str, Any]:
    """The test set's scores with the best weights and their running statistics, and with the last; the best stay."""
    network = solver.network
    load_weights(network, solver.weights())
    last = result_record(test(network, solver.stop_asked), classes)
    if solver.best is None or solver.best is solver.history[-1]:
        return {"best": last, "last": last}
    load_weights(network, read_checkpoint(folder.best)[0])
    return {"best": result_record(test(network, solver.stop_asked), classes), "last": last}
