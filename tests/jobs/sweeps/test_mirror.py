"""The values of a trial are a function of the file, its number and the results it may know: of nothing else."""

from pathlib import Path
from typing import Any

import pytest

from nndl.jobs.sweeps.load import load_sweep
from nndl.jobs.sweeps.mirror import Mirror, Result
from nndl.jobs.sweeps.schema import Sweep
from tests.jobs.sweeps.small import SWEEP, write

pytest.importorskip("optuna")

SAMPLERS = ["tpe", "random", "grid", "cmaes"]


def sweep_by(sampler: str, folder: Path, more: str = "") -> Sweep:
    text = SWEEP.replace("trials: 6", "trials: 20") + f"sampler: {sampler}\n{more}"
    if sampler == "cmaes":
        pytest.importorskip("cmaes")
        text = text.replace("  train.batch_size: {choose: [10, 20]}\n", "")
    if sampler == "grid":
        text = text.replace("{log: [1.0e-4, 1.0e-1]}", "{choose: [0.1, 0.01]}")
    return load_sweep(write(folder, text))[0]


def result(values: dict[str, Any]) -> Result:
    """A made-up result that depends on what was tried."""
    return Result("complete", (sum(float(value) for value in values.values()) % 1,), {1: 0.1})


def drawn_in_order(sweep: Sweep) -> dict[int, dict[str, Any]]:
    mirror, results, drawn = Mirror(sweep), {}, {}
    for number in range(sweep.trials):
        drawn[number] = mirror.draw(number, dict(results))
        results[number] = result(drawn[number])
    return drawn


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_replica_made_late_says_the_same(sampler: str, tmp_path: Path) -> None:
    sweep = sweep_by(sampler, tmp_path)
    drawn = drawn_in_order(sweep)
    results = {number: result(values) for number, values in drawn.items()}
    mirror = Mirror(sweep)
    for number in (17, 4, 19, 0):
        assert mirror.draw(number, results) == drawn[number]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_trial_knows_those_before_it_but_for_the_last_ones(sampler: str, tmp_path: Path) -> None:
    sweep = sweep_by(sampler, tmp_path)
    drawn = drawn_in_order(sweep)
    known = {number: result(drawn[number]) for number in range(15 - sweep.parallel + 1)}
    assert Mirror(sweep).draw(15, known) == drawn[15]
    with pytest.raises(KeyError):
        Mirror(sweep).draw(16, known)


def test_a_grid_tries_every_combination_once(tmp_path: Path) -> None:
    drawn = drawn_in_order(sweep_by("grid", tmp_path))
    assert len({tuple(values.items()) for values in drawn.values()}) == 20  # 2 x 5 x 2


def test_pruning_depends_on_what_the_trial_may_know(tmp_path: Path) -> None:
    sweep = sweep_by("random", tmp_path, "pruner: median\n")
    drawn = drawn_in_order(sweep)
    good = {number: Result("complete", (0.9,), {1: 0.8, 2: 0.9}) for number in drawn}
    for _ in range(2):
        mirror = Mirror(sweep)
        mirror.draw(12, good)
        assert mirror.should_prune(12, 1, 0.1)
        mirror.draw(11, good)
        assert not mirror.should_prune(11, 1, 0.85)
