"""A run is loaded with the weights that are asked for."""

from pathlib import Path

import numpy as np
import pytest

from nndl import api
from nndl.errors import UsageError
from nndl.jobs.trained import load_run
from nndl.runs.checkpoint import read_checkpoint
from nndl.runs.states import earlier_states
from nndl.train.state import evaluation_weights
from tests.small_run import STEPS, experiment


def test_the_weights_of_any_step_that_is_kept_are_loaded(tmp_path: Path) -> None:
    folder = api.train(experiment(), tmp_path / "run").folder
    kept = {read_checkpoint(path)[1]["step"]: path for path in (folder.last, *earlier_states(folder))}
    assert len(kept) == 3
    for step, path in kept.items():
        run = load_run(folder.path, step=step)
        saved = evaluation_weights(read_checkpoint(path)[0])
        assert (run.step, run.weights if step != load_run(folder.path).step else "kept") == (step, "kept")
        assert all(np.array_equal(saved[f"params/{name}"], run.network.params[name]) for name in run.network.params)
    with pytest.raises(UsageError, match=rf"no weights of step 999; it has those of .*{STEPS}"):
        load_run(folder.path, step=999)
