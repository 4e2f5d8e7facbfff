"""A run begun on some number of ranks and resumed on another equals that of one process; what is lost is named."""

from pathlib import Path

import pytest

from nndl.errors import MissingExtraError, UsageError
from nndl.jobs.parallel import start_mpi
from nndl.jobs.parallel.verify import verify_ranks
from tests.jobs.parallel.ranks import ALLOWED, needs_mpi
from tests.small_run import experiment


@needs_mpi
@pytest.mark.xdist_group("mpi")
def test_a_run_goes_on_on_other_numbers_of_ranks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ALLOWED.items():
        monkeypatch.setenv(name, value)
    parts = verify_ranks(experiment(), 9, 4, [2, 1, 3], tmp_path)
    assert [part.first for part in parts] == [None] * len(parts)
    assert {"parameters", "running statistics", "optimizer", "averages", "metrics"} <= {part.name for part in parts}


def test_without_an_mpi_nothing_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_mpi, "mpiexec", lambda: None)
    with pytest.raises(MissingExtraError, match="pip install 'nndl"):
        verify_ranks(experiment(), 9, 4, [1, 2], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_steps_that_are_no_proof_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--steps 13 should be 2 to 12, the steps of the config"):
        verify_ranks(experiment(), 13, 4, [2, 1], tmp_path)
