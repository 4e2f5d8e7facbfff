"""Formulas are broken where they hold together least."""

import pytest

from nndl.cli.screen.breaking import broken


@pytest.mark.parametrize(
    ("formula", "width", "lines"),
    [
        ("a = b + c", 20, ["a = b + c"]),
        ("a = b · c + d · e + f", 16, ["a = b · c", "    + d · e + f"]),
        ("a = b · (c + d) · e", 16, ["a = b · (c + d)", "    · e"]),
        ("a = b · (c + d + e + f)", 16, ["a = b", "    · (c + d + e", "    + f)"]),
        ("abcdefghijklmnopqrstuvwxyz", 10, ["abcdefghijklmnopqrstuvwxyz"]),
    ],
)
def test_lines(formula: str, width: int, lines: list[str]) -> None:
    assert broken(formula, width, 4) == lines
