"""Arrays by name in one .npy file, as np.save writes a dict: the form in which CS231n keeps a model since 2025.

NumPy reads such a file by unpickling it, which runs whatever the file says; here pickled.py's restricted reader does.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.data.pickled import array_of, as_text, unpickle
from nndl.errors import DataError

Array = NDArray[Any]

LARGEST = 1 << 30
"""Bytes: more than any of the course's models has, in float64."""


def save_arrays(path: Path, arrays: dict[str, Array]) -> None:
    """Write arrays by name as np.save does a dict; readable by np.load(path, allow_pickle=True).item()."""
    with path.open("wb") as file:
        np.save(file, np.array({name: np.asarray(value) for name, value in arrays.items()}, dtype=object))


def load_saved(path: Path) -> dict[str, Array]:
    """Read the arrays that `save_arrays`, or the course's own save, wrote.

    Raises DataError for a file that cannot be read, is over LARGEST bytes, or holds anything but real arrays by name.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST:
        raise DataError(f"{path}: over {LARGEST:,} bytes, which no model of the course has")
    try:
        return {as_text(name): array_of(record).copy() for name, record in _dict_in(raw).items()}
    except Exception as error:  # a hostile file can make any part of this fail in any way
        raise DataError(f"{path}: not arrays by name, as a model's save writes them: {error}") from None


def _dict_in(raw: bytes) -> dict[Any, Any]:
    """Read the dict that is the only entry of a .npy file's array of objects."""
    file = io.BytesIO(raw)
    one = np.lib.format.read_magic(file) == (1, 0)
    shape, _, dtype = (np.lib.format.read_array_header_1_0 if one else np.lib.format.read_array_header_2_0)(file)
    if dtype.kind != "O" or shape != ():
        raise ValueError("it is an array itself, not a dict of them")
    (held,) = unpickle(file.read()).state[4]
    if not isinstance(held, dict):
        raise ValueError(f"it is a {type(held).__name__}, not a dict of arrays")
    return held
