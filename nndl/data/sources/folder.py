"""A folder of pictures as a data set: what it holds, and its images, all of one size."""

from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from nndl.data.dataset import Dataset
from nndl.data.sources.building import Pictures, build, shape_of
from nndl.data.sources.cache import stamp_of
from nndl.data.sources.decoding import Named, read_plain
from nndl.data.sources.tree import Picture, Tree, read_tree
from nndl.data.sources.wanted import Found, Wanted
from nndl.paths import resolved
from nndl.visible import visible


def survey(wanted: Wanted) -> Found:
    """Tell what a folder of pictures holds, by their names alone. Raises DataError."""
    tree = read_tree(wanted)
    return Found(shape_of(wanted), tree.classes, len(tree.train), len(tree.valid))


def load(wanted: Wanted) -> Dataset:
    """Read a folder of pictures, as `nndl.data.sources.building.build` does. Raises DataError."""
    return build(gather(wanted), wanted)


def gather(wanted: Wanted) -> Pictures:
    """List the pictures, none of which is opened. Raises DataError."""
    tree, root = read_tree(wanted), resolved(wanted.root)
    return Pictures(
        visible(root.name) or "folder",
        tree.classes,
        len(tree.pictures),
        (str(root), wanted.test_share, wanted.seed, *(["valid"] if tree.valid else [])),
        lambda: _stamp(read_tree(wanted), wanted.root),
        lambda: _named(tree.train),
        lambda: _named(tree.test),
        (lambda: _named(tree.valid)) if tree.valid else None,
    )


def _named(pictures: tuple[Picture, ...]) -> Iterator[Named]:
    for path, label in pictures:
        yield Named(str(path), label, partial(read_plain, path))


def _stamp(tree: Tree, root: Path) -> str:
    """Return a digest of the files' names below `root`, however that is spelled, classes, sizes and times."""
    row = partial(_row, root)
    valid = ["valid", *map(row, tree.valid)] if tree.valid else []
    return stamp_of(chain([tree.classes], map(row, tree.train), valid, ["test"], map(row, tree.test)))


def _row(root: Path, picture: Picture) -> tuple[object, ...]:
    name = picture.path.relative_to(root).as_posix()
    try:
        about = picture.path.lstat()
    except OSError:
        return (name, "gone")
    return (name, picture.label, about.st_size, about.st_mtime_ns)
