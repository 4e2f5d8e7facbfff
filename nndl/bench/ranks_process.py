"""A contender of `nndl bench --ranks`: `python -m nndl.bench.ranks_process CONFIG`, alone or through mpiexec.

Says what it is, then trains for as many seconds as it is told and answers how many a step took.
"""

import sys
from collections.abc import Iterator
from statistics import median

from nndl.bench.bursts import serve
from nndl.config import load_config
from nndl.jobs.parallel.team import team
from nndl.train.events import StepDone
from nndl.train.solver import Solver

WARM_UP = 3


def main() -> None:
    """Do what stdin says."""
    with team() as us:
        built = us.build(load_config(sys.argv[1]))
        steps = _seconds(built.solver)
        for _ in range(WARM_UP):
            next(steps)

        def burst(seconds: float) -> float:
            times = [next(steps)]
            while sum(times) < seconds:
                times.append(next(steps))
            return median(times)

        serve({"threads": built.experiment.threads, "shards": built.experiment.train.shards}, burst)


def _seconds(solver: Solver) -> Iterator[float]:
    for event in solver.events():
        if isinstance(event, StepDone):
            yield event.seconds


if __name__ == "__main__":
    main()
