"""Pictures made a data set: decoded, scaled and kept in a cache, the damaged ones named or left out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from nndl.data.dataset import Dataset
from nndl.data.pixels import Shape
from nndl.data.sources.cache import CLEANING, End, Item, Plan, cached
from nndl.data.sources.decoding import Named, decoded
from nndl.data.sources.pruning import there_are
from nndl.data.sources.telling import progress
from nndl.data.sources.wanted import Wanted, listed
from nndl.errors import DataError
from nndl.paths import resolved

SIZE, CHANNELS = (32, 32), 3
"""Height and width, and channels, where a config says nothing."""
MUCH = 10_000_000_000
"""Bytes of all caches from which on they are told of."""
MOST_TOLD = 100
"""Damaged pictures that are named; the others are counted."""


@dataclass(frozen=True)
class Pictures:
    """Pictures before they are read."""

    name: str
    classes: tuple[str, ...]
    count: int
    key: tuple[Any, ...]
    """All that tells their cache from others, beside shape and fit."""
    stamp: Callable[[], str]
    """Gives a digest of the files as they are."""
    train: Callable[[], Iterable[Named]]
    test: Callable[[], Iterable[Named]]
    valid: Callable[[], Iterable[Named]] | None = None
    """Those that validate, where they are apart."""


def shape_of(wanted: Wanted) -> Shape:
    """Return the shape (C, H, W) that pictures are made into."""
    return (wanted.channels or CHANNELS, *(wanted.size or SIZE))


def build(pictures: Pictures, wanted: Wanted) -> Dataset:
    """Return the data set, from its cache where that is there.

    Raises DataError for damaged pictures, all of which it names, unless they are to be skipped.
    """
    shape, stamp = shape_of(wanted), pictures.stamp()

    def make() -> Iterator[Item | End]:
        yield from _images(pictures, shape, wanted)
        if not _is_as_it_was(pictures, stamp):
            raise DataError(f"{wanted.root} changed while its pictures were read; give the command again")

    key = repr((*pictures.key, shape, wanted.fit, wanted.skip_damaged, pictures.classes))
    return cached(
        Plan(key, stamp, str(resolved(wanted.root)), pictures.name, shape, pictures.classes, pictures.count, make)
    )


def _is_as_it_was(pictures: Pictures, stamp: str) -> bool:
    """Tell whether the files are still those of the stamp; a class may be gone, or another have come."""
    try:
        return pictures.stamp() == stamp
    except DataError:
        return False


def _images(pictures: Pictures, shape: Shape, wanted: Wanted) -> Iterator[Item | End]:
    """Yield the images of all parts; raises DataError for damage that is not skipped, or a class of nothing else."""
    damage, hurt, whole = list[DataError](), set[int](), set[int]()
    with progress() as told:
        told.start(f"reading {wanted.root}", pictures.count)
        for part in (pictures.train, pictures.valid, pictures.test):
            for label, pixels in decoded(part(), shape, wanted.fit) if part else ():
                told.advance(1)
                if isinstance(pixels, DataError):
                    damage.append(pixels)
                    hurt |= {label} if part is pictures.train else set()
                elif not damage or wanted.skip_damaged:
                    if part is pictures.train:
                        whole.add(label)
                    yield pixels, label
            if part is not pictures.test:
                yield End.LEARNT if part is pictures.train else End.TRAIN
        if (taken := sum(cache.bytes for cache in there_are())) > MUCH:
            told.note(f"note: caches of pictures take {taken / 1e9:,.1f} GB; {CLEANING}")
        if damage and wanted.skip_damaged:
            told.note(f"note: left out, since they cannot be read: {listed(damage)}")
    if damage and not wanted.skip_damaged:
        raise DataError(_words(damage, wanted))
    if lost := hurt - whole:
        words = f"{wanted.root}: no picture of {listed(pictures.classes[label] for label in sorted(lost))} to train on"
        raise DataError(f"{words} is whole\n{_words(damage, wanted)}")


def _words(damage: list[DataError], wanted: Wanted) -> str:
    told = "".join(f"\n  {error}" for error in damage[:MOST_TOLD])
    more = f"\n  and {len(damage) - MOST_TOLD:,} more" if len(damage) > MOST_TOLD else ""
    count = f"{len(damage):,} pictures" if len(damage) > 1 else "a picture"
    cure = "remove or mend them, or leave them out with data.damaged: skip"
    return f"{count} of {wanted.root} cannot be read:{told}{more}\n{cure}"
