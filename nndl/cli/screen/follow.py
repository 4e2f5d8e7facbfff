"""The layers of a config, and one of them with the numbers of a batch."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nndl.cli.screen import prose, terminal

FIGURES = ("mean", "std", "min", "max")

if TYPE_CHECKING:
    from nndl.explain.batch import Followed


def show_layers(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the layers of a network with their numbers."""
    cells = [(row["number"], row["layer"], row["kind"], " x ".join(map(str, row["output"]))) for row in rows]
    terminal.print_table(("number", "layer", "kind", "output"), cells, title=name, left=("layer", "kind", "output"))
    terminal.say(f"\nnndl explain {name} --layer NUMBER    (or a name, or loss)")


def show_followed(followed: "Followed", name: str) -> None:
    """Print a layer with the numbers of a batch."""
    prose.say([(f"{followed.path} of {name}", "bold"), (f"  {followed.title}, {followed.where}", None)])
    for words in followed.about:
        prose.paragraph(words)
    prose.paragraph(followed.said)
    terminal.say()
    columns = ("array", "shape", *FIGURES, "zeros")
    terminal.print_table(columns, [_figures(row) for row in followed.figures()], left=("shape",))
    hands = followed.by_hand()
    if hands:
        prose.heading("One number of each step, followed by hand")
    for row in hands:
        terminal.say()
        prose.by_hand(**row)
    prose.heading("Checked just now")
    prose.paragraph(followed.verdict())
    if not followed.own:
        terminal.say(f"\nwhy the formulas are what they are: nndl explain {followed.worked.explanation.name}")


def _figures(row: Mapping[str, Any]) -> tuple[str, ...]:
    numbers = [f"{row[name]:.3g}" for name in FIGURES]
    return row["array"], " x ".join(map(str, row["shape"])), *numbers, f"{100 * row['zeros']:.3g} %"
