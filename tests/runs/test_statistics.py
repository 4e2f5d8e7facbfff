"""Statistics tell what the network is like, and leave its training bit for bit as it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.runs.checkpoint import read_checkpoint
from nndl.runs.metrics import read_metrics
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
