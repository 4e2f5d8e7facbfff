"""Memory that runs out in training is told with what takes it and what would need less."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from nndl.errors import TrainingError
from tests.train import tiny


def out_of_memory(*_: Any) -> Any:
    """As NumPy says it."""
    np.empty((1 << 50,), np.float32)


def test_a_step_that_takes_too_much_names_the_batch_and_half_of_it() -> None:
    solver = tiny.solver()
    solver.network.loss = out_of_memory  # type: ignore[assignment]
    with pytest.raises(TrainingError) as caught:
        list(solver.events())
    words, cures = str(caught.value).split("\n")
    assert words.startswith(
        "memory ran out (4.00 PiB more were asked for): what the layers give for a batch of 16 comes to 0 MiB"
    )
    assert "what needs less: train.batch_size: 8, fewer threads (threads: 1), or a smaller network" in cures
    assert solver.step == 0


def test_scoring_that_takes_too_much_names_its_own_batches() -> None:
    solver = tiny.solver()
    solver.network.scores = out_of_memory  # type: ignore[method-assign]
    with pytest.raises(TrainingError, match=r"(?s)for a batch of 16 comes.*train.eval_batch_size: 8"):
        list(solver.events())
    assert solver.step == 3


def test_batches_that_cannot_be_made_are_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    solver = tiny.solver()

    def batches(*_: int) -> Iterator[Any]:
        yield out_of_memory()

    monkeypatch.setattr(solver.batches, "epoch", batches)
    with pytest.raises(
        TrainingError, match=r"memory ran out \(4.00 PiB more were asked for\)\n  what needs less: fewer images"
    ):
        list(solver.events())
