"""A run's network loaded for a verb, and what its user should know of it."""

from nndl.api import Run, load_run
from nndl.cli.screen import terminal


def load(run: str, *, best: bool, engine: str | None = None) -> Run:
    """Return what `load_run` does; says so where the best weights were asked for and there are only the last."""
    loaded = load_run(run, best=best, engine=engine)
    if best and loaded.weights == "last":
        terminal.note(
            f"note: {loaded.folder.path} ended no epoch yet, so none is the best; "
            f"these are the last weights, of step {loaded.step:,}"
        )
    return loaded
