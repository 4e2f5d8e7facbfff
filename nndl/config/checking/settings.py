"""Checks that the settings agree with one another, with the data set and with this installation."""

from collections.abc import Mapping

from nndl.config.advice import suggest
from nndl.config.datasets import CLASSES, MOST_TEST_IMAGES, MOST_TRAINING_IMAGES, SHAPE
from nndl.config.reading.messages import Path, Report
from nndl.config.schema import Data, Experiment, Train
from nndl.config.settle import NO_ROOT
from nndl.config.weights import ClassWeights
from nndl.data.batches import batches_in
from nndl.engines import choices, why_not
from nndl.train.schedules import Cosine, OneCycle, WarmRestarts
from nndl.train.solver import steps_in
from nndl.train.transforms import Lookahead, Swa

MOST_THREADS = 1024
ENDS = ("start", "final")
"""Options that say what a schedule begins and ends with, on either side of its peak."""
MOST_CLASSES = 12
"""Names of classes listed in a message."""


def check_settings(experiment: Experiment, report: Report) -> None:
    """Report what does not agree."""
    _check_machine(experiment, report)
    _check_data(experiment, report)
    _check_steps(experiment, report)
    _check_training(experiment, report)
    _check_weights(experiment.train.class_weights, ("train", "class_weights"), experiment, report)
    _check_weights(experiment.data.sampling, ("data", "sampling"), experiment, report)
    if experiment.train.time_budget is None:  # else it is nndl.jobs.budget that knows the epochs
        _check_end(experiment.train, report)


def check_sense(experiment: Experiment, report: Report) -> None:
    """Report what could be done and makes no sense: runs of before that have it are read all the same."""
    for index, transform in enumerate(experiment.data.augment):
        if words := transform.idle(*experiment.data.input_shape[1:]):
            path = ("data", "augment", index, transform.kind, words.partition(" ")[0])
            report(path, f"{transform.kind} would never change an image: {words}")
    if not experiment.data.root:
        report(("data", "root"), NO_ROOT)
    train = experiment.train
    schedule, at = train.schedule, ("train", "schedule", train.schedule.kind)
    for option in ENDS if isinstance(schedule, Cosine | WarmRestarts | OneCycle) else ():
        if getattr(schedule, option, 0) > 1:
            words = f"should be 1 or less, the multiplier at the peak, not {getattr(schedule, option):g}"
            report((*at, option), f"{schedule.kind}: {option} {words}")
    per_epoch = batches_in(images_to_learn_from(experiment), train.step_size, train.drop_last)
    if isinstance(schedule, WarmRestarts) and 0 < schedule.t_0 * per_epoch < 1:
        words = f"t_0 should be {1 / per_epoch:.2g} or more, a step of {per_epoch:,} in an epoch, not {schedule.t_0:g}"
        report((*at, "t_0"), f"{schedule.kind}: {words}")


def _check_machine(experiment: Experiment, report: Report) -> None:
    if experiment.engine not in ("auto", *choices()):
        report(("engine",), why_not(experiment.engine))
    if experiment.threads != "auto" and experiment.threads > MOST_THREADS:
        report(("threads",), f"threads should be {MOST_THREADS} or less, not {experiment.threads:,}")


def _check_data(experiment: Experiment, report: Report) -> None:
    data, classes = experiment.data, len(experiment.data.class_names)
    _check_augmentation(data, report)
    if data.dataset in CLASSES:
        _check_known(data, report)
    train_size = data.training_images
    if data.fold:
        _check_fold(data, report)
    elif data.held_out and not classes <= data.held_out < train_size:
        words = f"from {classes} (one of each class) to less than the {train_size:,} training images"
        words = f"0, or {words}" if classes < train_size else f"0 where there are no more than {train_size:,} images"
        report(("data", "validation_size"), f"validation_size should be {words}, not {data.held_out:,}")


def _check_known(data: Data, report: Report) -> None:
    """Report what does not fit a data set whose facts are known before it is read."""
    _check_class_names(data, report)
    for name, own in (("size", SHAPE[1:]), ("channels", SHAPE[0])) if data.dataset != "synthetic" else ():
        given = getattr(data, name)
        if given not in ("auto", own) and not (name == "size" and (given, given) == own):
            report(("data", name), f"the images of {data.dataset} are {' x '.join(map(str, SHAPE))}; leave {name} out")
    if data.validation_size == "given":
        words = f"{data.dataset} has no images for validation apart; leave validation_size out, or say how many"
        report(("data", "validation_size"), words)
    for name in ("damaged", "test_share"):
        if getattr(data, name) != Data.model_fields[name].default:
            report(
                ("data", name), f"{name} is for images of one's own, such as dataset: folder; leave it out", at_key=True
            )
    classes, of_all = len(data.class_names), len(CLASSES[data.dataset])
    least = classes if data.dataset == "synthetic" else 1
    for name, there in (("train_size", MOST_TRAINING_IMAGES), ("test_size", MOST_TEST_IMAGES)):
        size, most = getattr(data, name), there * classes // of_all
        if size != "all" and not least <= size <= most:
            words = f"{name} should be from {least} to {most:,}, or all, with {data.dataset}"
            report(("data", name), f"{words}, not {size:,}")


def _check_class_names(data: Data, report: Report) -> None:
    for index, name in enumerate(data.class_names):
        if name in data.class_names[:index]:
            report(("data", "classes", index), f"class {name!r} is named twice")
        if name not in CLASSES[data.dataset]:
            words = f"{data.dataset} has no class {name!r}; {suggest(name, CLASSES[data.dataset])}"
            report(("data", "classes", index), words)


def _check_augmentation(data: Data, report: Report) -> None:
    for index, transform in enumerate(data.augment):
        try:
            transform.check(*data.input_shape[1:])
        except ValueError as error:
            path = ("data", "augment", index, transform.kind, transform.shorthand or "")
            report(path, str(error))
        fill, channels = getattr(transform, "fill", None), data.input_shape[0]
        if isinstance(fill, tuple) and len(fill) not in (1, channels):
            words = "one number" if channels == 1 else f"one number or {channels}, one for each channel"
            words = f"fill should be {words}, not {len(fill)}"
            report(("data", "augment", index, transform.kind, "fill"), f"{transform.kind}: {words}")


def _check_fold(data: Data, report: Report) -> None:
    classes = len(data.class_names)
    if data.fold_size < classes:
        words = f"a fold of {data.training_images:,} images has {data.fold_size:,}, fewer than the {classes} classes"
        report(("data", "fold"), f"{words}; take fewer folds than in {data.fold}")
    elif data.held_out != data.fold_size:
        words = f"fold {data.fold} holds out {data.fold_size:,} images, not {data.held_out:,}"
        report(("data", "validation_size"), f"{words}; leave validation_size out, or say auto")


def images_to_learn_from(experiment: Experiment) -> int:
    """Count the training images that are not held out."""
    return experiment.data.training_images - experiment.data.held_out


def _check_steps(experiment: Experiment, report: Report) -> None:
    """Report epochs without a step, and slow weights that are never renewed."""
    train, images = experiment.train, images_to_learn_from(experiment)
    batches = batches_in(images, train.batch_size, drop_last=False)
    if train.accumulate is not None and 0 < batches < train.accumulate:
        words = f"an epoch has {batches:,} batches of {train.batch_size:,}, too few for a step of {train.accumulate:,}"
        report(("train", "accumulate"), f"{words}; accumulate should be {batches:,} or less")
        return
    if train.drop_last and 0 < images < train.step_size:
        step = f"{train.accumulate:,} batches" if train.accumulate else "a batch"
        words = (
            f"drop_last leaves out what does not fill {step} of {train.batch_size:,}, and there are {images:,} images"
        )
        report(
            ("train", "drop_last"),
            f"{words} to train on; batch_size should be {images // (train.accumulate or 1):,} or less",
        )
        return
    steps = steps_in(train.epochs, batches_in(images, train.step_size, train.drop_last))
    if isinstance(train.average, Lookahead) and train.average.every > steps and not train.time_budget:
        words = f"every should be {steps:,} or less, not {train.average.every:,}: there are {steps:,} steps in all, and"
        report(("train", "average", "lookahead", "every"), f"lookahead: {words} the network would end as it began")
    if isinstance(train.average, Swa) and not train.time_budget:
        per_epoch = batches_in(images, train.step_size, train.drop_last)
        left = steps - train.average.first(steps)
        if not train.average.taken(steps, steps, per_epoch):
            words = f"of {steps:,} steps {left:,} are left, {left / max(1, per_epoch):.3g} epochs, and none is averaged"
            report(("train", "average", "swa", "every"), f"swa: {words}; begin sooner, or take a smaller every")


def _check_training(experiment: Experiment, report: Report) -> None:
    train, loss = experiment.train, experiment.model.loss
    if experiment.data.mix and not loss.takes_distributions:
        way = experiment.data.mix[0].kind
        words = f"data.mix ({way}) gives an image a share of two labels, and {loss.kind} takes one"
        report(("model", "loss"), f"{words}; take loss: softmax, or leave mix out")
    if train.patience is not None and train.resolution is not None:
        words = "patience may end training while images are still small (train.resolution)"
        report(("train", "patience"), f"{words}, of which the running statistics would then be; leave one of them out")
    if train.schedule.needs_validation and not experiment.data.validates:
        kind = train.schedule.kind
        report(("train", "schedule"), f"{kind} waits for a better validation, and data.validation_size is 0", True)
    if train.patience is not None and not experiment.data.validates:
        report(("train", "patience"), "patience waits for a better validation, and data.validation_size is 0")
    if train.shards is not None and train.shards > train.batch_size:
        report(("train", "shards"), f"shards should be {train.batch_size:,}, the batch_size, or less: {train.shards:,}")
    if train.optimizer.own_weight_decay is not None and train.weight_decay:
        report(("train", "weight_decay"), f"{train.optimizer.kind} has a weight_decay of its own; set that one")


def _check_weights(given: ClassWeights | None, path: Path, experiment: Experiment, report: Report) -> None:
    """Report weights that are not above 0, of classes that there are not, and lists that are too long or too short."""
    classes, key = experiment.data.class_names, path[-1]
    weights = given if isinstance(given, Mapping) else dict(enumerate(given)) if isinstance(given, tuple) else {}
    for name, weight in weights.items():
        if isinstance(name, str) and name not in classes:
            words = f"{key}: {experiment.data.title} has no class {name!r}; {suggest(name, classes)}"
            report((*path, name), words, at_key=True)
        elif weight <= 0:
            report((*path, name), f"{key}: weights are above 0, not {weight:g}; data.classes leaves a class out")
    if isinstance(given, tuple) and len(given) != len(classes):
        shown = ", ".join(classes[:MOST_CLASSES]) + (", ..." if len(classes) > MOST_CLASSES else "")
        words = f"{key} should have {len(classes)} weights, one for each class, not {len(given)}"
        report(path, f"{words}; in their order: {shown}")


def _check_end(train: Train, report: Report) -> None:
    """Report what counts in epochs and does not come to its end within training."""
    kind, beyond = train.schedule.kind, train.schedule.beyond(train.epochs)
    length = f"train.epochs is {train.epochs}"
    if beyond:
        report(("train", "schedule", kind, beyond.option), f"{kind}: {beyond.words}; {length}")
    if train.warmup_epochs > train.epochs:
        report(("train", "warmup_epochs"), f"the warm-up is longer than training; {length}")
