"""A folder of pictures as a data set: what it holds, and its images, all of one size."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from nndl.data.dataset import Dataset
from nndl.data.pixels import Shape
from nndl.data.sources.cache import Item, Plan, cached, stamp_of
from nndl.data.sources.decoding import decoded
from nndl.data.sources.telling import progress
from nndl.data.sources.tree import Picture, Tree, read_tree
from nndl.data.sources.wanted import Found, Wanted, listed
from nndl.errors import DataError
from nndl.visible import visible

SIZE, CHANNELS = (32, 32), 3
"""Height and width, and channels, where a config says nothing."""
MOST_TOLD = 100
"""Damaged pictures that are named; the others are counted."""


def survey(wanted: Wanted) -> Found:
    """Tell what a folder of pictures holds, by their names alone. Raises DataError."""
    tree = read_tree(wanted)
    return Found(shape_of(wanted), tree.classes, len(tree.train))


def load(wanted: Wanted) -> Dataset:
    """Read a folder of pictures, from its cache where that is there.

    Raises DataError for damaged pictures, all of which it names, unless they are to be skipped.
    """
    tree = read_tree(wanted)
    root, stamp = wanted.root.resolve(), _stamp(tree)
    shape = shape_of(wanted)
    key = (str(root), shape, wanted.fit, wanted.skip_damaged, tree.classes, wanted.test_share, wanted.seed)
    name, count = visible(root.name) or "folder", len(tree.train) + len(tree.test)

    def make() -> Iterator[Item | None]:
        yield from _images(tree, shape, wanted)
        if _stamp(read_tree(wanted)) != stamp:
            raise DataError(f"{wanted.root} changed while its pictures were read; give the command again")

    return cached(Plan(repr(key), stamp, name, shape, tree.classes, count, make))


def shape_of(wanted: Wanted) -> Shape:
    """Return the shape (C, H, W) that pictures are made into."""
    return (wanted.channels or CHANNELS, *(wanted.size or SIZE))


def _stamp(tree: Tree) -> str:
    """Return a digest of the files' names, classes, sizes and times."""
    return stamp_of(chain([tree.classes], map(_row, tree.train), ["test"], map(_row, tree.test)))


def _row(picture: Picture) -> tuple[object, ...]:
    try:
        about = picture.path.lstat()
    except OSError:
        return (str(picture.path), "gone")
    return (str(picture.path), picture.label, about.st_size, about.st_mtime_ns)


def _images(tree: Tree, shape: Shape, wanted: Wanted) -> Iterator[Item | None]:
    """Yield the images of both parts; raises DataError for damage that is not skipped, or a class of nothing else."""
    damage: list[DataError] = []
    with progress() as told:
        told.start(f"reading {wanted.root}", len(tree.train) + len(tree.test))
        for part, pictures in (("train", tree.train), ("test", tree.test)):
            left = set(range(len(tree.classes)))
            made = decoded([each.path for each in pictures], shape, wanted.fit)
            for picture, pixels in zip(pictures, made, strict=True):
                told.advance(1)
                if isinstance(pixels, DataError):
                    damage.append(pixels)
                else:
                    left.discard(picture.label)
                    if not damage or wanted.skip_damaged:
                        yield pixels, picture.label
            if part == "train":
                yield None
                lost = [tree.classes[label] for label in sorted(left)]
        if damage and wanted.skip_damaged:
            told.note(f"note: left out, since they cannot be read: {listed(damage)}")
    if damage and not wanted.skip_damaged:
        raise DataError(_words(damage, wanted.root))
    if lost:
        words = f"{wanted.root}: no picture of {listed(lost)} to train on is whole"
        raise DataError(f"{words}\n{_words(damage, wanted.root)}")


def _words(damage: list[DataError], root: Path) -> str:
    told = "".join(f"\n  {error}" for error in damage[:MOST_TOLD])
    more = f"\n  and {len(damage) - MOST_TOLD:,} more" if len(damage) > MOST_TOLD else ""
    count = (
        f"{len(damage):,} pictures of {root} cannot be read"
        if len(damage) > 1
        else f"a picture of {root} cannot be read"
    )
    return f"{count}:{told}{more}\nremove or mend them, or leave them out with data.damaged: skip"
