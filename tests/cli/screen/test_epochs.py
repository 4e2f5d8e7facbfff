"""An epoch's row stands under its heading at any width, and a narrow terminal goes without what it can."""

from dataclasses import replace

import pytest

from nndl.cli.screen.epochs import EpochTable, sentence
from nndl.cli.screen.terminal import Parts
from nndl.train.events import EpochDone

EPOCH = EpochDone(
    step=3910,
    epoch=10,
    train_loss=0.71234,
    train_accuracy=0.801,
    validation_loss=0.81234,
    validation_accuracy=0.7512,
    learning_rate=1e-3,
    seconds=32.4,
    images_per_second=1412.3,
    is_best=True,
)
UNSCORED = replace(EPOCH, validation_loss=None, validation_accuracy=None)


def text(parts: Parts) -> str:
    return "".join(words for words, _ in parts)


def test_rows_stand_under_their_heading() -> None:
    table = EpochTable(80)
    words = text(table.row(EPOCH)).replace(" %", "%").split()
    assert words == ["10", "0.7123", "80.10%", "0.8123", "75.12%*", "0.001", "1,412", "0:32"]
    assert len(text(table.row(EPOCH))) == len(text(table.heading())) == 78


@pytest.mark.parametrize("epoch", [EPOCH, replace(EPOCH, is_best=False), UNSCORED])
@pytest.mark.parametrize("width", [20, 50, 79, 80, 100, 140, 300])
def test_no_row_is_longer_than_the_terminal(width: int, epoch: EpochDone) -> None:
    table = EpochTable(width, validated=epoch.validation_loss is not None, bars=True)
    assert len(text(table.heading())) <= width
    assert len(text(table.row(epoch))) <= len(text(table.heading()))
    assert text(table.heading()).split()[0] == "epoch"


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (50, "epoch train loss val loss val acc time"),
        (40, "epoch train loss val acc time"),
        (20, "epoch val acc"),
    ],
)
def test_a_narrow_terminal_shows_what_matters_most(width: int, titles: str) -> None:
    assert " ".join(text(EpochTable(width).heading()).split()) == titles


def test_a_wide_terminal_has_bars_as_long_as_the_accuracy() -> None:
    table = EpochTable(140, bars=True)
    cells = len(text(table.heading())) - 80
    assert cells == 60
    bars = [text(table.row(replace(EPOCH, validation_accuracy=share)))[80:] for share in (0.0, 0.5, 0.5063, 1.0, 5.0)]
    assert bars == ["", "█" * 30, "█" * 30 + "▍", "█" * 60, "█" * 60]


def test_without_validation_the_table_has_no_such_columns_and_no_epoch_is_called_the_best() -> None:
    table = EpochTable(140, validated=False, bars=True)
    assert "val" not in text(table.heading())
    assert "*" not in text(table.row(UNSCORED))
    assert "█" in text(table.row(UNSCORED))
    assert "*" not in text(EpochTable(80).row(UNSCORED))
    assert "best" not in sentence(UNSCORED, 1)
    assert "(best)" in sentence(EPOCH, 10)
