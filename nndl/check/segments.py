"""The source text of statements: ast.get_source_segment goes through the whole text for each, which takes longer."""

import ast
import re


def segments(text: str, nodes: list[ast.stmt]) -> list[str]:
    """Return the source of each statement of a text, without its decorators; lines end in \\n."""
    lines = re.split("\r\n|\r|\n", text)
    return [_segment(lines, node) for node in nodes]


def _segment(lines: list[str], node: ast.stmt) -> str:
    """Cut a statement out of its lines; ast counts columns in bytes of UTF-8."""
    end = node.end_lineno or node.lineno
    own = [line.encode() for line in lines[node.lineno - 1 : end]]
    own[-1] = own[-1][: node.end_col_offset]
    own[0] = own[0][node.col_offset :]
    return b"\n".join(own).decode()
