"""The reliability diagram has a bar, a whisker and a count for each bin that holds images."""

import re

from nndl.report.reliability import STRIP, reliability_diagram
from nndl.report.svg import HEIGHT, TOP


def drawn(bins: list[list[float]], kind: str) -> list[float]:
    """The heights of the bars of a kind."""
    found = re.findall(rf'<rect class={kind} [^>]* height="([0-9.]+)"', reliability_diagram(bins))
    return [float(height) for height in found]


def test_a_bar_for_each_bin_that_has_images() -> None:
    bins = [[0, 0, 0], [10, 5, 5], [4, 3.6, 1]]
    assert len(drawn(bins, "bar")) == 2
    assert reliability_diagram(bins).count("class=whisker") == 2
    assert "50 % sure, 50 % right of 10; 90 % sure, 25 % right of 4" in reliability_diagram(bins)


def test_heights_are_shares_and_counts() -> None:
    bins = [[10, 5, 10], [5, 4, 2.5]]
    full, half = drawn(bins, "bar")
    assert (full, half) == (HEIGHT - 26 - TOP, (HEIGHT - 26 - TOP) / 2)
    assert drawn(bins, "count") == [STRIP, STRIP / 2]


def test_no_images_are_an_empty_diagram() -> None:
    assert "<rect" not in reliability_diagram([[0, 0, 0]])
