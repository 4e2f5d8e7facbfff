"""Rubrics: what is read, and where what is wrong is said to be."""

from pathlib import Path

import pytest

from nndl.course.rubric import Item, parse_rubric, read_rubric
from nndl.errors import ConfigError


def test_points_and_who_sees_them() -> None:
    text = "title: Two\nfunctions:\n  affine_forward: 4\n  adam: {points: 2.5, visibility: after_due_date}\n"
    rubric = parse_rubric(text, "r.yaml")
    assert rubric.title == "Two"
    assert rubric.functions == {"affine_forward": Item(4.0), "adam": Item(2.5, "after_due_date")}
    assert [item.shown for item in rubric.functions.values()] == [True, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "r.yaml:1:1: a rubric says what functions are worth; write functions: {affine_forward: 4}"),
        ("functions: [adam]", "r.yaml:1:12: a rubric says what functions are worth"),
        ("points: 3\n", "r.yaml:1:1: a rubric says"),
        ("functions: {adam: 1}\ntitel: x", "r.yaml:2:1: 'titel' means nothing here; it has title and functions; did"),
        ("functions: {adam: 1}\ntitle: 7", "r.yaml:2:8: a title is a text"),
        (
            "functions:\n  afine_forward: 4",
            "r.yaml:2:3: no function that is checked is called 'afine_forward'; did you",
        ),
        ("functions:\n  adam: many", "r.yaml:2:9: points are a number, not 'many'"),
        ("functions:\n  adam:", "points are a number, not nothing"),
        ("functions:\n  adam: true", "r.yaml:2:9: points are a number, not true"),
        ("functions:\n  adam: -1", "r.yaml:2:9: points are between 0 and 1,000,000, not -1"),
        ("functions:\n  adam: .nan", "points are between 0 and 1,000,000, not .nan"),
        ("functions:\n  adam: {visibility: hidden}", "r.yaml:2:3: points is missing; write adam: {points: 4}"),
        (
            "functions:\n  adam: {points: 1, visibility: hiden}",
            "r.yaml:2:33: visibility is visible, hidden, after_due_",
        ),
        ("functions:\n  adam: {points: 1, hide: 1}", "r.yaml:2:21: 'hide' means nothing here"),
        ("functions:\n  adam: 1\n  adam: 2", "r.yaml:3:3: 'adam' is set twice, first on line 2"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_rubric(text, "r.yaml")
    assert message in str(caught.value)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text("functions:\n  adam: -1\n  sgd: many\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"2 problems in [\s\S]*r.yaml:2:9[\s\S]*r.yaml:3:8"):
        read_rubric(file)
