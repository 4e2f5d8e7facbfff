"""The code that a run uses, kept with it: use/NAME.py, and use.json, which says where each was found.

A run's folder may come from a stranger. Nothing here is run: a copy is found by the list in use.json alone, under a
plain name in use/, and is what the list says of it or is refused.
"""

import json
import re
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from nndl.errors import CheckpointError
from nndl.own.source import KEPT, MOST_BYTES, Source, SourceError, checked, copy_names, read_source
from nndl.runs.atomic import write_atomically
from nndl.runs.files import ForeignFileError, is_there, own_folder, read_bounded
from nndl.runs.folder import RunFolder
from nndl.runs.plain import read_json
from nndl.visible import visible

LIST = "use.json"
"""The file that tells of the copies."""
MOST_SOURCES = 100
PLAIN = re.compile(r"[A-Za-z0-9._-]{1,90}\.py")
"""A copy's name: of no other folder, and such as every system takes."""


def write_sources(folder: RunFolder, sources: Sequence[Source]) -> None:
    """Keep the code with its run, and say where it was found; what are the run's copies stay as they are."""
    if all(Path(source.path).is_relative_to((folder.path / KEPT).absolute()) for source in sources):
        return
    names = copy_names([source.name for source in sources])
    inside = own_folder(folder.path / KEPT)
    for name, source in zip(names, sources, strict=True):
        write_atomically(inside / name, source.content)
    listed = [_record(name, source) for name, source in zip(names, sources, strict=True)]
    write_atomically(folder.path / LIST, json.dumps({"sources": listed}, indent=2) + "\n")


def _record(name: str, source: Source) -> dict[str, Any]:
    return {
        "file": name,
        "name": source.name,
        "found": source.path,
        "package": source.package,
        "sha256": source.sha256,
        "bytes": len(source.content),
    }


def read_sources(folder: RunFolder, names: Sequence[str]) -> tuple[Source, ...]:
    """Read the copies that a run's config calls so. Raises CheckpointError where they are not as use.json says."""
    listed = _listed(folder)
    by_name = {f"{KEPT}/{record['file']}": record for record in listed}
    missing = [name for name in names if name not in by_name]
    if missing:
        raise CheckpointError(f"{folder.path} uses {visible(missing[0])}, of which {LIST} there says nothing")
    return tuple(_copy(folder, by_name[name]) for name in names)


def read_named(folder: RunFolder, names: Sequence[str]) -> tuple[Source, ...]:
    """Read the copies of what was called so where it was found; raises KeyError for a name that was none."""
    by_name = {record["name"]: record for record in _listed(folder)}
    return tuple(_copy(folder, by_name[name]) for name in names)


def changed_since(
    folder: RunFolder,
    who: str = "run",
    cure: str = "nndl train CONFIG --resume RUN --accept-changes takes the changed one",
) -> list[str]:
    """Say which files are not any more what the run, or `who`, began with, where they were found then."""
    if not is_there(folder.path / LIST):
        return []
    said = []
    for record in _listed(folder):
        with suppress(SourceError):  # it is gone, or another's: the copy is what counts
            if read_source(Path(record["found"]), record["name"]) != _copy(folder, record).content:
                said.append(
                    f"{visible(record['found'])} has changed since the {who} began; the {who} keeps to its copy, "
                    f"{KEPT}/{record['file']} ({cure})"
                )
    return said


def _listed(folder: RunFolder) -> list[dict[str, Any]]:
    path = folder.path / LIST
    try:
        said = read_json(path)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read, so the run's own code is not to be had: {error}") from None
    listed = said.get("sources") if isinstance(said, dict) else None
    keys = ("file", "name", "found", "package", "sha256")
    if not (
        isinstance(listed, list)
        and len(listed) <= MOST_SOURCES
        and all(isinstance(each, dict) and all(isinstance(each.get(key), str) for key in keys) for each in listed)
        and all(PLAIN.fullmatch(each["file"]) for each in listed)
    ):
        raise CheckpointError(f"{path} is damaged: it does not list files of {KEPT}/")
    return listed


def _copy(folder: RunFolder, record: dict[str, Any]) -> Source:
    path = folder.path / KEPT / record["file"]
    try:
        if not stat.S_ISDIR(path.parent.lstat().st_mode):
            raise CheckpointError(f"{path.parent} is a link, not a folder")
        content = checked(read_bounded(path, MOST_BYTES), record["name"])
    except (ForeignFileError, SourceError) as error:
        raise CheckpointError(str(error)) from None
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
    source = Source(record["name"], content, str(path.absolute()), record["package"])
    if source.sha256 != record["sha256"]:
        raise CheckpointError(f"{path} is not the code that the run was trained with: its checksum is another")
    return source
