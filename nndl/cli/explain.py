"""nndl explain: what a layer computes, why its gradient is what it is, and both with numbers."""

from typing import TYPE_CHECKING, Annotated

import typer

from nndl.cli.complete import complete_explained
from nndl.cli.options import Json

if TYPE_CHECKING:
    from nndl.explain.record import Explanation

Target = Annotated[
    str | None,
    typer.Argument(
        metavar="[TARGET]",
        help="A layer, a loss or an update rule, by its name in a config or a course. If not given: a list of them.",
        autocompletion=complete_explained,
    ),
]


def explain(target: Target = None, *, json: Json = False) -> None:
    """Explain a layer: its formulas, its gradient step by step, our source, and an example with small numbers.

    Nothing shown is typed in: every formula is evaluated when it is shown, held to our functions and to a numerical
    gradient.
    """
    from nndl.explain.table import EXPLANATIONS, find

    if target is None:
        _list(list(EXPLANATIONS.values()), json)
    else:
        _show(find(target), json)


def _list(explanations: "list[Explanation]", json: bool) -> None:
    from nndl.cli.screen import terminal
    from nndl.explain.data import summary_of

    rows = [summary_of(each) for each in explanations]
    if json:
        terminal.emit_json(rows)
        return
    cells = [(row["name"], row["title"], ", ".join(row["aliases"])) for row in rows]
    terminal.print_table(("name", "explains", "also found as"), cells, left=("explains", "also found as"))
    terminal.say("\nnndl explain NAME")


def _show(explanation: "Explanation", json: bool) -> None:
    from nndl.cli.screen import terminal
    from nndl.cli.screen.explain import show
    from nndl.explain.data import as_data
    from nndl.explain.worked import example

    worked = example(explanation)
    if json:
        terminal.emit_json(as_data(worked))
    else:
        show(worked)
