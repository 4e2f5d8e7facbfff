"""Pydantic's errors in words for the person who wrote the config."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from nndl.config.messages import Path, suggest

EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a word",
    "tuple_type": "a list",
    "model_type": "a mapping, key: value",
    "dataclass_type": "a mapping, key: value",
    "finite_number": "a finite number",
}
LIMITS = {
    "greater_than": ("gt", "more than {}"),
    "greater_than_equal": ("ge", "{} or more"),
    "less_than": ("lt", "less than {}"),
    "less_than_equal": ("le", "{} or less"),
}


def translate(error: ValidationError, keys: Callable[[Path], Sequence[str]]) -> list[tuple[Path, str]]:
    """(path, words) for everything pydantic found; `keys` are those known at a path.

    What a value could have been ("a whole number or 'same'") becomes one message.
    """
    found: list[tuple[Path, str]] = []
    wanted: dict[Path, list[str]] = {}
    inputs: dict[Path, Any] = {}
    for item in error.errors(include_url=False):
        path = tuple(item["loc"])
        words = _of_key(item, keys)
        if words is not None:
            found.append((path, words))
            continue
        path = _without_tag(path)
        wanted.setdefault(path, []).append(_expected(item))
        inputs[path] = item["input"]
    for path, choices in wanted.items():
        key = next((part for part in reversed(path) if isinstance(part, str)), "")
        words = f"{key} should be {' or '.join(dict.fromkeys(choices))}, not {shown(inputs[path])}"
        found.append((path, words.strip()))
    return found


def _of_key(item: Any, keys: Callable[[Path], Sequence[str]]) -> str | None:
    """The words for an error that is not about what kind of value stands there."""
    kind, last = item["type"], item["loc"][-1] if item["loc"] else ""
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"unknown key {last!r}; {suggest(str(last), keys(tuple(item['loc'])[:-1]))}"
    if kind in ("missing", "missing_keyword_only_argument", "missing_argument"):
        return f"{last!r} is missing"
    return str(item["ctx"]["error"]) if kind == "value_error" else None


def _expected(item: Any) -> str:
    """What should have stood there."""
    kind, context = item["type"], item.get("ctx", {})
    if kind == "too_short":
        return "a list that is not empty"
    if kind == "literal_error":
        return str(context["expected"])
    if kind in LIMITS:
        name, words = LIMITS[kind]
        return words.format(f"{context[name]:g}")
    return EXPECTED.get(kind, str(item["msg"]).lower())


def _without_tag(path: Path) -> Path:
    """The path of the value itself: pydantic adds the alternative it tried, such as 'int' or "literal['same']"."""
    tag = path[-1] if path else ""
    tried = isinstance(tag, str) and (tag.removeprefix("constrained-") in ("int", "float", "str", "bool") or "[" in tag)
    return path[:-1] if tried else path


def shown(value: Any) -> str:
    """A value as the config would write it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return repr(value)
