"""The options of a description, and the strings under them, which document them."""

import ast
import inspect
from functools import cache
from itertools import pairwise
from textwrap import dedent
from typing import Any


@cache
def option_docs(described: type[Any]) -> dict[str, str]:
    """Map the names of fields, inherited ones included, to the strings under them."""
    docs: dict[str, str] = {}
    for cls in reversed(described.__mro__[:-1]):
        docs |= _own(cls)
    return docs


def _own(cls: type[Any]) -> dict[str, str]:
    try:
        tree = ast.parse(dedent(inspect.getsource(cls)))
    except (OSError, TypeError):
        return {}
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    docs = {}
    for field, below in pairwise(body):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            docs[field.target.id] = inspect.cleandoc(str(below.value.value)).replace("\n", " ")
    return docs
