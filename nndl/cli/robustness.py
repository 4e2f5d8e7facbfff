"""What nndl eval says of CIFAR-10.1 and CIFAR-10-C."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nndl.api import Run
    from nndl.data.robust import RobustSet
    from nndl.train.views import Tta


def score(
    run: "Run", sets: Sequence["RobustSet"], tta: "Tta", say: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """Every set scored, and the mean of their accuracies; `say` hears of each corruption as it is begun."""
    from nndl.errors import DataError
    from nndl.runs.recorder import result_record

    rows, before = [], None
    for one in sets:
        if say and one.severity and one.name != before:
            say(f"{one.name} ...")
        before = one.name
        images, labels = one.load()
        if labels.max() >= len(run.classes):
            raise DataError(f"{one.name} has a label {labels.max()}, but the run knows {len(run.classes)} classes")
        scored = result_record(run.evaluate(images, labels, tta), run.classes)
        rows.append({"set": one.name, "severity": one.severity, **scored})
    return {"sets": rows, "mean_accuracy": sum(row["accuracy"] for row in rows) / len(rows)}


def show(report: dict[str, Any]) -> None:
    """A line for each set, or for corruptions a table: severity by severity."""
    from nndl.cli import ui
    from nndl.cli.eval import sentence, views

    if report["sets"][0]["severity"] is None:
        for row in report["sets"]:
            ui.say(f"{row['set']}: accuracy {sentence(row)}, of {row['images']:,} images{views(report['tta'])}")
        return
    by_name: dict[str, list[float]] = defaultdict(list)
    for row in report["sets"]:
        by_name[row["set"]].append(row["accuracy"])
    levels = len(next(iter(by_name.values())))
    means = [sum(column) / len(by_name) for column in zip(*by_name.values(), strict=True)]
    ui.print_table(
        ("corruption", *(f"severity {level}" for level in range(1, levels + 1)), "mean"),
        [_row(name, shares) for name, shares in by_name.items()],
        title=f"{report['run']}, {report['weights']} weights: accuracy in %{views(report['tta'])}",
        footer=_row("mean", means),
    )
    count = f"{len(by_name)} corruption{'s' if len(by_name) > 1 else ''}"
    ui.say(f"\nmean accuracy {100 * report['mean_accuracy']:.2f} % over {count}")


def _row(name: str, shares: Sequence[float]) -> tuple[str, ...]:
    return (name, *(f"{100 * share:.2f}" for share in (*shares, sum(shares) / len(shares))))
