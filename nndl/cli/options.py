"""The arguments and options that several verbs take, each declared once. Nothing here does anything."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nndl.cli.complete import ENGINES, complete_config, complete_engine, complete_run
from nndl.paths import expanded, to_write

Run = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run's folder, its name under runs/, or latest.", autocompletion=complete_run),
]
Runs = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN", help="Folders of runs, their names under runs/, or latest.", autocompletion=complete_run
    ),
]
LatestRuns = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN",
        help="Folders of runs, their names under runs/, or latest.",
        autocompletion=complete_run,
        default_factory=lambda: ["latest"],
        show_default="latest",
    ),
]
CONFIG = typer.Argument(
    metavar="CONFIG", help="A config file, or the name of a bundled one.", autocompletion=complete_config
)
Config = Annotated[str, CONFIG]

Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set a config value, e.g. train.epochs=5. Repeatable."),
]
Engine = Annotated[
    str | None,
    typer.Option(metavar="NAME", help=f"{', '.join(ENGINES[:-1])} or {ENGINES[-1]}.", autocompletion=complete_engine),
]
OtherEngine = Annotated[
    str | None, typer.Option(metavar="NAME", help="Another engine than the run's.", autocompletion=complete_engine)
]
Threads = Annotated[int | None, typer.Option(metavar="N", help="Threads to compute with.")]
Seed = Annotated[int | None, typer.Option(metavar="N", help="Seed of everything random.")]

Data = Annotated[
    Path | None, typer.Option(metavar="FOLDER", parser=expanded, help="Folder that holds the data set, or its archive.")
]
Synthetic = Annotated[bool, typer.Option("--synthetic", help="Train on generated images instead.")]
RunDir = Annotated[
    Path | None, typer.Option(metavar="FOLDER", parser=expanded, help="The run's folder, instead of runs/NAME-TIME.")
]
AcceptChanges = Annotated[
    bool, typer.Option("--accept-changes", help="Go on although config, data or versions are not as they were.")
]
Use = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="A file or module with layers of your own, as a config's use: names it. Repeatable.",
    ),
]
Best = Annotated[bool, typer.Option("--best/--last", help="Weights of the best epoch, or the last.")]

Step = Annotated[
    int | None, typer.Option("--step", metavar="N", min=0, help="Weights of the state kept at this step instead.")
]


def to_file(words: str) -> Any:
    """Declare --output, the file to write; `words` say which."""
    return typer.Option("--output", "-o", metavar="FILE", parser=to_write, help=words)


Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
OpenIt = Annotated[bool, typer.Option("--open", help="Open it in the browser.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the final line only.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
JsonLines = Annotated[bool, typer.Option("--json", help="Print every event as a line of JSON.")]
TTA = typer.Option(
    metavar="none|mirror|mirror+translate[:SHARE]",
    help="Average the scores over views of each image, or (mirror:0.25) of the least certain share.",
)
