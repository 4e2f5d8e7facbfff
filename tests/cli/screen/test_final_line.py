"""The line that ends a training."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nndl.cli.screen.training import _final_line
from nndl.runs.folder import RunFolder


@pytest.mark.parametrize(("patience", "words"), [(1, "for 1 epoch;"), (3, "for 3 epochs;")])
def test_epochs_are_counted_in_english(patience: int, words: str) -> None:
    part = SimpleNamespace
    built = part(
        experiment=part(train=part(patience=patience)),
        split=part(dataset=part(synthetic=False)),
        test=part(tta="none"),
    )
    best = {"accuracy": 0.5}
    test = {"best": best, "last": best}
    summary = {"test": test, "best_validation_accuracy": None, "stopped_early": True, "seconds": 1.0}
    assert f"none better {words}" in _final_line(summary, RunFolder(Path("run")), cast(Any, built))
