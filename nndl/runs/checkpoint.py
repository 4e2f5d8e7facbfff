"""Checkpoints: named arrays and JSON in one safetensors file, with a checksum over both. Never a pickle.

Knows nothing of training: what the arrays mean is their writer's business. A file is read by the handle that was found
to be a plain file, and its header before its arrays: what they claim to be is checked before they take memory.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from io import BufferedReader
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nndl.errors import CheckpointError
from nndl.runs.atomic import write_atomically
from nndl.runs.files import ForeignFileError, is_there, open_to_read
from nndl.runs.plain import parse_json

Arrays = dict[str, NDArray[Any]]

MOST_HEADER = 100_000_000
"""Bytes of a header, as safetensors has it."""

_DTYPES = {
    **{f"F{8 * size}": np.dtype(f"<f{size}") for size in (2, 4, 8)},
    **{f"{kind.upper()}{8 * size}": np.dtype(f"<{kind}{size}") for kind in "iu" for size in (1, 2, 4, 8)},
    "BOOL": np.dtype(bool),
}
"""NumPy's types by their names in safetensors."""


class Tensor(NamedTuple):
    """The entry of an array in a file's header."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    """The place of its first byte, behind the header."""

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize


Check = Callable[[Mapping[str, Tensor]], None]
"""Raises CheckpointError for arrays that are not what is needed, before they are read."""


def write_checkpoint(
    path: Path, arrays: Mapping[str, NDArray[Any]], info: Mapping[str, Any], like: Path | None = None
) -> None:
    """Write arrays and JSON-able info to `path`, whole or not at all; the previous file stands until then.

    A file `like`, where there is one, hands its mode on.
    """
    from safetensors.numpy import save

    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = json.dumps(info)
    metadata = {"format": "nndl", "info": text, "sha256": digest(whole, text)}
    write_atomically(path, save(whole, metadata), like)


def read_checkpoint(path: Path, check: Check = lambda _: None) -> tuple[Arrays, dict[str, Any]]:
    """Read the arrays and info of `path`; `check` sees what it claims to hold first.

    Raises CheckpointError for a file that is missing, cut short, altered or not ours, and what `check` raises.
    """
    if not is_there(path):
        raise CheckpointError(f"there is no {path}{_others(path)}")
    try:
        with open_to_read(path) as file:
            metadata, tensors = _read_header(file)
            _check(check, tensors, path)
            if not {"info", "sha256"} <= metadata.keys():
                raise CheckpointError(f"{path} holds tensors, but no state of nndl{_others(path)}")
            arrays = {name: _read_array(file, tensor) for name, tensor in tensors.items()}
        return arrays, _verified_info(metadata, arrays)
    except ForeignFileError as error:
        raise CheckpointError(f"{error}{_others(path)}") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged: {error}{_others(path)}") from None
    except MemoryError:
        raise CheckpointError(f"{path} takes more memory than there is{_others(path)}") from None


def _check(check: Check, tensors: Mapping[str, Tensor], path: Path) -> None:
    try:
        check(tensors)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None


def _verified_info(metadata: Mapping[str, str], arrays: Arrays) -> dict[str, Any]:
    """Return the header's info on the arrays; raises ValueError unless its checksum is theirs."""
    if digest(arrays, metadata["info"]) != metadata["sha256"]:
        raise ValueError("its checksum does not match its content")
    info = parse_json(metadata["info"])
    if not isinstance(info, dict):
        raise ValueError("what it says of its arrays is no JSON object")
    return info


def _read_header(file: BufferedReader) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Read the metadata, and the entry of each array in the order of their bytes; raises ValueError unless all fits."""
    size, length = os.fstat(file.fileno()).st_size, int.from_bytes(file.read(8), "little")
    if not length <= min(size - 8, MOST_HEADER):
        raise ValueError("it has no header, or one cut short")
    header = parse_json(file.read(length).decode("utf-8"))
    if not isinstance(header, dict):
        raise ValueError("its header is no JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError("its metadata are no text")
    tensors = {name: _tensor(name, said, 8 + length) for name, said in header.items()}
    ordered = dict(sorted(tensors.items(), key=lambda item: item[1].start))
    end = 8 + length
    for name, tensor in ordered.items():
        if tensor.start != end:
            raise ValueError(f"{name} does not begin where the array before it ends")
        end += tensor.nbytes
    if end != size:
        raise ValueError(f"its arrays should end at byte {end:,}, and it ends at {size:,}")
    return metadata, ordered


def _tensor(name: str, said: Any, begin: int) -> Tensor:
    if not isinstance(said, dict) or said.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"its header does not say what {name} is")
    dtype, shape, offsets = said["dtype"], said["shape"], said["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise ValueError(f"{name} is of no type that NumPy has")
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2:
        raise ValueError(f"{name} has no shape")
    tensor = Tensor(_DTYPES[dtype], tuple(shape), begin + offsets[0])
    if offsets[1] - offsets[0] != tensor.nbytes:
        raise ValueError(f"{name} has more or fewer bytes than its shape")
    return tensor


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(size) is int and 0 <= size < 1 << 48 for size in value)


def _read_array(file: BufferedReader, tensor: Tensor) -> NDArray[Any]:
    array = np.empty(tensor.shape, tensor.dtype)
    file.seek(tensor.start)
    if file.readinto(array.reshape(-1).view(np.uint8).data) != tensor.nbytes:
        raise ValueError("it became shorter while it was read")
    return array


def digest(arrays: Mapping[str, NDArray[Any]], info: str) -> str:
    """Compute SHA-256 in hex over names, types, shapes, bytes and info."""
    sha = hashlib.sha256(info.encode("utf-8"))
    for name in sorted(arrays):
        array = arrays[name]
        sha.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        sha.update(array.reshape(-1).view(np.uint8).data)
    return sha.hexdigest()


def _others(path: Path) -> str:
    """Name the other files to go on from."""
    names = sorted(other.name for other in path.parent.glob("*.safetensors") if other.name != path.name)
    return f"; in the same folder there is {', '.join(names)}" if names else "; its folder holds no other checkpoint"
