"""The check of an exported network by what will run it; one that differs is not handed on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nndl.errors import ExportError, MissingExtraError
from nndl.export.onnx import INPUT, SCORES
from nndl.net.types import Array
from nndl.own.running import in_words

if TYPE_CHECKING:
    from onnx import ModelProto

TOLERANCE = 1e-4
"""Of the largest score: what sums of float32 in another order come to, and far less than a wrong constant makes."""
BATCH = 250


@dataclass(frozen=True)
class Comparison:
    """A comparison of scores with the network's own."""

    images: int
    largest_difference: float
    largest_score: float
    """In magnitude."""
    same_class: int
    """Number of images that both take for the same."""

    @property
    def agrees(self) -> bool:
        """Tell whether they differ by no more than rounding. NaN agrees with nothing."""
        return self.largest_difference <= TOLERANCE * self.largest_score

    @property
    def sentence(self) -> str:
        """Return "largest difference 3.1e-06 of 14.2 on 1,000 images, the same class for 1,000"."""
        return (
            f"largest difference {self.largest_difference:.1e} in scores up to {self.largest_score:.1f} "
            f"on {self.images:,} images, the same class for {self.same_class:,}"
        )


def compare(ours: Array, theirs: Array) -> Comparison:
    """Compare scores (N, classes) with scores (N, classes)."""
    difference = np.abs(theirs.astype(np.float64) - ours)
    same = np.argmax(ours, axis=1) == np.argmax(theirs, axis=1)
    return Comparison(len(ours), float(difference.max()), float(np.abs(ours).max()), int(same.sum()))


def onnx_scores(model: "ModelProto", pixels: Array) -> Array:
    """Return the scores (N, classes) that onnxruntime computes for pixels uint8 (N, C, H, W)."""
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("onnxruntime", "onnx", "checking an ONNX file") from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return np.concatenate([session.run([SCORES], {INPUT: part / np.float32(255)})[0] for part in batches(pixels)])
    except Exception as error:  # of onnxruntime, whose errors have no base of their own
        raise ExportError(f"onnxruntime does not run the network: {in_words(error)}; nothing written") from error


def torch_scores(text: str, arrays: Mapping[str, Array], pixels: Array) -> Array | None:
    """Return the scores (N, classes) that an exported module computes for pixels uint8 (N, C, H, W).

    text: its source. arrays: its weights, under its names. None where PyTorch is not installed.
    """
    try:
        import torch
    except ImportError:
        return None
    names: dict[str, Any] = {}
    try:
        exec(compile(text, "<the exported module>", "exec"), names)
        network = names["Network"]().eval()
        network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
        with torch.no_grad():
            parts = [torch.from_numpy(part / np.float32(255)) for part in batches(pixels)]
            return np.concatenate([network(part).numpy() for part in parts])
    except Exception as error:  # whatever a layer's own expression runs into
        raise ExportError(f"PyTorch does not run the module: {in_words(error)}; nothing written") from error


def batches(pixels: Array) -> list[Array]:
    """Cut images into as many at a time as are scored at once."""
    return [pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH)]


def refuse_unless_equal(comparison: Comparison, what: str, own: Sequence[str] = ()) -> None:
    """Raise ExportError unless they agree; `own` are the places of what the layers say themselves."""
    if not comparison.agrees:
        words = f"{what} does not compute what the run's network does: {comparison.sentence}; nothing written"
        raise ExportError("\n".join([words, *(f"  look at {place}" for place in own)]))
