"""The experiment as a value."""

from tests.config.small import experiment


def test_with_epochs_changes_the_length_of_training_alone() -> None:
    made = experiment("train: {time_budget: 5min, batch_size: 7}")
    assert made.with_epochs(3) == experiment("train: {epochs: 3, batch_size: 7}")
    assert made.train.time_budget == "5min"
