"""A report tells what a summary tells, and trusts no figure in it."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.damages import VALUES
from nndl.report.gather import Facts, gather
from nndl.report.page import page
from nndl.runs.folder import RunFolder
from nndl.runs.metrics import is_count
from tests.runs.made import make_run

RIGHT = {"accuracy": 0.5, "interval95": [0.25, 0.75], "images": 4, "confusion": [[1, 1], [1, 1]]}


def facts_of(folder: Path, best: Any) -> Facts:
    """Of a run without weights whose summary says this of the test set."""
    if not folder.exists():
        make_run(folder)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    (folder / "summary.json").write_text(json.dumps({**summary, "test": {"best": best}}), encoding="utf-8")
    facts = gather(RunFolder(folder))
    facts.classes = ("cat", "dog")
    return facts


def test_without_weights_the_summary_s_figures_stand_in_the_page(tmp_path: Path) -> None:
    facts = facts_of(tmp_path / "run", RIGHT)
    assert facts.interval == (0.25, 0.75)
    assert np.array_equal(facts.confusion if facts.confusion is not None else [], [[1, 1], [1, 1]])
    assert "95 % confidence: 25.00 to 75.00 %" in page([facts])


def test_figures_that_are_none_are_left_out(tmp_path: Path) -> None:
    for value in VALUES:
        for interval in (value, [value, 0.75], [0.25, value], [0.25, 0.75, value]):
            facts = facts_of(tmp_path / "run", {**RIGHT, "interval95": interval})
            right = interval in ([0.25, 1], [0, 0.75]) and not isinstance(value, bool)
            assert (facts.interval is not None) is right
            page([facts])


def test_a_confusion_that_is_none_is_left_out(tmp_path: Path) -> None:
    for value in VALUES:
        for confusion in (value, [value, [1, 1]], [[1, 1], [1, value]], [[1, 1], [1, 1], value]):
            facts = facts_of(tmp_path / "run", {**RIGHT, "confusion": confusion})
            assert (facts.confusion is not None) is (confusion == [[1, 1], [1, value]] and is_count(value))
            page([facts])
