"""--epochs below those that a config names: the whole of training in little, as a trial wants it."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from nndl.config.load import load_config
from nndl.config.reading.overrides import Change, called, of_epochs
from nndl.config.schema import Experiment
from nndl.config.writing.show import plain_value
from nndl.errors import ConfigError


def shortened(source: str | Path, sets: Sequence[str], epochs: float) -> list[str]:
    """Return what to set so that a config's schedule, warm-up and freezing fit into `epochs`; nothing where they do.

    A config that fits no epochs of its own is left as it is: what is wrong with it is told when it is loaded.
    """
    with suppress(ConfigError):
        return in_proportion(load_config(source, sets), epochs)
    return []


def in_proportion(experiment: Experiment, epochs: float) -> list[str]:
    """Return overrides that bring every epoch of schedule, warm-up and groups forward as the end of training is."""
    train = experiment.train
    beyond = train.schedule.beyond(epochs) or any(group.beyond(epochs) for group in train.groups)
    fits = not beyond and train.warmup_epochs <= epochs
    if fits or train.time_budget is not None or not 0 < epochs < train.epochs:
        return []

    def moved(epoch: float) -> float:
        return epochs * (epoch / train.epochs)

    schedule, warmup = train.schedule.at(moved), moved(train.warmup_epochs)
    sets = {"schedule": schedule, "warmup_epochs": warmup}
    changes = [f"train.{key}={plain_value(value)}" for key, value in sets.items() if value != getattr(train, key)]
    for index, group in enumerate(train.groups):
        if group.freeze_after:
            changes.append(f"train.groups[{index}].freeze_after={plain_value(moved(group.freeze_after))}")
    return [Change(text, called(of_epochs(epochs))) for text in changes]
