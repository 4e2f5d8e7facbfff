"""Beginning a run: its folder, with all written down that its use and its resumption need."""

from pathlib import Path
from typing import Any

from nndl.config import Experiment, parse_config
from nndl.config.build import Built
from nndl.config.own.installed import in_python, packages_of
from nndl.config.own.using import again, with_copies
from nndl.config.writing.show import dump
from nndl.data.normalize import Normalize
from nndl.data.sources.python import save
from nndl.engines import describe_engine
from nndl.errors import ConfigError, UsageError
from nndl.jobs.build import weights
from nndl.jobs.images import found_at
from nndl.paths import expanded
from nndl.runs.atomic import write_atomically
from nndl.runs.checkpoint import write_checkpoint
from nndl.runs.environment import describe_environment
from nndl.runs.files import is_there
from nndl.runs.folder import RunFolder, create_run_folder
from nndl.runs.inputs import Inputs, write_inputs
from nndl.runs.lock import lock_run
from nndl.runs.loggers import require
from nndl.runs.own import write_sources

MOST_KEPT = 256 << 20
"""Bytes of images given in Python that a run keeps."""


def start_run(built: Built, run_dir: str | Path | None = None, keep_data: bool = True) -> RunFolder:
    """Begin a new run: its folder, with its config, its environment and how its images are normalised.

    keep_data: whether a copy of images given in Python is a part of it.
    Raises MissingExtraError where the package of a logger is not installed, and UsageError for a time_budget that was
    not turned into epochs, since it would be written down and do nothing, and for what could not be read again.
    """
    if built.experiment.train.time_budget is not None:
        raise UsageError("a time_budget becomes epochs first: give train the experiment, or build(within_budget(it))")
    require(built.experiment.record.loggers)
    if keep_data:
        _check_size(built)
    config = _readable(with_copies(built.experiment))
    folder = create_run_folder(built.experiment.name, None if run_dir is None else expanded(run_dir))
    with lock_run(folder.path):
        if is_there(folder.config):
            raise UsageError(f"another process has begun a run in {folder.path}; choose another --run-dir")
        _write_new_run(folder, built, config, keep_data)
    return folder


def _check_size(built: Built) -> None:
    """Raise UsageError for images given in Python that are too large for every run to keep a copy."""
    parts = (built.split.dataset.train, built.split.dataset.test)
    size = sum(part.images.nbytes for part in parts)
    if built.experiment.data.in_python and size > MOST_KEPT:
        cure = "save them once, data.save('images.npz'), and name that file: data: {dataset: npz, root: images.npz}"
        words = f"these images take {size / 2**20:,.0f} MiB, and a run keeps {MOST_KEPT >> 20} MiB of images at most"
        raise UsageError(f"{words}; {cure}; or train(..., keep_data=False), and give them to run.resume again")


def _readable(experiment: Experiment) -> str:
    """Return the config to be written down; one that Python made of anything may be none that can be read."""
    config = dump(experiment)
    try:
        parse_config(config, "its config.yaml", find=again(experiment))
    except ConfigError as error:
        raise UsageError(
            f"a run of this experiment could not be used, since its config cannot be read: {error}"
        ) from None
    return config


def _write_new_run(folder: RunFolder, built: Built, config: str, keep_data: bool) -> None:
    """Write the files of a new run, the config last: a folder with a config is a run, with all that belongs to one."""
    dataset = built.split.dataset
    ran = {**describe_engine(built.network.engine), "data": describe_data(built), "data_digest": dataset.digest}
    if packages := packages_of(built.experiment):
        ran["packages"] = packages
    if registered := in_python(built.experiment):
        ran["registered"] = registered
    if built.start is not None:
        ran["start"] = {"from": built.start.source, "sha256": built.start.digest, "skip": list(built.start.skip)}
    if root := found_at(built.experiment.data):
        ran["root"] = root
    folder.write_environment({**describe_environment(), **ran})
    write_inputs(folder, inputs_of(built.split.normalize, dataset))
    if built.experiment.data.in_python and keep_data:
        save(dataset, folder.arrays)
    if built.start is not None:
        there = weights(built.network)
        info = {"kind": "start", "from": built.start.source}
        write_checkpoint(folder.start, {name: there[name] for name in built.start.names}, info)
    if built.experiment.sources:
        write_sources(folder, built.experiment.sources)
    write_atomically(folder.config, config)


def describe_data(built: Built) -> dict[str, Any]:
    """Return the images that an experiment uses, and how many for what."""
    split = built.split
    sizes = {"train": len(split.train), "validation": len(split.validation), "test": len(split.test)}
    return {"name": split.dataset.name, "synthetic": split.dataset.synthetic, **sizes}


def inputs_of(normalize: Normalize, dataset: Any) -> Inputs:
    """Return what a run on a `nndl.data.dataset.Dataset` must remember of it."""
    return Inputs(normalize, dataset.classes, dataset.name, dataset.synthetic)
