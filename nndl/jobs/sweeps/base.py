"""A sweep's base config with the code that it uses: as they stand in their files, or as the sweep's folder keeps them.

What a sweep began with is what it goes on with, on every machine, whatever becomes of those files meanwhile. A sweep's
folder may be a stranger's: its copies are found and run as those of a run are (`nndl.runs.own`, `nndl.own.trust`).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from nndl.config import Experiment
from nndl.config.bundled import locate
from nndl.config.load import MOST_BYTES, decoded, parse_config, read_text
from nndl.config.own.using import Faults, Find, given, of_config
from nndl.errors import CheckpointError, ConfigError
from nndl.own.source import Source
from nndl.own.trust import refuse_unknown
from nndl.runs.atomic import write_atomically
from nndl.runs.files import ForeignFileError, is_there, read_bounded
from nndl.runs.folder import RunFolder
from nndl.runs.own import LIST, changed_since, read_named, write_sources

BASE = "sweep-base.yaml"
"""The copy of the base config in the sweep's folder."""


@dataclass(frozen=True)
class Base:
    """The text of a base config, and the way to the code that it uses."""

    text: str
    called: str
    """As errors call it."""
    find: Find

    def experiment(self, sets: Sequence[str]) -> Experiment:
        """Return the experiment that it describes with these changes; raises what `load_config` does."""
        return parse_config(self.text, self.called, sets, Path(self.called).stem, find=self.find)


def of_file(base: str) -> Base:
    """Return a base config as its file is now; code that this user never chose to run is not run."""
    path = locate(base)
    return Base(read_text(path), base, of_config(path.parent, look=True))


def keep(folder: Path, base: Base, sources: Sequence[Source]) -> str:
    """Write copies of a base config and of its code into a sweep's folder; returns the SHA-256 of the text."""
    content = base.text.encode()
    write_sources(RunFolder(folder), sources)
    write_atomically(folder / BASE, content)
    return hashlib.sha256(content).hexdigest()


def kept(folder: Path, sha256: str) -> Base:
    """Return the base config that a sweep's folder keeps; raises CheckpointError where it is not what it was."""
    path = folder / BASE
    try:
        content = read_bounded(path, MOST_BYTES)
    except ForeignFileError as error:
        raise CheckpointError(str(error)) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise CheckpointError(f"{path} is not the config that the sweep began with: its checksum is another")
    return Base(decoded(content, path), str(path), given(partial(_copies, folder)))


def gone_on_with(folder: Path, sha256: str, base: str) -> Base:
    """Return the base config of a sweep that its file's command goes on with: it says as now, the code is as it was.

    That its values are no others is seen from their digest (`begin_study`). Where the file is gone the copy serves, and
    where it names other code, that is read, so that it can be told.
    """
    before = kept(folder, sha256)
    try:
        now = of_file(base)
    except ConfigError:
        return before

    def find(names: Sequence[str], fault: Faults) -> list[Source]:
        try:
            found = list(read_named(RunFolder(folder), names)) if names else []
        except KeyError:
            return now.find(names, fault)
        refuse_unknown(found, f"{folder}")
        return found

    return Base(now.text, now.called, find)


def changed(folder: Path) -> list[str]:
    """Say which files of code are not any more what the sweep began with."""
    if not is_there(folder / LIST):
        return []
    return changed_since(RunFolder(folder), "sweep", "--sweep-dir begins another sweep with the changed one")


def _copies(folder: Path, names: Sequence[str]) -> Sequence[Source]:
    if not names:
        return ()
    try:
        sources = read_named(RunFolder(folder), names)
    except KeyError as error:
        raise CheckpointError(f"{folder} uses {error.args[0]}, of which {LIST} there says nothing") from None
    refuse_unknown(sources, f"{folder}")
    return sources
