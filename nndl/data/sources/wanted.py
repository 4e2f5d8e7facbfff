"""A config's wishes for images of one's own, and the facts that these tell before they are read."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from nndl.data.pixels import Fit, Shape
from nndl.errors import DataError
from nndl.paths import placed
from nndl.visible import visible

MOST_CLASSES = 1000
"""Of a data set; more are folders that are no classes, or labels that are none."""
MOST_IMAGES = 2_000_000
_NAMED = 20


class Fault(NamedTuple):
    """A rule of data sets that some classes break."""

    classes: tuple[str, ...]
    words: str


def refuse(fault: Fault) -> None:
    """Raise DataError."""
    raise DataError(fault.words)


@dataclass(frozen=True)
class Wanted:
    """The data section of a config; None where it leaves something to the images."""

    root: Path
    size: tuple[int, int] | None = None
    """Height and width."""
    channels: int | None = None
    fit: Fit = "crop"
    skip_damaged: bool = False
    classes: tuple[str, ...] | None = None
    test_share: float = 0.2
    seed: int = 0
    valid_apart: bool = False
    """Images that the files have for validation, beside some to test on, validate; else they join those that train."""
    note: Callable[[Fault], None] = refuse
    """Told of a fault of some classes, which are read all the same if it returns."""


@dataclass(frozen=True)
class Found:
    """Shape (C, H, W) of the images, their classes, and how many there are to train on and apart to validate on."""

    shape: Shape
    classes: tuple[str, ...]
    train: int
    valid: int = 0


def require_root(root: Path) -> Path:
    """Return the folder or file of a data set; raises DataError where nothing is there."""
    if not root.exists():
        raise DataError(f"there is no file or folder {placed(root)}")
    return root


class ClassesError(DataError):
    """The classes asked for are not there, or no two are."""


def chosen(there: Iterable[str], wanted: Wanted) -> tuple[str, ...]:
    """Return the classes asked for, or all that are there. Raises ClassesError for others, too many, fewer than two."""
    known = list(there)
    if missing := [name for name in wanted.classes or () if name not in known]:
        near = get_close_matches(missing[0], known, n=1)
        cure = f"did you mean {near[0]!r}?" if near else f"there are {listed(known)}"
        raise ClassesError(f"{wanted.root} has no class {listed(missing)}; {cure}")
    names = wanted.classes or tuple(known)
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise ClassesError(f"class {listed(twice)} is named twice")
    if unseen := [name for name in names if not name or name != visible(name)]:
        raise ClassesError(f"{wanted.root}: a class's name has letters that cannot be seen: {visible(unseen[0])!r}")
    if len(names) > MOST_CLASSES:
        words = f"{wanted.root} has {len(names):,} classes ({listed(names)}), and {MOST_CLASSES:,} can be learnt"
        raise ClassesError(f"{words}: data.classes names some")
    if len(names) < 2:
        raise ClassesError(
            f"{wanted.root} has {'one class' if names else 'no classes'} ({listed(names)}); it takes two"
        )
    return names


def listed(names: Iterable[object]) -> str:
    """Return names with commas, the first of many, and how many more there are."""
    known = [visible(name) for name in names]
    more = f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else ""
    return (", ".join(known[:_NAMED]) or "none") + more
