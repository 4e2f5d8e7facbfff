"""--epochs below those that a schedule names."""

from pathlib import Path

import pytest

from nndl.config import load_config
from nndl.config.reading.overrides import of_epochs
from nndl.config.shortened import in_proportion, shortened
from nndl.train.schedules import PiecewiseLinear
from tests.config.small import MODEL, experiment


@pytest.mark.parametrize(
    ("train", "epochs", "sets"),
    [
        (
            "epochs: 90, schedule: {multistep: {epochs: [30, 60]}}",
            9,
            ["train.schedule={multistep: {epochs: [3.0, 6.0], factor: 0.1}}"],
        ),
        ("epochs: 90, schedule: {multistep: {epochs: [30, 60]}}", 61, []),
        ("epochs: 90, schedule: {multistep: {epochs: [30, 60]}}", 200, []),
        ("epochs: 10, warmup_epochs: 5", 2, ["train.warmup_epochs=1.0"]),
        ("epochs: 10, warmup_epochs: 5", 5, []),
        (
            "epochs: 10, warmup_epochs: 5, groups: [{match: '*.b', freeze_after: 4}, {match: '*.w', freeze_last: 0.5}]",
            2,
            ["train.warmup_epochs=1.0", "train.groups[0].freeze_after=0.8"],
        ),
        ("epochs: 10, groups: [{match: '*.b', freeze_after: 4}]", 4, ["train.groups[0].freeze_after=1.6"]),
        ("epochs: 10, groups: [{match: '*.b', freeze_after: 4, falling: true}]", 4, []),
        ("epochs: 10, groups: [{match: '*.b', freeze_after: 0}]", 4, []),
        ("epochs: 10, schedule: cosine", 0.1, []),
        ("epochs: 10, schedule: {lr_decay: 0.9}", 1, []),
        ("time_budget: 5min, warmup_epochs: 5", 1, []),
        ("epochs: 10, warmup_epochs: 5", 0, []),
        ("epochs: 10, warmup_epochs: 5", float("nan"), []),
    ],
)
def test_only_what_does_not_fit_is_brought_forward(train: str, epochs: float, sets: list[str]) -> None:
    assert in_proportion(experiment(f"train: {{{train}}}"), epochs) == sets


@pytest.mark.parametrize("epochs", [1, 0.1, 1 / 3, 7, 9.99])
def test_a_schedule_that_ends_with_training_still_does(epochs: float, tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(f"{MODEL}train: {{epochs: 10, schedule: {{piecewise_linear: [[0, 1], [3, 2], [10, 0]]}}}}")
    made = load_config(path, [of_epochs(epochs), *shortened(path, (), epochs)]).train.schedule
    assert isinstance(made, PiecewiseLinear)
    assert made.points == ((0, 1), (pytest.approx(0.3 * epochs), 2), (epochs, 0))


def test_what_is_brought_forward_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(f"{MODEL}train: {{epochs: 10, groups: [{{match: '*.b', freeze_after: 5, falling: true}}]}}")
    (group,) = load_config(path, [of_epochs(3), *shortened(path, (), 3)]).train.groups
    assert (group.match, group.freeze_after, group.falling) == ("*.b", 1.5, True)


def test_a_config_that_is_wrong_in_itself_is_left_to_be_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(f"{MODEL}train: {{epochs: 10, warmup_epochs: 20}}")
    assert shortened(path, (), 5) == []
    assert load_config(path, [of_epochs(30), *shortened(path, (), 30)]).train.warmup_epochs == 20
