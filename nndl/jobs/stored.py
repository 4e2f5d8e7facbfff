"""The content of a run's folder, read with care: its experiment, and the newest state that its network can have."""

from collections.abc import Sequence
from functools import partial

from nndl.config import Experiment
from nndl.config.build import build_network
from nndl.config.load import decoded, parse_config
from nndl.config.own.using import given
from nndl.config.reading.overrides import called, parse
from nndl.errors import CheckpointError, ConfigError, UsageError
from nndl.jobs.images import at_hand
from nndl.net.network import Network
from nndl.own.source import Source
from nndl.own.trust import refuse_unknown
from nndl.paths import word
from nndl.runs.files import ForeignFileError, is_there, open_to_read, read_bounded
from nndl.runs.folder import RunFolder
from nndl.runs.own import read_sources
from nndl.runs.states import State, newest_state
from nndl.train.state import check_size
from nndl.visible import visible


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
    try:
        experiment = parse_config(text, str(folder.config), sets, "config", begun=True, find=find)
    except ConfigError as error:
        if missing := _missing(folder, str(error)):
            raise ConfigError("\n".join([str(error), *missing])) from None
        raise
    return at_hand(experiment, folder, kept, any(parse(change)[0][:2] == ("data", "root") for change in sets))


def _missing(folder: RunFolder, told: str) -> list[str]:
    """Say where the parts came from that a run has and its config is refused for, as its environment.json says."""
    try:
        said = folder.read_environment()
    except CheckpointError:
        return []
    sources = [said.get(key) for key in ("registered", "packages")]
    places, packages = (each if isinstance(each, dict) else {} for each in sources)
    cure = (
        "in Python register it before load_run; for the commands put it into a file, name that in a config's use:, and "
        f"say nndl import CONFIG {word(folder.best)}, or nndl train CONFIG --resume {word(folder.path)} to go on"
    )
    words = [
        f"{visible(kind)} was registered in Python ({visible(str(place))}), and no run keeps that code: {cure}"
        for kind, place in places.items()
        if f" {kind!r}; " in told
    ]
    return words + [
        f"{visible(kind)} came with the package {visible(str(package))}; install that"
        for kind, package in packages.items()
        if f" {kind!r}; " in told
    ]


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
