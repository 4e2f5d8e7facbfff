"""Nothing that a terminal obeys gets through, and everything that it shows does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl.visible import HIDDEN, beware, is_hidden, visible, visible_lines

HOSTILE = st.text(st.one_of(st.characters(categories=sorted(HIDDEN)), st.characters()), max_size=40)
"""Texts in which control and format characters are as likely as all others together."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("bn_cnn, Zürich, 猫, 100 %, 1\u00a0000", "bn_cnn, Zürich, 猫, 100 %, 1\u00a0000"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\rb\x7f", r"a\rb\x7f"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("a\u2028b\x85c", r"a\u2028b\x85c"),
        ("\ud800", r"\ud800"),
        ("two\nlines\tand", r"two\nlines\tand"),
    ],
)
def test_what_is_obeyed_is_shown_instead(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_text_of_several_lines_keeps_them() -> None:
    assert visible_lines("two\nlines\tand \x1b") == "two\nlines\tand \\x1b"


@given(HOSTILE)
def test_nothing_hidden_is_left_and_the_rest_stays(text: str) -> None:
    shown = visible(text)
    assert not any(map(is_hidden, shown))
    assert visible(shown) == shown
    assert not any(map(is_hidden, visible_lines(text).replace("\n", "").replace("\t", "")))
    if not any(map(is_hidden, text)):
        assert shown == text


def test_names_that_one_is_warned_of_have_no_lines_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nndl.visible._names", {})
    for path in ("runs/a\nerror: b\tc/seed-0", "\n", "plain/name"):
        beware(path)
    said = visible_lines("two\nlines\tof runs/a\nerror: b\tc/seed-0: a\nerror: b\tc")
    assert said == "two\nlines\tof runs/a\\nerror: b\\tc/seed-0: a\\nerror: b\\tc"
