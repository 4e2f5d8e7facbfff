"""Whatever is written for a key, what is told of it are our words."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from pydantic import BaseModel, ValidationError

from nndl.config.advice import Hint
from nndl.config.schema import ONE_OF, SECTIONS, TOP
from nndl.config.translate import translate
from nndl.described import option_names
from nndl.train.updater import Group
from tests.config.small import problems

VALUES = ("null", "true", "-1", "1.5", "1e308", "x", "'3'", "[]", "[1, null]", "[[1, 2, 3]]", "{a: true}", ".nan")
VALUES += (".inf", "2024-01-01")
THEIRS = ("input should", "a valid", "unable", "instance", "argument", "pydantic", "tuple", "dictionary", "NoneType")
PYTHONS = re.compile(r"(?<![.\w])(None|True|False|inf|nan|dict)\b|[{(]'|\[(None|True)")


def written() -> Iterator[str]:
    """Every key and option there is, with a gap for its value."""
    for place, section in SECTIONS.items():
        yield from (key if place == TOP else f"{place}.{key}" for key in section.model_fields)
    for key in ONE_OF:
        at = f"{key.key}[0]" if key.many else key.key
        yield from (f"{at}.{kind}.{name}" for kind, each in key.table.items() for name in option_names(each))
        yield from (f"{at}.{kind}" for kind in key.table)
    yield from (f"train.groups[0].{name}" for name in option_names(Group))


@pytest.mark.parametrize("value", VALUES)
def test_no_message_is_pydantics_or_pythons(value: str) -> None:
    start = "model: {layers: [relu, affine: 10]}\ndata: {augment: [flip], mix: [mixup]}\n"
    start += "train: {groups: [{match: '*.w'}]}\n"
    told = [problem.words for key in written() for problem in problems(start, f"{key}={value}")]
    assert len(told) > 50
    assert [words for words in told if any(word in words for word in THEIRS)] == []
    assert [words for words in told if PYTHONS.search(words)] == []


def test_choices_of_a_part_of_ones_own_are_written_as_yaml_has_them() -> None:
    class Chosen(BaseModel):
        way: Literal["a", "None", None, True]
        other: Literal["a", "b"] | None = None
        one: Literal["a", "b"] = "a"

    with pytest.raises(ValidationError) as error:
        Chosen.model_validate({"way": "c"})
    (fault,) = translate(error.value, {"way": "c"}, lambda *_: Hint("", None))
    assert fault.words == "way should be 'a', 'None', null or true, not 'c'"
    given = {"way": "a", "other": "c", "one": "c"}
    with pytest.raises(ValidationError) as error:
        Chosen.model_validate(given)
    assert [fault.words for fault in translate(error.value, given, lambda *_: Hint("", None), Chosen)] == [
        "other should be 'a', 'b' or null, not 'c'",
        "one should be 'a' or 'b', not 'c'",
    ]
