"""The size budget of the design: small files, small functions, no import cycles between rooms' modules."""

import ast
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "nndl").rglob("*.py"), *(ROOT / "cs231n").rglob("*.py")])


def functions(path: Path) -> list[tuple[str, int]]:
    """Every function of a file with its length in lines, docstring and comments counted."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        (f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for node in found
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_over_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_functions_fit_a_screen() -> None:
    lengths = dict(pair for path in SOURCES for pair in functions(path))
    assert {name: length for name, length in lengths.items() if length > 50} == {}
    assert median(lengths.values()) <= 12
    assert sorted(lengths.values())[int(0.9 * len(lengths))] < 30


def test_nothing_unpickles_outside_the_one_restricted_reader() -> None:
    readers = [
        p
        for p in SOURCES
        if any(word in p.read_text(encoding="utf-8") for word in ("import pickle", "allow_pickle=True"))
    ]
    assert [p.relative_to(ROOT).as_posix() for p in readers] == ["nndl/data/pickled.py"]
