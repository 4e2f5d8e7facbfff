"""The source of statements is what ast.get_source_segment gives, whatever the text's lines and letters are."""

import ast
from pathlib import Path

import pytest

import nndl
from nndl.check.segments import segments

ODD = (
    "x = 1; y = 'ä€'; z = [\n 1,\n 2]\n\n@decorated\ndef f():\n\treturn 'é' # ende\nclass A:\n  pass;   w = 3\n",
    "s = 'a\\x0cb'\x0c\n\x0cdef f(): pass\n",
    'doc = """a\x1c\x85\u2028b"""; after = 2\nasync def g(): pass',
    "if x:\n  a\nelse:\n  b",
    "",
)


@pytest.mark.parametrize(
    "text", [*ODD, *(path.read_text(encoding="utf-8") for path in Path(nndl.__path__[0]).glob("*.py"))]
)
def test_segments_are_the_statements_sources(text: str) -> None:
    nodes = ast.parse(text).body
    assert segments(text, nodes) == [ast.get_source_segment(text, node) for node in nodes]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_may_end_as_they_like(end: str) -> None:
    text = ODD[0]
    other = text.replace("\n", end)
    assert segments(other, ast.parse(other).body) == segments(text, ast.parse(text).body)
