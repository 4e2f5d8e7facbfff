"""A folder of pictures: a folder for each class, in train/ and test/ or in one tree that is split here."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nndl.data.pictures import suffixes
from nndl.data.sources.parts import files, find_parts, folders, holds_classes
from nndl.data.sources.wanted import MOST_IMAGES, Fault, Wanted, chosen, listed
from nndl.data.split import stratified_split
from nndl.errors import DataError
from nndl.paths import placed
from nndl.visible import visible

Array = NDArray[Any]


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

    Of one tree `test_share` of every class tests, as `seed` draws it. Classes with a fault that is only noted are in
    the tree all the same.
    """
    try:
        root = _folder(wanted.root)
        parts = find_parts(root)
        tree = _of_parts(*parts, wanted) if parts else _split(root, wanted)
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
    raise DataError(f"there is no folder {placed(root)}")


def _note_kinds(folder: Path, wanted: Wanted) -> None:
    """Note that all the folders hold folders of the same names: images/cat and masks/cat, two kinds and no classes."""
    there = folders(folder) if wanted.classes is None else []
    if len(there) > 1 and all(map(holds_classes, there)):
        inside = [{each.name for each in folders(kind)} for kind in there]
        if common := sorted(set.intersection(*inside)):
            names = tuple(each.name for each in there)
            kinds, held = (listed(f"{name}/" for name in some) for some in (names, common))
            cure = f"if these are the classes, take one: root: {there[0]}; if not, data.classes: [{', '.join(names)}]"
            wanted.note(Fault(names, f"{kinds} of {folder} all hold {held}; {cure}"))


def _of_parts(train: Path, valid: Path | None, test: Path, wanted: Wanted) -> Tree:
    _note_kinds(train, wanted)
    learnt, held_out, tested = (_by_class(part, wanted) if part else {} for part in (train, valid, test))
    if not wanted.valid_apart:
        learnt = {name: learnt.get(name, []) + held_out.get(name, []) for name in sorted({*learnt, *held_out})}
        held_out = {}
    for part, files_of in ((valid, held_out), (test, tested)):
        if only := tuple(name for name, there in files_of.items() if there and not learnt.get(name)):
            wanted.note(Fault(only, f"{part} has pictures of classes that {train} has none of: {listed(only)}"))
            learnt = {name: learnt.get(name, []) for name in sorted({*learnt, *only})}
    classes = chosen(learnt, wanted)
    _note_empty(
        [name for name in classes if not (learnt[name] or tested.get(name) or held_out.get(name))], train, wanted
    )
    if not any(tested.get(name) for name in classes):
        wanted.note(
            Fault(classes, f"{test} has no pictures of {listed(classes)} to test on; each has its folder there")
        )
    return Tree(classes, *(_numbered(classes, files_of) for files_of in (learnt, tested, held_out)))


def _numbered(classes: Sequence[str], files_of: dict[str, list[Path]]) -> tuple[Picture, ...]:
    return tuple(Picture(path, label) for label, name in enumerate(classes) for path in files_of.get(name, ()))


def _note_empty(names: Sequence[str], folder: Path, wanted: Wanted) -> None:
    if names:
        cure = "put some there, remove the folder, or leave it out of data.classes"
        wanted.note(Fault(tuple(names), f"{folder} has no pictures of {listed(names)}; {cure}"))


def _split(root: Path, wanted: Wanted) -> Tree:
    """Draw the test set of one tree; of every class at least one picture trains, and one tests."""
    _note_kinds(root, wanted)
    files_of = _by_class(root, wanted)
    if not files_of:
        raise DataError(f"{root} holds no folders; each class has one, which bears its name")
    if len(files_of) == 1 and holds_classes(only := root / next(iter(files_of))):
        raise DataError(f"{root} holds one folder, and folders for classes or parts stand in that: root: {only}")
    classes = chosen(files_of, wanted)
    _note_empty([name for name in classes if not files_of[name]], root, wanted)
    if few := tuple(name for name in classes if len(files_of[name]) == 1):
        words = f"{wanted.root} has one picture of {listed(few)}"
        wanted.note(Fault(few, f"{words}; a class takes two: one to train on and one to test on"))
    pictures = _numbered(classes, files_of)
    labels = np.array([picture.label for picture in pictures], np.int64)
    train, test = _drawn(labels, len(classes), wanted)
    left = set(labels[train].tolist())
    if lost := tuple(name for label, name in enumerate(classes) if len(files_of[name]) > 1 and label not in left):
        words = f"a test_share of {wanted.test_share} leaves no picture of {listed(lost)} to train on; take less"
        wanted.note(Fault(lost, words))
    return Tree(classes, tuple(pictures[i] for i in train), tuple(pictures[i] for i in test))


def _drawn(labels: Array, classes: int, wanted: Wanted) -> tuple[Array, Array]:
    """Draw which pictures train and which test, int64 each; as many as classes at least where there are enough."""
    if not len(labels):
        return labels, labels
    count = min(max(round(wanted.test_share * len(labels)), classes), max(len(labels) - classes, 0))
    return stratified_split(labels, count, wanted.seed)


def _by_class(folder: Path, wanted: Wanted) -> dict[str, list[Path]]:
    """Map the classes, by name, to their pictures; those not asked for are not looked through."""
    known, files_of = suffixes(), dict[str, list[Path]]()
    for each in folders(folder):
        name = each.name
        if name != visible(name):
            raise DataError(f"{each}: a class's name has letters that cannot be seen; rename the folder")
        asked = wanted.classes is None or name in wanted.classes
        files_of[name] = list(files(each, known)) if asked else []
    return {name: files_of[name] for name in sorted(files_of)}
