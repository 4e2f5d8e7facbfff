"""Weights in files: safetensors under PyTorch's names, NumPy archives under our own. Never a pickle."""

import contextlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nndl.data.normalize import Normalize
from nndl.errors import CheckpointError
from nndl.net.network import Network
from nndl.net.types import Array
from nndl.runs.checkpoint import digest

Arrays = dict[str, Array]
MEAN, STD = "input.mean", "input.std"
"""The normalisation in a NumPy archive, in pixels 0..255."""
CHECKSUM = "nndl_sha256"
DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BOOL": "?",
    **{f"{kind}{8 * size}": f"<{kind.lower()}{size}" for kind in "IU" for size in (1, 2, 4, 8)},
}
"""Types of numbers by their names in a safetensors file, with their names in NumPy."""


def npz_bytes(network: Network, normalize: Normalize, classes: tuple[str, ...]) -> bytes:
    """Return an .npz of parameters and running statistics under their names (conv1.w), with input.mean, input.std."""
    arrays: dict[str, Any] = {**network.params, **network.buffers}
    arrays |= {MEAN: normalize.mean, STD: normalize.std, "classes": np.array(classes)}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def safetensors_bytes(arrays: Mapping[str, Array], about: Mapping[str, Any]) -> bytes:
    """Return a safetensors file of arrays, with `about` as JSON in its metadata, and a checksum of the arrays."""
    from safetensors.numpy import save

    words = {key: json.dumps(value) for key, value in about.items()}
    return save(dict(arrays), {"format": "pt", **words, CHECKSUM: digest(arrays, "")})


def read_weights(path: Path, most_bytes: int) -> Arrays:
    """Read a .safetensors or .npz file's arrays; raises CheckpointError for one that is neither, damaged or too large.

    `most_bytes` bounds what an archive may unpack to.
    """
    if not path.is_file():
        raise CheckpointError(f"there is no file {path}")
    try:
        if zipfile.is_zipfile(path):
            return _some(_read_npz(path, most_bytes), path)
        if path.stat().st_size > most_bytes:
            raise CheckpointError(f"{path} is larger than any weights of this network could be")
        return _some(_of_a_run(_read_safetensors(path)), path)
    except CheckpointError:
        raise
    except Exception as error:  # the readers raise what zlib, JSON and NumPy's header parser do
        words = _header_words(str(error)) if type(error).__name__ == "SafetensorError" else str(error)
        words = " ".join(words.split()) or type(error).__name__
        raise CheckpointError(
            f"{path} is no .safetensors or .npz file that can be read: {words[:200]}{_advice(path)}"
        ) from None


def _some(arrays: Arrays, path: Path) -> Arrays:
    if not arrays:
        raise CheckpointError(f"{path} holds no arrays")
    return arrays


def _header_words(words: str) -> str:
    """Return what a person can make of the library's words for a safetensors file, which are of its parser's parts."""
    if "fully covered" in words:
        return "it is cut short, or longer than its header says"
    begins = any(part in words for part in ("header too", "JSON in header", "UTF-8"))
    return "it does not begin as such a file does" if begins else "its header says what cannot be"


def _advice(path: Path) -> str:
    """Return what to do with a file of torch.save, a pickle or a zip with one in it; nothing for another."""
    with path.open("rb") as file:
        pickled = file.read(1) == b"\x80"
    with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        pickled = any(name.endswith(".pkl") for name in archive.namelist())
    if not pickled:
        return ""
    target = path.with_suffix(".safetensors").name
    return (
        "\n  if PyTorch wrote it, it is a pickle, which can run any program when it is opened; "
        "write the weights once more, in Python:\n"
        f"  safetensors.torch.save_file(torch.load({path.name!r}, weights_only=True), {target!r})"
    )


def _read_safetensors(path: Path) -> Arrays:
    """Read the arrays; they are checked where the file has their checksum."""
    from safetensors import deserialize, safe_open

    with safe_open(path, framework="numpy") as file:
        expected = (file.metadata() or {}).get(CHECKSUM)
    views = deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    arrays = {name: _array(path, name, **view) for name, view in views}
    if expected is not None and digest(arrays, "") != expected:
        raise CheckpointError(f"{path} is damaged: its checksum does not match its content")
    return arrays


def _array(path: Path, name: str, dtype: str, shape: list[int], data: bytes) -> Array:
    """Read one array of a safetensors file; bfloat16, which NumPy has not, as float32: it is the upper half of one."""
    if dtype == "BF16":
        upper = np.frombuffer(data, "<u2").astype(np.uint32) << np.uint32(16)
        return upper.view(np.float32).reshape(shape)
    if dtype not in DTYPES:
        raise CheckpointError(f"{path}: {name} holds {dtype}, which is not read; convert it to float32 first")
    return np.frombuffer(data, DTYPES[dtype]).reshape(shape)


def _of_a_run(arrays: Arrays) -> Arrays:
    """Return the weights to evaluate with, under their own names, of a run's best or last state; others as they are."""
    prefix = "average_" if any(name.startswith("average_params/") for name in arrays) else ""
    stores = (f"{prefix}params/", f"{prefix}buffers/")
    chosen = {name.partition("/")[2]: value for name, value in arrays.items() if name.startswith(stores)}
    return chosen or arrays


def _read_npz(path: Path, most_bytes: int) -> Arrays:
    with zipfile.ZipFile(path) as packed:
        members = packed.infolist()
    total = sum(info.file_size for info in members)
    other = next((info.filename for info in members if not info.filename.endswith(".npy")), None)
    if other is not None:
        raise ValueError(f"it is a zip archive that holds {other!r}")
    if total > most_bytes:
        raise CheckpointError(f"{path} unpacks to {total:,} bytes; weights of this network are {most_bytes:,} at most")
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    none = next((name for name, array in arrays.items() if not isinstance(array, np.ndarray)), None)
    if none is not None:  # NumPy gives the bytes of what does not begin as an array does
        raise ValueError(f"its {none}.npy is no array")
    return arrays
