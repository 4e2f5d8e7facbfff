"""The schema of a config: every key, its type, its default and what it means. The documentation is generated from here.

Layers, losses, update rules, schedules and augmentations are described where they are defined; the tables of them
(`ONE_OF`) are what makes them part of the schema.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Annotated, Any, Literal, NamedTuple

from annotated_types import Ge, Gt, Le, Lt
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    WithJsonSchema,
    model_validator,
)

from nndl.config.datasets import CLASSES, FOLD, SHAPE, TRAINING_IMAGES, fold_size, held_out, parse_fold
from nndl.config.forms import ClassNames, Duration, Interval, Views, Weights
from nndl.data.augment import TRANSFORMS, Transform
from nndl.data.augment.mixing import MIXES, Mix
from nndl.data.dataset import LARGEST, SMALLEST
from nndl.data.pixels import Fit, Shape
from nndl.data.resolution import RESOLUTIONS, Resolution
from nndl.described import Described
from nndl.net.catalog import LAYERS
from nndl.net.layer import Layer
from nndl.net.losses import LOSSES, Loss, SoftmaxLoss
from nndl.own.registry import WithOwn
from nndl.own.source import Source
from nndl.train.choosing import Measure
from nndl.train.observer import OBSERVERS, Observer
from nndl.train.optimizers import OPTIMIZERS, Rule, SgdMomentum
from nndl.train.schedules import SCHEDULES, Constant, Schedule
from nndl.train.transforms import AVERAGES, Average
from nndl.train.updater import Group

Table = Mapping[str, type[Described]]


class OneOf(NamedTuple):
    """A key that names one description out of a table, or a list of them."""

    section: str
    name: str
    what: str
    """The content of the table, in one word."""
    table: Table
    many: bool = False
    """True for a key that holds a list."""
    optional: bool = False
    """True where it may be null."""

    @property
    def key(self) -> str:
        """Write the key as messages and the documentation do: train.optimizer."""
        return f"{self.section}.{self.name}"


ONE_OF = (
    OneOf("model", "layers", "layer", WithOwn("layer", LAYERS), many=True),
    OneOf("data", "augment", "augmentation", WithOwn("augmentation", TRANSFORMS), many=True),
    OneOf("data", "mix", "mixing", MIXES, many=True),
    OneOf("model", "loss", "loss", LOSSES),
    OneOf("train", "optimizer", "optimizer", WithOwn("optimizer", OPTIMIZERS)),
    OneOf("train", "schedule", "schedule", WithOwn("schedule", SCHEDULES)),
    OneOf("train", "average", "average", AVERAGES, optional=True),
    OneOf("train", "resolution", "resolution", RESOLUTIONS, optional=True),
    OneOf("record", "observers", "observer", WithOwn("observer", OBSERVERS), many=True),
)
"""The keys whose values are described where they are defined."""

Count = Annotated[int, Ge(1)]
Pixels = Annotated[int, Ge(SMALLEST), Le(LARGEST)]

MOST_EPOCHS = 1_000_000
"""More are a slip of the pen: of the fastest bundled config they would take weeks."""


def whole(epochs: float) -> float:
    """Return 3 for 3.0, as the run's config will be read again."""
    return int(epochs) if epochs % 1 == 0 else epochs


class Section(BaseModel):
    """A part of a config: frozen, and closed to keys it does not know."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def _fold(value: Any) -> Any:
    parse_fold(value)
    return value


def _both(size: Any) -> Any:
    """Return a list, which is how a config says it, as a tuple."""
    return tuple(size) if isinstance(size, list) else size


GIVEN = "images given in Python"
"""A `root` that is no folder: `Dataset.from_arrays` made the images, and a run on them keeps them itself."""


class Data(Section):
    """The images, and what is done to them on the way to the network."""

    dataset: Literal[
        "cifar10", "cifar100", "synthetic", "folder", "npz", "mnist", "fashion_mnist", "idx", "mat", "parquet"
    ] = "cifar10"
    """The images: CIFAR-10, CIFAR-100, generated patterns that need no download, or one's own (docs/data.md): a folder
    of pictures, or files as Keras, MNIST, MATLAB and the Hugging Face hub have them."""
    root: str = "data"
    """The folder that holds the data set, or its archive; a relative one is looked for where the command is given."""
    size: Annotated[Pixels | tuple[Pixels, Pixels] | Literal["auto"], BeforeValidator(_both)] = "auto"
    """Pixels of an image's sides, or [height, width]; auto: those it has, and 32 where pictures are of many sizes."""
    channels: Literal[1, 3, "auto"] = "auto"
    """Colours of an image: 1 is grey. auto: those it has, and 3 where pictures are of many kinds."""
    damaged: Literal["refuse", "skip"] = "refuse"
    """Pictures that cannot be read: refuse them, naming all, or leave them out."""
    test_share: Annotated[float, Gt(0), Lt(1)] = 0.2
    """The share of each class that tests, where a folder of pictures has no train/ and test/; `split_seed` draws it."""
    resize: Fit = "crop"
    """The way of a picture to another size: crop, its centre in the proportions of `size`, or squeeze, all of it."""
    classes: ClassNames | Literal["all"] = "all"
    """The classes to take, two or more, in the order of the scores: `[cat, dog]` or `[3, 1]`; the images of others are
    left out."""
    train_size: Count | Literal["all"] = "all"
    """The number of training images to use, before validation is split off; for quick trials."""
    test_size: Count | Literal["all"] = "all"
    """The number of test images to use."""
    validation_size: Annotated[int, Ge(0)] | Annotated[float, Gt(0), Lt(1)] | Literal["given", "auto"] = "auto"
    """Training images held out to watch progress and choose the best epoch; of each class its share. 0.1: a tenth.
    given: those that one's own files have for it, as in valid/ beside test/, which else join the training images.
    auto: given where there are such, or 5,000, or a tenth where that is all of them."""
    split_seed: Annotated[int, Ge(0)] = 0
    """The seed that picks them, apart from `seed` so that runs with other seeds are judged on the same images."""
    fold: Annotated[str, BeforeValidator(_fold), WithJsonSchema({"type": "string", "pattern": FOLD})] | None = None
    """The part to hold out instead: `2/5`, the second of five that are alike; validation_size is then its size."""
    normalize: Literal["standard", "mean_image", "none"] = "standard"
    """standard: mean 0, variance 1 per channel; mean_image: the mean image is subtracted (the courses); none: 0..1."""
    sampling: Weights = None
    """Weights that an epoch's images are drawn by, with replacement and as many as there are: `balanced` (each class as
    often), a list, or `{cat: 2.0}`, an image of a cat twice as often as others. null: each image once."""
    augment: tuple[InstanceOf[Transform], ...] = Field(default=(), strict=False)
    """Random changes of the training images, in this order."""
    mix: tuple[InstanceOf[Mix], ...] = Field(default=(), strict=False)
    """Then two training images are mixed into one, with a share of both labels: by the first of these ways whose
    probability takes an image."""

    @model_validator(mode="after")
    def _count(self) -> "Data":
        """Put a number for auto and for a share, so that the config that a run keeps says it."""
        if not self.is_settled:
            return self
        if self.validation_size == "auto":
            vars(self)["validation_size"] = self.fold_size or held_out(self.training_images, len(self.class_names))
        elif isinstance(self.validation_size, float):
            vars(self)["validation_size"] = max(1, round(self.validation_size * self.training_images))
        return self

    @property
    def input_shape(self) -> Shape:
        """Return the shape (C, H, W) of an image."""
        channels, *size = SHAPE
        height, width = size if self.size == "auto" else (self.size,) * 2 if isinstance(self.size, int) else self.size
        return channels if self.channels == "auto" else self.channels, height, width

    @property
    def is_settled(self) -> bool:
        """Tell whether shape, classes and number of images are known; the images have yet to tell them otherwise."""
        told = "auto" not in (self.size, self.channels) and "all" not in (self.classes, self.train_size)
        return told or self.dataset in CLASSES

    @property
    def in_python(self) -> bool:
        """Tell whether the images are in no file, but were given in Python."""
        return (self.dataset, self.root) == ("npz", GIVEN)

    @property
    def title(self) -> str:
        """Return the name of the images: the data set's, or that of the folder or file they are in."""
        return self.dataset if self.dataset in CLASSES else PurePath(self.root).stem or self.dataset

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return the names of the classes, in the order of the scores."""
        return CLASSES.get(self.dataset, ()) if self.classes == "all" else self.classes

    @property
    def all_training_images(self) -> int:
        """Return the number of training images that `train_size: all` means; each class has as many as the others."""
        if self.dataset not in CLASSES:
            return 0 if self.train_size == "all" else self.train_size
        return TRAINING_IMAGES[self.dataset] * len(self.class_names) // len(CLASSES[self.dataset])

    @property
    def training_images(self) -> int:
        """Return the number of training images in use, those held out among them."""
        return self.all_training_images if self.train_size == "all" else self.train_size

    @property
    def fold_size(self) -> int:
        """Return how many images the fold holds out; 0 without one."""
        return fold_size(self.training_images, self.fold) if self.fold else 0

    @property
    def held_out(self) -> int:
        """Return how many of the training images are held out; none of them where others are given."""
        return 0 if self.validation_size == "given" else int(self.validation_size)

    @property
    def validates(self) -> bool:
        """Tell whether there are images to validate on."""
        return self.validation_size == "given" or self.held_out > 0


class Model(Section):
    """The network and what it minimises."""

    layers: Annotated[tuple[InstanceOf[Layer], ...], Field(strict=False, min_length=1)]
    """The layers in order; the last one gives a score for each class."""
    loss: InstanceOf[Loss] = SoftmaxLoss()
    """The loss that training minimises."""
    define: None = Field(default=None, exclude=True)
    """Rows of layers by name, for layers to use: `define: {block: [...]}`, then `- block` (docs/layers.md)."""


class StartFrom(Section):
    """Weights to start from instead of drawn ones: those of a run (`run`) or of a file (`file`)."""

    run: str | None = None
    """A run, as verbs take one: its best weights, or the last where no epoch has ended."""
    file: str | None = None
    """A .safetensors or .npz file, under PyTorch's names (conv1.weight) or nndl's own (conv1.w)."""
    skip: tuple[str, ...] = Field(default=(), strict=False)
    """Patterns of names that are left out, and begin as they are drawn: `affine1.*`, the head for other classes."""

    @model_validator(mode="after")
    def _one(self) -> "StartFrom":
        if (self.run is None) == (self.file is None):
            raise ValueError("start_from: give one of run and file")
        return self


class Train(Section):
    """The training: its length, its steps and their rule."""

    epochs: Annotated[float, Gt(0), Le(MOST_EPOCHS), AfterValidator(whole)] = 10
    """Times that every training image is seen; 9.9 ends within the tenth epoch."""
    time_budget: Duration | None = None
    """Time to train for, instead of `epochs`: `90s`, `10min`, `1.5h`. Steps are timed first, and the epochs follow."""
    start_from: StartFrom | None = None
    """Weights to start from, of a run or a file, instead of drawn ones; the run keeps a copy of them."""
    batch_size: Count = 128
    """Images in a step; with `accumulate`, in each of its batches."""
    accumulate: Count | None = None
    """Batches in a step, one after another: the gradients add up to those of one batch as large as all of them, in the
    memory of one. Batch norm sees each by itself; an epoch's last step takes what is left. null: one."""
    shards: Count | None = None
    """Parts that a batch is computed in, one after another or on several processes: batch norm sees each by itself, and
    the sums are the same bits on any number of them. null: whole, or a few parts on several processes."""
    shard_statistics: Literal["shard", "batch"] = "shard"
    """The images that batch norm takes its statistics over in shards: each shard's alone, or all of the batch, which is
    slower, as every batch norm waits for all shards."""
    drop_last: bool = False
    """Leave out the batch at an epoch's end that is smaller than the others; with `accumulate`, the step."""
    eval_batch_size: Count = 500
    """Images scored at a time, where nothing is learnt."""
    optimizer: InstanceOf[Rule] = SgdMomentum()
    """The update rule."""
    schedule: InstanceOf[Schedule] = Constant()
    """The factor on the learning rate as training goes on, step by step."""
    warmup_epochs: Annotated[float, Ge(0)] = 0.0
    """Epochs over which the learning rate first rises from zero, in a straight line."""
    l2: Annotated[float, Ge(0)] = 0.0
    """The courses' reg: 0.5 * l2 * sum(w ** 2) over the weights is added to the loss. It is what PyTorch's SGD and Adam
    call weight_decay, but for biases and batch norms, which they decay too."""
    weight_decay: Annotated[float, Ge(0)] = 0.0
    """Decoupled decay of the weights: each step also takes learning_rate * weight_decay of them away. It is PyTorch's
    AdamW's; its SGD's adds up in the momentum, so that 5e-4 there is l2: 5e-4 here, or about weight_decay: 5e-3 where
    momentum is 0.9 (divided by 1 - momentum)."""
    class_weights: Weights = None
    """Weights of the classes in the training loss: `balanced` (the fewer images, the more), a list in the order of the
    classes, or `{cat: 2.0}`, the others 1. The mean is PyTorch's weighted one: divided by the weights of the labels of
    the batch, not by its images. Validation and test losses are without them."""
    groups: tuple[Group, ...] = Field(default=(), strict=False)
    """Multipliers for some parameters, by patterns on their names."""
    clip_norm: Annotated[float, Gt(0)] | None = None
    """The largest norm the gradient may have; longer ones are scaled down to it."""
    average: InstanceOf[Average] | None = None
    """Evaluate with an average of the weights over the steps instead of the last ones."""
    best_by: Measure = "accuracy"
    """The measure, on the validation images, that the best epoch is chosen by."""
    patience: Count | None = None
    """Early stopping: training ends after so many epochs in a row without a better one. null: it never does."""
    resolution: InstanceOf[Resolution] | None = None
    """Smaller training images at first, which take less time; null: all of them at their own size."""
    tta: Views = "none"
    """Test-time augmentation: views of each test image that its scores are averaged over, when training is done. With
    `{views: mirror+translate, share: 0.25}`, or `mirror+translate:0.25`, of the least certain quarter alone."""

    @property
    def step_size(self) -> int:
        """Return the images in a step."""
        return self.batch_size * (self.accumulate or 1)

    @property
    def parts(self) -> int | None:
        """Return the parts that a step is computed in: the shards of its batches; None where it is whole."""
        whole = self.shards is None and (self.accumulate or 1) == 1
        return None if whole else (self.shards or 1) * (self.accumulate or 1)


class Checkpoint(Section):
    """The saving of states, which an interrupted run goes on from."""

    every: Interval = "epoch"
    """`epoch`, or a number of steps or minutes: `200 steps`, `10 minutes`. What a crash costs at most."""
    keep: Count = 2
    """The number of states to keep: should the newest be damaged, the run goes on from the one before it."""


class Record(Section):
    """Records beside losses and accuracies."""

    statistics: Interval | None = None
    """The interval of looking at weights, updates and activations, for `nndl report`: `epoch` or, say, `100 steps`."""
    loggers: tuple[Literal["tensorboard", "mlflow", "wandb"], ...] = Field(default=(), strict=False)
    """Programs to record for as well: tensorboard, mlflow, wandb; each is an extra to install."""
    observers: tuple[InstanceOf[Observer], ...] = Field(default=(), strict=False)
    """Observers of your own that see every event of the training; nndl itself has none (docs/extending.md)."""


class Experiment(Section):
    """One experiment: data, network, training, and how it is kept."""

    name: str = "unnamed"
    """The name of its runs; by default the file's."""
    use: tuple[str, ...] = Field(default=(), strict=False, max_length=100)
    """Python code with parts of your own: files, looked for beside the config, or installed modules (package.module).
    What they register (docs/extending.md) is named as nndl's own parts are. Each run keeps a copy."""
    seed: Annotated[int, Ge(0)] = 0
    """From it follow initial weights, shuffling, augmentation and dropout, each in a stream of its own."""
    dtype: Literal["float32", "float64"] = "float32"
    """The numbers to compute with."""
    engine: Literal["auto", "reference", "vectorized", "compiled", "compiled_bf16"] = "auto"
    """The implementation of the arithmetic; auto takes the fastest there is in full precision."""
    threads: Count | Literal["auto"] = "auto"
    """Threads to compute with; auto takes every core this process may use."""
    data: Data = Data()
    model: Model
    train: Train = Train()
    checkpoint: Checkpoint = Checkpoint()
    record: Record = Record()

    _sources: tuple[Source, ...] = ()

    @property
    def sources(self) -> tuple[Source, ...]:
        """Return the code that `use` names, as it was when this was read."""
        return self._sources

    def __repr__(self) -> str:
        images, layers = " x ".join(map(str, self.data.input_shape)), len(self.model.layers)
        return f"Experiment({self.name!r}: {self.data.title} {images}, {layers:,} layers, {self.train.epochs:g} epochs)"

    def with_sources(self, sources: Sequence[Source]) -> "Experiment":
        """Return the same experiment with the code that it was read with."""
        experiment = self.model_copy()
        experiment._sources = tuple(sources)
        return experiment

    def with_epochs(self, epochs: float) -> "Experiment":
        """Return the same experiment over `epochs`, whatever time it was to take."""
        train = self.train.model_copy(update={"epochs": epochs, "time_budget": None})
        return self.model_copy(update={"train": train})


TOP = "the top level"
SECTIONS: dict[str, type[BaseModel]] = {
    TOP: Experiment,
    "data": Data,
    "model": Model,
    "train": Train,
    "checkpoint": Checkpoint,
    "record": Record,
}
