"""The content of a run's folder, read with care: its experiment, and the newest state that its network can have."""

from collections.abc import Sequence
from functools import partial

from nndl.config import Experiment
from nndl.config.build import build_network
from nndl.config.load import decoded, parse_config
from nndl.config.own.using import given
from nndl.config.reading.overrides import called, parse
from nndl.errors import ConfigError, UsageError
from nndl.jobs.images import at_hand
from nndl.net.network import Network
from nndl.own.source import Source
from nndl.own.trust import refuse_unknown
from nndl.runs.files import ForeignFileError, is_there, open_to_read, read_bounded
from nndl.runs.folder import RunFolder
from nndl.runs.own import read_sources
from nndl.runs.states import State, newest_state
from nndl.train.state import check_size


def stored_experiment(folder: RunFolder, sets: Sequence[str] = ()) -> Experiment:
    """Load the experiment of a run as `nndl.config.load_config` does, from a file that is no link and of its size.

    The code that it uses is the run's own copy, which is run only if this user chose to run it before, or says so now
    (`nndl.own.trust`). Raises ConfigError for a file that is missing or none, CheckpointError where a copy is not as it
    was, and UntrustedError.
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
    for change in sets:
        if parse(change)[0][0] == "use":
            words = "a run keeps to its own code; nndl train CONFIG --resume RUN takes other"
            raise UsageError(f"{called(change)}: {words}")
    find = given(partial(_own_code, folder))
    experiment = parse_config(text, str(folder.config), sets, "config", begun=True, find=find)
    return at_hand(experiment, folder, kept, any(parse(change)[0][:2] == ("data", "root") for change in sets))


def _own_code(folder: RunFolder, names: Sequence[str]) -> Sequence[Source]:
    if not names:
        return ()
    sources = read_sources(folder, names)
    refuse_unknown(sources, f"{folder.path}")
    return sources


def stored_state(folder: RunFolder, network: Network | None = None) -> State | None:
    """Find the newest whole state, and None where none was ever saved.

    Files that claim more than a state of the network, by default that of the run's config, can hold are passed over
    like damaged ones, unread. Raises CheckpointError where none is whole.
    """
    network = network or build_network(stored_experiment(folder), "reference")
    return newest_state(folder, partial(check_size, network=network))
