"""The place of the caret, on a terminal as in the file."""

from pathlib import Path

import pytest

from nndl.config import load_config
from nndl.config.reading.messages import Mark, Problem, ProblemsError, dotted
from tests.config.small import problems


def below(text: str, line: int, column: int) -> str:
    """Return what stands above the caret."""
    shown, caret = str(ProblemsError("f", text, [Problem((), "wrong", Mark(line, column))])).splitlines()[1:]
    return shown[caret.index("^") :]


def test_the_caret_stands_below_what_is_wrong() -> None:
    assert below("a: {b: 1, c: 2}", 0, 10) == "c: 2}"


def test_tabs_within_a_line_do_not_move_it() -> None:
    assert below("a:\t{b: 1}", 0, 4) == "b: 1}"


def test_a_long_line_is_cut_around_it() -> None:
    text = "x, " * 1000 + "wrong, " + "y, " * 1000
    assert below(text, 0, 3000).startswith("wrong, y, y")


def test_letters_two_columns_wide_move_it() -> None:
    message = str(ProblemsError("f", "漢字: e\u0301x: 1", [Problem((), "wrong", Mark(0, 6))]))
    assert message.splitlines()[2] == "    " + " " * (4 + 2 + 1) + "^"  # two of 2, ": ", e with its accent


@pytest.mark.parametrize(("before", "ending"), [(b"", b"\n"), (b"", b"\r\n"), (b"\xef\xbb\xbf", b"\n")])
def test_windows_line_endings_and_byte_order_marks_move_nothing(before: bytes, ending: bytes, tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(before + ending.join([b"seeed: 1", b"model:", b"  layers: [{affine: ten}]", b""]))
    with pytest.raises(ProblemsError) as caught:
        load_config(path)
    assert [problem.mark for problem in caught.value.problems] == [(0, 0), (2, 20)]
    assert str(caught.value).splitlines()[2:4] == ["    seeed: 1", "    ^"]


def test_of_very_many_problems_the_first_are_told_and_the_rest_counted() -> None:
    text = "".join(f"wrong{n}: 1\n" for n in range(30)) + "model: {layers: [affine: 10]}\n"
    assert len(problems(text)) == 30
    message = str(ProblemsError("f", text, problems(text)))
    assert message.startswith("30 problems in f\n")
    assert message.endswith("\n... and 10 more")


def test_paths_are_written_as_set_takes_them() -> None:
    assert dotted(("model", "layers", 0, "conv", "filters")) == "model.layers[0].conv.filters"
