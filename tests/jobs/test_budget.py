"""A time becomes epochs before training begins, and the run does not know the difference."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nndl.api import build, load_config, train
from nndl.errors import ConfigError, UsageError
from nndl.jobs import budget
from nndl.jobs.budget import within_budget
from nndl.train.events import StepDone
from nndl.train.intervals import parse_duration
from tests.train import tiny

CONFIG = """\
engine: reference
threads: 1
data: {dataset: synthetic, train_size: 120, test_size: 20, validation_size: 20}
model: {layers: [avg_pool: 8, affine: 10]}
train: {time_budget: 30s, batch_size: 20, schedule: cosine}
"""


class TimedSolver:
    """Every step takes as long as the last, but for the first three; its clock goes by them."""

    def __init__(self, seconds: float, steps_per_epoch: int = 5, first: float = 9.0) -> None:
        self.seconds, self.steps_per_epoch, self.first = seconds, steps_per_epoch, first
        self.now, self.taken = 0.0, 0

    def events(self) -> Any:
        while True:
            self.taken += 1
            took = self.first if self.taken <= 3 else self.seconds
            self.now += took
            yield StepDone(step=self.taken, epoch=1, loss=1.0, learning_rate=0.1, images=20, seconds=took)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path / "tiny.yaml"


@pytest.fixture
def steps_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., TimedSolver]:
    """Make the steps of training take so long."""

    def patched(*times: Any, **more: Any) -> TimedSolver:
        solver = TimedSolver(*times, **more)
        monkeypatch.setattr(budget, "build", lambda _: type("Built", (), {"solver": solver}))
        monkeypatch.setattr(budget, "perf_counter", lambda: solver.now)
        return solver

    return patched


def test_the_epochs_follow_from_the_time_of_a_step(config: Path, steps_of: Callable[..., TimedSolver]) -> None:
    steps_of(0.5)
    timed = within_budget(load_config(config, ["train.time_budget=60s"]))
    assert timed.train.epochs == 24  # 60 s / 0.5 s a step / 5 steps an epoch
    assert isinstance(timed.train.epochs, int)  # 24.0 would be a change when the run is resumed
    assert timed.train.time_budget is None


def test_steps_of_every_size_count_by_their_share_of_training(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds: half of the steps at 0.1 s, half at 0.4 s."""
    took = {(16,): 0.1, (32,): 0.4}

    def built(experiment: Any) -> Any:
        return type("Built", (), {"solver": TimedSolver(took[experiment.train.resolution.sizes])})

    monkeypatch.setattr(budget, "build", built)
    sets = ["train.time_budget=10s", "train.resolution={schedule: [[0, 16], [0.5, 32]]}"]
    layers = "model.layers=[avg_pool: 4, global_avg_pool, affine: 10]"
    assert within_budget(load_config(config, [*sets, layers])).train.epochs == 8  # 40 steps of 0.25 s


def test_a_time_for_less_than_a_step_is_told_with_the_time_of_one(
    config: Path, steps_of: Callable[..., TimedSolver]
) -> None:
    steps_of(0.0123456, first=0.0123456)
    with pytest.raises(ConfigError, match=r"a step takes 0\.0123 s, and 0\.001s is less"):
        within_budget(load_config(config, ["train.time_budget=0.001s"]))


@pytest.mark.parametrize(("seconds", "per_epoch"), [(0.48, 5), (0.35, 7), (0.001, 45_000), (7.0, 45_000), (0.03, 97)])
def test_no_step_is_taken_beyond_the_budget(
    config: Path, steps_of: Callable[..., TimedSolver], seconds: float, per_epoch: int
) -> None:
    steps_of(seconds, per_epoch, first=seconds)
    solver = tiny.solver(epochs=within_budget(load_config(config, ["train.time_budget=10s"])).train.epochs)
    solver.steps_per_epoch = per_epoch
    assert solver.steps == int(10 / seconds)


def test_timing_does_not_outlast_the_budget_but_for_a_step_after_the_first(
    config: Path, steps_of: Callable[..., TimedSolver]
) -> None:
    solver = steps_of(2.0, first=2.0)
    within_budget(load_config(config, ["train.time_budget=5s"]))
    assert solver.taken == 3
    solver = steps_of(4.0, first=9.0)
    within_budget(load_config(config, ["train.time_budget=10s"]))
    assert solver.taken == 2


SCHEDULES = {
    "{piecewise_linear: [[0, 0.2], [10, 1], [200, 0]]}": r"schedule \(piecewise_linear\) goes on to epoch 200",
    "{multistep: {epochs: [6, 12]}}": r"schedule \(multistep\) goes on to epoch 12",
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_in_epochs_that_the_budget_would_cut_is_refused(
    config: Path, steps_of: Callable[..., TimedSolver], schedule: str
) -> None:
    steps_of(0.5, first=0.5)
    sets = [f"train.schedule={schedule}", "train.epochs=1.8"]  # the epochs are no matter: the budget sets others
    with pytest.raises(ConfigError, match=rf"12 epochs fit into 30s, but the {SCHEDULES[schedule]}: give it a longer"):
        within_budget(load_config(config, sets))
    assert within_budget(load_config(config, [*sets, "train.time_budget=1h"])).train.epochs == 1440


def test_a_warm_up_that_outlasts_the_budget_is_refused(config: Path, steps_of: Callable[..., TimedSolver]) -> None:
    steps_of(0.5, first=0.5)
    with pytest.raises(ConfigError, match="12 epochs fit into 30s, but the warm-up takes 40"):
        within_budget(load_config(config, ["train.warmup_epochs=40"]))


def test_slow_weights_that_would_not_be_renewed_are_refused(config: Path, steps_of: Callable[..., TimedSolver]) -> None:
    steps_of(0.5, first=0.5)
    with pytest.raises(ConfigError, match="60 steps fit into 30s, but lookahead renews its weights every 61"):
        within_budget(load_config(config, ["train.average={lookahead: 61}"]))
    assert within_budget(load_config(config, ["train.average={lookahead: 60}"])).train.epochs == 12


def test_a_mean_of_no_weights_is_refused(config: Path, steps_of: Callable[..., TimedSolver]) -> None:
    steps_of(0.5, first=0.5)
    with pytest.raises(
        ConfigError, match=r"60 steps fit into 30s, but swa begins after 45 and takes none of those behind"
    ):
        within_budget(load_config(config, ["train.average={swa: {every: 16 steps}}"]))
    assert within_budget(load_config(config, ["train.average={swa: {every: 15 steps}}"])).train.epochs == 12


def test_what_is_wrong_whatever_the_epochs_is_told_beside_a_budget_too(config: Path) -> None:
    for schedule in ("{multistep: {epochs: [4, 4]}}", "{piecewise_linear: [[-1, 1], [1, 0]]}"):
        with pytest.raises(ConfigError, match=r"rising order|training begins with epoch 0"):
            load_config(config, [f"train.schedule={schedule}"])


def test_a_time_for_more_epochs_than_there_may_be_is_refused(
    config: Path, steps_of: Callable[..., TimedSolver]
) -> None:
    steps_of(0.01, first=0.01)
    with pytest.raises(ConfigError, match="7,200,000,000 epochs fit into 100000h, but 1,000,000 are the most"):
        within_budget(load_config(config, ["train.time_budget=100000h"]))


def test_without_a_budget_nothing_is_timed(config: Path) -> None:
    experiment = load_config(config, ["train.time_budget=null"])
    assert within_budget(experiment) is experiment


def test_a_run_keeps_the_epochs_it_was_given(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "LEAST_SECONDS", 0.0)
    train(load_config(config, ["train.time_budget=0.05 s"]), tmp_path / "run")
    kept = load_config(tmp_path / "run" / "config.yaml").train
    assert kept.time_budget is None
    assert 0 < kept.epochs < 1000


def test_a_budget_that_was_not_turned_into_epochs_is_refused(config: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a time_budget becomes epochs first: give train the experiment"):
        train(build(load_config(config)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_durations() -> None:
    assert [parse_duration(text) for text in ("90s", "10min", "1.5 h")] == [90, 600, 5400]
    for wrong in ("", "10", "10 m", "-3s", "1e3s"):
        with pytest.raises(ValueError, match="a time is such as 90s"):
            parse_duration(wrong)
    for nothing in ("0s", "0.0 min"):
        with pytest.raises(ValueError, match="more than nothing, such as 90s, not '0"):
            parse_duration(nothing)


def test_a_wrong_time_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG.replace("30s", "soon"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"a time is such as 90s, 10min or 1\.5h, not 'soon'"):
        load_config(tmp_path / "c.yaml")
