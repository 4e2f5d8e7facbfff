"""Statistics tell what the network is like, and leave its training bit for bit as it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tests.small_run
from nndl.config.build import build
from nndl.config.load import parse_config
from nndl.jobs.replay import timeless, train_until
from nndl.jobs.resume import keeping, resume
from nndl.jobs.start import start_run
from nndl.runs.checkpoint import read_checkpoint
from nndl.runs.folder import RunFolder
from nndl.runs.metrics import read_metrics
from nndl.runs.recorder import Recorder
from nndl.runs.statistics import Statistics
from nndl.train.events import StepDone
from tests.train import tiny


def record(every: str, epochs: float = 2) -> tuple[list[dict[str, Any]], Any]:
    solver = tiny.solver(epochs=epochs)
    statistics = Statistics(solver, every)
    return [found for event in solver.events() for found in statistics.see(event)], solver


def test_weights_and_updates_are_those_of_the_steps() -> None:
    solver = tiny.solver(epochs=1)
    statistics, kept, gradients, found = Statistics(solver, "2 steps"), {}, {}, []
    for event in solver.events():
        found += list(statistics.see(event))
        if isinstance(event, StepDone):
            kept[event.step] = {name: value.copy() for name, value in solver.network.params.items()}
            gradients[event.step] = {name: float(np.linalg.norm(g)) for name, g in solver.network.grads.items()}
    (first,) = found
    assert first["step"] == 2
    for name, norm in first["weights"].items():
        assert norm == pytest.approx(float(np.linalg.norm(kept[2][name])), rel=1e-6)
        assert first["gradients"][name] == pytest.approx(gradients[2][name], rel=1e-6)
    name = "affine1.w"
    moved = float(np.linalg.norm(kept[3][name] - kept[2][name])) / float(np.linalg.norm(kept[2][name]))
    assert first["updates"][name] == pytest.approx(moved, rel=1e-5)


def test_activations_have_a_spread_and_relu_has_zeros() -> None:
    found, solver = record("epoch")
    assert [each["step"] for each in found] == [3, 6]
    layers = found[0]["activations"]
    assert list(layers) == [placed.path for placed in solver.network.placed]
    assert 0 < layers["relu1"]["zeros"] < 1
    assert layers["affine1"]["deviation"] > 0
    assert found[-1]["updates"] == {}  # there was no step after the last


@pytest.mark.parametrize("every", ["1 step", "2 steps", "epoch"])
def test_training_is_the_same_with_and_without(every: str) -> None:
    _, watched = record(every)
    alone = tiny.solver(epochs=2)
    list(alone.events())
    for name, array in watched.state()[0].items():
        assert array.tobytes() == alone.state()[0][name].tobytes()


def test_a_config_asks_for_them(tmp_path: Path) -> None:
    from nndl.api import load_config, train

    config = tmp_path / "tiny.yaml"
    config.write_text(
        "engine: reference\nthreads: 1\n"
        "data: {dataset: synthetic, train_size: 60, test_size: 20, validation_size: 20}\n"
        "model: {layers: [avg_pool: 8, affine: 10]}\ntrain: {epochs: 2, batch_size: 20}\n",
        encoding="utf-8",
    )
    train(load_config(config), tmp_path / "without")
    train(load_config(config, ["record.statistics=1 step"]), tmp_path / "with")
    kinds = [line["kind"] for line in read_metrics(tmp_path / "with" / "metrics.jsonl")]
    assert kinds.count("statistics") == 4
    one, other = (read_checkpoint(tmp_path / name / "last.safetensors")[0] for name in ("without", "with"))
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)


def stopped_and_resumed(folder: Path, every: str, saved: str, stop_at: int, *, killed: bool) -> list[dict[str, Any]]:
    """The records of a run that was stopped after a step and went on, or killed there: nothing was said at its end."""
    config = tests.small_run.config() + f"record: {{statistics: {every}}}\n"
    built = build(parse_config(config, "small.yaml", [f"checkpoint.every={saved}"]))
    run = start_run(built, folder)
    with Recorder(run, built.solver, keeping(built)) as recorder:
        for event in built.solver.events():
            if killed and event.step > stop_at:
                break
            recorder.see(event)
            if not killed and event.step >= stop_at:
                built.solver.stop()
    resumed = resume(run)
    assert resumed.built.solver.step <= stop_at
    train_until(run, resumed.built.solver, resumed.keeping, tests.small_run.STEPS)
    return records_of(run)


def records_of(run: RunFolder) -> list[dict[str, Any]]:
    """The lines that no two runs differ in but for time."""
    return [timeless(line) for line in read_metrics(run.metrics)]


@pytest.fixture(scope="module", params=["1 step", "3 steps", "epoch"])
def straight(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Any]:
    """Return how often statistics are recorded, and the lines of a run that nobody stopped."""
    experiment = parse_config(tests.small_run.config() + f"record: {{statistics: {request.param}}}\n", "small.yaml")
    built = build(experiment)
    run = start_run(built, tmp_path_factory.mktemp("straight") / "run")
    train_until(run, built.solver, keeping(built), tests.small_run.STEPS)
    lines = records_of(run)
    assert (
        sum(line["kind"] == "statistics" for line in lines) == {"1 step": 12, "3 steps": 4, "epoch": 3}[request.param]
    )
    return request.param, lines


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "stopped"])
@pytest.mark.parametrize("saved", ["1 step", "3 steps", "epoch"])
def test_a_run_that_was_stopped_has_the_records_of_one_that_was_not(
    tmp_path: Path, straight: tuple[str, Any], saved: str, killed: bool
) -> None:
    """Every digit and every line, in order: one between a step and the next was lost, or had no updates."""
    every, lines = straight
    for stop_at in (4, 6, 7):  # an epoch's end, one that is due, and one that is not
        assert stopped_and_resumed(tmp_path / f"{stop_at}", every, saved, stop_at, killed=killed) == lines


def test_a_stopped_run_shows_what_there_is_of_its_last_record() -> None:
    """It has no updates until the run goes on."""
    solver = tiny.solver(epochs=1)
    statistics = Statistics(solver, "1 step")
    found = []
    for event in solver.events():
        found += list(statistics.see(event))
        if event.step == 2:
            solver.stop()
    assert [(record["step"], bool(record["updates"])) for record in found] == [(1, True), (2, False)]


@pytest.mark.parametrize(
    "said",
    [
        None,
        3,
        [],
        {},
        {"waiting": 3, "gradients": []},
        {"waiting": {}},
        {"waiting": {"kind": "statistics", "step": 99}},
    ],
)
def test_a_state_that_says_nothing_of_statistics_is_gone_on_from(said: Any) -> None:
    """That of an older nndl, or a forged one: gradients that nobody knows are not made up."""
    solver = tiny.solver(epochs=2)
    statistics = Statistics(solver, "epoch")
    for event in solver.events():
        if event.step == 3:
            solver.stop()
    assert solver.history == []
    arrays, info = solver.state()
    solver = tiny.solver(epochs=2)
    solver.restore(arrays, info)
    statistics = Statistics(solver, "epoch")
    statistics.restore({**info, "statistics": said})
    assert not statistics.waits
    first, second = [record for event in solver.events() for record in statistics.see(event)]
    assert (first["step"], first["gradients"]) == (3, {})
    assert second["gradients"]["affine1.w"] > 0
