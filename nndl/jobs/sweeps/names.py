"""Names and numbers of a sweep's space as tables show them, on the terminal and in a report."""

from collections import Counter
from collections.abc import Iterable


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Map each key to its last word, with its place where it is a layer's; those that would be alike to themselves.

    train.batch_size is batch_size, model.layers[0].conv.filters is filters [0].
    """
    names = {key: _short(key) for key in keys}
    count = Counter(names.values())
    return {key: name if count[name] == 1 else key for key, name in names.items()}


def _short(key: str) -> str:
    head, _, last = key.rpartition(".")
    place = head.partition("[")[2].partition("]")[0]
    return f"{last} [{place}]" if place else last


def figure(text: str) -> str:
    """Return a value that was tried, of which only the words are kept, a number with four digits."""
    try:
        return f"{float(text):.4g}"
    except ValueError:
        return text
