"""nndl report: one HTML file that shows a run, or several beside each other."""

from pathlib import Path
from typing import Annotated

from nndl.cli.options import Data, Json, LatestRuns, OpenIt, to_file
from nndl.paths import resolved


def report(
    runs: LatestRuns,
    output: Annotated[Path | None, to_file("Where to.  [default: report.html in the run's folder, or here]")] = None,
    data: Data = None,
    open_it: OpenIt = False,
    json: Json = False,
) -> None:
    """Write a page that needs no network and no server: curves, confusion, calibration, mistakes, filters, config.

    Of one run, or of a folder of several seeds, it goes into that folder; of others together, into this one. The test
    images are scored for it.
    """
    from nndl.cli.screen import terminal
    from nndl.cli.screen.runs import note_faults
    from nndl.errors import UsageError
    from nndl.paths import writable
    from nndl.report.gather import gather_all
    from nndl.report.page import page
    from nndl.runs.atomic import write_atomically
    from nndl.runs.folder import RunFolder
    from nndl.runs.sets import bundles

    found = bundles(runs)
    note_faults([row for bundle in found for row in bundle.rows])
    path = output or (Path(found[0].folder) / "report.html" if len(found) == 1 else Path("report.html"))
    if writable(path).is_dir() or not path.parent.is_dir():
        raise UsageError(f"--output {path}: name a file in a folder that is there")
    folders = [RunFolder(Path(row.folder)) for bundle in found for row in bundle.rows]
    facts = gather_all(folders, data, (lambda _: None) if json else terminal.note)
    write_atomically(path, page(facts, found))
    notes = {each.name: each.notes for each in facts}
    if json:
        terminal.emit_json({"file": str(path), "bytes": path.stat().st_size, "notes": notes})
    else:
        for name, said in notes.items():
            for words in said:
                terminal.note(f"{name}: {words}")
        terminal.say(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
    if open_it:
        import webbrowser

        webbrowser.open(resolved(path).as_uri())
