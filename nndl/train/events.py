"""Events of training, as values: observers (terminal, JSONL, checkpoints) read them and change nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class StepDone:
    """One step of the optimiser has been taken."""

    step: int
    """Steps taken since the start of training: 1 after the first."""
    epoch: int
    """The epoch under way: 1 is the first."""
    loss: float
    """On this batch, before the update, L2 included."""
    learning_rate: float
    images: int
    """In this batch."""
    seconds: float
    """For this step, the making of the batch included."""


@dataclass(frozen=True, kw_only=True)
class EpochDone:
    """An epoch has ended and been evaluated. Accuracies are shares of 1."""

    step: int
    epoch: int
    train_loss: float
    """Mean over the steps of the epoch."""
    train_accuracy: float
    """On a fixed sample of training images, as they are (not augmented), in test mode: the courses' way."""
    validation_loss: float | None
    """None, as the accuracy below, where no images are held out."""
    validation_accuracy: float | None
    learning_rate: float
    seconds: float
    """For the epoch's steps, without the evaluation; of this process, if the epoch was resumed."""
    images_per_second: float
    is_best: bool
    """The best so far by `train.best_by` (the first to reach it); without validation images always true."""
    small: bool = False
    """It ended on smaller images (train.resolution), of which its running statistics are, though it is scored on whole
    ones. Such an epoch is the best only while there is no other."""


@dataclass(frozen=True, kw_only=True)
class Interrupted:
    """Training was asked to stop and did, between two steps: the state is whole."""

    step: int
    epoch: int


@dataclass(frozen=True, kw_only=True)
class Finished:
    """All epochs are done, or no better one has come for as long as the config waits."""

    step: int
    epochs: float
    best_epoch: int
    best_validation_accuracy: float | None
    seconds: float
    """In training steps, over all processes that took part."""


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """Something is wrong with a training, as far as its figures tell; each sign is told once in a run."""

    step: int
    """The step after which it was seen; 0 before the first."""
    sign: str
    """One of `nndl.train.health.signs.SIGNS`."""
    says: str
    cure: str
    """A cure to try, or several."""

    def words(self) -> str:
        """Return both, a line each."""
        return f"{self.says}\n  what to try: {self.cure}"


@dataclass(frozen=True)
class Scoring:
    """The progress of scoring some images: not an event, since the state is not whole meanwhile."""

    what: str
    """training, validation or test"""
    done: int
    of: int


Event = StepDone | EpochDone | Noticed | Interrupted | Finished

_MAY_BE_NONE = ("validation_loss", "validation_accuracy", "best_validation_accuracy")
_COUNTS = ("step", "epoch", "images", "best_epoch")
MOST = 1 << 53
"""No figure of a training is as large; whole numbers below it are exact as floats."""
_WORDS = ("sign", "says", "cure")
_WHERE_TRUE = ("small",)
"""Left out of records where it is not so, as in those of older versions."""
MOST_WORDS = 2000
"""Characters that may be said at once."""
_KINDS = {StepDone: "step", EpochDone: "epoch", Noticed: "noticed", Interrupted: "interrupted", Finished: "finished"}


def from_record(record: Mapping[str, Any]) -> Event | None:
    """Return the event that `as_record` made a record of; None for what is none, or not whole."""
    kind = next((kind for kind, name in _KINDS.items() if name == record.get("kind")), None)
    if kind is None:
        return None
    values = {
        field.name: record.get(field.name, False if field.name in _WHERE_TRUE else None) for field in fields(kind)
    }
    return kind(**values) if all(_fits(key, value) for key, value in values.items()) else None


def _fits(key: str, value: Any) -> bool:
    if value is None:
        return key in _MAY_BE_NONE
    if key in _WORDS:
        return isinstance(value, str) and len(value) <= MOST_WORDS
    if key in _COUNTS:
        return type(value) is int and 0 <= value < MOST
    return isinstance(value, int | float) and abs(value) < MOST


def as_record(event: Event) -> dict[str, Any]:
    """Return the event as a JSON object, its kind first."""
    return {"kind": _KINDS[type(event)], **figures(event)}


def figures(event: Event) -> dict[str, Any]:
    """Return what the event says, as JSON has it."""
    return {key: value for key, value in asdict(event).items() if value or key not in _WHERE_TRUE}
