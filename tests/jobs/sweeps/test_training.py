"""A trial is judged by epochs whose weights may be its best."""

import json
from pathlib import Path

import pytest

from nndl.jobs.sweeps.training import _objective
from nndl.runs.folder import RunFolder

EPOCHS = [
    {"step": 3, "epoch": 1, "validation_accuracy": 0.9, "validation_loss": 0.2, "small": True},
    {"step": 6, "epoch": 2, "validation_accuracy": 0.5, "validation_loss": 0.7},
    {"step": 9, "epoch": 3, "validation_accuracy": 0.4, "validation_loss": 0.6},
]


@pytest.mark.parametrize(("name", "value"), [("validation_accuracy", 0.5), ("validation_loss", 0.6)])
def test_epochs_of_small_images_do_not_count(tmp_path: Path, name: str, value: float) -> None:
    lines = (json.dumps({"kind": "epoch", **epoch}) + "\n" for epoch in EPOCHS)
    (tmp_path / "metrics.jsonl").write_text("".join(lines), encoding="utf-8")
    assert _objective(name, RunFolder(tmp_path)) == value
