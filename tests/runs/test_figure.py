"""Pictures of curves: made, of the kind asked for, and refused where they cannot be."""

import builtins
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl.errors import MissingExtraError, UsageError
from nndl.runs.curves import Curves, read_curves
from nndl.runs.figure import spread_out, write_figure
from nndl.runs.folder import RunFolder
from tests.runs.made import make_run

BEGINNINGS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.mark.parametrize("suffix", BEGINNINGS)
@pytest.mark.parametrize("count", [1, 2])
def test_a_picture_of_each_kind(tmp_path: Path, suffix: str, count: int) -> None:
    pytest.importorskip("matplotlib")
    curves = [read_curves(RunFolder(make_run(tmp_path / f"run{number}"))) for number in range(count)]
    write_figure([*curves, *([Curves("empty")] if count > 1 else [])], tmp_path / f"curves{suffix}")
    content = (tmp_path / f"curves{suffix}").read_bytes()
    assert content.startswith(BEGINNINGS[suffix])
    assert len(content) > 5000


def test_names_at_the_ends_of_lines_do_not_lie_on_each_other() -> None:
    figures = pytest.importorskip("matplotlib.figure")
    from nndl.runs.figure import _label_ends

    axes = figures.Figure().subplots()
    for name in ("one", "two", "three"):
        axes.plot([0, 1], [0, 1], gid=name)
    _label_ends(axes)
    heights = sorted(text.xyann[1] for text in axes.texts)
    assert heights == pytest.approx([-11, 0, 11])
    assert {text.get_text() for text in axes.texts} == {"one", "two", "three"}


def test_names_are_taken_as_they_are(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    names = ("$\\frac$ and $", "_hidden", "\\")
    curves = [read_curves(RunFolder(make_run(tmp_path / f"run{i}")), name) for i, name in enumerate(names)]
    write_figure(curves, tmp_path / "curves.svg")
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "none"}):
        write_figure(curves, tmp_path / "curves.svg")
    text = (tmp_path / "curves.svg").read_text(encoding="utf-8")
    assert all(text.count(f">{name}</text>") == 2 for name in names)  # the loss and the accuracy


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"should end in \.png, \.svg or \.pdf"):
        write_figure([], tmp_path / "curves.txt")
    with pytest.raises(UsageError, match="there is no folder"):
        write_figure([], tmp_path / "none" / "curves.png")


def test_without_matplotlib_the_command_that_adds_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return found(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match=r"pip install 'nndl\[plot\]'"):
        write_figure([], tmp_path / "curves.png")


@given(st.lists(st.floats(-500, 500), max_size=12).map(sorted))
def test_names_are_spread_no_more_than_they_must(heights: list[float]) -> None:
    moved = spread_out(heights, apart=10)
    assert all(above - below >= 10 - 1e-6 for below, above in pairwise(moved))
    assert sum(moved) == pytest.approx(sum(heights), abs=1e-6)  # about their middle
    if all(above - below >= 10 for below, above in pairwise(heights)):
        assert moved == pytest.approx(heights)
