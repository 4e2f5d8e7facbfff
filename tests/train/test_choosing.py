"""Epochs are compared by what the config says, and training ends when no better one comes."""

import pytest

from nndl.train.choosing import Choice
from nndl.train.events import EpochDone
from nndl.train.solver import Solver
from tests.train import tiny


def epochs(choice: Choice, figures: list[tuple[float | None, float | None]]) -> list[EpochDone]:
    """The history that epochs of these losses and accuracies make, to where training gives up."""
    history: list[EpochDone] = []
    for number, (loss, accuracy) in enumerate(figures, 1):
        done = EpochDone(
            step=number,
            epoch=number,
            train_loss=1.0,
            train_accuracy=0.5,
            validation_loss=loss,
            validation_accuracy=accuracy,
            learning_rate=0.1,
            seconds=1.0,
            images_per_second=1.0,
            is_best=True,
        )
        best = next((each for each in reversed(history) if each.is_best), None)
        history.append(EpochDone(**{**vars(done), "is_best": choice.is_better(done, best)}))
        if choice.gives_up(history):
            break
    return history


FIGURES = [(2.0, 0.5), (1.0, 0.6), (0.9, 0.6), (1.1, 0.7), (1.2, 0.65), (0.95, 0.7), (1.3, 0.8)]


@pytest.mark.parametrize(
    ("by", "patience", "best"),
    [
        ("accuracy", None, [1, 2, 4, 7]),
        ("loss", None, [1, 2, 3]),
        ("accuracy", 2, [1, 2, 4]),
        ("accuracy", 3, [1, 2, 4, 7]),
        ("loss", 3, [1, 2, 3]),
    ],
)
def test_the_first_to_reach_the_highest_is_the_best(by: str, patience: int | None, best: list[int]) -> None:
    history = epochs(Choice(by, patience), list(FIGURES))  # type: ignore[arg-type]
    assert [each.epoch for each in history if each.is_best] == best
    assert len(history) == (len(FIGURES) if patience is None or best[-1] == 7 else best[-1] + patience)


def test_without_validation_images_every_epoch_is_the_best() -> None:
    assert all(each.is_best for each in epochs(Choice("loss"), [(None, None)] * 3))


def test_training_ends_early_and_ends_so_again_when_it_goes_on() -> None:
    def solver() -> Solver:
        return tiny.solver(epochs=30, choice=Choice("accuracy", 2))

    straight = solver()
    list(straight.events())
    ended = straight.history[-1].epoch
    assert ended < 30
    assert straight.gave_up
    best = straight.best
    assert best is not None
    assert ended - best.epoch == 2
    parted = solver()
    for event in parted.events():
        if isinstance(event, EpochDone) and event.epoch == ended - 1:
            parted.stop()
    again = solver()
    again.restore(*parted.state())
    list(again.events())
    assert [each.is_best for each in again.history] == [each.is_best for each in straight.history]
    assert again.step == straight.step
