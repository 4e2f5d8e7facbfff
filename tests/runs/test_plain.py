"""JSON and YAML of a stranger are plain values of a bounded size, or refused."""

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from nndl.config.bundled import folder
from nndl.runs.plain import DEEPEST, MOST_NODES, parse_json, parse_yaml, read_json

LINE = "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"
BOMB = f"a: &a {LINE}\n" + "".join(
    f"{x}: &{x} [{', '.join([f'*{y}'] * 10)}]\n" for x, y in zip("bcdefghi", "abcdefgh", strict=True)
)
IN_A_KEY = f"a: &a {LINE}\nb: &b [*a, *a]\n? [*b, *b]\n: 1\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, -2.5, true, null, "x"]}', {"a": [1, -2.5, True, None, "x"]}),
        ("[" * DEEPEST + "]" * DEEPEST, None),
        ("9" * 300, int("9" * 300)),
    ],
)
def test_json_that_is_plain_is_read(text: str, value: Any) -> None:
    found = parse_json(text)
    assert found == (value if value is not None else found)
    if isinstance(found, int):
        assert float(found) > 0  # a float can hold it


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "nul", "[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 2000 + "1" + "}" * 2000),
        *("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "1" * 301, "-" + "1" * 5000, '{"seconds": 1' + "0" * 400 + "}"),
    ],
)
def test_json_beyond_measure_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


@pytest.mark.parametrize(
    "text",
    [
        *(BOMB, IN_A_KEY, "a: &a {b: *a}", "&a [*a]", "[" * 5000, "- " * 5000),
        *("a\0b", '"\\UFFFFFFFF"', "a: [", "\ud800"),
        *("!!python/object:os.system x", "a: !!bool x", "a: !!timestamp x", "a: !!int x", "a: 2020-99-99"),
        *("a: " + "9" * 5000, "a: 0x" + "f" * 5000, "a: b\n" * 100_000, "[" + "a," * 100_000, "--- {}\n--- {}"),
    ],
)
def test_yaml_that_means_harm_is_refused_soon(text: str) -> None:
    began = time.monotonic()
    with pytest.raises(ValueError, match=r"."):
        parse_yaml(text)
    assert time.monotonic() - began < 5


def test_yaml_of_a_config_is_read_as_ever() -> None:
    for path in folder().rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert parse_yaml(text) == yaml.safe_load(text)
    assert parse_yaml("") is None
    assert len(parse_yaml("\n".join(f"k{n}: 1" for n in range(MOST_NODES - 2)))) == MOST_NODES - 2
    assert parse_yaml("a: &x [1]\nb: *x") == {"a": [1], "b": [1]}


def test_yaml_has_nothing_but_plain_values() -> None:
    text = "d: 2020-01-01\nt: 2020-01-01T10:00:00Z\nb: !!binary aGk=\ns: !!set {x, y}\n1: 2\non: no\n<<: {z: 1}\n"
    text += "p: !!python/object/apply:os.system [x]\n"
    tree = parse_yaml(text)
    assert tree == {
        "d": "2020-01-01",
        "t": "2020-01-01T10:00:00Z",
        "b": "aGk=",
        "s": {"x": None, "y": None},
        "1": 2,
        "on": False,
        "<<": {"z": 1},
        "p": ["x"],
    }


def test_a_file_is_read_whatever_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"a": "\xff"}')
    assert read_json(tmp_path / "a.json") == {"a": "\ufffd"}
    (tmp_path / "b.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"."):
        read_json(tmp_path / "b.json")


def test_a_name_that_was_no_text_is_read_as_it_is_written() -> None:
    assert parse_yaml('name: "caf\\udcE9"\nseed: 0\n') == {"name": "caf\\udcE9", "seed": 0}
    assert parse_yaml('name: "caf\\u00e9 \\\\udce9"\n') == {"name": "café \\udce9"}
