"""The folders of a data set on disk: which are parts of it, which are classes, and which stand in the way."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from nndl.data.hidden import is_hidden, without_hidden
from nndl.data.pictures import suffixes
from nndl.data.sources.wanted import listed
from nndl.errors import DataError
from nndl.visible import beware

TRAIN, VALIDATION, TEST = ("train", "training"), ("valid", "val", "validation"), ("test", "testing")
"""The names of folders that hold parts of a data set, in any case; where there is no test/, valid/ is the test set."""
Parts = tuple[Path, Path | None, Path]
"""The folders to train on, to validate on and to test on."""
_DEEPEST = 16


def find_parts(root: Path) -> Parts | None:
    """Return the folders of the parts; None where the folders are no parts but classes.

    Raises DataError where a folder with pictures stands beside the parts, where two folders are the same part, and
    where one part is alone.
    """
    there = folders(root)
    named = [[each for each in there if each.name.lower() in names] for names in (TRAIN, VALIDATION, TEST)]
    parts = [each for alike in named for each in alike]
    others = [each for each in there if each not in parts]
    if not parts or (others and not any(map(holds_classes, parts))):
        return None
    _refuse_strays(root, parts, others)
    for alike in named:
        if len(alike) > 1:
            words = f"{root} holds {_names(alike)}, which are the same part of a data set"
            raise DataError(f"{words}: put the classes of both into one of them, or take the other out of {root}")
    train, valid, test = (alike[0] if alike else None for alike in named)
    if not train or not (valid or test):
        words = f"a train/ has a test/ beside it, or classes stand in {root} itself"
        raise DataError(f"{root} holds {_names(parts)}: {words}")
    return (train, valid, test) if test else (train, None, valid or train)


def holds_classes(part: Path) -> bool:
    """Tell a part, in which folders stand, from a class of its name, in which pictures do."""
    known, there = suffixes(), without_hidden(part.iterdir())
    return any(each.is_dir() for each in there) and not any(each.suffix.lower() in known for each in there)


def _refuse_strays(root: Path, parts: Sequence[Path], others: Sequence[Path]) -> None:
    """Raise DataError for folders with pictures beside the parts; notes and labels in folders are let be."""
    known = suffixes()
    if strays := [each for each in others if next(files(each, known), None)]:
        kinds = "neither part nor class" if len(strays) == 1 else "neither parts nor classes"
        words = f"{root} holds {_names(parts)}, and beside them {_names(strays)}, {kinds}"
        cure = f"{'take them' if len(strays) > 1 else 'take it'} out of {root}, or call a part train, valid or test"
        raise DataError(f"{words}: {cure}; where {parts[0].name} is a class, its pictures stand in it, in no folder")


def _names(there: Sequence[Path]) -> str:
    return listed(f"{each.name}/" for each in there)


def folders(folder: Path) -> list[Path]:
    """List the folders inside, without hidden ones. Raises DataError for a link: it may lead anywhere."""
    return [path for path in without_hidden(folder.iterdir()) if _is_folder(path)]


def _is_folder(path: Path) -> bool:
    if path.is_symlink() and path.is_dir():
        raise DataError(f"{path} is a link to a folder, and links are not followed; put the folder itself there")
    return path.is_dir()


def files(folder: Path, known: frozenset[str], depth: int = 0) -> Iterator[Path]:
    """Yield the picture files of a folder and those inside it, by name; the others and hidden ones are passed over."""
    if depth > _DEEPEST:
        raise DataError(f"{folder} is more than {_DEEPEST} folders deep in its class")
    with os.scandir(folder) as entries:
        there = sorted((entry for entry in entries if not is_hidden(entry.name)), key=lambda entry: entry.name)
    for entry in there:
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and _is_folder(path)):
            yield from files(path, known, depth + 1)
        elif path.suffix.lower() in known:
            beware(path)
            yield path
