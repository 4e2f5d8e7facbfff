"""Is this run the same? What its numbers depend on, and what of that is no longer as it was.

One answer for all who ask: `resume` before it goes on, `repeats` before it counts a run in, `reproduce` in its result.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nndl import __version__
from nndl.config.build import Built
from nndl.config.own.installed import packages_of
from nndl.config.schema import whole
from nndl.config.writing.completed import completed
from nndl.config.writing.show import as_tree
from nndl.engines import describe_engine
from nndl.errors import CheckpointError
from nndl.own.source import digest_of
from nndl.runs.differences import Difference, differences
from nndl.runs.environment import blas_kernels

UNIMPORTANT = (
    "config.name",
    "config.checkpoint.",
    "config.record",
    "config.data.root",
    "config.train.start_from",
    "config.use",
    "config.engine",
    "config.threads",
    "changes",
)
"""Places that may change without a word: the numbers do not depend on them, or do by what is compared instead."""

EPOCHS = "config.train.epochs"
"""The place that changes when a run is extended, which is no other run for it."""


def provenance(built: Built) -> dict[str, Any]:
    """Return what a run's numbers depend on, as JSON gives it back."""
    config = as_tree(built.experiment)
    del config["use"]  # names, which differ between a config and its run's: the code itself is compared
    made_of = {
        "config": config,
        "data": built.split.dataset.digest,
        "start": built.start.digest if built.start else None,
        **({"packages": packages} if (packages := packages_of(built.experiment)) else {}),
        **({"code": digest_of(built.experiment.sources)} if built.experiment.sources else {}),
        "nndl": __version__,
        "numpy": np.__version__,
        "blas": blas_kernels(),
        **describe_engine(built.network.engine),
    }
    plain: dict[str, Any] = json.loads(json.dumps(made_of))
    return plain


@dataclass(frozen=True)
class Change:
    """A change accepted when a run went on: other epochs, and whatever else was no longer as it was."""

    step: int
    epochs_done: int
    epochs: tuple[float, float]
    """Before, and from then on."""
    what: tuple[str, ...]


def recorded(info: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[Change]]:
    """Read from a state how its run was made, and what was changed on its way; a state may say nothing of it.

    Raises CheckpointError for one that says what cannot be.
    """
    made_of = info.get("about", {})
    try:
        changes = [_change(said) for said in made_of.get("changes", [])]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise CheckpointError("the state is damaged: what it says of changes on its way cannot be") from None
    return made_of, changes


def _change(said: Mapping[str, Any]) -> Change:
    before, after = (whole(float(epochs)) for epochs in said["epochs"])
    if not (math.isfinite(before) and math.isfinite(after)):
        raise ValueError("epochs without end")
    return Change(int(said["step"]), int(said["epochs_done"]), (before, after), tuple(map(str, said["what"])))


def changes_between(before: Mapping[str, Any], now: Mapping[str, Any], *, extended: bool = False) -> list[Difference]:
    """Find where two provenances differ so that the numbers may, too; `extended`: the epochs may be others.

    What `before` does not know, as one written by an older nndl, is not compared; an option that its config does not
    know was at its default.
    """
    passed_over = (*UNIMPORTANT, EPOCHS) if extended else UNIMPORTANT
    before = {key: completed(old, now.get(key)) if key == "config" else old for key, old in before.items()}
    found = [each for key, old in before.items() for each in differences(old, now.get(key), key)]
    return [each for each in found if not each.key.startswith(passed_over)]


def as_told(change: Difference) -> Difference:
    """Give the key as `--set` has it, and of the images' checksum as much as tells two apart."""
    if change.key == "start":
        return Difference("the weights it starts from (their checksum)", str(change.old)[:16], str(change.new)[:16])
    if change.key == "code":
        return Difference("the code it uses (its checksum)", str(change.old)[:16], str(change.new)[:16])
    if change.key == "data":
        return Difference("the images (their checksum)", str(change.old)[:16], str(change.new)[:16])
    return change._replace(key=change.key.removeprefix("config."))
