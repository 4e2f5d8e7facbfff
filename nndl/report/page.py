"""The page: of one run, or of several beside each other."""

import shlex
from collections.abc import Sequence
from pathlib import PurePath

from nndl.report import statistics
from nndl.report.document import document, sections
from nndl.report.escape import escape
from nndl.report.gather import Facts
from nndl.report.parts import (
    MOST_FILTERS,
    class_table,
    confusion_table,
    filter_list,
    flat,
    mistake_pictures,
    slug,
    table,
)
from nndl.report.reliability import reliability_diagram
from nndl.report.several import several
from nndl.report.svg import Line, line_chart, percent_tick
from nndl.report.words import data_of
from nndl.runs.sets import Bundle, names
from nndl.runs.shares import between, percent
from nndl.train.intervals import duration
from nndl.train.views import in_words


def page(runs: Sequence[Facts], found: Sequence[Bundle] = ()) -> str:
    """Return the whole file; `found` says which of several runs are drawn as one, none where it is left out."""
    found = found or [Bundle((each.row,), each.row.folder) for each in runs]
    title = _title(runs, found)
    body = _one(runs[0], 2) if len(runs) == 1 else several(runs, found, _one)
    return document(title, _under(runs), body)


def _title(runs: Sequence[Facts], found: Sequence[Bundle]) -> str:
    if len(runs) == 1:
        return runs[0].name
    if len(found) == 1:
        return f"{names(found)[0]}, {found[0].seeds}"
    if len(found) == len(runs):
        return f"{len(runs)} runs: {', '.join(each.name for each in runs)}"
    return f"{len(runs)} runs: {'; '.join(names(found))}"


def _under(runs: Sequence[Facts]) -> str:
    """Return the line under the title."""
    if len(runs) > 1:
        return "<p class=quiet>Runs beside each other, then each on its own.</p>"
    row = runs[0].row
    about = f"{row.config or 'a network'} on {data_of(runs[0])}, seed {row.seed}"
    return f"<p class=quiet>{escape(about)}</p>"


def _one(facts: Facts, level: int) -> str:
    """Return all sections of a run; `level` is that of its headings."""
    named = (
        ("Health", _health(facts)),
        ("Learning", _curves(facts)),
        ("Confusion", _confusion(facts)),
        ("Calibration", _calibration(facts)),
        ("Most confident mistakes", _mistakes(facts)),
        ("First-layer filters", _filters(facts)),
        ("Weights and activations", statistics.section(facts)),
        ("How it was made", _making(facts)),
    )
    told = sections(named, slug(facts.name), level)
    notes = "".join(f"<p class=note>{escape(note)}</p>" for note in facts.notes)
    return _headline(facts) + notes + told


def _headline(facts: Facts) -> str:
    """Return the figures one looks for first."""
    row = facts.row
    accuracy = facts.result.accuracy if facts.result else row.test
    items = []
    if accuracy is not None:
        views = f", {in_words(facts.tta)} averaged" if facts.tta != "none" else ""
        items.append(("first", f"test accuracy{views}", f"{percent(accuracy)}{_of_what(facts)}"))
    if row.best_validation is not None:
        best = facts.summary.get("best_epoch")
        at = f"<small>epoch {best}</small>" if isinstance(best, int) else ""
        items.append(("", "best validation accuracy", f"{percent(row.best_validation)}{at}"))
    if row.seconds is not None:
        speed = facts.images_per_second
        at = f"<small>{speed:,.0f} images a second</small>" if speed else ""
        items.append(
            ("", f"training, {row.epochs:g} epoch{'s' if row.epochs != 1 else ''}", duration(row.seconds) + at)
        )
    if facts.parameters is not None:
        items.append(("", "parameters", f"{facts.parameters:,}"))
    cells = "".join(f'<div class="{kind}"><dt>{name}</dt><dd>{value}</dd></div>' for kind, name, value in items)
    synthetic = "<p class=note>The images are SYNTHETIC: patterns drawn by the program, not photographs.</p>"
    return f"<dl class=headline>{cells}</dl>" + (synthetic if row.dataset == "synthetic" else "")


def _of_what(facts: Facts) -> str:
    """Return the 95 % confidence interval, and on how many images."""
    images, interval = int(facts.result.total.sum()) if facts.result else facts.test.get("images"), facts.interval
    certain = f"95 % confidence: {between(interval)} %" if interval else ""
    of = f"{images:,} test images ({data_of(facts, short=True)})" if isinstance(images, int) else ""
    return "".join(f"<small>{escape(line)}</small>" for line in (certain, of) if line)


def _health(facts: Facts) -> str:
    """Return what was noticed, and what to try; nothing of a training that was well."""
    if not facts.noticed:
        return ""
    rows = [(_when(each.step), each.says, each.cure) for each in facts.noticed]
    return table(("when", "what was noticed", "what to try"), rows, "Signs that something is wrong", words=True)


def _when(step: int) -> str:
    return f"step {step:,}" if step else "before the first step"


def _curves(facts: Facts) -> str:
    curves = facts.curves
    charts = [
        line_chart(
            "Loss",
            [
                Line("each step", curves.loss, faint=True),
                Line("training", curves.smooth_loss, 1),
                Line("validation", curves.validation_loss, 2, dots=True),
            ],
        ),
        line_chart(
            "Accuracy",
            [
                Line("training sample", curves.train_accuracy, 1, dots=True),
                Line("validation", curves.validation_accuracy, 2, dots=True),
            ],
            percent_tick,
        ),
        line_chart("Learning rate", [Line("", curves.learning_rate, 1)]),
        line_chart("Images a second", [Line("", curves.images_per_second, 1)], from_zero=True),
    ]
    if not any(charts):
        return ""
    said = (
        "The loss of training is that of single batches (grey) and its mean over the nearest 2 % of the steps. Where "
        "validation stops falling while training goes on, the network begins to learn its images by heart."
    )
    return f"<p class=quiet>{said}</p><div class=figures>{''.join(charts)}</div>"


def _confusion(facts: Facts) -> str:
    confusion = facts.confusion
    if confusion is None:
        return ""
    if len(facts.classes) > 20:
        return class_table(confusion, facts.classes)
    return (
        f"<div class=figures><div>{confusion_table(confusion, facts.classes)}</div>"
        f"<div>{class_table(confusion, facts.classes)}</div></div>"
    )


def _calibration(facts: Facts) -> str:
    if facts.result is None or facts.result.reliability is None:
        return ""
    error = facts.result.calibration_error or 0.0
    said = (
        "Each bar holds the images about which the network was so sure; its height is the share that it got right, the "
        "thin line where that share may be on all such images (95 % confidence). Below the dashed line it is too sure "
        "of itself, above it not sure enough. The grey histogram says how many images each bar holds. Over all "
        f"images the two differ on average by <b>{100 * error:.2f} points</b>: the expected calibration error (ECE)."
    )
    diagram = reliability_diagram(facts.result.reliability.tolist())
    return f'<div class=figures>{diagram}<p class="quiet reading">{said}</p></div>'


def _mistakes(facts: Facts) -> str:
    if not facts.mistakes:
        return ""
    said = "In bold what the picture shows; below, what the network took it for, and how sure it was of that."
    return f"<p class=quiet>{said}</p>{mistake_pictures(facts.mistakes)}"


def _filters(facts: Facts) -> str:
    if facts.filters is None:
        return ""
    count = len(facts.filters)
    which = f"the first {MOST_FILTERS} of {count}" if count > MOST_FILTERS else str(count)
    said = (
        f"The filters of the first convolution ({which}) as pictures: weights on red, green and blue, grey for zero. "
        "Edges and colours that go together stand out; noise that fills a filter means it has learnt little."
    )
    return f"<p class=quiet>{said}</p>{filter_list(facts.filters)}"


def _making(facts: Facts) -> str:
    """Return config, environment, data."""
    environment = dict(facts.environment)
    command = environment.pop("command", None)
    digest = environment.pop("data_digest", None)
    environment.pop("root", None)  # the images' place on this machine, which is nobody else's business
    parts = [f"<p>Folder: <code>{escape(str(facts.folder.path))}</code></p>"]
    if isinstance(command, list) and command:
        words = [PurePath(str(command[0])).name, *map(str, command[1:])]
        parts.append(f"<p>Command: <code>{escape(shlex.join(words))}</code></p>")
    if digest:
        parts.append(f"<p>Checksum of the images (SHA-256): <code>{escape(str(digest))}</code></p>")
    if facts.config:
        parts.append(f"<details><summary>Config</summary><pre tabindex=0>{escape(facts.config)}</pre></details>")
    if environment:
        rows = table(("what", "value"), flat(environment), "What it ran on", words=True, kind="settings")
        parts.append(f"<details><summary>Environment</summary>{rows}</details>")
    return "".join(parts)
