"""The words of nndl eval: scores in a sentence, class by class, and of CIFAR-10.1 and CIFAR-10-C."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from nndl.cli.screen import terminal
from nndl.runs.results import accuracy_of
from nndl.runs.shares import and_deviation, between, percent
from nndl.train.views import in_words


def show(report: dict[str, Any]) -> None:
    """Print a table, class by class, and the sentence."""
    names = list(report["per_class"])
    rows = []
    for index, (name, scored) in enumerate(report["per_class"].items()):
        confused = _confused(report["confusion"][index], index, names)
        rows.append((name, scored["images"], scored["correct"], percent(scored["accuracy"]), confused))
    images = "SYNTHETIC" if report["synthetic"] else report["data"]
    split = {"test": "test", "val": "validation"}[report["split"]]
    terminal.print_table(
        ("class", "images", "correct", "accuracy", "most often taken for"),
        rows,
        title=f"{report['run']}, {report['weights']} weights (step {report['step']:,}), {images} {split} images",
        left=("most often taken for",),
    )
    terminal.say(
        f"\n{split} accuracy {sentence(report)}, of {report['images']:,} {images} images{views(report['tta'])}"
    )


def sentence(scored: dict[str, Any]) -> str:
    """Say "75.31 % (95 % interval 74.46 to 76.15), top-5 98.12 %, loss 0.7213, calibration error 2.31 %".

    Of five classes or fewer every image is among the top 5, which is left out.
    """
    few = 0 < len(scored.get("per_class", ())) <= 5
    top5 = "" if few else f"top-5 {percent(scored['top5'])}, "
    error = scored["calibration_error"]
    calibration = "" if error is None else f", calibration error {percent(error)}"
    return (
        f"{percent(scored['accuracy'])} (95 % interval {between(scored['interval95'])}), "
        f"{top5}loss {scored['loss']:.4f}{calibration}"
    )


def views(tta: str) -> str:
    """Tell a person how the scores were averaged; nothing where they were not."""
    return "" if tta == "none" else f", views averaged: {in_words(tta)}"


def _confused(row: list[int], own: int, names: list[str]) -> str:
    """Name the class most images of another were taken for, and how many."""
    count, index = max((count, -index) for index, count in enumerate(row) if index != own)
    return f"{names[-index]} ({count})" if count else ""


def show_confusion(report: dict[str, Any]) -> None:
    """Print the whole confusion matrix."""
    names = list(report["per_class"])
    rows = [(name, *counts) for name, counts in zip(names, report["confusion"], strict=True)]
    terminal.say()
    terminal.print_table(("is, taken for:", *(name[:6] for name in names)), rows)


def show_sets(report: dict[str, Any]) -> None:
    """Print a line for each set, and for corruptions of five severities a table: severity by severity."""
    by_name: dict[str, list[float]] = defaultdict(list)
    for row in report["sets"]:
        if row["severity"] is None:
            terminal.say(f"{row['set']}: accuracy {sentence(row)}, of {row['images']:,} images{views(report['tta'])}")
        else:
            by_name[row["set"]].append(row["accuracy"])
    if by_name:
        _show_severities(report, by_name)
    sets = len({row["set"] for row in report["sets"]})
    if sets > 1 or by_name:
        what = f"corruption{'s' if sets > 1 else ''}" if by_name else "sets"
        terminal.say(f"\nmean accuracy {percent(report['mean_accuracy'])} over {sets} {what}")


def _show_severities(report: dict[str, Any], by_name: dict[str, list[float]]) -> None:
    levels = len(next(iter(by_name.values())))
    means = [sum(column) / len(by_name) for column in zip(*by_name.values(), strict=True)]
    terminal.print_table(
        ("corruption", *(f"severity {level}" for level in range(1, levels + 1)), "mean"),
        [_row(name, shares) for name, shares in by_name.items()],
        title=f"{report['run']}, {report['weights']} weights: accuracy in %{views(report['tta'])}",
        footer=_row("mean", means),
    )


def _row(name: str, shares: Sequence[float]) -> tuple[str, ...]:
    return (name, *(f"{100 * share:.2f}" for share in (*shares, sum(shares) / len(shares))))


def show_group(name: str, mean: float, deviation: float | None, runs: Sequence[dict[str, Any]]) -> None:
    """Print a line for each of several runs of one config, and what they come to together."""
    rows = []
    for report in runs:
        interval = "" if "sets" in report else between(report["interval95"])
        loss = "" if "sets" in report else f"{report['loss']:.4f}"
        rows.append(
            (report["run"], report["weights"], f"{report['step']:,}", percent(accuracy_of(report)), interval, loss)
        )
    terminal.print_table(("run", "weights", "step", "accuracy", "95 % interval", "loss"), rows, left=("weights",))
    terminal.say(
        f"\n{name}: {_what(runs[0])} {percent(mean)} on average over {len(runs)} runs{and_deviation(deviation)}"
    )


def _what(report: dict[str, Any]) -> str:
    """Say of which images: "test accuracy on CIFAR-10 images"."""
    if "sets" in report:
        return f"accuracy, the mean of {len(report['sets'])} sets{views(report['tta'])},"
    images = "SYNTHETIC" if report["synthetic"] else report["data"]
    split = {"test": "test", "val": "validation"}[report["split"]]
    return f"accuracy on {report['images']:,} {images} {split} images{views(report['tta'])}"
