"""YAML 1.2's scalars, places, and everything in YAML that a config must not use."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl.config.reading.marked import read, scalar
from nndl.config.reading.messages import Mark, ProblemsError


def refusal(text: str) -> ProblemsError:
    with pytest.raises(ProblemsError) as caught:
        read(text, "f.yaml")
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E3", 1000.0),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-7", -7),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("~", None),
        ("", None),
        ("Null", None),
        ("TRUE", True),
        ("false", False),
        *(
            (word, word)
            for word in ("on", "off", "yes", "no", "y", "N", "1_000", "12:30", "2024-01-01", "0b1", "1e", ".")
        ),
    ],
)
def test_a_plain_word_means_what_yaml_1_2_says(text: str, value: Any) -> None:
    found = read(f"key: {text}", "f.yaml").value["key"]
    assert (found, type(found)) == (value, type(value))


def test_nan_is_a_number() -> None:
    assert scalar(".NaN") != scalar(".NaN")


@pytest.mark.parametrize("text", ["'1'", '"1"', "|\n  1", ">-\n  1"])
def test_what_is_quoted_is_text(text: str) -> None:
    assert read(f"key: {text}", "f.yaml").value["key"].strip() == "1"


@given(st.integers() | st.floats(allow_nan=False))
def test_what_python_writes_of_a_number_is_read_as_that_number(number: float) -> None:
    text = repr(number).replace("inf", ".inf")
    assert scalar(text) == number
    assert type(scalar(text)) is type(number)


def test_every_key_and_value_has_its_place() -> None:
    marked = read("a:\n  - {b: 1,  c: [x, y]}\n  -   d\n", "f.yaml")
    assert marked.keys[("a", 0, "c")] == Mark(1, 12)
    assert marked.values[("a", 0, "c", 1)] == Mark(1, 19)
    assert marked.values[("a", 1)] == Mark(2, 6)
    assert marked.place(("a", 0, "b", "deeper", 3)) == marked.values[("a", 0, "b")]


def test_an_empty_value_stands_where_its_key_does() -> None:
    assert read("a:\n  bcd:\n", "f.yaml").place(("a", "bcd")) == Mark(1, 2)


def test_every_key_that_is_set_twice_is_named_with_both_lines() -> None:
    error = refusal("a: 1\nb: 2\na: 3\nc: {d: 1, d: 2}\n")
    assert [(p.mark, p.words) for p in error.problems] == [
        (Mark(2, 0), "'a' is set twice, first on line 1; keep one of them"),
        (Mark(3, 10), "'d' is set twice, first on line 4; keep one of them"),
    ]


def test_one_value_may_be_used_in_several_places() -> None:
    assert read("- &x {a: [1]}\n- *x\n", "f.yaml").value == [{"a": [1]}, {"a": [1]}]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a: 1\n\tb: 2\n", 1, 0, "a tab"),
        ("a:\n  - x\n -y: 3\n- z", 2, 1, "a space after the '-'"),
        ("a: [1, 2\nb: 3\n", 1, 1, "']' that closes what was opened at 1:4"),
        ("a: 'b\nc: d\n", 2, 0, "the quote opened at 1:4"),
        ("a: @b\n", 0, 3, "begins with @"),
        ("a: *b\n", 0, 3, "undefined alias 'b'"),
        ("a: 1\n---\nb: 2\n", 1, 0, "a second document"),
        ("a: b\x00c\n", 0, 4, "a character"),
        ('ab: "\\UFFFFFFFF"\n', 0, 5, "no such letter"),
        ('a: "\\0"\n', 0, 3, "cannot be printed"),
        ('a: "\\ud800"\n', 0, 3, "cannot be printed"),
        ('"\\ud800": 1\n', 0, 0, "cannot be printed"),
        ("? [a]\n: b\n", 0, 2, "a key must be a plain word"),
        ("a: !!python/object/apply:os.system [ls]\n", 0, 3, "no YAML tags"),
        ("a: !!str 5\n", 0, 3, "no YAML tags"),
        ("a: &a [*a]\n", 0, 3, "nested too deeply"),
        ("&x a: &y {c: 1}\n<<: *y\n", 1, 0, "no part of YAML 1.2"),
        ("a: {match: *.w}\n", 0, 11, "text that begins with * wants quotes"),
        ("a: & b\n", 0, 3, "text that begins with & wants quotes"),
        ("a: >5 minutes\n", 0, 3, "text that begins with | or > wants quotes"),
        ("a: !x!y 1\n", 0, 3, "no YAML tags"),
        ("a: !!binary aGVsbG8=\n", 0, 3, "no YAML tags"),
        ("a: &x 1\nb: &x 2\n", 1, 3, "this anchor is set already at 1:4"),
        ("a: - b\n", 0, 3, "an entry of a list"),
        ('root: "C:\\data"\n', 0, 10, "put the text in single quotes"),
        ("a: 'it's'\n", 0, 7, "a quote ends before this"),
        ("a: [1,,2]\n", 0, 6, "a value is missing before this sign"),
        ("a:\t1\n", 0, 2, "here is a tab; write a space instead"),
        ("%YAML 2.0\n---\na: 1\n", 0, 0, "leave out the line that begins with %"),
        ("[1]\na: 2\n", 1, 0, "one mapping of keys to values"),
    ],
)
def test_what_is_no_config_is_refused_at_its_place(text: str, line: int, column: int, words: str) -> None:
    (problem,) = refusal(text).problems
    assert problem.mark == (line, column)
    assert words in problem.words


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 20)),
        "[" * 100_000,
        "a: " * 50_000,
        "- " * 100_000,
        "x" * 1_000_001,
        "- 1\n" * 30_000,
        "?\n" * 300_000,
        "{a: " * 100_000,
        "[" * 30_000 + "]" * 30_000,
        "".join(f"{' ' * depth}a:\n" for depth in range(1000)),
        "? " * 50_000,
    ],
    ids=[
        "billion laughs",
        "brackets",
        "mappings",
        "dashes",
        "too long",
        "too many",
        "empty keys",
        "braces",
        "closed brackets",
        "indentation",
        "keys in keys",
    ],
)
def test_what_would_fill_the_memory_is_refused_soon(text: str) -> None:
    started = time.process_time()
    assert len(str(refusal(text))) < 500
    assert time.process_time() - started < 4


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: " + "[" * 1000, 0, 53),
        ("".join(f"{' ' * depth}a:\n" for depth in range(100)), 50, 50),
        ("- 1\n" * 30_000, 19_999, 2),
        ("a: &a {b: 1, c: *a}\n", 0, 10),
    ],
    ids=["brackets", "indentation", "entries", "itself"],
)
def test_what_is_too_much_is_told_where_it_becomes_so(text: str, line: int, column: int) -> None:
    (problem,) = refusal(text).problems
    assert (problem.mark, problem.words) == ((line, column), "this is too large, or nested too deeply, for a config")


def test_numbers_as_keys_are_words() -> None:
    assert read("1: a\nnull: b\n", "f.yaml").value == {"1": "a", "null": "b"}


def test_a_name_is_what_is_shown_of_it() -> None:
    """Runs of a config whose file's name is no text have such a name in theirs; they could not be read again."""
    assert read('name: "caf\\udce9\\e"\n', "x").value == {"name": "caf\\udce9\\x1b"}
    with pytest.raises(ProblemsError, match=r"printed, \\udce9: take it out, and out of the name of"):
        read('data: {name: "caf\\udce9"}\n', "x")
