"""The observer that keeps a run: metrics as they come, the state at every epoch, the best weights at their moment."""

from types import TracebackType
from typing import Any

from nndl.runs.checkpoint import write_checkpoint
from nndl.runs.folder import RunFolder
from nndl.runs.metrics import MetricsWriter
from nndl.train.events import EpochDone, Event, Interrupted, as_record
from nndl.train.solver import Solver


class Recorder:
    """Writes to `folder` what `solver`'s events ask for."""

    def __init__(self, folder: RunFolder, solver: Solver) -> None:
        self.folder, self.solver = folder, solver
        self._metrics = MetricsWriter(folder.metrics, solver.steps, solver.step, len(solver.history))

    def see(self, event: Event) -> None:
        """Record one event. Of an epoch, the metrics come first: a state is never ahead of them."""
        self._metrics.write(as_record(event))
        if isinstance(event, EpochDone) and event.is_best:
            write_checkpoint(self.folder.best, self.solver.weights(), as_record(event))
        if isinstance(event, EpochDone | Interrupted):
            write_checkpoint(self.folder.last, *self.solver.state())

    def close(self) -> None:
        """Write what is still in memory."""
        self._metrics.close()

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def result_record(result: Any, classes: tuple[str, ...]) -> dict[str, Any]:
    """A `nndl.train.evaluate.Result` as JSON: accuracies as shares of 1."""
    return {
        "accuracy": result.accuracy,
        "interval95": list(result.interval),
        "calibration_error": result.calibration_error,
        "loss": result.loss,
        "top5": result.top5,
        "images": int(result.total.sum()),
        "per_class": {
            name: {"correct": int(right), "images": int(all_), "accuracy": right / all_ if all_ else None}
            for name, right, all_ in zip(classes, result.correct.tolist(), result.total.tolist(), strict=True)
        },
        "confusion": result.confusion.tolist(),
    }
