"""A solver and its batches as a person sees them in Python."""

from nndl import build
from nndl.data.batches import Batches
from tests.small_run import experiment


def test_they_are_shown_in_a_line() -> None:
    solver = build(experiment()).solver
    assert repr(solver) == f"Solver(step 0 of {solver.steps})"
    batches = solver.batches
    assert isinstance(batches, Batches)
    assert repr(batches) == f"Batches({len(batches.index)} images, {batches.batch_size} at a time)"
