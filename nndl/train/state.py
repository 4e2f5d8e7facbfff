"""A training's state as named arrays and JSON, and back. It is whole between two steps, so that is when it is taken."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Protocol, TypeVar

import numpy as np

from nndl.errors import CheckpointError
from nndl.net.network import Network
from nndl.net.params import Params
from nndl.net.types import Array
from nndl.train.events import EpochDone

FORMAT = 1
"""Of the state: raised when an older nndl could not read it."""

Arrays = dict[str, Array]

MOST_COPIES = 8
"""Of a network's weights in a state: they, the optimiser's memory, the averages, the best ones; and room."""


class ArrayLike(Protocol):
    """An array, or what a file says of one before it is read."""

    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def nbytes(self) -> int: ...


Kind = TypeVar("Kind", bound=ArrayLike)


def pack(stores: Mapping[str, Params]) -> Arrays:
    """Copy the arrays, as "store/name", in the shapes people expect whatever the engine's order in memory."""
    return {
        f"{store}/{name}": np.array(value, order="C")
        for store, params in stores.items()
        for name, value in params.items()
    }


def unpack(arrays: Mapping[str, Array], stores: Mapping[str, Params]) -> None:
    """Copy arrays packed by `pack` back in place.

    Raises CheckpointError, before anything is changed, where one is missing or of another shape or dtype.
    """
    check_stores(arrays, stores)
    for store, params in stores.items():
        for name, value in params.items():
            value[...] = arrays[f"{store}/{name}"]


def check_stores(found: Mapping[str, ArrayLike], stores: Mapping[str, Params]) -> None:
    """Raise CheckpointError unless each array of the stores is found, of its shape and dtype."""
    expected = {f"{store}/{name}": value for store, params in stores.items() for name, value in params.items()}
    for name, value in expected.items():
        saved = found.get(name)
        if saved is None:
            raise CheckpointError(f"the saved state has no {name}: it is of another network or optimiser")
        if saved.shape != value.shape or saved.dtype != value.dtype:
            raise CheckpointError(
                f"{name} is {saved.dtype} {saved.shape} in the saved state, "
                f"but {value.dtype} {value.shape} in this network"
            )


def check_weights(found: Mapping[str, ArrayLike], network: Network) -> None:
    """Raise CheckpointError unless what a file claims to hold has the network's weights, and not much beside."""
    check_stores(evaluation_weights(found), {"params": network.params, "buffers": network.buffers})
    check_size(found, network)


def check_size(found: Mapping[str, ArrayLike], network: Network) -> None:
    """Raise CheckpointError where a file claims to hold more than a state of the network could."""
    most = MOST_COPIES * (network.params.vector.nbytes + network.buffers.vector.nbytes) + 2**20
    claimed = sum(array.nbytes for array in found.values())
    if claimed > most:
        raise CheckpointError(f"it claims to hold {claimed:,} bytes, and a state of this network has {most:,} at most")


def load_weights(network: Network, arrays: Mapping[str, Array]) -> None:
    """Give a network the weights to evaluate with: of a best checkpoint, or a state (its averages, if any)."""
    unpack(evaluation_weights(arrays), {"params": network.params, "buffers": network.buffers})


def evaluation_weights(arrays: Mapping[str, Kind]) -> dict[str, Kind]:
    """Return the arrays to evaluate with, under params/ and buffers/: the averages, where there are any."""
    prefix = "average_" if any(name.startswith("average_params/") for name in arrays) else ""
    return {
        name.removeprefix(prefix): value
        for name, value in arrays.items()
        if name.startswith((f"{prefix}params/", f"{prefix}buffers/"))
    }


def check_format(info: Mapping[str, Any]) -> None:
    """Raise CheckpointError for a state of a newer nndl."""
    if info.get("format") != FORMAT:
        raise CheckpointError(f"the state has format {info.get('format')}; this nndl reads format {FORMAT}")


_NUMBERS = {
    "step": int,
    "updates": int,
    "steps_per_epoch": int,
    "epochs": float,
    "epoch_loss": float,
    "epoch_seconds": float,
    "epoch_images": int,
    "seconds": float,
}

LATER: Mapping[str, Any] = {"epoch_seconds": 0.0, "epoch_images": 0}
"""Entries that the first states of this format lack, with the values they are taken to mean."""


def check_info(info: Mapping[str, Any]) -> None:
    """Raise CheckpointError unless `info` says all that a state must, and nothing impossible."""
    for name, kind in _NUMBERS.items():
        value: Any = info.get(name, LATER.get(name))
        if type(value) not in (int, kind) or not 0 <= abs(value) < math.inf or (kind is int and value < 0):
            raise CheckpointError(f"the state is damaged: its {name} is {str(value)[:60]}")
    shape = info.get("trained_at", [])
    if not (isinstance(shape, list) and all(type(size) is int and size > 0 for size in shape)):
        raise CheckpointError(f"the state is damaged: its trained_at is {str(shape)[:60]}")
    if not info["steps_per_epoch"] or not isinstance(info.get("about", {}), dict):
        raise CheckpointError("the state is damaged: it does not say what it is of")
    scored = [0, *(epoch.step for epoch in read_history(info)), info["step"] + 1]
    if any(step >= following for step, following in pairwise(scored)):
        raise CheckpointError("the state is damaged: it has scored other steps than it has taken, one after the other")


def read_history(info: Mapping[str, Any]) -> list[EpochDone]:
    """Read the epochs that a state has scored. Raises CheckpointError where it does not tell."""
    try:
        history = [EpochDone(**epoch) for epoch in info["history"]]
        counted = all(type(count) is int for epoch in history for count in (epoch.step, epoch.epoch))
        if counted and all(
            isinstance(value, int | float | None) for epoch in history for value in vars(epoch).values()
        ):
            return history
    except (KeyError, TypeError):
        pass
    raise CheckpointError("the state is damaged: its history cannot be read")
