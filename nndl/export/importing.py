"""Weights from a file as a run, which then is scored, used and exported like one trained here."""

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nndl.config import Experiment
from nndl.config.build import build_network
from nndl.config.data import build_split
from nndl.config.own.using import with_copies
from nndl.config.writing.show import dump
from nndl.data.normalize import Normalize
from nndl.errors import CheckpointError, DataError, StartError
from nndl.export.files import read_weights
from nndl.export.load import load_arrays, normalization_of
from nndl.net.network import Network
from nndl.runs.atomic import write_atomically
from nndl.runs.checkpoint import write_checkpoint
from nndl.runs.environment import describe_environment
from nndl.runs.folder import RunFolder, create_run_folder, note_elsewhere
from nndl.runs.inputs import Inputs, write_inputs
from nndl.runs.own import write_sources
from nndl.train.state import pack


def import_run(experiment: Experiment, weights: Path, run_dir: Path | None = None) -> RunFolder:
    """Make a run's folder of a config and a .safetensors or .npz file of weights for its network.

    Raises StartError, before a folder is made, where the file cannot be read or does not fit, and where it says
    nothing of how images are normalised and the data set that would tell is not there.
    """
    network = build_network(experiment)
    arrays = _taken(weights, network)
    normalize = normalization_of(arrays, network.input_shape) or _fitted(experiment, weights)
    synthetic = experiment.data.dataset == "synthetic"
    folder = create_run_folder(experiment.name, run_dir)
    note_elsewhere(folder.path)
    if experiment.sources:
        write_sources(folder, experiment.sources)
    write_atomically(folder.config, dump(with_copies(experiment)))
    folder.write_environment({**describe_environment(), "imported": weights.name})
    write_inputs(folder, Inputs(normalize, experiment.data.class_names, experiment.data.title, synthetic))
    stores = {"params": network.params, "buffers": network.buffers}
    write_checkpoint(folder.best, pack(stores), {"kind": "imported", "step": 0, "from": weights.name})
    folder.write_status("imported", step=0, steps=0, weights=weights.name)
    return folder


def _taken(weights: Path, network: Network) -> dict[str, NDArray[Any]]:
    """Give the network the weights; returns all arrays of the file."""
    try:
        arrays = read_weights(weights, most_bytes=16 * (network.params.size + network.buffers.size) + 2**20)
        load_arrays(network, arrays, str(weights))
    except CheckpointError as error:
        raise StartError(str(error)) from None
    return arrays


def _fitted(experiment: Experiment, weights: Path) -> Normalize:
    try:
        return build_split(experiment).normalize
    except DataError as error:
        raise StartError(
            f"{weights} does not say how images are normalised (mean and std), and the data set that would tell is "
            f"missing:\n{error}"
        ) from None
