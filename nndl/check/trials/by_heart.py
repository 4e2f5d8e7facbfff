"""Learning a few images by heart: a network that cannot do that will learn nothing, and this says why it cannot."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nndl.config.build import Built
from nndl.errors import TrainingError
from nndl.train.events import EpochDone, Event, Interrupted, Noticed, StepDone
from nndl.train.health.health import Health
from nndl.train.health.look import Output, look
from nndl.train.health.signs import Guessing, Sign
from nndl.train.solver import Solver

KNOWN = 0.1
"""Times the loss of guessing that the images may cost at most when they are known by heart."""
STILL_FALLING = 0.95
"""Times the loss of the second quarter of the steps that the third may cost, for more of them to be of use. In the last
the learning rate is small."""
START = "before the first step"
APART = 0.5
"""Share of the images right at most, for test mode to be blamed where training mode knows them."""


@dataclass
class ByHeart:
    """A training on a few images, and how it came out."""

    solver: Solver
    guessing: Guessing
    right: int = 0
    """Images told right, in test mode, after the last step."""
    images: int = 0
    losses: list[float] = field(default_factory=list)
    learnt: bool = False
    interrupted: bool = False
    noticed: list[Noticed] = field(default_factory=list)
    ended: str = ""
    """The words of the error that ended it, if one did."""

    @property
    def loss(self) -> float:
        """The mean over the steps of the last epoch."""
        return self.solver.history[-1].train_loss if self.solver.history else float("nan")

    def failed(self) -> Sign:
        """Say what fails first of a training that did not learn its images, and what to try."""
        sample = self.solver.train_sample
        now = look(self.solver.network, sample.normalize(sample.images), sample.labels)
        first = next((each for each in self.noticed if each.sign != "chance"), None)  # which sends here
        constant = _constant(now.outputs[-1])
        if first and not (constant and first.sign == "updates"):  # no weight moves where no gradient comes
            when = "" if first.says.startswith(START) else f"{_when(first.step)}, "
            return Sign(first.sign, f"{when}{first.says}", first.cure)
        if self.ended:
            says, _, cure = self.ended.partition("\n  likely cures: ")
            return Sign("ended", says, cure or "train.optimizer's learning_rate at a tenth of it")
        return constant or self._test_mode(now.loss) or self._slow() or self._stuck()

    def _test_mode(self, now: float) -> Sign | None:
        if now > KNOWN * self.guessing.loss or self.right > APART * self.images:
            return None
        says = f"in training mode the images are known (loss {now:.3g}), in test mode {self.right} of {self.images} are"
        cure = "batch norm's momentum at 0.9 or less, that its running averages follow; nndl check CONFIG looks further"
        return Sign("test_mode", says, cure)

    def _slow(self) -> Sign | None:
        quarter = max(1, len(self.losses) // 4)
        then, now = (sum(self.losses[place * quarter :][:quarter]) / quarter for place in (1, 2))
        if now > STILL_FALLING * then:
            return None
        says = f"the loss still falls: {then:.3g} on average in the second quarter of the steps, {now:.3g} in the third"
        return Sign("slow", says, "more --steps, or a learning rate some times larger")

    def _stuck(self) -> Sign:
        says = f"the loss does not come below {self.loss:.3g}, and no sign tells why"
        cure = "more filters or units; a learning rate three times larger or smaller; nndl gradcheck CONFIG"
        return Sign("stuck", says, cure)


def _constant(scores: Output) -> Sign | None:
    """Say where nothing of an image reaches the scores."""
    if scores.varies:
        return None
    says = f"{scores.path} gives every image the same scores: nothing of an image comes through, and no gradient back"
    return Sign("constant", says, "weights other than 0 in every layer (init: he), and no scale of 0")


def _when(step: int) -> str:
    return f"after step {step:,}" if step else START


def learn_by_heart(built: Built, see: Callable[[Event], None]) -> ByHeart:
    """Train until all images are known, or to the end; `see` is told of every event."""
    solver = built.solver
    guessing = Guessing.of(solver.network.loss_function, solver.network.placed[-1].out_shape[0])
    outcome = ByHeart(solver, guessing, images=len(built.split.train))
    health = Health(solver)
    outcome.noticed += health.begin()
    try:
        for event in solver.events():
            see(event)
            outcome.noticed += health.see(event)
            if isinstance(event, StepDone):
                outcome.losses.append(event.loss)
            elif isinstance(event, EpochDone):
                outcome.right = round(event.train_accuracy * min(outcome.images, len(solver.train_sample.labels)))
                outcome.learnt = event.train_accuracy == 1 and event.train_loss <= KNOWN * guessing.loss
                if outcome.learnt:
                    break
            elif isinstance(event, Interrupted):
                outcome.interrupted = True
    except TrainingError as error:
        outcome.ended = str(error)
    return outcome


def as_record(outcome: ByHeart, aside: tuple[str, ...]) -> dict[str, Any]:
    """Return the outcome as JSON."""
    failed = None if outcome.learnt else outcome.failed()
    return {
        "learnt": outcome.learnt,
        "images": outcome.images,
        "right": outcome.right,
        "loss": outcome.loss,
        "guessing": outcome.guessing.loss,
        "steps": outcome.solver.step,
        "seconds": outcome.solver.seconds,
        "put_aside": list(aside),
        "failed": failed and {"check": failed.name, "says": failed.says, "try": failed.cure},
        "noticed": [{"check": each.sign, "step": each.step} for each in outcome.noticed],
    }
