"""The content of a run's folder, read with care: its experiment, and the newest state that its network can have."""

from collections.abc import Sequence
from functools import partial

from nndl.config import Experiment
from nndl.config.build import build_network
from nndl.config.load import decoded, parse_config
from nndl.config.schema import GIVEN
from nndl.errors import ConfigError
from nndl.net.network import Network
from nndl.runs.files import ForeignFileError, is_there, open_to_read, read_bounded
from nndl.runs.folder import RunFolder
from nndl.runs.states import State, newest_state
from nndl.train.state import check_size


def stored_experiment(folder: RunFolder, sets: Sequence[str] = ()) -> Experiment:
    """Load the experiment of a run as `nndl.config.load_config` does, from a file that is no link and of its size.

    Raises ConfigError for a file that is missing or none, too.
    """
    try:
        text = decoded(read_bounded(folder.config), folder.config)
        kept = is_there(folder.arrays)
        if kept:
            open_to_read(folder.arrays).close()  # in words where it is a link, say
    except ForeignFileError as error:
        raise ConfigError(str(error)) from None
    except OSError as error:
        raise ConfigError(f"{folder.config} cannot be read: {error.strerror}") from None
    experiment = parse_config(text, str(folder.config), sets, "config", begun=True)
    return _with_root(experiment, _images(folder)) if kept and experiment.data.in_python else experiment


def as_kept(experiment: Experiment, folder: RunFolder) -> Experiment:
    """Return a stored experiment as its folder, which may be moved, is to say it."""
    return _with_root(experiment, GIVEN) if experiment.data.root == _images(folder) else experiment


def _images(folder: RunFolder) -> str:
    return str(folder.arrays.absolute())


def _with_root(experiment: Experiment, root: str) -> Experiment:
    return experiment.model_copy(update={"data": experiment.data.model_copy(update={"root": root})})


def stored_state(folder: RunFolder, network: Network | None = None) -> State | None:
    """Find the newest whole state, and None where none was ever saved.

    Files that claim more than a state of the network, by default that of the run's config, can hold are passed over
    like damaged ones, unread. Raises CheckpointError where none is whole.
    """
    network = network or build_network(stored_experiment(folder), "reference")
    return newest_state(folder, partial(check_size, network=network))
