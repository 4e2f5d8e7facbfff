"""nndl doctor: what this installation has, what it lacks, and the command that adds it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nndl.cli.options import Json
from nndl.launched import is_follower
from nndl.paths import expanded


def doctor(
    data: Annotated[
        Path, typer.Option(metavar="FOLDER", parser=expanded, help="Folder that holds the data sets.")
    ] = Path("data"),
    json: Json = False,
) -> None:
    """Look at the installation: engine and instruction set, cores, data, disk, extras.

    Ends with 1 where something is broken, 0 otherwise: what is only missing is no fault.
    """
    from nndl.check import installation
    from nndl.cli.screen import doctor as screen
    from nndl.cli.screen import terminal
    from nndl.jobs.parallel.describe import describe_mpi
    from nndl.runs.folder import runs_root

    data_sets, damaged = installation.data(data)
    places, locked = installation.places(runs_root(), data.parent if data.is_file() else data)
    extras, missing = installation.packages()
    mpi = describe_mpi()
    if is_follower():
        return
    report: dict[str, Any] = {"system": installation.python_and_numpy(), "engines": installation.engines()}
    report["mpi"] = mpi
    problems = [*missing, *damaged, *locked]
    report |= {"data_root": str(data), "data": data_sets, "places": places, "extras": extras}
    report["keras"] = installation.keras_cache()
    report["problems"] = [each._asdict() for each in problems]
    if json:
        terminal.emit_json(report)
    else:
        screen.show(report)
    if problems:
        raise typer.Exit(1)
