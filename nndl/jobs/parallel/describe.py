"""The MPI that `nndl doctor` finds: its library, its launcher, and the ranks that a machine has."""

import json
from collections import Counter
from typing import Any

from nndl.engines.shared.threads import cores
from nndl.errors import MissingExtraError
from nndl.jobs.parallel.mpi import MpiRanks, import_mpi
from nndl.jobs.parallel.settle import threads_for_each
from nndl.jobs.parallel.start_mpi import mpiexec
from nndl.launched import launched


def describe_mpi() -> dict[str, Any]:
    """Return library, launcher and the ranks of each machine: those there are, or as many as this one has cores.

    On several ranks all of them call this, and have the answer.
    """
    try:
        MPI = import_mpi(start=False)
    except MissingExtraError as error:
        return {"library": None, "why": str(error)}
    library = MPI.Get_library_version().split("\n")[0].rstrip("\0").split(",")[0].strip()
    found = {"library": " ".join(library.split()), "mpiexec": mpiexec()}
    if launched() is None:
        return found | {"ranks": None, "hosts": None, "threads": None, "cores": cores()}
    MPI.Init()
    ranks = MpiRanks()
    hosts = Counter(json.loads(text) for text in ranks.everyone(json.dumps(ranks.host)))
    return found | {"ranks": ranks.size, "hosts": dict(hosts), "threads": threads_for_each(ranks), "cores": cores()}
