"""The config of a trial: the base with the values that it tries."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from nndl.config import Experiment, load_config
from nndl.config.reading.overrides import Change
from nndl.config.writing.show import as_tree, plain_value
from nndl.errors import NndlError
from nndl.jobs.sweeps.schema import Sweep
from nndl.own.source import digest_of as code_digest


def sets_of(sweep: Sweep, values: Mapping[str, Any]) -> list[str]:
    """List the sweep's own changes and a trial's values as --set takes them, in the file's order."""
    changes = [f"{key}={plain_value(_listed(value))}" for key, value in {**sweep.set, **values}.items()]
    return [Change(text, text) for text in changes]


def as_words(value: Any) -> str:
    """Return a value that a trial tries as it is noted and shown: a number, or what a config says."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number or isinstance(value, str) else plain_value(_listed(value))


def experiment_of(sweep: Sweep, values: Mapping[str, Any], sets: tuple[str, ...] = ()) -> Experiment:
    """Return the experiment of a trial; `sets` are the command's own, which count last.

    A sweep's folder, which names the base, may be a stranger's: code that the base uses is run if this user chose to.
    """
    return sweep.base_config.experiment([*sets_of(sweep, values), *sets])


def choose_code(sweep: Sweep) -> None:
    """Note that this user, who gives the sweep's file, chose to run the code that its base uses."""
    with suppress(NndlError):  # what is wrong with it is told with the rest
        load_config(sweep.base, sets_of(sweep, {}))


def trial_seed(sweep: Sweep, number: int) -> int:
    """Return the seed that a trial is trained with: a function of the sweep's seed and the trial's number alone."""
    return int(np.random.SeedSequence((sweep.seed, number)).generate_state(1)[0])


def digest_of(experiment: Experiment) -> str:
    """Return a fingerprint of every value in force but the seed, the name, and where and how it is computed."""
    apart = ("name", "seed", "engine", "threads", "checkpoint", "record")
    tree = {key: value for key, value in as_tree(experiment).items() if key not in apart}
    if experiment.sources:
        tree["use"] = code_digest(experiment.sources)
    tree["data"] = {key: value for key, value in tree["data"].items() if key != "root"}
    return hashlib.sha256(json.dumps(tree, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _listed(value: Any) -> Any:
    """Turn tuples, which descriptions hold, into the lists that YAML has."""
    if isinstance(value, Mapping):
        return {key: _listed(inner) for key, inner in value.items()}
    return [_listed(inner) for inner in value] if isinstance(value, list | tuple) else value
