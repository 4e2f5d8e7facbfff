"""Charts put their points where they belong."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl.report.svg import HEIGHT, WIDTH, Line, Scale, line_chart, number, percent_tick


def test_the_ends_of_a_line_are_at_the_ends_of_the_axes() -> None:
    scale = Scale([Line("a", [(0.0, 0.0), (10.0, 4.0)])])
    assert scale.ticks == [0, 1, 2, 3, 4]
    assert scale.x(10) == pytest.approx(WIDTH - 8)
    assert scale.y(4) < scale.y(2) < scale.y(0) <= HEIGHT


def test_powers_of_ten_are_evenly_apart() -> None:
    scale = Scale([Line("a", [(1.0, 0.001), (2.0, 1.0)])], log=True)
    heights = [scale.y(tick) for tick in scale.ticks]
    assert scale.ticks == pytest.approx([0.001, 0.01, 0.1, 1])
    assert heights[0] - heights[1] == pytest.approx(heights[2] - heights[3])


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(-1e9, 1e9)), max_size=400), st.booleans())
def test_any_points_give_a_chart_within_its_frame(points: list[tuple[float, float]], log: bool) -> None:
    chart = line_chart("title", [Line("a <b>", points, dots=True)], log=log)
    paths = "".join(re.findall(r' d="([^"]*)"', chart))
    drawn = [float(value) for value in re.findall(r"-?[0-9.]+", paths)]
    assert all(math.isfinite(value) and 0 <= value <= WIDTH for value in drawn)
    assert "<b>" not in chart
    assert (chart == "") == (not [y for _, y in points if y > 1e-30 or not log])


def test_numbers_are_short() -> None:
    assert [number(value) for value in (0, 0.001, 2.5, 4000, 0.1 + 0.2)] == ["0", "0.001", "2.5", "4,000", "0.3"]


def test_an_axis_begins_at_zero_where_heights_are_compared() -> None:
    line = [Line("a", [(0.0, 90.0), (1.0, 100.0)])]
    assert Scale(line).ticks[0] > 0
    assert Scale(line, from_zero=True).ticks[0] == 0


@given(st.floats(0.01, 1000))
def test_the_axis_says_what_it_counts_wherever_its_last_number_falls(last: float) -> None:
    assert Scale([Line("a", [(0.0, 0.0), (last, 1.0)])]).axis("epoch").count("epoch") == 1


def test_near_shares_have_different_names() -> None:
    assert [percent_tick(share) for share in (0.5975, 0.6, 0.6025, 1)] == ["59.8 %", "60 %", "60.2 %", "100 %"]
