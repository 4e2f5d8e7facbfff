"""Proof that a training begun on some number of processes and resumed on another equals that of one alone."""

from collections.abc import Sequence
from pathlib import Path

from nndl.config import Experiment
from nndl.config.own.using import from_anywhere
from nndl.config.writing.show import dump
from nndl.engines.shared.threads import cores
from nndl.jobs.build import build
from nndl.jobs.parallel.settle import settled
from nndl.jobs.parallel.start_mpi import command, run
from nndl.jobs.replay import Part, check_steps, compare_runs
from nndl.runs.folder import RunFolder

UNTIL = ("-m", "nndl.jobs.parallel.run_until")


def verify_ranks(experiment: Experiment, steps: int, stop_at: int, ranks: Sequence[int], folder: Path) -> list[Part]:
    """Train `steps` steps on one process, and again on ranks[0] up to `stop_at`, then on the others; compare the two.

    Raises MissingExtraError where there is no MPI, and UsageError unless 0 < stop_at < steps <= those of the config.
    """
    experiment = settled(experiment, max(ranks), max(1, cores() // max(ranks)))
    check_steps(build(experiment).solver.steps, stop_at, steps)
    last = len(ranks) - 1
    stops = [stop_at + (steps - stop_at) * number // max(1, last) for number in range(last)] + [steps]
    for size in ranks:
        command(size, ())  # before anything is trained
    config = folder / "config.yaml"
    config.write_text(dump(from_anywhere(experiment)), encoding="utf-8")
    straight, parts = RunFolder(folder / "straight"), RunFolder(folder / "parts")
    run(1, [*UNTIL, str(straight.path), str(steps), str(config)])
    for number, (size, stop) in enumerate(zip(ranks, stops, strict=True)):
        run(size, [*UNTIL, str(parts.path), str(stop), *([] if number else [str(config)])])
    return compare_runs(straight, parts)
