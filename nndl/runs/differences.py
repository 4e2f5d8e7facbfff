"""What differs between two nested values, such as two configs: each place with the old and the new value."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

LONGEST = 60
"""Characters of a value that are shown."""


class Difference(NamedTuple):
    """A place in dots and brackets, as `--set` takes it, and what stands there; None where nothing does."""

    key: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.key}: {shown(self.old)} -> {shown(self.new)}"


def differences(old: Any, new: Any, key: str = "") -> Iterator[Difference]:
    """Where two values of JSON differ, in the order of the old one."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from differences(old.get(name), new.get(name), f"{key}.{name}" if key else str(name))
    elif _is_list(old) and _is_list(new) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, f"{key}[{index}]")
    elif old != new or type(old) is not type(new):
        yield Difference(key, old, new)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def shown(value: Any) -> str:
    """A value as JSON, text bare, cut at LONGEST characters."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def kind_of(item: Any) -> str:
    """conv of {conv: {...}} and relu of relu; nothing of what is neither."""
    if isinstance(item, Mapping) and len(item) == 1:
        return str(next(iter(item)))
    return item if isinstance(item, str) else ""
