"""input.json: what a run's network must be told of images, so that it can be used where its data set is not."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from nndl.data.dataset import CHANNELS
from nndl.data.normalize import Normalize
from nndl.errors import CheckpointError
from nndl.net.types import Array
from nndl.runs.atomic import write_atomically
from nndl.runs.files import is_there
from nndl.runs.folder import RunFolder
from nndl.runs.plain import read_json


@dataclass(frozen=True, eq=False)
class Inputs:
    """The way from images to a network's input, and the classes of its scores."""

    normalize: Normalize
    classes: tuple[str, ...]
    data: str
    """Name of the data set the run learnt from."""
    synthetic: bool


def write_inputs(folder: RunFolder, inputs: Inputs) -> None:
    """Write input.json. JSON keeps every bit of a float64."""
    content = {
        "data": inputs.data,
        "synthetic": inputs.synthetic,
        "classes": list(inputs.classes),
        "mean": inputs.normalize.mean.tolist(),
        "std": inputs.normalize.std.tolist(),
    }
    write_atomically(folder.inputs, json.dumps({**content, "sha256": _digest(content)}) + "\n")


def read_inputs(folder: RunFolder) -> Inputs | None:
    """Read input.json; None where a run has none. Raises CheckpointError for one that is damaged."""
    if not is_there(folder.inputs):
        return None
    try:
        content = read_json(folder.inputs)
        whole = content.pop("sha256") == _digest(content)
        mean, std = (np.array(content[name], np.float64) for name in ("mean", "std"))
        classes = tuple(str(name) for name in content["classes"])
        known = Inputs(Normalize(mean, std), classes, str(content["data"]), bool(content["synthetic"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{folder.inputs} cannot be read: {error}") from None
    if not whole:
        raise CheckpointError(f"{folder.inputs} is damaged: its checksum does not match its content")
    if not (_of_images(mean, std) and np.isfinite(mean).all() and _divides(std)):
        raise CheckpointError(f"{folder.inputs} is damaged: mean and std are not those of images")
    return known


def _of_images(mean: Array, std: Array) -> bool:
    """Tell whether they are std (C,) and mean (C,) or (C, H, W) of images in grey or in colour."""
    return std.ndim == 1 and len(std) in CHANNELS and mean.ndim in (1, 3) and len(mean) == len(std)


def _divides(std: Array) -> bool:
    return bool(np.isfinite(std).all() and (std > 0).all())


def _digest(content: dict[str, Any]) -> str:
    """Compute SHA-256 in hex of what the file says: a digit that changed would change every prediction unseen."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8")).hexdigest()
