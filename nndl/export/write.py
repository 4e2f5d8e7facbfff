"""A run's network written for other programs: which files, refused or checked before they are, and what they say."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from nndl import __version__
from nndl.config import Experiment
from nndl.config.writing.show import dump
from nndl.data.dataset import Images
from nndl.data.synthetic import make_synthetic, scaled
from nndl.errors import DataError, UsageError
from nndl.export.check import Comparison, compare, onnx_scores, refuse_unless_equal, torch_scores
from nndl.export.files import npz_bytes, safetensors_bytes
from nndl.export.onnx import onnx_model
from nndl.export.own import said_by_layers
from nndl.export.pytorch import source
from nndl.export.torch_names import to_torch
from nndl.flags import require_flags
from nndl.net.network import Network
from nndl.net.types import Array
from nndl.paths import expanded, resolved, writable
from nndl.runs.atomic import write_atomically
from nndl.runs.folder import RunFolder, safe_name
from nndl.runs.inputs import Inputs
from nndl.visible import visible

SUFFIXES = {"onnx": ".onnx", "npz": ".npz", "safetensors": ".safetensors", "pytorch": ".py"}
"""The formats, and the endings of their files."""


class Trained(Protocol):
    """The part of a `nndl.jobs.trained.Run` that is exported."""

    @property
    def folder(self) -> RunFolder: ...
    @property
    def experiment(self) -> Experiment: ...
    @property
    def network(self) -> Network: ...
    @property
    def inputs(self) -> Inputs: ...
    @property
    def step(self) -> int: ...
    def scores(self, images: Array, /) -> Array: ...
    def images(self, split: str, data: Path | None, /) -> Images: ...


@dataclass(frozen=True)
class Written:
    """The result of an export."""

    to: str
    files: tuple[Path, ...]
    """The file asked for first; of pytorch the weights beside the module too."""
    comparison: Comparison | None = None
    """The scores of an ONNX file in onnxruntime, or of a module in PyTorch, if that is installed, beside the network's
    own."""
    checked_on: str | None = None
    """The data set whose test images those are of."""


def write(
    run: Trained,
    path: str | Path | None = None,
    to: str | None = None,
    *,
    force: bool = False,
    check_images: int = 1000,
    data: str | Path | None = None,
) -> Written:
    """Write a run's network for other programs; see `nndl.jobs.trained.Run.export`."""
    require_flags(force=force)
    if not isinstance(check_images, int) or check_images < 1:
        raise UsageError(f"check_images is 1 or more, not {check_images!r}")
    to = _format(path, to)
    target = _default(run.experiment.name, to) if path is None else expanded(path)
    files = (target, target.with_suffix(".safetensors")) if to == "pytorch" else (target,)
    if to == "pytorch" and target.suffix != ".py":
        raise UsageError(
            f"{target} would hold a Python module, which is imported from a file that ends in .py; say .py"
        )
    _refuse(files, force)
    folder = None if data is None else expanded(data)
    if to == "onnx":
        return _write_onnx(run, target, check_images, folder)
    return _write_weights(run, to, files, check_images, folder)


def _format(path: str | Path | None, to: str | None) -> str:
    """Return the format asked for, or the one that the file's name ends in."""
    if to is None:
        endings = {suffix: name for name, suffix in SUFFIXES.items()}
        if path is None or expanded(path).suffix not in endings:
            raise UsageError(
                f"say what to export to: {', '.join(SUFFIXES)}, or a file that ends in {', '.join(endings)}"
            )
        return endings[expanded(path).suffix]
    if to not in SUFFIXES:
        raise UsageError(f"networks are exported to {', '.join(SUFFIXES)}, not {to!r}")
    return to


def _default(config: str, to: str) -> Path:
    """Return a file called as the config, here; a module is called what Python can import."""
    name = safe_name(config)
    return Path((re.sub(r"\W", "_", name) if to == "pytorch" else name) + SUFFIXES[to])


def _refuse(targets: Sequence[Path], force: bool) -> None:
    """Raise UsageError where the files cannot be written, before anything is computed."""
    for target in targets:
        if not target.parent.is_dir():
            raise UsageError(f"there is no folder {target.parent} to write into; make it first")
        if target.is_dir() or (writable(target).exists() and not force):
            raise UsageError(
                f"{target} is there already; name another file, or say to write over it (--force, force=True)"
            )


def _metadata(run: Trained) -> dict[str, Any]:
    """Return what a file says of itself."""
    return {
        "nndl": __version__,
        "run": visible(resolved(run.folder.path).name),
        "step": run.step,
        "classes": list(run.inputs.classes),
        "input": f"{_colours(run)} images, float32 (N, {', '.join(map(str, run.network.input_shape))}), 0..1",
        "config": dump(run.experiment),
    }


def _colours(run: Trained) -> str:
    return "grey" if run.network.input_shape[0] == 1 else "RGB"


def _write_weights(run: Trained, to: str, files: tuple[Path, ...], count: int, data: Path | None) -> Written:
    """Write weights, and of pytorch the module, once PyTorch has computed with them what nndl does, if it is here."""
    network, inputs, about = run.network, run.inputs, _metadata(run)
    if to == "npz":
        write_atomically(files[0], npz_bytes(network, inputs.normalize, inputs.classes))
        return Written(to, files)
    words = f"{run.experiment.name}: step {run.step:,} of {about['run']}, from nndl {about['nndl']}."
    text = source(network, inputs.normalize, words, inputs.classes)  # refuses what PyTorch has no module for
    arrays = to_torch(network, inputs.normalize)
    checked = _in_torch(run, text, arrays, count, data) if to == "pytorch" else ()
    write_atomically(files[-1], safetensors_bytes(arrays, about))
    if to == "pytorch":
        write_atomically(files[0], text)
    return Written(to, files, *checked)


def _in_torch(
    run: Trained, text: str, arrays: Mapping[str, Array], count: int, data: Path | None
) -> tuple[Comparison, str] | tuple[()]:
    """Compare the module with the network; nothing where PyTorch is not installed. Raises ExportError."""
    if find_spec("torch") is None:
        return ()
    pixels, name = _test_pixels(run, count, data)
    scores = torch_scores(text, arrays, pixels)
    if scores is None:
        return ()
    compared = compare(run.scores(pixels), scores)
    refuse_unless_equal(compared, "the PyTorch module", said_by_layers(run.network.placed, "pytorch"))
    return compared, name


def _write_onnx(run: Trained, path: Path, count: int, data: Path | None) -> Written:
    """Write the file once onnxruntime has computed what nndl does."""
    model = onnx_model(run.network, run.inputs.normalize, _metadata(run))
    pixels, name = _test_pixels(run, count, data)
    compared = compare(run.scores(pixels), onnx_scores(model, pixels))
    refuse_unless_equal(compared, "the ONNX file", said_by_layers(run.network.placed, "onnx"))
    write_atomically(path, model.SerializeToString())
    return Written("onnx", (path,), compared, name)


def _test_pixels(run: Trained, count: int, data: Path | None) -> tuple[Array, str]:
    """Return test images uint8 (N, C, H, W), generated ones where the run's are not there, and their data set."""
    try:
        images, name = run.images("test", data), run.inputs.data
    except DataError:
        if data is not None:
            raise
        return _generated(run.network.input_shape, count), "SYNTHETIC"
    return images.images[:count], name


def _generated(shape: tuple[int, ...], count: int) -> Array:
    """Generate images uint8 (count, C, H, W)."""
    channels, height, width = shape
    return scaled(make_synthetic(test_size=max(count, 10)).test, (channels, height, width)).images[:count]
