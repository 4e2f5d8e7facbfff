"""A run on CIFAR-10.1 and CIFAR-10-C: every set scored, and the mean over them."""

from collections.abc import Callable, Sequence
from typing import Any

from nndl.data.robust import RobustSet
from nndl.errors import DataError
from nndl.net.types import Array
from nndl.runs.results import result_record
from nndl.train.evaluate import Result
from nndl.train.views import Tta

Evaluate = Callable[[Array, Array, Tta], Result]
"""evaluate(images, labels, tta): how a network does."""


def robustness(
    evaluate: Evaluate,
    classes: tuple[str, ...],
    sets: Sequence[RobustSet],
    tta: Tta,
    say: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Score every set, and average their accuracies; `say` hears of each corruption as it is begun."""
    rows, before = [], None
    for one in sets:
        if say and one.severity and one.name != before:
            say(f"{one.name} ...")
        before = one.name
        images, labels = one.load()
        if labels.max() >= len(classes):
            raise DataError(f"{one.name} has a label {labels.max()}, but the run knows {len(classes)} classes")
        scored = result_record(evaluate(images, labels, tta), classes)
        rows.append({"set": one.name, "severity": one.severity, **scored})
    return {"sets": rows, "mean_accuracy": sum(row["accuracy"] for row in rows) / len(rows)}
