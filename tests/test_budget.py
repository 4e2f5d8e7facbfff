"""A time becomes epochs before training begins, and the run does not know the difference."""

from pathlib import Path
from typing import Any

import pytest

from nndl import budget
from nndl.api import load_config, train
from nndl.budget import within_budget
from nndl.errors import ConfigError
from nndl.train.events import StepDone
from nndl.train.intervals import parse_duration

CONFIG = """\
engine: reference
threads: 1
data: {dataset: synthetic, train_size: 120, test_size: 20, validation_size: 20}
model: {layers: [avg_pool: 8, affine: 10]}
train: {time_budget: 30s, batch_size: 20, schedule: cosine}
"""


class TimedSolver:
    """Every step takes half a second, but for the first ones."""

    steps_per_epoch = 5

    def events(self) -> Any:
        for step in range(1, 1000):
            yield StepDone(
                step=step, epoch=1, loss=1.0, learning_rate=0.1, images=20, seconds=9.0 if step <= 3 else 0.5
            )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path / "tiny.yaml"


def test_the_epochs_follow_from_the_time_of_a_step(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "build", lambda _: type("Built", (), {"solver": TimedSolver()}))
    timed = within_budget(load_config(config))
    assert timed.train.epochs == 12.0  # 30 s / 0.5 s a step / 5 steps an epoch
    assert timed.train.time_budget is None
    with pytest.raises(ConfigError, match=r"a step takes 0.5 s, and 0\.1s is less"):
        within_budget(load_config(config, ["train.time_budget=0.1s"]))


def test_without_a_budget_nothing_is_timed(config: Path) -> None:
    experiment = load_config(config, ["train.time_budget=null"])
    assert within_budget(experiment) is experiment


def test_a_run_keeps_the_epochs_it_was_given(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "LEAST_SECONDS", 0.0)
    train(load_config(config, ["train.time_budget=0.05 s"]), tmp_path / "run")
    kept = load_config(tmp_path / "run" / "config.yaml").train
    assert kept.time_budget is None
    assert 0 < kept.epochs < 1000


def test_durations() -> None:
    assert [parse_duration(text) for text in ("90s", "10min", "1.5 h")] == [90, 600, 5400]
    for wrong in ("", "10", "10 m", "-3s", "0min", "1e3s"):
        with pytest.raises(ValueError, match="a time is such as 90s"):
            parse_duration(wrong)


def test_a_wrong_time_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG.replace("30s", "soon"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"a time is such as 90s, 10min or 1\.5h, not 'soon'"):
        load_config(tmp_path / "c.yaml")
