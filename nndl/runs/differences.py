"""Differences between two nested values, of two configs for one: each place with the old and the new value."""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Literal, NamedTuple

LONGEST = 60
"""Characters of a value that are shown."""
LONG = 5
"""Entries from which on a list is told entry by entry."""
MOST = 1000
"""Entries up to which it is: to align lists takes the square of their lengths, and a stranger's may be of any."""


class Difference(NamedTuple):
    """A place in dots and brackets, as `--set` takes it, and what stands there; None where nothing does."""

    key: str
    old: Any
    new: Any
    only: Literal["", "old", "new"] = ""
    """The list that alone has an entry there. A new one's place is `[3+1]`: the first behind [3] of the old."""

    def __str__(self) -> str:
        if self.only:
            return (
                f"{self.key}: {shown(self.old)} is gone"
                if self.only == "old"
                else f"{self.key}: {shown(self.new)} is new"
            )
        return f"{self.key}: {shown(self.old)} -> {shown(self.new)}"


def differences(old: Any, new: Any, key: str = "") -> Iterator[Difference]:
    """Yield the places where two values of JSON differ, in the order of the old one."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in [*old, *(name for name in new if name not in old)]:
            yield from differences(old.get(name), new.get(name), f"{key}.{name}" if key else str(name))
    elif _are_long(old, new):
        yield from _of_lists(old, new, key)
    elif _is_list(old) and _is_list(new) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, f"{key}[{index}]")
    elif old != new or type(old) is not type(new):
        yield Difference(key, old, new)


def _are_long(old: Any, new: Any) -> bool:
    """Tell whether these are lists of layers or the like, and long enough to be told entry by entry."""
    lists = all(_is_list(value) and value and all(map(kind_of, value)) for value in (old, new))
    return lists and LONG <= max(len(old), len(new)) <= MOST


def _of_lists(old: Sequence[Any], new: Sequence[Any], key: str) -> Iterator[Difference]:
    """Compare entries of one kind, as many as can be in their order; of the rest each list has its own."""
    one, other = (list(map(kind_of, items)) for items in (old, new))
    for what, begin, end, begin_new, end_new in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        both = min(end - begin, end_new - begin_new)
        for place in range(both):
            was, now, at = old[begin + place], new[begin_new + place], f"{key}[{begin + place}]"
            yield from differences(was, now, at) if what == "equal" else (Difference(at, was, now),)
        yield from (Difference(f"{key}[{place}]", old[place], None, "old") for place in range(begin + both, end))
        behind = "" if end == 0 else end - 1
        for number, item in enumerate(new[begin_new + both : end_new], 1):
            yield Difference(f"{key}[{behind}+{number}]", None, item, "new")


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def shown(value: Any) -> str:
    """Return a value as JSON, text bare, cut at LONGEST characters."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def kind_of(item: Any) -> str:
    """Return conv for {conv: {...}} and relu for relu; nothing for what is neither."""
    if isinstance(item, Mapping) and len(item) == 1:
        return str(next(iter(item)))
    return item if isinstance(item, str) else ""
