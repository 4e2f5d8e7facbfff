"""Tells, from its environment alone, whether this process is one of several that mpiexec started."""

import os
from typing import NamedTuple

VARIABLES = (
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),  # Open MPI
    ("PMI_RANK", "PMI_SIZE"),  # MPICH, Intel MPI, srun --mpi=pmi2
    ("PMIX_RANK", "SLURM_NTASKS"),  # srun --mpi=pmix
)
"""Variables of launchers: the number of this process, and of how many."""


class Launched(NamedTuple):
    """A process among several."""

    rank: int
    size: int


def launched() -> Launched | None:
    """Return which process this is; None where there is one, or none was started by an MPI."""
    for rank, size in VARIABLES:
        values = os.environ.get(rank, ""), os.environ.get(size, "")
        if all(value.isdecimal() for value in values):
            found = Launched(int(values[0]), int(values[1]))
            return found if found.size > 1 else None
    return None


def ranks() -> int:
    """Return how many processes there are, this one included."""
    found = launched()
    return 1 if found is None else found.size


def is_follower() -> bool:
    """Tell whether another process than this one writes and prints."""
    found = launched()
    return found is not None and found.rank > 0
