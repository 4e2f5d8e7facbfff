"""nndl export: a run's network for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.complete import RUN
from nndl.errors import UsageError

if TYPE_CHECKING:
    from nndl.api import Run

SUFFIXES = {"onnx": ".onnx", "npz": ".npz", "safetensors": ".safetensors", "pytorch": ".py"}


def complete_format(incomplete: str) -> list[str]:
    """What --to takes."""
    return [name for name in SUFFIXES if name.startswith(incomplete)]


def export(
    run: Annotated[str, RUN],
    to: Annotated[
        str, typer.Option(metavar="onnx|npz|safetensors|pytorch", help="For what.", autocompletion=complete_format)
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; by default the config's name, here.")
    ] = None,
    best: Annotated[bool, typer.Option("--best/--last", help="Weights of the best epoch, or the last.")] = True,
    images: Annotated[int, typer.Option(min=1, help="Test images on which an ONNX file is scored again.")] = 1000,
    data: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder that holds the data set.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Write a run's network for other programs.

    onnx: one file, images float32 (N, 3, 32, 32) from 0 to 1 in, scores and probabilities out; scored again with
    onnxruntime, and refused if it differs. pytorch: a module's source, and its weights beside it. safetensors: these
    weights alone. npz: the arrays under their names in nndl. The normalisation is included in each.
    """
    from nndl.api import load_run
    from nndl.cli.screen import terminal
    from nndl.runs.folder import safe_name

    if to not in SUFFIXES:
        raise UsageError(f"--to takes {', '.join(SUFFIXES)}, not {to!r}")
    loaded = load_run(run, best=best)
    path = output or Path(safe_name(loaded.experiment.name) + SUFFIXES[to])
    targets = [path, path.with_suffix(".safetensors")] if to == "pytorch" else [path]
    _refuse(targets, force)
    files = [str(each) for each in targets]
    report: dict[str, Any] = {"run": str(loaded.folder.path), "step": loaded.step, "to": to, "files": files}
    if to == "onnx":
        report |= write_onnx(loaded, path, images, data)
    else:
        _write_weights(loaded, to, path)
    if json:
        terminal.emit_json(report)
    else:
        terminal.say("\n".join([*files, *_hints(to, report)]))


def _refuse(targets: list[Path], force: bool) -> None:
    if len(set(targets)) < len(targets):
        raise UsageError(f"--output names the module's source, which does not end in {targets[0].suffix}; say .py")
    for target in targets:
        if not target.parent.is_dir():
            raise UsageError(f"there is no folder {target.parent} to write into; make it first")
        if target.is_dir() or (target.exists() and not force):
            raise UsageError(f"{target} is there already; name another --output, or give --force")


def _metadata(run: "Run") -> dict[str, Any]:
    """What a file says of itself."""
    from nndl import __version__
    from nndl.config.writing.show import dump

    return {
        "nndl": __version__,
        "run": run.folder.path.resolve().name,
        "step": run.step,
        "classes": list(run.classes),
        "input": "RGB images, float32 (N, 3, 32, 32), 0..1",
        "config": dump(run.experiment),
    }


def _write_weights(run: "Run", to: str, path: Path) -> None:
    from nndl.export.files import npz_bytes, safetensors_bytes
    from nndl.export.pytorch import source
    from nndl.export.torch_names import to_torch
    from nndl.runs.atomic import write_atomically

    normalize, metadata = run.inputs.normalize, _metadata(run)
    if to == "npz":
        write_atomically(path, npz_bytes(run.network, normalize, run.classes))
        return
    words = f"{run.experiment.name}: step {run.step:,} of {metadata['run']}, from nndl {metadata['nndl']}."
    text = source(run.network, normalize, words, run.classes)  # refuses what PyTorch has no module for
    weights = safetensors_bytes(to_torch(run.network, normalize), metadata)
    write_atomically(path.with_suffix(".safetensors") if to == "pytorch" else path, weights)
    if to == "pytorch":
        write_atomically(path, text)


def write_onnx(run: "Run", path: Path, count: int, data: Path | None) -> dict[str, Any]:
    """Write the file once onnxruntime has computed what nndl does; returns how they compare."""
    from nndl.export.check import compare, onnx_scores, refuse_unless_equal
    from nndl.export.onnx import onnx_model
    from nndl.runs.atomic import write_atomically

    model = onnx_model(run.network, run.inputs.normalize, _metadata(run))
    pixels, which = _images(run, count, data)
    compared = compare(run.scores(pixels), onnx_scores(model, pixels))
    refuse_unless_equal(compared, "the ONNX file")
    write_atomically(path, model.SerializeToString())
    return {"checked_on": which, **vars(compared), "sentence": compared.sentence}


def _images(run: "Run", count: int, data: Path | None) -> tuple[Any, str]:
    """Test images uint8 (N, 3, 32, 32), generated ones where the run's are not there, and which of the two they are."""
    from nndl.data.synthetic import make_synthetic
    from nndl.errors import DataError

    try:
        images, name = run.images("test", data), run.inputs.data
    except DataError:
        if data is not None:
            raise
        images, name = make_synthetic(test_size=max(count, 10)).test, "SYNTHETIC"
    return images.images[:count], name


def _hints(to: str, report: dict[str, Any]) -> list[str]:
    if to == "onnx":
        return [f"onnxruntime agrees: {report['sentence']} ({report['checked_on']})"]
    if to == "pytorch":
        module, weights = (Path(name) for name in report["files"])
        return [f"  from {module.stem} import load; network = load({str(weights)!r})"]
    if to == "safetensors":
        return ["  the names and shapes are those of the module that --to pytorch writes"]
    return []
