"""The names and shapes that PyTorch's modules give to our arrays, and back."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from keyword import iskeyword

import numpy as np

from nndl.data.normalize import Normalize
from nndl.errors import ExportError
from nndl.net.catalog.activation import Prelu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, GroupNorm, LayerNorm, SpatialBn
from nndl.net.catalog.squeeze_excite import SqueezeExcite
from nndl.net.layer import Layer
from nndl.net.network import Network
from nndl.net.shapes import everything
from nndl.net.types import Array

_WEIGHT_AND_BIAS = {"w": "weight", "b": "bias"}
_NORM = {"gamma": "weight", "beta": "bias"}
_BATCH_NORM = {**_NORM, "running_mean": "running_mean", "running_var": "running_var"}
NAMES: dict[type[Layer], dict[str, str]] = {
    Conv: _WEIGHT_AND_BIAS,
    Affine: _WEIGHT_AND_BIAS,
    SpatialBn: _BATCH_NORM,
    Bn: _BATCH_NORM,
    GroupNorm: _NORM,
    LayerNorm: _NORM,
    Prelu: {"a": "weight"},
    SqueezeExcite: {"w1": "fc1.weight", "b1": "fc1.bias", "w2": "fc2.weight", "b2": "fc2.bias"},
}
"""The names of our parameters and buffers in the PyTorch module of the same layer."""

_TRANSPOSED = ((Affine, "w"), (SqueezeExcite, "w1"), (SqueezeExcite, "w2"))
"""Weights (D, M) that PyTorch keeps as (M, D)."""

COUNTER = "num_batches_tracked"
"""An integer that PyTorch's batch norm keeps beside its statistics, and expects to be given."""

_TAKEN = re.compile(
    "add_module|apply|bfloat16|buffers|children|compile|cpu|cuda|double|dump_patches|eval|extra_repr|float|forward|"
    "get_(buffer|extra_state|parameter|submodule)|half|ipu|load_state_dict|modules|mtia|named_(buffers|children|"
    "modules|parameters)|parameters|register_.*|requires_grad_|set_(extra_state|submodule)|share_memory|state_dict|"
    "to|to_empty|train|training|type|xpu|zero_grad|call_super_init|T_destination|mean|std"
)
"""The attributes that a PyTorch module has already, and our two of its input."""


@dataclass(frozen=True)
class Entry:
    """One array of the network under both its names."""

    ours: str
    theirs: str
    store: str
    """params or buffers; "" for an array that is all ones here and has no name: a gamma that is not trained."""
    shape: tuple[int, ...]
    transposed: bool

    @property
    def their_shape(self) -> tuple[int, ...]:
        """Return the shape it has in PyTorch."""
        return self.shape[::-1] if self.transposed else self.shape

    def turned(self, array: Array) -> Array:
        """Turn an array from our shape to theirs, or theirs to ours: an affine w (D, M) is a linear weight (M, D)."""
        return np.ascontiguousarray(array.T if self.transposed else array)


def attribute(name: str) -> str:
    """Return a layer's name as a Python attribute of a module."""
    plain = re.sub(r"\W", "_", name, flags=re.ASCII)
    if plain[:1].isdigit():
        plain = f"layer_{plain}"
    return f"{plain}_" if iskeyword(plain) or _TAKEN.fullmatch(plain) or plain.startswith("_") else plain


def module_path(path: str) -> str:
    """Turn "residual1.conv-2" into "residual1.conv_2"."""
    return ".".join(attribute(part) for part in path.split("."))


def entries(network: Network) -> list[Entry]:
    """Return every array that PyTorch's modules hold, in order. Raises ExportError for one that is not known there."""
    found = []
    for placed in everything(network.placed):
        stores = {"params": network.params, "buffers": network.buffers}
        for ours, theirs in NAMES.get(type(placed.layer), {}).items():
            name = f"{placed.path}.{ours}"
            store = next((store for store, arrays in stores.items() if name in arrays), "")
            if store:
                shape = stores[store][name].shape
            elif ours == "gamma":
                shape = placed.in_shape[:1]
            else:
                continue  # a bias that the layer does not have
            turned = (type(placed.layer), ours) in _TRANSPOSED
            found.append(Entry(name, f"{module_path(placed.path)}.{theirs}", store, shape, turned))
    named = {entry.ours for entry in found}
    for name in (*network.params, *network.buffers):
        if name not in named:
            raise ExportError(f"{name}: what PyTorch calls it is not known; --to npz takes any")
    _refuse_shared(found)
    return found


def _refuse_shared(found: Iterable[Entry]) -> None:
    seen: dict[str, str] = {}
    for entry in found:
        if entry.theirs in seen:
            raise ExportError(f"{seen[entry.theirs]} and {entry.ours} would both be {entry.theirs}; rename a layer")
        seen[entry.theirs] = entry.ours


def to_torch(network: Network, normalize: Normalize | None = None) -> dict[str, Array]:
    """Return the PyTorch module's state_dict: float32 arrays under its names, with mean and std of images 0..1."""
    arrays: dict[str, Array] = {}
    if normalize is not None:
        arrays |= {"mean": as_planes(normalize.mean / 255), "std": as_planes(normalize.std / 255)}
    for entry in entries(network):
        value = _ours(network, entry)
        arrays[entry.theirs] = entry.turned(value).astype(np.float32)
        if entry.theirs.endswith("running_var"):
            arrays[entry.theirs.replace("running_var", COUNTER)] = np.array(0, np.int64)
    return arrays


def as_planes(values: Array) -> Array:
    """Return a number for each channel as float32 (C, 1, 1), which broadcasts against images; (C, H, W) stays."""
    return np.ascontiguousarray(values.reshape(*values.shape, *(1,) * (3 - values.ndim)), np.float32)


def _ours(network: Network, entry: Entry) -> Array:
    if not entry.store:
        return np.ones(entry.shape)
    stores: Mapping[str, Mapping[str, Array]] = {"params": network.params, "buffers": network.buffers}
    return stores[entry.store][entry.ours]
