"""nndl doctor says which MPI there is, and which ranks each machine has."""

import json
import sys
from pathlib import Path

import pytest

from nndl.engines.shared.threads import cores
from tests.cli.command import nndl
from tests.jobs.parallel.ranks import launch, needs_mpi

pytestmark = [needs_mpi, pytest.mark.xdist_group("mpi")]


def test_doctor_names_the_mpi_and_the_ranks_of_each_machine(tmp_path: Path) -> None:
    alone = json.loads(nndl("doctor", "--json", cwd=tmp_path).stdout)["mpi"]
    assert alone["library"].startswith(("Open MPI", "MPICH", "Intel"))
    assert (alone["ranks"], alone["cores"]) == (None, cores())
    three = launch(*[["-m", "nndl", "doctor", "--json"]] * 3)
    found = json.loads(three.out)["mpi"]
    assert found["ranks"] == 3
    assert list(found["hosts"].values()) == [3]
    assert found["threads"] == max(1, cores() // 3)
    assert sys.executable.rpartition("/")[0] in found["mpiexec"]
