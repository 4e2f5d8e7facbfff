"""A config without all that keeps a network from learning its images by heart, on a few of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from nndl.config import Experiment, parse_config
from nndl.config.own.using import again
from nndl.config.schema import Train
from nndl.config.writing.show import dump
from nndl.net.catalog.block import Block
from nndl.net.catalog.norm import Bn, SpatialBn
from nndl.net.catalog.simple import Dropout, StochasticDepth
from nndl.net.layer import Layer
from nndl.net.losses import SoftmaxLoss
from nndl.train.optimizers import Rule
from nndl.train.schedules import Multistep

WARM_UP = 0.1
"""Share of the steps over which the learning rate rises."""
LAST = 0.8
"""Share of the steps after which it is a tenth."""


class Simplified(NamedTuple):
    """An experiment on a few images, and the names of what was put aside for it."""

    experiment: Experiment
    aside: tuple[str, ...]


def simplified(experiment: Experiment, images: int, steps: int, batch_size: int | None = None) -> Simplified:
    """Return the experiment on `images` of its training images for `steps` steps, all regularisation put aside.

    Batches are as even as can be, none larger than the config's or `batch_size`. The learning rate is the config's: it
    rises over the first steps, and is a tenth of it for the last. Raises ConfigError for images that cannot be learnt.
    """
    data, train, model = experiment.data, experiment.train, experiment.model
    layers, aside = _plain_layers(model.layers)
    smoothing = model.loss.label_smoothing if isinstance(model.loss, SoftmaxLoss) else 0.0
    aside = [
        *(["data.augment"] if data.augment else []),
        *(["data.mix"] if data.mix else []),
        *(["data.sampling"] if data.sampling else []),
        *aside,
        *([f"label_smoothing {smoothing:g}"] if smoothing else []),
        *_of_training(train),
    ]
    batches = -(-images // min(batch_size or train.batch_size, train.batch_size, images))
    epochs = steps / batches
    changed = {
        "data": data.model_copy(
            update={
                "train_size": images,
                "validation_size": 0,
                "fold": None,
                "augment": (),
                "mix": (),
                "sampling": None,
            }
        ),
        "model": model.model_copy(
            update={"layers": layers, "loss": SoftmaxLoss() if smoothing else model.loss},
        ),
        "train": train.model_copy(update=_plain_training(train, epochs, -(-images // batches))),
    }
    plain = experiment.model_copy(update=changed)
    name = f"{experiment.name} on {images} images"
    return Simplified(parse_config(dump(plain), name, find=again(experiment)), tuple(aside))


def _plain_layers(layers: Sequence[Layer]) -> tuple[tuple[Layer, ...], list[str]]:
    """Return the layers, within blocks too, without what drops at random and ghosts, and the names of what they had."""
    plain: list[Layer] = []
    aside: list[str] = []
    for layer in layers:
        if isinstance(layer, Block):
            inner = [_plain_layers(branch.layers) for branch in layer.branches_of()]
            plain.append(layer.with_branches([layers for layers, _ in inner]))
            aside += [name for _, found in inner for name in found]
        elif isinstance(layer, Dropout | StochasticDepth):
            plain.append(replace(layer, keep=1.0))
            aside += [layer.kind]
        elif isinstance(layer, Bn | SpatialBn) and layer.ghost_batch_size:
            plain.append(replace(layer, ghost_batch_size=None))
            aside += ["ghost_batch_size"]
        else:
            plain.append(layer)
    return tuple(plain), list(dict.fromkeys(aside))


def _of_training(train: Train) -> list[str]:
    """Name what of the training section is put aside."""
    decay = train.weight_decay or train.optimizer.own_weight_decay
    there = {
        "l2": train.l2,
        "weight_decay": decay,
        "average": train.average,
        "class_weights": train.class_weights,
        "shards": train.shards,
        "start_from": train.start_from,
        "groups' freeze_after": any(group.freeze_after is not None for group in train.groups),
        "groups' freeze_last": any(group.freeze_last for group in train.groups),
        "resolution": train.resolution,
        "patience": train.patience,
    }
    return [f"train.{name}" for name, value in there.items() if value] + [f"train.schedule ({train.schedule.kind})"]


def _plain_training(train: Train, epochs: float, batch_size: int) -> dict[str, Any]:
    return {
        "epochs": epochs,
        "time_budget": None,
        "start_from": None,
        "batch_size": batch_size,
        "accumulate": None,
        "shards": None,
        "class_weights": None,
        "drop_last": False,
        "optimizer": _without_decay(train.optimizer),
        "schedule": Multistep(epochs=(LAST * epochs,)),
        "warmup_epochs": WARM_UP * epochs,
        "l2": 0.0,
        "weight_decay": 0.0,
        "groups": tuple(replace(group, freeze_after=None, freeze_last=0.0, falling=False) for group in train.groups),
        "average": None,
        "resolution": None,
        "patience": None,
        "tta": "none",
    }


def _without_decay(rule: Rule) -> Rule:
    return rule if rule.own_weight_decay is None else replace(rule, weight_decay=0.0)  # type: ignore[call-arg]
