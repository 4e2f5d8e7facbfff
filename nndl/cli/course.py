"""nndl course: a class's homework graded, and an assignment made."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nndl.cli.command import Group, Verb
from nndl.cli.options import Json, Quiet
from nndl.cli.screen.ending import INTERRUPTED
from nndl.paths import expanded, to_write

if TYPE_CHECKING:
    from nndl.course.grading import Graded, Grading
    from nndl.course.submissions import Submission

course_app = typer.Typer(
    cls=Group,
    help="Make an assignment, and grade a class's homework.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

GIBIBYTE = 2**30

Submissions = Annotated[
    list[str], typer.Argument(metavar="DIR", help="The folder or zip file of each submission, such as homework/*.")
]
RubricFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", parser=expanded, help="A YAML file that says what each function is worth. If not given: 1 each."
    ),
]
Jobs = Annotated[int, typer.Option(min=1, metavar="N", help="Submissions checked at a time.")]
Output = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FILE", parser=to_write, help="The table; pages go to a folder beside it."),
]
Seconds = Annotated[float, typer.Option(min=0.1, metavar="N", help="Time that one function may take.")]
Total = Annotated[float, typer.Option(min=1, metavar="N", help="Seconds that one submission may take.")]
Memory = Annotated[float, typer.Option(min=0.5, metavar="GB", help="Memory that a student's process may take, in GiB.")]
Afresh = Annotated[bool, typer.Option("--afresh", help="Grade those again whose files are unchanged.")]


New = Annotated[Path, typer.Argument(metavar="DIR", parser=to_write, help="A new folder.")]
Course = Annotated[str, typer.Option(metavar="NAME", help="Whose names and files: cs231n or c147.")]


@course_app.command(cls=Verb, short_help="Make an assignment: stubs, notebook, README, rubric.")
def init(folder: New, course: Course = "cs231n") -> None:
    """Write an assignment into a new folder: functions with docstrings and no bodies, and what checks them."""
    from nndl.cli.screen import terminal
    from nndl.course.assignment import write_assignment

    for path in write_assignment(folder, course):
        terminal.say(str(path))
    grading = f"nndl course grade --rubric {folder / 'rubric.yaml'}"
    terminal.note(f"students read {folder / 'README.md'}; you grade with {grading}")


@course_app.command(cls=Verb, short_help="Grade submissions: a table, a page each, one for the class.")
def grade(
    submissions: Submissions,
    rubric: RubricFile = None,
    jobs: Jobs = 2,
    output: Output = Path("grades.csv"),
    seconds: Seconds = 10.0,
    total: Total = 300.0,
    memory: Memory = 2.0,
    afresh: Afresh = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Check every submission as `nndl gradcheck --file` does, each in processes of its own with limits.

    One that loops, crashes or cannot be unpacked never stops the others. The same command goes on where it was broken
    off, and checks only submissions whose files have changed; another rubric counts the points anew.
    """
    from nndl.cli.screen import course as screen
    from nndl.cli.screen import terminal
    from nndl.course.classroom import gather
    from nndl.course.pages import write
    from nndl.course.rubric import read_rubric
    from nndl.course.submissions import submissions as named
    from nndl.course.watching import Bounds
    from nndl.errors import UsageError

    if output.is_dir() or not output.parent.is_dir() or not output.suffix:
        raise UsageError(f"--output {output}: name a file such as grades.csv in a folder that is there")
    points = read_rubric(rubric) if rubric else None
    found = named(submissions)
    bounds = Bounds(seconds, total, int(memory * GIBIBYTE))
    grading = _grading(output.with_suffix(""), bounds, afresh, [*(each.path for each in found), output], rubric)
    if not quiet and not json:
        terminal.note(grading.isolation())
    done = _graded(grading, found, jobs, quiet or json)
    grades = gather([done[each.name] for each in found if each.name in done], points)
    screen.show(grades, output, write(grades, output), json=json, most_common=0 if quiet else 5)
    if len(done) < len(found):
        terminal.note(f"{len(found) - len(done)} are not graded yet; the same command goes on with them")
        raise typer.Exit(INTERRUPTED)


def _grading(folder: Path, bounds: Any, afresh: bool, paths: list[Path], rubric: Path | None) -> "Grading":
    from nndl.course.grading import Grading
    from nndl.course.isolation import needed, to_hide

    hidden, seen = to_hide([*paths, folder, *([rubric] if rubric else [])], needed())
    return Grading(folder, bounds, hidden, seen, afresh)


def _graded(grading: "Grading", found: "list[Submission]", jobs: int, silent: bool) -> "dict[str, Graded]":
    """Grade, telling each submission as it is done; return those that are done, also after Ctrl+C."""
    from nndl.cli.screen import terminal
    from nndl.cli.screen.course import line

    done: dict[str, Graded] = {}
    try:
        for each in grading.run(found, jobs):
            if each.broke_off != "interrupted":
                done[each.name] = each
            if not silent:
                terminal.say(line(each, len(done), len(found)))
    except KeyboardInterrupt:
        pass
    return done
