"""An epoch as a row of a table that fits the terminal, or as a sentence that needs no heading."""

from collections.abc import Callable
from math import ceil
from typing import NamedTuple

from nndl.cli.screen.terminal import Parts
from nndl.runs.shares import percent
from nndl.train.events import EpochDone
from nndl.train.intervals import duration

GAP = "  "
LEAST_BAR, MOST_BAR = 15, 60
"""Columns of the bars that a wide terminal has room for behind the figures."""
EIGHTHS = " ▏▎▍▌▋▊▉█"


class Column(NamedTuple):
    """A figure of each epoch."""

    title: str
    width: int
    show: Callable[[EpochDone], str]


def _accuracy(epoch: EpochDone) -> str:
    """Return the validation accuracy; the best so far has a star, all others a blank there."""
    if epoch.validation_accuracy is None:
        return "- "
    return f"{percent(epoch.validation_accuracy)}{'*' if epoch.is_best else ' '}"


COLUMNS = (
    Column("epoch", 5, lambda epoch: str(epoch.epoch)),
    Column("train loss", 10, lambda epoch: f"{epoch.train_loss:.4f}"),
    Column("train acc", 9, lambda epoch: percent(epoch.train_accuracy)),
    Column("val loss", 8, lambda epoch: "-" if epoch.validation_loss is None else f"{epoch.validation_loss:.4f}"),
    Column("val acc ", 9, _accuracy),
    Column("lr", 8, lambda epoch: f"{epoch.learning_rate:.3g}"),
    Column("images/s", 8, lambda epoch: f"{epoch.images_per_second:,.0f}"),
    Column("time", 7, lambda epoch: duration(epoch.seconds)),
)
SPARED = ("lr", "images/s", "train acc", "val loss", "time", "train loss")
"""Columns that a narrow terminal goes without, in this order."""


class EpochTable:
    """Rows under a heading, as many columns as `width` has room for; where there is more, a bar of the accuracy."""

    def __init__(self, width: int, *, validated: bool = True, bars: bool = False) -> None:
        self._columns = [column for column in COLUMNS if validated or not column.title.startswith("val")]
        for title in SPARED:
            if self._width() > width:
                self._columns = [column for column in self._columns if column.title != title]
        room = min(MOST_BAR, width - self._width() - len(GAP))
        self._bar = room if bars and room >= LEAST_BAR else 0
        self._validated = validated

    def _width(self) -> int:
        return sum(column.width for column in self._columns) + len(GAP) * (len(self._columns) - 1)

    def heading(self) -> Parts:
        """Return the titles, and the ends of the bars' scale."""
        titles = GAP.join(f"{column.title:>{column.width}}" for column in self._columns)
        scale = f"{GAP}0 %{'100 %':>{self._bar - 3}}" if self._bar else ""
        return [(titles + scale, "bold")]

    def row(self, epoch: EpochDone) -> Parts:
        """Return an epoch's figures."""
        cells = GAP.join(f"{column.show(epoch):>{column.width}}" for column in self._columns)
        best = epoch.is_best and epoch.validation_accuracy is not None
        share = epoch.validation_accuracy if self._validated else epoch.train_accuracy
        bar = f"{GAP}{_bar(share or 0.0, self._bar)}" if self._bar else ""
        return [(cells, "green" if best else None), (bar, "green" if best else "cyan")]


def _bar(share: float, cells: int) -> str:
    """Draw a bar of `cells` characters at 1, to an eighth of one."""
    full, part = divmod(round(8 * cells * min(max(share, 0.0), 1.0)), 8)
    return EIGHTHS[8] * full + (EIGHTHS[part] if part else "")


def sentence(epoch: EpochDone, epochs: float) -> str:
    """Return an epoch's figures as a line that needs no heading."""
    words = f"epoch {epoch.epoch}/{ceil(epochs)} done  train loss {epoch.train_loss:.4f}  "
    words += f"train acc {percent(epoch.train_accuracy)}"
    if epoch.validation_loss is not None and epoch.validation_accuracy is not None:
        words += f"  val loss {epoch.validation_loss:.4f}  val acc {percent(epoch.validation_accuracy)}"
        words += " (best)" if epoch.is_best else ""
    return f"{words}  {epoch.images_per_second:,.0f} images/s  {duration(epoch.seconds)}"
