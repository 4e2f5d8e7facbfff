"""The solver: takes steps, scores epochs, and says so as events. Who watches, decides what to do with them."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

import numpy as np

from nndl.errors import CheckpointError
from nndl.net.network import Network
from nndl.net.params import Params
from nndl.net.types import Array
from nndl.train.choosing import Choice
from nndl.train.evaluate import EvaluationStoppedError, Evaluator, Result
from nndl.train.events import EpochDone, Event, Finished, Interrupted, Scoring, StepDone, figures
from nndl.train.guard import Guard
from nndl.train.learner import Learner
from nndl.train.memory import out_of_memory
from nndl.train.recomputed import recompute
from nndl.train.schedules import Constant, Schedule, WarmUp
from nndl.train.state import FORMAT, LATER, Arrays, check_format, check_info, pack, read_history, unpack


class BatchSource(Protocol):
    """A source of training batches; the same (epoch, start) always gives the same ones."""

    @property
    def batches_per_epoch(self) -> int:
        """The number of batches in an epoch, at least one."""
        ...

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[Array, Array]]:
        """Yield the batches (X, y) of epoch 0, 1, ..., without its first `start`."""
        ...


class Objective(Protocol):
    """A function to minimise: a network's loss, or the same computed in another way."""

    def loss(self, X: Array, y: Array) -> tuple[float, Params]:
        """Return the loss of a batch and its gradients."""
        ...


def steps_in(epochs: float, steps_per_epoch: int) -> int:
    """Count the steps in a number of epochs, at least one; what is begun of a step is done."""
    return max(1, math.ceil(round(epochs * steps_per_epoch, 6)))  # 1.1 * 10 is a little more than 11


class Solver:
    """Trains `network`; iterate `events()`.

    Everything a step does follows from the state and the step's number, so that a run restored from `state()` goes on
    bit for bit as if it had never stopped.
    """

    def __init__(
        self,
        network: Network,
        batches: BatchSource,
        learner: Learner,
        *,
        epochs: float,
        train_sample: Evaluator,
        validation: Evaluator | None = None,
        schedule: Schedule | None = None,
        warmup_epochs: float = 0.0,
        objective: Objective | None = None,
        choice: Choice | None = None,
        shown: BatchSource | None = None,
    ) -> None:
        """Make a solver; `shown` has the images that statistics are computed from, for an average that asks for it."""
        self.network, self.batches, self.learner, self.epochs = network, batches, learner, epochs
        self.steps_per_epoch = batches.batches_per_epoch
        self.train_sample, self.validation = train_sample, validation
        self.objective: Objective = objective or network
        self.choice = choice or Choice()
        self._shown = shown
        self.guard = Guard(network, learner.rule)
        self.schedule = WarmUp(schedule or Constant(), warmup_epochs, self.steps_per_epoch)
        self._turns = learner.updater.turns(epochs)
        self.step = 0
        self.history: list[EpochDone] = []
        self._factor = 1.0
        self.seconds = 0.0
        self._epoch_loss, self._epoch_seconds, self._epoch_images = 0.0, 0.0, 0
        self.scoring: Callable[[Scoring], None] = lambda _: None
        """Is told how far the scoring of images is, which no event says while it lasts."""
        self._stop_asked = False

    def __repr__(self) -> str:
        return f"Solver(step {self.step:,} of {self.steps:,})"

    # -- running -------------------------------------------------------------------------------------------------------

    @property
    def steps(self) -> int:
        """Steps in the whole of training, at least one; a last epoch may be a part of one."""
        return steps_in(self.epochs, self.steps_per_epoch)

    @property
    def best(self) -> EpochDone | None:
        """The epoch whose weights are the best so far."""
        return next((epoch for epoch in reversed(self.history) if epoch.is_best), None)

    @property
    def gave_up(self) -> bool:
        """Tell whether training ends before its epochs are over, for want of a better one."""
        return self.choice.gives_up(self.history)

    def train_for(self, epochs: float) -> None:
        """Train for other epochs in all than was planned; `events` begun before this do not know of it."""
        self.epochs = epochs
        self._turns = self.learner.updater.turns(epochs)

    def stop(self) -> None:
        """Ask training to stop after the step (or batch of evaluation) in flight; safe in a signal handler."""
        self._stop_asked = True

    def events(self) -> Iterator[Event]:
        """Train from where the state is to the end, or to `stop`. Raises TrainingError where numbers make no sense."""
        while True:
            if self._is_due():
                try:
                    scored = self._score_epoch()
                except EvaluationStoppedError:
                    break
                yield scored
            elif self._stop_asked:
                break
            elif self.step >= self.steps or self.gave_up:
                yield self._finished()
                return
            else:
                yield from self._steps()
        epoch = min(self.step // self.steps_per_epoch + 1, math.ceil(self.epochs))
        yield Interrupted(step=self.step, epoch=epoch)

    @property
    def scored(self) -> int:
        """The step after which training was scored last; 0 before the first time."""
        return self.history[-1].step if self.history else 0

    def _is_due(self) -> bool:
        """Tell whether an epoch is to be scored, each once; and the last step is, whichever it is.

        So where training is lengthened, an epoch that was broken off stands for the whole one, unless it is the last.
        """
        if self.step == self.steps:
            return self.scored < self.step
        return self.step // self.steps_per_epoch > (self.history[-1].epoch if self.history else 0)

    def _steps(self) -> Iterator[StepDone]:
        """Take the steps of the rest of the epoch under way."""
        epoch, start = divmod(self.step, self.steps_per_epoch)
        self.learner.freeze(self.step / self.steps_per_epoch, self.epochs)
        began = time.perf_counter()
        for X, y in self._batches(epoch, start):
            loss, learning_rate = self._take_step(X, y)
            seconds, images = time.perf_counter() - began, len(y)
            self.seconds += seconds
            self._epoch_seconds += seconds
            self._epoch_images += images
            yield StepDone(
                step=self.step,
                epoch=epoch + 1,
                loss=loss,
                learning_rate=learning_rate,
                images=images,
                seconds=seconds,
            )
            if self._stop_asked:
                return
            began = time.perf_counter()

    def _batches(self, epoch: int, start: int) -> Iterator[tuple[Array, Array]]:
        """Yield the epoch's batches from `start` on, as far as there are steps to take."""
        try:
            yield from islice(self.batches.epoch(epoch, start), self.steps - self.step)
        except MemoryError as error:
            raise out_of_memory(self.network, 0, "train.batch_size", error) from error

    def _take_step(self, X: Array, y: Array) -> tuple[float, float]:
        """Update once; returns the loss before it and the learning rate used."""
        self._freeze()
        multiplier = self.multiplier(self.step)
        learning_rate = self.learner.rule.learning_rate * multiplier
        place = self.step + 1, self.step // self.steps_per_epoch + 1, learning_rate
        self.network.step = self.step
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # told in words by the guard
            try:
                loss, gradients = self.objective.loss(X, y)
            except MemoryError as error:
                raise out_of_memory(self.network, len(y), "train.batch_size", error) from error
            self.guard.see_loss(loss, *place)
            squares = self.learner.update(gradients, multiplier, self.step + 1, self.steps)
            self.guard.see_weights(squares, *place)
        self.step += 1
        self._epoch_loss += loss
        return loss, learning_rate

    def _freeze(self) -> None:
        """Freeze the parameters that are frozen from this step on, within an epoch."""
        before, now = (self.step - 1) / self.steps_per_epoch, self.step / self.steps_per_epoch
        if self.step % self.steps_per_epoch and any(before < turn <= now for turn in self._turns):
            self.learner.freeze(now, self.epochs)

    def multiplier(self, step: int, epochs: float | None = None) -> float:
        """Return the factor on the rule's learning rate at a step, as of a training of so many epochs (its own)."""
        of, averaged = epochs or self.epochs, self.learner.averaged

        def scheduled(epoch: float) -> float:
            return self.schedule(epoch, of) * self._factor

        place = step / self.steps_per_epoch
        if averaged is None:
            return scheduled(place)
        return averaged.average.multiplier(place, of, scheduled, self.learner.rule.learning_rate)

    # -- scoring -------------------------------------------------------------------------------------------------------

    def _score_epoch(self) -> EpochDone:
        """Score the epoch just completed and begin the next one."""
        with self._evaluated():
            self._recompute()
            train = self.score(self.train_sample, "training")
            validation = self.score(self.validation, "validation") if self.validation else None
        learning_rate = self.learner.rule.learning_rate * self.multiplier(self.step - 1)
        epoch = math.ceil(self.step / self.steps_per_epoch)
        self.guard.see_scores(train.loss, self.step, epoch, learning_rate)
        done = EpochDone(
            step=self.step,
            epoch=epoch,
            train_loss=self._epoch_loss / (self.step - self.scored),
            train_accuracy=train.accuracy,
            validation_loss=validation.loss if validation else None,
            validation_accuracy=validation.accuracy if validation else None,
            learning_rate=learning_rate,
            seconds=self._epoch_seconds,
            images_per_second=self._epoch_images / max(self._epoch_seconds, 1e-9),
            is_best=True,
            small=self.network.trained_at != self.network.input_shape,
        )
        done = replace(done, is_best=self._is_best(done))
        self.history.append(done)
        self._factor = self.schedule.after(self.history)
        self._epoch_loss, self._epoch_seconds, self._epoch_images = 0.0, 0.0, 0
        return done

    def _is_best(self, done: EpochDone) -> bool:
        """Tell whether an epoch is the best so far; one of small images, only while there is none of whole ones."""
        best = self.best
        if best is not None and done.small != best.small:
            return best.small
        return self.choice.is_better(done, best)

    def _recompute(self) -> None:
        """Compute the running statistics of averaged weights anew, where the average asks for it and is one by now."""
        averaged, shown = self.learner.averaged, self._shown
        if averaged is None or shown is None or not averaged.wants_statistics(self.step, self.steps):
            return

        def seen(images: int, batches: int) -> None:
            self.scoring(Scoring("training", images, round(images / batches * shown.batches_per_epoch)))
            if self._stop_asked:
                raise EvaluationStoppedError

        self.network.step = self.step
        try:
            recompute(self.network, shown.epoch(0), seen)
        except MemoryError as error:
            raise out_of_memory(self.network, 0, "train.batch_size", error) from error

    def score(self, images: Evaluator, what: str) -> Result:
        """Score the network as it stands; raises EvaluationStoppedError where training is asked to stop meanwhile."""
        try:
            return images(self.network, self.stop_asked, lambda done, of: self.scoring(Scoring(what, done, of)))
        except MemoryError as error:
            raise out_of_memory(self.network, images.batch_size, "train.eval_batch_size", error) from error

    def _finished(self) -> Finished:
        best = self.best
        return Finished(
            step=self.step,
            epochs=self.epochs,
            best_epoch=best.epoch if best else 0,
            best_validation_accuracy=best.validation_accuracy if best else None,
            seconds=self.seconds,
        )

    @property
    def mean_loss(self) -> float:
        """The mean over the steps of the epoch under way, or of the one just done, L2 included."""
        steps = self.step - self.scored
        return self._epoch_loss / steps if steps else self.history[-1].train_loss

    def doubt(self) -> tuple[str, str] | None:
        """Say that training leads nowhere, from the losses of the epochs done, and cures; None where it may not."""
        losses = [epoch.train_loss for epoch in self.history]
        return self.guard.doubt(losses, ended=self.step >= self.steps)

    def stop_asked(self) -> bool:
        """Tell whether `stop` has been called."""
        return self._stop_asked

    @contextmanager
    def _evaluated(self) -> Iterator[None]:
        """Give the network, within, the weights that count: the averages, where there are any."""
        averaged = self.learner.averaged
        if averaged:
            averaged.swap()
        try:
            yield
        finally:
            if averaged:
                averaged.swap()

    # -- state ---------------------------------------------------------------------------------------------------------

    def weights(self) -> Arrays:
        """Copy the parameters and running statistics to evaluate with: the averages, where there are any."""
        with self._evaluated():
            return pack({"params": self.network.params, "buffers": self.network.buffers})

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """Return all that the rest of training depends on, as named arrays and JSON. Take it at an event."""
        info = {
            "format": FORMAT,
            "step": self.step,
            "updates": self.learner.updater.t,
            "epoch_loss": self._epoch_loss,
            "epoch_seconds": self._epoch_seconds,
            "epoch_images": self._epoch_images,
            "seconds": self.seconds,
            "steps_per_epoch": self.steps_per_epoch,
            "epochs": self.epochs,
            "history": [figures(epoch) for epoch in self.history],
        }
        if self.network.trained_at != self.network.input_shape:
            info["trained_at"] = list(self.network.trained_at)
        return pack(self._stores()), info

    def restore(self, arrays: Mapping[str, Array], info: Mapping[str, Any]) -> None:
        """Go on from a state of the same network, optimiser and batches; raises CheckpointError if it is not."""
        check_format(info)
        check_info(info)
        if info["steps_per_epoch"] != self.steps_per_epoch:
            raise CheckpointError(
                f"the saved run has {info['steps_per_epoch']} steps in an epoch, this one {self.steps_per_epoch}: "
                "its data, batch_size or accumulate differ"
            )
        unpack(arrays, self._stores())
        self.step, self.learner.updater.t = info["step"], info["updates"]
        self._epoch_loss, self.seconds = info["epoch_loss"], info["seconds"]
        self._epoch_seconds, self._epoch_images = (info.get(name, LATER[name]) for name in LATER)
        self.history = read_history(info)
        if info.get("best_is_small") is True and self.best:  # states once told it of the best alone
            self.history[self.history.index(self.best)] = replace(self.best, small=True)
        self._factor = self.schedule.after(self.history)
        self.network.trained_at = tuple(info.get("trained_at", self.network.input_shape))

    def _stores(self) -> dict[str, Params]:
        stores = {"params": self.network.params, "buffers": self.network.buffers}
        return stores | self.learner.stores()
