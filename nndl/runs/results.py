"""The scores of a network as JSON: in a run's summary, in what `nndl eval` says, and of several runs together."""

from collections.abc import Sequence
from typing import Any

from nndl.train.evaluate import Result


def result_record(result: Result, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return a result as JSON: accuracies as shares of 1."""
    return {
        "accuracy": result.accuracy,
        "interval95": list(result.interval),
        "calibration_error": result.calibration_error,
        "loss": result.loss,
        "top5": result.top5,
        "images": int(result.total.sum()),
        "per_class": {
            name: {"correct": int(right), "images": int(all_), "accuracy": right / all_ if all_ else None}
            for name, right, all_ in zip(classes, result.correct.tolist(), result.total.tolist(), strict=True)
        },
        "confusion": result.confusion.tolist(),
    }


def accuracy_of(report: dict[str, Any]) -> float:
    """Return the accuracy that a report comes to: over all sets the mean."""
    return float(report["mean_accuracy"] if "sets" in report else report["accuracy"])


def together(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a report of what all confused, counted together."""
    all_rows = zip(*(report["confusion"] for report in reports), strict=True)
    counts = [[sum(cells) for cells in zip(*rows, strict=True)] for rows in all_rows]
    return {"per_class": reports[0]["per_class"], "confusion": counts}
