"""A run's curves as pandas' tables, and in words where pandas is missing."""

import sys
from typing import Any, cast

import numpy as np
import pytest

from nndl.errors import MissingExtraError, UsageError
from nndl.runs.curves import EPOCH_CURVES
from nndl.runs.recorded import Recorded

CURVES = Recorded(
    {"epoch": np.array([1.0, 2.0]), "step": np.array([1.0, 2.0, 3.0])}
    | {name: np.array([0.5, np.nan]) for name in EPOCH_CURVES}
    | {"loss": np.array([3.0, 2.0, 1.0]), "learning_rate": np.full(3, 0.1)}
)


def test_curves_are_tables_by_epoch_and_by_step() -> None:
    pytest.importorskip("pandas")
    epochs, steps = CURVES.to_frame(), CURVES.to_frame("step")
    assert (epochs.index.name, epochs.index.tolist(), list(epochs.columns)) == ("epoch", [1, 2], list(EPOCH_CURVES))
    assert epochs["validation_loss"].isna().tolist() == [False, True]
    assert (steps.index.name, steps.loc[3, "loss"], steps.shape) == ("step", 1.0, (3, 2))


def test_a_run_without_epochs_is_an_empty_table() -> None:
    pytest.importorskip("pandas")
    empty = Recorded({name: values[:0] for name, values in CURVES.items()})
    assert empty.to_frame().shape == (0, len(EPOCH_CURVES))


def test_without_pandas_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"a DataFrame needs pandas: pip install 'nndl\[pandas\]'"):
        CURVES.to_frame()


def test_another_way_to_count_is_refused() -> None:
    with pytest.raises(UsageError, match="by epoch or by step, not by 'image'"):
        CURVES.to_frame(cast(Any, "image"))
