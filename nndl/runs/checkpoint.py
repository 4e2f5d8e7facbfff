"""Checkpoints: named arrays and JSON in one safetensors file, with a checksum over both. Never a pickle.

Knows nothing of training: what the arrays mean is their writer's business.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.errors import CheckpointError
from nndl.runs.atomic import write_atomically

Arrays = dict[str, NDArray[Any]]


def write_checkpoint(path: Path, arrays: Mapping[str, NDArray[Any]], info: Mapping[str, Any]) -> None:
    """Write arrays and JSON-able info to `path`, whole or not at all; the previous file stands until then."""
    from safetensors.numpy import save

    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = json.dumps(info)
    metadata = {"format": "nndl", "info": text, "sha256": digest(whole, text)}
    write_atomically(path, save(whole, metadata))


def read_checkpoint(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """The arrays and info of `path`; raises CheckpointError for one that is missing, cut short, altered or not ours."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CheckpointError(f"there is no {path}{_others(path)}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise CheckpointError(f"{path} is damaged: {error}{_others(path)}") from None
    if "info" not in metadata or "sha256" not in metadata:
        raise CheckpointError(f"{path} holds tensors, but no state of nndl{_others(path)}")
    if digest(arrays, metadata["info"]) != metadata["sha256"]:
        raise CheckpointError(f"{path} is damaged: its checksum does not match its content{_others(path)}")
    try:
        info = json.loads(metadata["info"])
    except (ValueError, RecursionError):
        info = None
    if not isinstance(info, dict):
        raise CheckpointError(f"{path} is damaged: what it says of its arrays is no JSON object{_others(path)}")
    return arrays, info


def digest(arrays: Mapping[str, NDArray[Any]], info: str) -> str:
    """SHA-256 in hex over names, types, shapes, bytes and info."""
    sha = hashlib.sha256(info.encode("utf-8"))
    for name in sorted(arrays):
        array = arrays[name]
        sha.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        sha.update(array.reshape(-1).view(np.uint8).data)
    return sha.hexdigest()


def _others(path: Path) -> str:
    """What else there is to go on from."""
    names = sorted(other.name for other in path.parent.glob("*.safetensors") if other.name != path.name)
    return f"; in the same folder there is {', '.join(names)}" if names else "; its folder holds no other checkpoint"
