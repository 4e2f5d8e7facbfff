"""The parts of a page that show results: confusion, classes, mistakes, filters, tables."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nndl.net.types import Array
from nndl.report.escape import escape
from nndl.report.gather import Mistake
from nndl.report.png import as_picture, data_uri, filter_pictures

MOST_FILTERS = 96


def table(
    head: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "", *, words: bool = False, kind: str = ""
) -> str:
    """Return rows under a head, the first cell of each its name. words: cells are text, aligned left."""
    cell = "<td class=words>" if words else "<td>"
    body = "".join(
        f"<tr><th scope=row>{escape(str(first))}</th>"
        + "".join(f"{cell}{escape(str(value))}</td>" for value in rest)
        + "</tr>"
        for first, *rest in rows
    )
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    align = ' style="text-align:left"' if words else ""
    names = "".join(f"<th scope=col{align}>{escape(name)}</th>" for name in head)
    region = f'class=wide tabindex=0 role=region aria-label="{escape(caption or head[0] or "table")}"'
    return (
        f'<div {region}><table class="{kind}">{above}<thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def confusion_table(confusion: Array, classes: Sequence[str]) -> str:
    """Return the shares in percent of the images of each class (a row), by what they were taken for (a column)."""
    shares = 100 * confusion / confusion.sum(axis=1, keepdims=True).clip(1)
    largest = max((shares[i, j] for i in range(len(classes)) for j in range(len(classes)) if i != j), default=1) or 1
    rows = []
    for i, name in enumerate(classes):
        cells = []
        for j in range(len(classes)):
            share = float(shares[i, j])
            shade = share if i == j else 45 * share / largest
            kind = ' class="right"' if i == j else ' class="none"' if share < 0.5 else ""
            cells.append(f'<td{kind} style="--v:{shade:.0f}">{share:.0f}</td>')
        rows.append(f"<tr><th scope=row>{escape(name)}</th>{''.join(cells)}</tr>")
    head = "".join(f"<th scope=col><span>{escape(name)}</span></th>" for name in classes)
    return (
        "<table class=confusion><caption>Of 100 images of the class at the left, so many were taken for the one above."
        f"</caption><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def class_table(confusion: Array, classes: Sequence[str]) -> str:
    """Return accuracy and precision of each class, and what it is most often taken for."""
    rows = []
    for i, name in enumerate(classes):
        count, right, taken = confusion[i].sum(), confusion[i, i], confusion[:, i].sum()
        others = [(int(confusion[i, j]), classes[j]) for j in range(len(classes)) if j != i]
        most, other = max(others, default=(0, ""))
        rows.append(
            (name, f"{count:,}", _percent(right, count), _percent(right, taken), f"{other} {most:,}" if most else "")
        )
    head = ("class", "images", "recall", "precision", "mostly taken for")
    caption = (
        "Recall, the accuracy on a class: of its images, how many were taken for it. Precision: of the images "
        "taken for it, how many were of it."
    )
    return table(head, rows, caption, kind="per-class")


def mistake_pictures(mistakes: Sequence[Mistake]) -> str:
    items = "".join(
        f'<li><img src="{data_uri(as_picture(each.image))}" {_size(each.image)} '
        f'alt="{escape(f"{each.true}, taken for {each.taken_for}")}">'
        f"<span><b>{escape(each.true)}</b><br>{escape(each.taken_for)}<br>{_sure(each.sure)}</span></li>"
        for each in mistakes
    )
    return f"<ul class=pictures>{items}</ul>"


def _size(image: Array) -> str:
    """Return the attributes of an <img> of an image (C, H, W)."""
    _, height, width = image.shape
    return f"width={width} height={height}"


def _sure(share: float) -> str:
    """Return "99.7 %"; never 100 % of a mistake."""
    return f"{min(100 * share, 99.99):.{0 if share < 0.99 else 1 if share < 0.999 else 2}f}\u00a0%"


def filter_list(w: Array) -> str:
    shown = filter_pictures(w[:MOST_FILTERS])
    items = "".join(
        f'<li><img src="{data_uri(picture)}" width={len(picture)} height={len(picture)} alt="filter {number}"></li>'
        for number, picture in enumerate(shown, 1)
    )
    return f'<ul class="pictures filters">{items}</ul>'


def flat(tree: Any, key: str = "") -> Iterable[tuple[str, str]]:
    """Return a JSON tree as rows, lists as one text."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            yield from flat(value, f"{key}.{name}" if key else str(name))
    elif isinstance(tree, list):
        yield key, ", ".join(str(_bare(item)) for item in tree)
    elif tree is not None:
        yield key, str(tree)


def _bare(item: Any) -> Any:
    return " ".join(f"{name} {value}" for name, value in item.items()) if isinstance(item, Mapping) else item


def slug(text: str) -> str:
    """Return a name as the id of an element."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "run"


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"
