"""Pydantic's errors in words for the person who wrote the config."""

import re
from collections.abc import Callable, Sequence
from types import NoneType
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError

from nndl.config.advice import Hint
from nndl.config.reading.marked import scalar
from nndl.config.reading.messages import Path, dotted
from nndl.config.shown import shown

QUOTES = "; put it in quotes"
A_MAPPING = "a mapping, key: value"
EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a word",
    "tuple_type": "a list",
    "model_type": A_MAPPING,
    "dataclass_type": A_MAPPING,
    "finite_number": "a finite number",
}
GROUPED = re.compile(r"[0-9]{1,3}([_,][0-9]{3})+")
"""Python's 1_000, and 1,000: words to YAML."""
CONSTANTS = {"None": "null", "True": "true", "False": "false"}
"""Python's constants among choices, as YAML writes them."""
BARE = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|None|True|False""")
"""A choice in quotes, which stays as it is, or a constant."""
LIMITS = {
    "greater_than": ("gt", "more than {}"),
    "greater_than_equal": ("ge", "{} or more"),
    "less_than": ("lt", "less than {}"),
    "less_than_equal": ("le", "{} or less"),
}
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
MISSING = ("missing", "missing_keyword_only_argument", "missing_argument")

Advise = Callable[[Path, Any], Hint]
"""Advice on the unknown key at a path, which is set to some value."""


class Fault(NamedTuple):
    """A fault, in words, with its place."""

    path: Path
    words: str
    at_key: bool = False
    """True where the key itself is wrong rather than what it is set to."""


def translate(error: ValidationError, tree: Any, advise: Advise, model: type[BaseModel] | None = None) -> list[Fault]:
    """List everything pydantic found wrong with `tree`, as `model` has it, which says where null may be, too.

    What a value could have been ("a whole number or 'same'") becomes one message, and a key that is only misspelt is
    not also missing.
    """
    # A list whose items are wrong is empty to pydantic, and reported as too short besides.
    items = [item for item in error.errors(include_url=False) if not _seems_short(item)]
    hints = {tuple(item["loc"]): advise(tuple(item["loc"]), item["input"]) for item in items if item["type"] in UNKNOWN}
    unknown = [Fault(path, f"unknown key {str(path[-1])!r}; {hint.words}", True) for path, hint in hints.items()]
    meant = {hint.meant for hint in hints.values()}
    others: list[Fault] = []
    wanted: dict[Path, list[Any]] = {}
    for item in items:
        path = tuple(item["loc"])
        if item["type"] == "value_error":
            others.append(Fault(path, str(item["ctx"]["error"])))
        elif item["type"] in MISSING and isinstance(path[-1], str):
            others += [] if path in meant else [Fault(path, f"{path[-1]!r} is missing")]
        elif item["type"] not in UNKNOWN:
            wanted.setdefault(_within(tree, path), []).append(item)
    # A list that is wrong in one place is also no number, which an option may be instead: the place says more.
    around = {path[:depth] for path in wanted for depth in range(len(path))}
    found = [
        Fault(path, _unfit(path, items, _may_be_null(model, path)))
        for path, items in wanted.items()
        if path not in around
    ]
    return [*unknown, *others, *found]


def _seems_short(item: Any) -> bool:
    """Tell whether a list is called too short and is not."""
    return item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]


def _within(tree: Any, path: Path) -> Path:
    """Leave out of `path` what is not in the tree: pydantic puts in the alternative it tried, such as 'int'."""
    inside: Path = ()
    for part in path:
        in_list = isinstance(tree, list | tuple) and isinstance(part, int) and part < len(tree)
        if in_list or (isinstance(tree, dict) and part in tree):
            tree, inside = tree[part], (*inside, part)
    return inside


def _may_be_null(model: Any, path: Path) -> bool:
    """Tell whether the key at a path may be null: pydantic's errors name what else it may be, and not that."""
    kind: Any = model
    for part in path:
        known = [each for each in (kind, *get_args(kind)) if isinstance(each, type) and issubclass(each, BaseModel)]
        field = next((each.model_fields[part] for each in known if part in each.model_fields), None)
        if field is None:
            return False
        kind = field.annotation
    return NoneType in get_args(kind)


def _unfit(path: Path, items: Sequence[Any], null: bool = False) -> str:
    """Say "filters should be a whole number, not 'many'", and the cure where it is plain."""
    start = next((depth for depth in reversed(range(len(path))) if isinstance(path[depth], str)), 0)
    key = dotted(path[start:]) or "the value"
    lacking = [item for item in items if item["type"] == "missing"]  # each place that a short list does not have
    items = [item for item in items if item not in lacking[:-1]]
    value, choices = items[0]["input"], " or ".join(dict.fromkeys(_expected(item) for item in items))
    if null and any(item["type"] == "literal_error" for item in items):  # beside other choices
        choices = f"{choices.replace(' or ', ', ')} or null"
    if items[0]["type"] == "too_short" and not value:
        return f"{key} should not be empty"
    cure = ""
    if choices == A_MAPPING and isinstance(value, str) and ":" in value:
        cure = "; write a space after the ':'"
    elif isinstance(value, str) and not isinstance(scalar(value), str) and "a word" not in choices:
        cure = "; take off the quotes"
    elif choices == "a word" and isinstance(value, int | float):
        cure = QUOTES
    elif value is None:
        cure = "; give it a value, or leave the key out"
    elif isinstance(value, str) and GROUPED.fullmatch(value) and "a word" not in choices:
        cure = f"; write {value.replace('_', '').replace(',', '')}"
    return f"{key} should be {choices}, not {shown(value)}{cure}"


def _expected(item: Any) -> str:
    """Say what should have stood there."""
    kind, context = item["type"], item.get("ctx", {})
    if kind == "missing":
        return f"a list of {item['loc'][-1] + 1}"
    if kind == "too_long":
        return f"a list of {context['max_length']}"
    if kind == "too_short":
        return f"a list of {context['min_length']} or more"
    if kind == "literal_error":
        return BARE.sub(lambda choice: CONSTANTS.get(choice[0], choice[0]), str(context["expected"]))
    if kind in LIMITS:
        name, words = LIMITS[kind]
        return words.format(f"{context[name]:,.15g}")
    return EXPECTED.get(kind, str(item["msg"]).lower())
