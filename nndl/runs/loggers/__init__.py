"""Other programs' records of a run, on request: TensorBoard, MLflow, Weights & Biases.

They observe a training and cannot disturb it: one that fails is said so once and left out from then on. Each package is
imported when its logger is made.
"""

import importlib.util
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

from nndl.errors import MissingExtraError
from nndl.runs.loggers.logger import About, Logger
from nndl.runs.metrics import STEPS_KEPT
from nndl.train.events import EpochDone, Event, StepDone

PACKAGES = {"tensorboard": "tensorboardX", "mlflow": "mlflow", "wandb": "wandb"}
"""The loggers by their names in a config, with the package each needs."""


def require(names: Collection[str]) -> None:
    """Raise MissingExtraError for the first of these loggers whose package is not installed."""
    for name in names:
        if importlib.util.find_spec(PACKAGES[name]) is None:
            raise MissingExtraError(PACKAGES[name], name, f"a record for {name}")


def make_logger(name: str, about: About) -> Logger:
    """Make the logger of that name, ready to log."""
    if name == "tensorboard":
        from nndl.runs.loggers.tensorboard import TensorBoard

        return TensorBoard(about)
    if name == "mlflow":
        from nndl.runs.loggers.mlflow import MLflow

        return MLflow(about)
    from nndl.runs.loggers.wandb import WeightsAndBiases

    return WeightsAndBiases(about)


class Loggers:
    """Some loggers as one observer of events; leave it with the summary told by `finish`, or with an error."""

    def __init__(self, names: Sequence[str], about: About, steps: int, warn: Callable[[str], None]) -> None:
        require(names)
        self._warn, self._every = warn, max(1, steps // STEPS_KEPT)
        self._loggers: dict[str, Logger] = {}
        for name in names:
            self._guarded(name, self._add, name, about)

    def see(self, event: Event) -> None:
        """Log what an event says; of steps only every so many, as metrics.jsonl has them."""
        values = values_of(event)
        if not values or (isinstance(event, StepDone) and event.step % self._every):
            return
        for name, logger in list(self._loggers.items()):
            if event.step > logger.logged:
                self._guarded(name, logger.log, event.step, values)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """End the record: the run has ended as its summary says."""
        test = summary.get("test") or {}
        values = {f"test/{key}": test["best"][key] for key in ("accuracy", "loss", "top5") if test}
        for name, logger in list(self._loggers.items()):
            self._guarded(name, logger.finish, str(summary["status"]), values)
        self._loggers.clear()

    def __enter__(self) -> "Loggers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.finish({"status": "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"})

    def _add(self, name: str, about: About) -> None:
        self._loggers[name] = make_logger(name, about)

    def _guarded(self, name: str, work: Callable[..., None], *about: Any) -> None:
        """Do it; where that fails, say so and leave this logger out from now on."""
        try:
            work(*about)
        except Exception as error:  # of packages of others, on disks and networks: training goes on
            with suppress(KeyError):
                del self._loggers[name]
            words = (str(error).splitlines() or [""])[0]
            self._warn(f"{name} records no more of this run ({type(error).__name__}: {words}); training goes on")


def values_of(event: Event) -> dict[str, float]:
    """Return the names and numbers that an event has to log."""
    if isinstance(event, StepDone):
        return {
            "step/loss": event.loss,
            "step/learning_rate": event.learning_rate,
            "step/images_per_second": event.images / max(event.seconds, 1e-9),
        }
    if not isinstance(event, EpochDone):
        return {}
    names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "images_per_second")
    values = {f"epoch/{name}": getattr(event, name) for name in names}
    return {"epoch/epoch": float(event.epoch)} | {name: value for name, value in values.items() if value is not None}
