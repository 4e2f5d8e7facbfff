"""nndl reproduce: train a run again from its folder, and say whether every bit came out the same."""

from typing import TYPE_CHECKING, Annotated

import typer

from nndl.cli.options import Data, Json, Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from nndl.jobs.reproduce import Reproduction
    from nndl.runs.curves import Plan
    from nndl.train.events import Event
    from nndl.train.solver import Solver


def reproduce(
    run: Run = "latest",
    data: Data = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the result only.")] = False,
    json: Json = False,
) -> None:
    """Train RUN again from its own folder, on its engine and threads; the run itself is left as it is.

    Says bit-identical, or the first step and tensor that differ, and then exits with 1.
    """
    from contextlib import ExitStack

    from nndl.cli.screen import terminal
    from nndl.cli.screen.interrupt import watched
    from nndl.cli.screen.loading import one_run
    from nndl.cli.screen.progress import choose_view
    from nndl.jobs.reproduce import reproduce as train_again

    folder = one_run(run)
    with ExitStack() as within:

        def watch(solver: "Solver", plan: "Plan") -> "Callable[[Event], None]":
            return within.enter_context(watched(solver, choose_view(plan, quiet=quiet or json, json=False)))

        result = train_again(folder, watch, data)
    if json:
        terminal.emit_json({"run": str(folder.path), "identical": result.identical, **vars(result)}, indent=2)
    else:
        for line in _lines(result):
            terminal.say(line)
    if not result.identical:
        raise typer.Exit(1)


def _lines(result: "Reproduction") -> list[str]:
    """Tell people what came of it."""
    lines = [f"not as it was: {difference}" for difference in result.differs]
    lines += [f"not compared: {reason}" for reason in result.uncompared]
    files = dict.fromkeys(result.files)
    compared = ", ".join([f"{result.steps:,} steps", f"{result.lines:,} lines of metrics", *files])
    if result.identical:
        return [*lines, f"bit-identical: {compared}"]
    first_step = result.first_step or "none that metrics.jsonl has"
    return [
        *lines,
        f"NOT identical\nfirst step that differs: {first_step}\nfirst tensor: {result.first_tensor or 'none'}",
    ]
