"""Shares in words: the same on the terminal and on a page."""

from nndl.runs.comparing import spread
from nndl.runs.shares import and_deviation, between, percent, plus_minus, points


def test_a_share_has_two_decimals_and_none_a_dash() -> None:
    assert [percent(share) for share in (0.7512, 1.0, 0.0, None)] == ["75.12 %", "100.00 %", "0.00 %", "-"]


def test_an_interval_and_a_difference() -> None:
    assert between((0.74461, 0.76149)) == "74.46 to 76.15"
    assert [points(share) for share in (0.0031, -0.0031)] == ["+0.31", "-0.31"]


def test_one_run_has_no_deviation() -> None:
    assert [plus_minus(spread(values)) for values in ((0.5, 0.52), (0.5,), ())] == ["51.00 ± 1.41 %", "50.00 %", "-"]
    assert [and_deviation(one) for one in (0.0031, None)] == [", standard deviation 0.31", ""]
