"""Loading of arrays into a network, under PyTorch's names or ours: each of its shape, none missing, none left over."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

import numpy as np

from nndl.data.normalize import Normalize
from nndl.errors import CheckpointError
from nndl.export.files import MEAN, STD
from nndl.export.torch_names import COUNTER, Entry, entries
from nndl.net.network import Network
from nndl.net.types import Array

_BESIDE = ("mean", "std", MEAN, STD, "classes")
"""Names that a file may hold beside the weights."""
_LISTED = 40
T = TypeVar("T")


class MisfitError(CheckpointError):
    """Arrays are not those of the network."""

    def __init__(self, words: str, names: Sequence[str], skipped: Sequence[str], fitting: bool) -> None:
        super().__init__(words)
        self.names = names
        """Those that are missing, left over, or not as the network has them."""
        self.skipped = skipped
        """The patterns that left something out."""
        self.fitting = fitting
        """True where others fit."""


def load_arrays(network: Network, arrays: Mapping[str, Array], source: str, skip: Sequence[str] = ()) -> list[str]:
    """Fill a network's parameters and running statistics from arrays under PyTorch's names or ours.

    Returns the names of those that were filled, as a state has them: params/conv1.w.

    skip: patterns of names, in either form, that are left out on both sides. Raises MisfitError, before anything is
    changed, with everything that is missing, left over, or of another shape than the network's; `source` is what it
    calls the file.
    """
    given = {name: value for name, value in arrays.items() if name not in _BESIDE and not name.endswith(COUNTER)}
    theirs = any(name.endswith((".weight", ".bias")) for name in given)
    expected = {entry.theirs if theirs else entry.ours: entry for entry in entries(network) if theirs or entry.store}
    unknown = [
        pattern for pattern in skip if not any(_is_left_out(name, expected, [pattern]) for name in (*given, *expected))
    ]
    given, expected = _kept(given, expected, skip), _kept(expected, expected, skip)
    shapes = {name: entry.their_shape if theirs else entry.shape for name, entry in expected.items()}
    faults = {name: f"{name} {shape} is missing" for name, shape in shapes.items() if name not in given}
    faults |= {name: f"{name} {value.shape} belongs to no layer" for name, value in given.items() if name not in shapes}
    faults |= {name: fault for name in shapes if name in given and (fault := _fault(name, given[name], shapes[name]))}
    lost = [f"skip: nothing here is called {pattern!r}" for pattern in unknown]
    if faults or lost:
        words = _listed([*lost, *faults.values()], source)
        skipped = [pattern for pattern in skip if pattern not in unknown]
        raise MisfitError(words, list(faults), skipped, fitting=not shapes.keys() <= faults.keys())
    for name, entry in expected.items():
        if not entry.store and not (given[name] == 1).all():
            raise CheckpointError(f"{source}: {name} is not all ones, but the config says scale: false there")
    stores = {"params": network.params, "buffers": network.buffers}
    filled = {name: entry for name, entry in expected.items() if entry.store}
    for name, entry in filled.items():
        stores[entry.store][entry.ours] = entry.turned(given[name]) if theirs else given[name]
    return [f"{entry.store}/{entry.ours}" for entry in filled.values()]


def _kept(named: Mapping[str, T], expected: Mapping[str, Entry], skip: Sequence[str]) -> dict[str, T]:
    return {name: value for name, value in named.items() if not _is_left_out(name, expected, skip)}


def _is_left_out(name: str, expected: Mapping[str, Entry], skip: Sequence[str]) -> bool:
    """Tell whether a pattern is of this name, or of the one that we have for it."""
    names = [name, expected[name].ours] if name in expected else [name]
    return any(fnmatchcase(each, pattern) for each in names for pattern in skip)


def _listed(faults: Sequence[str], source: str) -> str:
    """Return the first of the faults in words, and how many more there are."""
    listed = "".join(f"\n  {fault}" for fault in faults[:_LISTED])
    more = f"\n  and {len(faults) - _LISTED} more" if len(faults) > _LISTED else ""
    return f"{source} does not fit the config's network:{listed}{more}"


def _fault(name: str, value: Array, shape: tuple[int, ...]) -> str | None:
    """Return what is wrong with one array, or None."""
    if value.shape != shape:
        return f"{name} is {value.shape}, but {shape} in the network"
    if value.dtype.kind != "f":
        return f"{name} holds {value.dtype}, not floats"
    return None if np.isfinite(value).all() else f"{name} holds values that are not finite"


def normalization_of(arrays: Mapping[str, Array], shape: tuple[int, ...]) -> Normalize | None:
    """Return the normalisation of images (C, H, W) that came with weights, or None. Raises CheckpointError."""
    channels = shape[0]
    for mean_name, std_name, unit in ((MEAN, STD, 1.0), ("mean", "std", 255.0)):
        if mean_name not in arrays or std_name not in arrays:
            continue
        mean, std = (np.asarray(arrays[name], np.float64) * unit for name in (mean_name, std_name))
        mean = mean.reshape(channels) if mean.size == channels else mean
        of_images = mean.shape in (shape[:1], shape) and std.size == channels
        if not (of_images and (std > 0).all() and np.isfinite(mean).all()):
            raise CheckpointError(
                f"{mean_name} is ({channels}, 1, 1) or {shape}, {std_name} ({channels}, 1, 1) and above 0"
            )
        return Normalize(mean, std.reshape(channels))
    return None
