"""What no single key can tell: whether the layers fit together, and the parts of a config one another."""

from collections.abc import Callable
from typing import Any

from nndl.config.messages import Path
from nndl.config.schema import Experiment
from nndl.errors import ConfigError
from nndl.net.shapes import infer_shapes
from nndl.train.optimizers import AdamW
from nndl.train.schedules import Multistep, PiecewiseLinear

INPUT_SHAPE = (3, 32, 32)
CLASSES = {"cifar10": 10, "cifar100": 100, "synthetic": 10}
IMAGES = {"cifar10": 50_000, "cifar100": 50_000, "synthetic": 5_000}
"""Training images of each data set."""

Report = Callable[[Path, str], None]


def check(experiment: Experiment, tree: Any, report: Report) -> None:
    """Report what does not fit."""
    _check_shapes(experiment, tree, report)
    _check_data(experiment, report)
    _check_schedule(experiment, report)


def _check_shapes(experiment: Experiment, tree: Any, report: Report) -> None:
    try:
        placed = infer_shapes(experiment.model.layers, INPUT_SHAPE)
    except ConfigError as error:
        report(layer_path(tree, error.where or ()), str(error))
        return
    classes = CLASSES[experiment.data.dataset]
    if placed[-1].out_shape != (classes,):
        given = placed[-1].out_shape
        report(
            layer_path(tree, placed[-1].where),
            f"{experiment.data.dataset} has {classes} classes, but the last layer gives "
            f"{given[0] if len(given) == 1 else 'images ' + ' x '.join(map(str, given))}; end with affine: {classes}",
        )


def layer_path(tree: Any, where: tuple[int, ...]) -> Path:
    """The path of the layer at position `where`: (3, 1) is model.layers[3].residual[1], or ...residual.layers[1]."""
    path: Path = ("model", "layers", *where[:1])
    node: Any = tree["model"]["layers"][where[0]] if where else None
    for index in where[1:]:
        path, node = (*path, "residual"), node["residual"]
        if isinstance(node, dict):
            path, node = (*path, "layers"), node["layers"]
        path, node = (*path, index), node[index]
    return path


def _check_data(experiment: Experiment, report: Report) -> None:
    data = experiment.data
    size = IMAGES[data.dataset] if data.train_size == "all" else data.train_size
    if size > IMAGES[data.dataset] and data.dataset != "synthetic":
        report(("data", "train_size"), f"{data.dataset} has {IMAGES[data.dataset]:,} training images")
    classes = CLASSES[data.dataset]
    if data.validation_size and not classes <= data.validation_size < size:
        report(
            ("data", "validation_size"),
            f"validation_size should be 0, or from {classes} (one of each class) to less than the {size:,} training "
            f"images, not {data.validation_size:,}",
        )


def _check_schedule(experiment: Experiment, report: Report) -> None:
    train = experiment.train
    path = ("train", "schedule")
    if isinstance(train.schedule, Multistep) and list(train.schedule.epochs) != sorted(set(train.schedule.epochs)):
        report(path, "multistep's epochs should be in rising order")
    if isinstance(train.schedule, Multistep) and max(train.schedule.epochs) >= train.epochs:
        report(path, f"multistep's last drop comes after the {train.epochs} epochs of training")
    if isinstance(train.schedule, PiecewiseLinear) and train.schedule.points[-1][0] > train.epochs:
        report(path, f"piecewise_linear's last point comes after the {train.epochs} epochs of training")
    if isinstance(train.optimizer, AdamW) and train.weight_decay:
        report(("train", "weight_decay"), "adamw has a weight_decay of its own; set that one")
    if train.warmup_epochs > train.epochs:
        report(("train", "warmup_epochs"), f"warmup_epochs is longer than the {train.epochs} epochs of training")
