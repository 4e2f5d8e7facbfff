"""Making what an experiment needs, with the weights that it starts from: of another run, of a file, or set by hand."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from nndl.config import Experiment
from nndl.config import build as parts
from nndl.config.build import Build, Built, Start
from nndl.config.given import on_images
from nndl.config.schema import StartFrom
from nndl.data.dataset import Dataset
from nndl.errors import CheckpointError, StartError
from nndl.export.files import read_weights
from nndl.export.load import MisfitError, load_arrays
from nndl.jobs.images import told_where
from nndl.net.network import Network
from nndl.paths import expanded
from nndl.runs.checkpoint import Arrays, digest, read_checkpoint
from nndl.runs.files import is_there, open_to_read
from nndl.runs.folder import RunFolder, find_run
from nndl.train.state import MOST_COPIES, ArrayLike, evaluation_weights

BESIDE = 1 << 28
"""Bytes that weights to start from may take beside a copy of the network's own: those of a larger head, say."""


def build(experiment: Experiment, data: Dataset | None = None) -> Built:
    """Load the data and make the network, with the weights of train.start_from, and its solver.

    data: the images, made by `Dataset.from_arrays`, in the place of those that the experiment names. Raises DataError
    when the data is missing or damaged, StartError where the weights cannot be read or do not fit, and UsageError
    for what is no experiment, for images that do not fit it, or where there is no such run.
    """
    parts.check_experiment(experiment)
    experiment = experiment if data is None else on_images(experiment, data)
    start = experiment.train.start_from
    built = parts.build(experiment, None if start is None else partial(begin_from, start), data)
    return replace(built, made=_digest(built.network))


def begin_from(start: StartFrom, network: Network) -> Start:
    """Give the network the weights that `start` names; raises StartError where they are missing, damaged or unfit."""
    try:
        arrays, source = _of_run(start.run, network) if start.run is not None else _of_file(str(start.file), network)
        names = load_arrays(network, arrays, source, start.skip)
    except MisfitError as error:
        raise StartError(f"train.start_from: {error}\n{_cure(error)}") from None
    except CheckpointError as error:
        raise StartError(f"train.start_from: {error}") from None
    return Start(tuple(names), _digest(network, names), source, start.skip)


def _cure(misfit: MisfitError) -> str:
    """Say which patterns leave out all that does not fit."""
    if not misfit.names:
        return "leave that pattern out of train.start_from.skip, or mend it"
    if not misfit.fitting:
        return "no layer fits: these are the weights of another network"
    layers = dict.fromkeys(f"{name.rpartition('.')[0]}.*" for name in misfit.names)
    patterns = ", ".join(f"'{pattern}'" for pattern in dict.fromkeys([*misfit.skipped, *layers]))
    return f"to leave out what does not fit, and begin it as it is drawn: train.start_from.skip: [{patterns}]"


def _of_run(text: str, network: Network) -> tuple[Arrays, str]:
    folder = find_run(text)
    path = folder.best if is_there(folder.best) else folder.last
    arrays, info = read_checkpoint(path, partial(_check_size, most=_most_bytes(network)))
    mine = {name.partition("/")[2]: array for name, array in evaluation_weights(arrays).items()}
    return mine, f"{path} (step {info.get('step')})"


def _of_file(name: str, network: Network) -> tuple[Arrays, str]:
    path = expanded(name)
    return read_weights(path, _most_bytes(network)), str(path)


def _most_bytes(network: Network) -> int:
    return MOST_COPIES * 2 * (network.params.vector.nbytes + network.buffers.vector.nbytes) + BESIDE


def _check_size(found: Mapping[str, ArrayLike], most: int) -> None:
    if sum(array.nbytes for array in found.values()) > most:
        raise CheckpointError("it claims to hold more than any weights to start from could")


def as_set_by_hand(built: Built) -> Built:
    """Note the weights as what training starts from, where they are no longer those that `build` gave.

    Averages of the weights begin at them, too.
    """
    if not built.made or _digest(built.network) == built.made:
        return built
    averaged, names = built.solver.learner.averaged, tuple(weights(built.network))
    if averaged:
        averaged.begin()
    return replace(built, start=Start(names, _digest(built.network), "set by hand"), made=_digest(built.network))


def build_again(folder: RunFolder, experiment: Experiment, make: Build = build) -> Built:
    """Make what the run in `folder` needs, from the weights that the run keeps, wherever they came from.

    Raises CheckpointError and ForeignFileError for weights that are not a run's own, and what `make` raises.
    """
    with told_where(experiment.data, folder):
        return _made_again(folder, experiment, make)


def _made_again(folder: RunFolder, experiment: Experiment, make: Build) -> Built:
    if not is_there(folder.start):
        return make(experiment)
    open_to_read(folder.start).close()  # in words where it is a link, say
    copy = StartFrom(file=str(folder.start.absolute()), skip=_skipped(folder))
    try:
        built = make(starting_from(copy, experiment))
    except StartError as error:
        raise CheckpointError(str(error).removeprefix("train.start_from: ")) from None
    return replace(built, experiment=starting_from(experiment.train.start_from, built.experiment))


def _skipped(folder: RunFolder) -> tuple[str, ...]:
    """Read which names a run left out of the weights it began with; raises CheckpointError where that is not told."""
    said = folder.read_environment().get("start")
    skip = said.get("skip", []) if isinstance(said, dict) else []
    if not isinstance(skip, list) or not all(isinstance(name, str) for name in skip):
        raise CheckpointError(f"{folder.environment}: start.skip should be a list of names")
    return tuple(skip)


def starting_from(start: StartFrom | None, experiment: Experiment) -> Experiment:
    """Return the same experiment from other weights, or (None) from those that are drawn."""
    train = experiment.train.model_copy(update={"start_from": start})
    return experiment.model_copy(update={"train": train})


def weights(network: Network) -> Arrays:
    """Return parameters and running statistics under the names of a state, without copying them."""
    stores = {"params": network.params, "buffers": network.buffers}
    return {f"{store}/{name}": array for store, arrays in stores.items() for name, array in arrays.items()}


def _digest(network: Network, names: Iterable[str] | None = None) -> str:
    """Compute SHA-256 in hex of the network's weights, or of some of them."""
    there = weights(network)
    return digest({name: np.ascontiguousarray(there[name]) for name in (there if names is None else names)}, "")
