"""The findings of a look at pictures, as plain data."""

from collections import Counter
from collections.abc import Sequence
from statistics import median_low
from typing import Any

from nndl.data.sources.inspecting import Inspection

ACROSS = (("train", "test"), ("train", "valid"), ("valid", "test"))
"""Parts that should share no picture."""


def record(found: Inspection) -> dict[str, Any]:
    """Return all of it; pictures by their names."""

    def named(pairs: Sequence[tuple[int, int]]) -> list[list[str]]:
        return [[found.names[one], found.names[other]] for one, other in pairs]

    widths, heights = ([size[side] for size in found.sizes] for side in (0, 1))
    return {
        "classes": counts(found),
        "width": _spread(widths),
        "height": _spread(heights),
        "kinds": dict(found.kinds.most_common()),
        "damaged": [words for _, words in found.damaged],
        "faults": [{"classes": list(fault.classes), "words": fault.words} for fault in found.faults],
        "duplicates": {
            "exact": named(found.exact),
            **{f"exact_across_{part}_and_{to}": named(found.across(found.exact, part, to)) for part, to in ACROSS},
            "exact_of_two_classes": named(found.of_two_classes(found.exact)),
            "near": named(found.near),
            **{f"near_across_{part}_and_{to}": named(found.across(found.near, part, to)) for part, to in ACROSS},
        },
        "mean": found.mean,
        "deviation": found.deviation,
    }


def counts(found: Inspection) -> list[dict[str, Any]]:
    """Count the pictures of each class in each part; valid is left out where there is no such part."""
    there, damaged = Counter(zip(found.parts, found.labels, strict=True)), Counter(label for label, _ in found.damaged)
    parts = ["train", *(["valid"] if "valid" in found.parts else []), "test"]
    return [
        {"class": name, **{part: there[part, label] for part in parts}, "damaged": damaged[label]}
        for label, name in enumerate(found.classes)
    ]


def _spread(values: list[int]) -> dict[str, int] | None:
    return {"least": min(values), "median": median_low(values), "most": max(values)} if values else None
