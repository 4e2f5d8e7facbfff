"""The observer of a training's health: looks into the network at a few steps, and tells each sign once."""

from collections.abc import Collection, Iterator

import numpy as np

from nndl.net.types import Array
from nndl.train.events import EpochDone, Event, Noticed, StepDone
from nndl.train.guard import DOUBTFUL
from nndl.train.health import signs
from nndl.train.health.look import Look, look
from nndl.train.health.signs import Guessing, Sign
from nndl.train.solver import Solver

SAMPLE = 64
"""Training images that are looked at."""
FEWEST = 8
"""Images that say something of what a layer tells apart."""
EARLY = (0, 10, 100)
"""Steps after which it looks, besides ends of epochs."""
APART = 200
"""Steps between two ends of epochs that it looks at: a look costs about as much as three steps."""
UNDER_WAY = 100
"""Steps before which a loss may still climb, and weights that begin near zero move by as much as they are."""


class Health:
    """Watches `solver`, and leaves it as it is: not a bit of the training is other than without.

    What it sees follows from the training's state and the step's number alone, so that a resumed run is told the same;
    `said` are the signs that were told before.
    """

    def __init__(self, solver: Solver, said: Collection[str] = ()) -> None:
        self._solver, self._said = solver, set(said)
        network = solver.network
        self._guessing = Guessing.of(network.loss_function, network.placed[-1].out_shape[0])
        self._before: Array | None = None
        self._loss = 0.0

    def begin(self) -> Iterator[Noticed]:
        """Yield what is seen before the first step that this process takes."""
        if len(self._solver.train_sample.labels) < FEWEST:
            return
        if self._solver.step == 0:
            seen = self._look()
            yield from self._tell(signs.of_start(seen, self._guessing) if seen else None)
        elif self._is_due(self._solver.step):
            self._look()

    def see(self, event: Event) -> Iterator[Noticed]:
        """Yield what an event shows."""
        if len(self._solver.train_sample.labels) < FEWEST:
            return
        if isinstance(event, StepDone):
            yield from self._tell(self._of_updates(event))
            if event.step in EARLY:
                yield from self._of_step(event.learning_rate)
        elif isinstance(event, EpochDone):
            yield from self._tell(self._absurd(event))
            if self._is_due(event.step) and event.step >= UNDER_WAY:
                if event.step not in EARLY:
                    yield from self._of_step(event.learning_rate)
                yield from self._tell(self._of_chance(event))

    def _is_due(self, step: int) -> bool:
        per_epoch = self._solver.steps_per_epoch
        apart = -(-APART // per_epoch) * per_epoch
        return step in EARLY or (step >= UNDER_WAY and (step % apart == 0 or step == self._solver.steps))

    def _of_step(self, rate: float) -> Iterator[Noticed]:
        """Look into the network, and at the loss."""
        seen = self._look()
        if seen is None:
            return
        yield from self._tell(signs.of_layers(seen, rate=rate))
        if self._solver.step >= UNDER_WAY and not self._has_cause:
            yield from self._tell(signs.of_dead_units(seen, self._guessing) or signs.of_gradients(seen))
        if self._solver.step >= UNDER_WAY and self._said.isdisjoint(("absurd", "first_loss", "exploding")):
            mean = self._solver.mean_loss - self._solver.network.l2_loss()
            yield from self._tell(signs.of_rising(seen.loss, mean, self._guessing, rate))

    @property
    def _has_cause(self) -> bool:
        """True where layers were told from which small gradients and updates follow."""
        return not self._said.isdisjoint(("exploding", "vanishing", "dead"))

    def _look(self) -> Look | None:
        """Look into the network; None where there is no memory for that, which is no reason for training to end."""
        solver = self._solver
        sample = solver.train_sample
        self._loss, self._before = 0.0, None
        try:
            seen = look(solver.network, sample.normalize(sample.images[:SAMPLE]), sample.labels[:SAMPLE])
        except MemoryError:
            return None
        self._loss = seen.loss
        self._before = solver.network.params.vector.copy() if solver.step >= UNDER_WAY else None
        return seen

    def _of_updates(self, event: StepDone) -> Sign | None:
        """Compare the weights after a step with those kept before it, if they were."""
        before, self._before = self._before, None
        if before is None or self._has_cause:
            return None
        network, ratios = self._solver.network, {}
        for name in network.decayed:
            place = network.params.slices[name]
            size = float(np.linalg.norm(before[place]))
            if size > 0 and name not in network.frozen:
                ratios[name] = float(np.linalg.norm(network.params.vector[place] - before[place])) / size
        largest = self._solver.learner.rule.learning_rate
        share = event.learning_rate / largest if largest else 0.0
        return signs.of_updates(ratios, self._loss, self._guessing, event.learning_rate, share)

    def _of_chance(self, epoch: EpochDone) -> Sign | None:
        labels = self._solver.train_sample.labels
        commonest = float(np.bincount(labels).max() / len(labels))
        return signs.of_chance(epoch.train_accuracy, len(labels), commonest, self._loss, self._guessing)

    def _absurd(self, epoch: EpochDone) -> Sign | None:
        solver, scores = self._solver, epoch.validation_loss
        if solver.network.l2 and scores is not None and scores < DOUBTFUL * self._guessing.loss:
            return None  # what costs so much is L2
        early = solver.step < min(UNDER_WAY, solver.steps)  # an epoch of few steps may be no more than a spike
        doubt = None if early else solver.doubt()
        return None if doubt is None else Sign("absurd", *doubt)

    def _tell(self, sign: Sign | None) -> Iterator[Noticed]:
        if sign is not None and sign.name not in self._said:
            self._said.add(sign.name)
            yield Noticed(step=self._solver.step, sign=sign.name, says=sign.says, cure=sign.cure)
