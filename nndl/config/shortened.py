"""--epochs below those that a schedule names: the whole of training in little, as a trial wants it."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from nndl.config.load import load_config
from nndl.config.reading.overrides import Change, called, of_epochs
from nndl.config.schema import Experiment
from nndl.config.writing.show import plain_value
from nndl.errors import ConfigError


def shortened(source: str | Path, sets: Sequence[str], epochs: float) -> list[str]:
    """Return what to set so that a config's schedule and warm-up fit into `epochs`; nothing where they do.

    A config that fits no epochs of its own is left as it is: what is wrong with it is told when it is loaded.
    """
    with suppress(ConfigError):
        return in_proportion(load_config(source, sets), epochs)
    return []


def in_proportion(experiment: Experiment, epochs: float) -> list[str]:
    """Return overrides that bring every epoch of schedule and warm-up forward as the end of training is."""
    train = experiment.train
    fits = train.schedule.beyond(epochs) is None and train.warmup_epochs <= epochs
    if fits or train.time_budget is not None or not 0 < epochs < train.epochs:
        return []

    def moved(epoch: float) -> float:
        return epochs * (epoch / train.epochs)

    schedule, warmup = train.schedule.at(moved), moved(train.warmup_epochs)
    sets = {"schedule": schedule, "warmup_epochs": warmup}
    changes = [f"train.{key}={plain_value(value)}" for key, value in sets.items() if value != getattr(train, key)]
    return [Change(text, called(of_epochs(epochs))) for text in changes]
