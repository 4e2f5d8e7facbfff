"""Curves in a terminal stand where their points do."""

from hypothesis import given
from hypothesis import strategies as st

from nndl.cli.screen.braille import SPARKS, Canvas, Trace, sparkline

POINTS = st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e6, 1e6)), max_size=30)


def shown(canvas: Canvas, braille: bool = True) -> list[str]:
    return ["".join(char for char, _ in row) for row in canvas.rows(braille)]


def test_a_straight_line_goes_from_corner_to_corner() -> None:
    rows = shown(Canvas([[(0, 0), (1, 1)]], 4, 2))
    assert rows[0][3] != " "
    assert rows[1][0] != " "
    assert rows[0][0] == rows[1][3] == " "


def test_a_level_curve_and_a_single_point_are_drawn() -> None:
    assert "".join(shown(Canvas([[(0, 5), (9, 5)]], 6, 3))).count(" ") == 12
    assert "".join(shown(Canvas([[(3, 5)]], 6, 3))).count(" ") == 17
    assert shown(Canvas([[]], 2, 1)) == ["  "]


def test_several_curves_have_their_own_marks() -> None:
    canvas = Canvas([[(0, 0), (1, 0)], [(0, 1), (1, 1)]], 5, 2)
    assert shown(canvas, braille=False) == ["bbbbb", "aaaaa"]
    assert {who for _, who in canvas.rows()[0]} == {1}


def test_a_band_is_every_other_dot_around_its_curve() -> None:
    canvas = Canvas([[(0, 5), (1, 5)]], 4, 3, bands=[[(0, 0, 10), (1, 0, 10)]])
    rows = canvas.rows()
    assert [{who for _, who in row} for row in rows] == [{-1}, {0}, {-1}]
    assert {char for row in (rows[0], rows[2]) for char, _ in row} == {"⢕"}
    assert ["".join(char for char, _ in row) for row in canvas.rows(braille=False)] == ["....", "aaaa", "...."]


def test_letters_stand_on_their_curves_where_there_are_no_colours() -> None:
    rows = Canvas([[(0, 0), (1, 0)], [(0, 1), (1, 1)]], 60, 2).rows(lettered=True)
    marked = [[(column, char) for column, (char, _) in enumerate(row) if char.isalpha()] for row in rows]
    assert marked == [[(8, "b"), (32, "b"), (56, "b")], [(4, "a"), (28, "a"), (52, "a")]]


@given(st.lists(POINTS, max_size=3), st.integers(1, 30), st.integers(1, 8))
def test_any_points_fit_the_canvas(curves: list[list[tuple[float, float]]], width: int, height: int) -> None:
    rows = shown(Canvas(curves, width, height))
    assert [len(row) for row in rows] == [width] * height


def test_a_sparkline_rises_with_its_values() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == SPARKS
    assert sparkline([1.0] * 100, 5) == SPARKS[0] * 5
    assert sparkline([]) == ""
    assert sparkline([float(value) for value in range(100)], 4) == "▁▃▆█"


def test_a_trace_of_any_length_keeps_its_shape() -> None:
    trace = Trace(cells=8)
    assert trace.sparkline() == ""
    for value in range(10_000):
        trace.add(float(value))
    trace.add(float("nan"))
    line = trace.sparkline()
    assert len(line) == 8
    assert [SPARKS.index(char) for char in line] == sorted(SPARKS.index(char) for char in line)
    assert (line[0], line[-1]) == (SPARKS[0], SPARKS[-1])


def test_a_spike_leaves_the_rest_of_a_trace_to_be_seen() -> None:
    trace = Trace(cells=20)
    for value in [1000.0, *[float(20 - number) for number in range(39)]]:
        trace.add(value)
    assert len(set(trace.sparkline())) == len(SPARKS)
