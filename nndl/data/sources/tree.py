"""A folder of pictures: a folder for each class, in train/ and test/ or in one tree that is split here."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nndl.data.hidden import is_hidden, without_hidden
from nndl.data.pictures import suffixes
from nndl.data.sources.wanted import MOST_IMAGES, Wanted, chosen, listed
from nndl.data.split import stratified_split
from nndl.errors import DataError
from nndl.visible import beware, visible

TRAIN, VALIDATION, TEST = ("train", "training"), ("valid", "val", "validation"), ("test", "testing")
"""The names of folders that hold parts of a data set, in any case; where there is no test/, valid/ is the test set."""
Parts = tuple[list[Path], list[Path], list[Path]]
"""The folders to train on, to validate on and to test on."""
_DEEPEST = 16


class Picture(NamedTuple):
    """A picture file, and the number of its class."""

    path: Path
    label: int


class Tree(NamedTuple):
    """The pictures of a folder, class by class, in the order of their names."""

    classes: tuple[str, ...]
    train: tuple[Picture, ...]
    test: tuple[Picture, ...]
    valid: tuple[Picture, ...] = ()
    """Those of valid/ beside test/, where they are wanted apart."""

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Return all of them, those to test on last."""
        return self.train + self.valid + self.test


def read_tree(wanted: Wanted) -> Tree:
    """List the pictures; nothing is opened. Raises DataError where there are no two classes, or one without pictures.

    Of one tree `test_share` of every class tests, as `seed` draws it.
    """
    try:
        root = _folder(wanted.root)
        parts = _parts(root, wanted.valid_apart)
        tree = _of_parts(*parts, wanted) if parts else _split(_pictures([root], wanted), wanted)
    except OSError as error:
        raise DataError(f"{error.filename or wanted.root} cannot be read: {error.strerror or error}") from None
    if (count := len(tree.pictures)) > MOST_IMAGES:
        raise DataError(f"{wanted.root} holds {count:,} pictures; at most {MOST_IMAGES:,} are read")
    return tree


def _folder(root: Path) -> Path:
    if root.is_dir():
        return root
    if root.exists():
        raise DataError(f"{root} is a file, and dataset: folder is a folder with one for each class")
    raise DataError(f"there is no folder {root}" + ("" if root.is_absolute() else f" (from here {root.resolve()})"))


def _parts(root: Path, apart: bool) -> Parts | None:
    """Return the folders of the parts; None where the folders are no parts but classes."""
    named = {folder.name.lower(): folder for folder in _folders(root)}
    train, valid, test = ([named[name] for name in names if name in named] for names in (TRAIN, VALIDATION, TEST))
    if not named or len(train) + len(valid) + len(test) < len(named):
        return None
    if not train or not (valid or test):
        there = listed(f"{name}/" for name in named)
        raise DataError(f"{root} holds {there}: a train/ has a test/ beside it, or classes stand in {root} itself")
    if not test:
        return train, [], valid
    return (train, valid, test) if apart else (train + valid, [], test)


def _of_parts(train: list[Path], valid: list[Path], test: list[Path], wanted: Wanted) -> Tree:
    learnt, held_out, tested = (_by_class(part, wanted) for part in (train, valid, test))
    for part, files in ((valid, held_out), (test, tested)):
        if only := [name for name, there in files.items() if there and not learnt.get(name)]:
            raise DataError(f"{part[0]} has pictures of classes that {train[0]} has none of: {listed(only)}")
    classes = chosen(learnt, wanted)
    _refuse_empty([name for name in classes if not learnt[name]], train[0])
    if not any(tested.get(name) for name in classes):
        raise DataError(f"{test[0]} has no pictures of {listed(classes)} to test on")
    return Tree(classes, *(_numbered(classes, files) for files in (learnt, tested, held_out)))


def _pictures(folders: list[Path], wanted: Wanted) -> tuple[tuple[str, ...], tuple[Picture, ...]]:
    """Return the classes, and their pictures."""
    files = _by_class(folders, wanted)
    if not files:
        raise DataError(f"{folders[0]} holds no folders; each class has one, which bears its name")
    classes = chosen(files, wanted)
    _refuse_empty([name for name in classes if not files[name]], folders[0])
    return classes, _numbered(classes, files)


def _numbered(classes: Sequence[str], files: dict[str, list[Path]]) -> tuple[Picture, ...]:
    return tuple(Picture(path, label) for label, name in enumerate(classes) for path in files.get(name, ()))


def _refuse_empty(names: list[str], folder: Path) -> None:
    if names:
        cure = "put some there, remove the folder, or leave it out of data.classes"
        raise DataError(f"{folder} has no pictures of {listed(names)}; {cure}")


def _split(everything: tuple[tuple[str, ...], tuple[Picture, ...]], wanted: Wanted) -> Tree:
    """Draw the test set; of every class at least one picture trains, and one tests."""
    classes, pictures = everything
    labels = np.array([picture.label for picture in pictures])
    counts = np.bincount(labels, minlength=len(classes))
    if (counts < 2).any():
        few = listed(name for name, count in zip(classes, counts, strict=True) if count < 2)
        raise DataError(
            f"{wanted.root} has one picture of {few}; a class takes two: one to train on and one to test on"
        )
    count = min(max(round(wanted.test_share * len(labels)), len(classes)), len(labels) - len(classes))
    train, test = stratified_split(labels, count, wanted.seed)
    if missing := set(range(len(classes))) - set(labels[train].tolist()):
        few = listed(classes[label] for label in sorted(missing))
        raise DataError(f"a test_share of {wanted.test_share} leaves no picture of {few} to train on; take less")
    return Tree(classes, tuple(pictures[i] for i in train), tuple(pictures[i] for i in test))


def _by_class(folders: list[Path], wanted: Wanted) -> dict[str, list[Path]]:
    """Map the classes, by name, to their pictures; those not asked for are not looked through."""
    known, files = suffixes(), dict[str, list[Path]]()
    for folder in folders:
        for each in _folders(folder):
            name = each.name
            if name != visible(name):
                raise DataError(f"{each}: a class's name has letters that cannot be seen; rename the folder")
            there = files.setdefault(name, [])
            if wanted.classes is None or name in wanted.classes:
                there += _files(each, known)
    return {name: files[name] for name in sorted(files)}


def _folders(folder: Path) -> list[Path]:
    """List the folders inside, without hidden ones. Raises DataError for a link: it may lead anywhere."""
    return [path for path in without_hidden(folder.iterdir()) if _is_folder(path)]


def _is_folder(path: Path) -> bool:
    if path.is_symlink() and path.is_dir():
        raise DataError(f"{path} is a link to a folder, and links are not followed; put the folder itself there")
    return path.is_dir()


def _files(folder: Path, known: frozenset[str], depth: int = 0) -> Iterator[Path]:
    """Yield the picture files of a folder and those inside it, by name; the others and hidden ones are passed over."""
    if depth > _DEEPEST:
        raise DataError(f"{folder} is more than {_DEEPEST} folders deep in its class")
    with os.scandir(folder) as entries:
        there = sorted((entry for entry in entries if not is_hidden(entry.name)), key=lambda entry: entry.name)
    for entry in there:
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and _is_folder(path)):
            yield from _files(path, known, depth + 1)
        elif path.suffix.lower() in known:
            beware(path)
            yield path
