"""A trained network, loaded from its run with all that its use needs."""

from base64 import b64encode
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nndl.config import Experiment
from nndl.config.build import build_network
from nndl.config.data import Split, build_split, held_out
from nndl.config.reading.overrides import settings
from nndl.data.dataset import Dataset, Images
from nndl.data.given import as_labels, as_pixels
from nndl.errors import CheckpointError, MissingExtraError, UsageError
from nndl.export.write import Written, write
from nndl.flags import require_flags
from nndl.html import table
from nndl.jobs.build import build
from nndl.jobs.images import told_where
from nndl.jobs.progress import Watch, require_watch, say, shown
from nndl.jobs.resume import Wanted
from nndl.jobs.start import inputs_of
from nndl.jobs.stored import stored_experiment
from nndl.jobs.training import Observer, go_on
from nndl.net import inside
from nndl.net.network import Network
from nndl.net.shown import layer_table
from nndl.net.types import Array
from nndl.own.trust import trusting
from nndl.paths import expanded
from nndl.runs.checkpoint import Arrays, Check, read_checkpoint
from nndl.runs.curves import EPOCH_CURVES, STEP_CURVES, read_curves
from nndl.runs.figure import figure
from nndl.runs.files import is_there
from nndl.runs.folder import RunFolder, find_run
from nndl.runs.inputs import Inputs, read_inputs
from nndl.runs.listing import Row, read_row
from nndl.runs.metrics import is_count, read_metrics
from nndl.runs.recorded import Recorded
from nndl.runs.states import earlier_states
from nndl.train.calibration import softmax
from nndl.train.evaluate import Result, batches, evaluate
from nndl.train.events import EpochDone, Event, StepDone, from_record
from nndl.train.solver import Solver
from nndl.train.state import check_weights, load_weights
from nndl.train.views import Tta, as_tta, first_pass, scores_of_views, with_more_views


@dataclass(frozen=True, eq=False)
class Run:
    """A trained network with all that its use needs; `load_run` makes one."""

    folder: RunFolder
    experiment: Experiment
    network: Network
    inputs: Inputs
    step: int
    """The training step of its weights."""
    weights: Literal["best", "last", "kept"]
    """Those of the best epoch, the last ones, which alone there are until an epoch has ended, or those of a step."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the names of the classes, in the order of the scores."""
        return self.inputs.classes

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return the shape (C, H, W) of the images that it takes."""
        return self.experiment.data.input_shape

    def predict(self, images: Array, tta: Tta = "none") -> Array:
        """Return the class of each image, int64 (N,): a position in `classes`.

        images: uint8, 0..255, or float, 0..1; (N, H, W, C) as pictures are or (N, C, H, W) as CIFAR is, of the run's
        `shape`. tta: none, mirror or mirror+translate, to average over those views; "mirror:0.25", of the least certain
        quarter of these images alone. Raises UsageError for others.
        """
        return np.argmax(self.scores(images, tta), axis=1)

    def probabilities(self, images: Array, tta: Tta = "none") -> Array:
        """Return the softmax of the scores, float64 (N, classes); images as in `predict`."""
        return softmax(self.scores(images, tta))

    def scores(self, images: Array, tta: Tta = "none") -> Array:
        """Return the network's scores (N, classes); images as in `predict`."""
        tta = as_tta(tta)
        pixels, size = as_pixels(images, self.shape), self.experiment.train.eval_batch_size
        parts = [pixels[part] for part in batches(len(pixels), size)]
        if not parts:
            return np.zeros((0, len(self.classes)), self.network.dtype)
        score, normalize = self.network.scores, self.normalize
        first = np.concatenate([scores_of_views(score, part, normalize, first_pass(tta)) for part in parts])
        return with_more_views(first, score, pixels, normalize, size, tta)

    def outputs(self, images: Array) -> dict[str, Array]:
        """Return what each layer gives for images, as in `predict`, by its name ("conv1"), in order; (N, ...) each.

        Raises UsageError for other images, and where there are none.
        """
        return inside.outputs(self.network, self._looked_into(images))

    def gradients(self, images: Array, dscores: Array) -> tuple[Array, dict[str, Array]]:
        """Return the gradient of sum(dscores * scores) by the images (N, 3, 32, 32), and by what each layer gives.

        images: as in `predict`; the gradient is by pixels that go from 0 to 1. dscores (N, classes): to look at one
        class, 1 in its column. The layers' are by name, as in `outputs`. Raises UsageError for other images or dscores.
        """
        x = self._looked_into(images)
        given, wanted = np.asarray(dscores), (len(x), len(self.classes))
        if given.shape != wanted:
            raise UsageError(f"dscores has a number for each image and class, {wanted}, not {given.shape}")
        if given.dtype.kind not in "fiub":
            raise UsageError(f"dscores are real numbers, not {given.dtype}")
        dx, by_layer = inside.gradients(self.network, x, given)
        return dx * (255 / self.inputs.normalize.std).astype(dx.dtype)[:, None, None], by_layer

    def _looked_into(self, images: Array) -> Array:
        """Return images as the network takes them; raises UsageError for others, and for none."""
        pixels = as_pixels(images, self.shape)
        if not len(pixels):
            raise UsageError("there are no images to look into")
        return self.normalize(pixels)

    def evaluate(self, images: Array, labels: Array, tta: Tta = "none") -> Result:
        """Score images, as in `predict`, with labels (N,): whole numbers, positions in `classes`.

        Raises UsageError for others, and where there are none.
        """
        pixels, size = as_pixels(images, self.shape), self.experiment.train.eval_batch_size
        y = as_labels(labels, len(pixels), len(self.classes))
        if not len(y):
            raise UsageError("there are no images to evaluate")
        return evaluate(self.network, pixels, y, self.normalize, size, tta=as_tta(tta))

    def images(self, split: str = "test", data: str | Path | None = None) -> Images:
        """Return images that the run did not learn from: split test, or val for those it held out of training.

        data: the folder that holds the data set, if it is not where the run found it. Raises DataError where it is not.
        """
        return held_out(self.split(data), split)

    def split(self, data: str | Path | None = None) -> Split:
        """Read the run's data set from where the run found it or from the folder `data`, divided as the run did."""
        experiment = stored_experiment(self.folder, settings(data=None if data is None else expanded(data)))
        with told_where(experiment.data, self.folder):
            return build_split(experiment)

    def resume(
        self,
        epochs: float | None = None,
        *,
        data: Dataset | None = None,
        watch: Watch | None = None,
        progress: bool = True,
        accept_changes: bool = False,
    ) -> "Run":
        """Go on with the training from its newest state, as `nndl resume` does; return the run with its best weights.

        epochs: those it shall have in all, which extends a finished run. data: images that were given in Python, where
        the run keeps no copy of them. watch and progress are as in `nndl.train`. accept_changes: go on although
        something is not as it was. Raises UsageError where there is nothing to go on with, or something is not as it
        was and that is not accepted: the images, say.
        """
        require_watch(watch)
        require_flags(progress=progress, accept_changes=accept_changes)
        make = build if data is None else partial(build, data=data)
        try:
            go_on(self.folder, Wanted(epochs=epochs, accept_changes=accept_changes), _Shown(progress, watch), make)
        except UsageError as error:
            raise UsageError(str(error).replace("--accept-changes", "accept_changes=True")) from None
        return load_run(self.folder.path)

    def learnt_from(self, split: Split) -> bool:
        """Tell whether the run was trained with these images, by their checksum; yes where none was kept."""
        kept = self.folder.read_environment().get("data_digest") if is_there(self.folder.environment) else None
        return kept is None or kept == split.dataset.digest

    def export(
        self,
        path: str | Path | None = None,
        to: str | None = None,
        *,
        force: bool = False,
        check_images: int = 1000,
        data: str | Path | None = None,
    ) -> Written:
        """Write the network, with its normalisation, for other programs, as `nndl export` does.

        to: onnx, npz, safetensors or pytorch; by default what `path` ends in. path: by default the config's name, here;
        one that is there is left alone unless `force`. An ONNX file is scored again by onnxruntime, a module by PyTorch
        where that is installed, on as many test images as `check_images` says (of the folder `data`, if they are not
        where the run found them), and is written only if it agrees. Raises UsageError for words that do not fit,
        ExportError where the format has no such layer or the scores differ, and MissingExtraError without onnx and
        onnxruntime.
        """
        return write(self, path, to, force=force, check_images=check_images, data=data)

    @property
    def history(self) -> list[EpochDone]:
        """Return the epochs of the run, each with its losses and accuracies, as its metrics.jsonl has them."""
        return [event for event in self._events() if isinstance(event, EpochDone)]

    def curves(self) -> Recorded:
        """Return what was recorded, float64: by "epoch" the losses and accuracies, by "step" loss and learning_rate.

        "epoch", "train_loss", "train_accuracy", "validation_loss" and "validation_accuracy" are of one length, "step",
        "loss" and "learning_rate" of another; what was not recorded is NaN. `run.curves().to_frame()` is pandas' table.
        """
        epochs, steps = self.history, [event for event in self._events() if isinstance(event, StepDone)]
        columns = {name: [getattr(event, name) for event in epochs] for name in ("epoch", *EPOCH_CURVES)}
        columns |= {name: [getattr(event, name) for event in steps] for name in ("step", *STEP_CURVES)}
        return Recorded({name: np.array(column, np.float64) for name, column in columns.items()})

    def _events(self) -> list[Event | None]:
        """Return the events that the run has written down; of an imported one none."""
        return list(map(from_record, read_metrics(self.folder.metrics))) if is_there(self.folder.metrics) else []

    def __repr__(self) -> str:
        return f"Run({str(self.folder.path)!r}: {self.experiment.name}, {self.weights} weights, step {self.step:,})"

    def _repr_html_(self) -> str:
        """Return the run for a notebook: its scores, its curves where matplotlib is, its layers."""
        row = read_row(self.folder)
        parts = [table(("run", "config", "images", "epochs", "validation", "test"), [_in_cells(row)])]
        with suppress(MissingExtraError):
            drawn = figure([read_curves(self.folder)], "png")
            parts.append(f'<img alt="curves" width="560" src="data:image/png;base64,{b64encode(drawn).decode()}">')
        return "\n".join([*parts, layer_table(self.network.placed)])

    @cached_property
    def normalize(self) -> Callable[[Array], Array]:
        """Return the map of pixels 0..255 (N, C, H, W), of any dtype, to the network's input."""
        return lambda pixels: self.inputs.normalize.apply(pixels, self.network.dtype)


def _in_cells(row: Row) -> tuple[object, ...]:
    shares = (None if value is None else f"{100 * value:.2f} %" for value in (row.best_validation, row.test))
    return (row.folder, row.config, row.images, row.epochs, *("" if share is None else share for share in shares))


@dataclass(frozen=True)
class _Shown(Observer):
    """Shows a training that goes on as `nndl.train` shows one that begins."""

    progress: bool
    watch: Watch | None

    def note(self, words: str) -> None:
        say(words, self.progress)

    def watching(self, solver: Solver) -> AbstractContextManager[Watch]:
        return shown(solver, self.progress, self.watch)


def load_run(
    run: str | Path, *, best: bool = True, engine: str | None = None, step: int | None = None, trust: bool = False
) -> Run:
    """Load the network of a run: a folder, a name under runs/, or "latest".

    best: the weights of the best epoch (of a run that ended none yet the last, as `Run.weights` then says), or (False)
    the last ones; step: those kept at this step instead. engine: another than the run's. trust: run the code that the
    run brings, though this user has not chosen to before. Raises UsageError where there is no such run or step,
    CheckpointError where its weights are not whole, and UntrustedError for such code without a word of trust.
    """
    require_flags(best=best, trust=trust)
    folder = find_run(str(run))
    with trusting(trust):
        experiment = stored_experiment(folder)
    network = build_network(experiment, engine)
    check = partial(check_weights, network=network)
    weights, (arrays, info) = _read_weights(folder, best, check) if step is None else _read_step(folder, step, check)
    load_weights(network, arrays)
    inputs = read_inputs(folder) or _inputs_of_the_data(experiment)
    if inputs.normalize.mean.shape not in (network.input_shape[:1], network.input_shape):
        raise CheckpointError(f"{folder.inputs} is damaged: mean and std are not those of images")
    if not is_count(info.get("step")):
        raise CheckpointError(f"the {weights} weights of {folder.path} do not say of which step they are")
    if (len(inputs.classes),) != network.placed[-1].out_shape:
        outputs = network.placed[-1].out_shape
        raise CheckpointError(f"{folder.inputs} names {len(inputs.classes)} classes, and the network scores {outputs}")
    return Run(folder, experiment, network, inputs, info["step"], weights)


def _read_weights(
    folder: RunFolder, best: bool, check: Check
) -> tuple[Literal["best", "last"], tuple[Arrays, dict[str, Any]]]:
    """Read the best or the last weights: the last where the best are asked for and no epoch has ended."""
    if best and not is_there(folder.best) and is_there(folder.last):
        last = read_checkpoint(folder.last, check)
        if not last[1].get("history"):
            return "last", last
    if not is_there(folder.best) and not is_there(folder.last):
        raise CheckpointError(f"{folder.path} has no weights yet: no state of its training was saved")
    return ("best", read_checkpoint(folder.best, check)) if best else ("last", read_checkpoint(folder.last, check))


def _read_step(folder: RunFolder, step: int, check: Check) -> tuple[Literal["kept"], tuple[Arrays, dict[str, Any]]]:
    """Read the weights kept at a step; raises UsageError where none are, with the steps that there are."""
    there = []
    for path in filter(is_there, (folder.best, folder.last, *earlier_states(folder))):
        with suppress(CheckpointError):
            found = read_checkpoint(path, check)
            if found[1].get("step") == step:
                return "kept", found
            there.append(found[1].get("step"))
    steps = ", ".join(str(each) for each in sorted({each for each in there if is_count(each)}))
    raise UsageError(f"{folder.path} keeps no weights of step {step}; it has those of {steps or 'none'}")


def _inputs_of_the_data(experiment: Experiment) -> Inputs:
    """Work them out, for a run that did not write them down, from its data set, which must be there."""
    split = build_split(experiment)
    return inputs_of(split.normalize, split.dataset)
