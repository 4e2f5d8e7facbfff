"""A contender of `nndl bench --ranks`: `python -m nndl.jobs.parallel.measure CONFIG`, alone or through mpiexec.

Says what it is, then for each line of stdin, a number of seconds, trains about so long and says how many a step took.
"""

import json
import sys
from collections.abc import Iterator
from statistics import median

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
        _say({"threads": built.experiment.threads, "shards": built.experiment.train.shards})
        for line in sys.stdin:
            times = [next(steps)]
            while sum(times) < float(line):
                times.append(next(steps))
            _say(median(times))


def _seconds(solver: Solver) -> Iterator[float]:
    for event in solver.events():
        if isinstance(event, StepDone):
            yield event.seconds


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
