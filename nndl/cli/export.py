"""nndl export: a run's network for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.options import Best, Data, Force, Json, Run, Step, to_file

if TYPE_CHECKING:
    from nndl.export.write import Written

FORMATS = ("onnx", "npz", "safetensors", "pytorch")
"""The values of --to: the keys of `nndl.export.write.SUFFIXES`, which is not loaded for --help."""


def complete_format(incomplete: str) -> list[str]:
    """Offer the values of --to."""
    return [name for name in FORMATS if name.startswith(incomplete)]


def export(
    to: Annotated[str, typer.Option(metavar="|".join(FORMATS), help="For what.", autocompletion=complete_format)],
    run: Run = "latest",
    output: Annotated[Path | None, to_file("By default the config's name, here.")] = None,
    best: Best = True,
    step: Step = None,
    images: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Test images on which an ONNX file or a PyTorch module is scored again."),
    ] = 1000,
    data: Data = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write a run's network for other programs.

    onnx: one file, images float32 (N, C, H, W) from 0 to 1 in, scores and probabilities out; scored again with
    onnxruntime, and refused if it differs. pytorch: a module's source, and its weights beside it; scored again where
    PyTorch is installed. safetensors: these weights alone. npz: the arrays under their names in nndl. The normalisation
    is included in each.
    """
    from nndl.cli.screen import terminal
    from nndl.cli.screen.loading import load
    from nndl.errors import UsageError

    if to not in FORMATS:
        raise UsageError(f"--to takes {', '.join(FORMATS)}, not {to!r}")
    loaded = load(run, best=best, step=step)
    written = loaded.export(output, to, force=force, check_images=images, data=data)
    if json:
        report: dict[str, Any] = {"run": str(loaded.folder.path), "step": loaded.step, "to": to}
        terminal.emit_json({**report, "files": list(map(str, written.files)), **_comparison(written)})
    else:
        terminal.say("\n".join([*map(str, written.files), *_hints(written)]))


def _comparison(written: "Written") -> dict[str, Any]:
    compared = written.comparison
    if compared is None:
        return {}
    return {"checked_on": written.checked_on, **vars(compared), "sentence": compared.sentence}


def _agreement(written: "Written", runner: str) -> list[str]:
    if written.comparison is None:
        return [f"not run with {runner}, which is not installed here"]
    return [f"{runner} agrees: {written.comparison.sentence} ({written.checked_on})"]


def _hints(written: "Written") -> list[str]:
    if written.to == "pytorch":
        module, weights = written.files
        loading = [f"  from {module.stem} import load; network = load({str(weights)!r})"]
        return [*_agreement(written, "PyTorch"), *(loading if module.stem.isidentifier() else [])]
    if written.to == "onnx":
        return _agreement(written, "onnxruntime")
    if written.to == "safetensors":
        return ["  the names and shapes are those of the module that --to pytorch writes"]
    return []
