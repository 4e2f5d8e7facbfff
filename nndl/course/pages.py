"""Pages: one for each student, and one for the class. They need no network and no server."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nndl.course.classroom import Class, Mistake, Student, as_csv
from nndl.course.grading import file_name
from nndl.course.scoring import Test, total
from nndl.report.document import document, sections
from nndl.report.escape import escape
from nndl.report.parts import table as html_table
from nndl.runs.atomic import write_atomically

BANDS = 10
"""Bars of the distribution of points."""
LEFT = ("in", "who", "the others", "share of the class", "share")
"""Columns of words and of bars."""
KINDS = ("correct", "correct with notes", "known mistake", "unknown mistake", "crashed", "timed out", "not implemented")


def write(grades: Class, table: Path) -> Path:
    """Write the table, and the pages into the folder beside it that bears its name; returns the class's page."""
    write_atomically(table, as_csv(grades))
    folder = table.with_suffix("")
    for student in grades.students:
        write_atomically(folder / page_name(student.graded.name), student_page(student, grades.rubric.title))
    write_atomically(folder / "index.html", class_page(grades))
    return folder / "index.html"


def student_page(student: Student, title: str = "") -> str:
    """Return the page of a student: every function that a rubric shows, and what is to be said of it."""
    shown = [test for test in student.tests if test.item.shown]
    hidden = len(student.tests) - len(shown)
    points, most = total(shown)
    right = sum(test.passed for test in shown)
    figures = [("first", "points", f"{points:g} of {most:g}"), ("", "functions right", f"{right} of {len(shown)}")]
    notes = [f"The check did not come to its end: {student.graded.broke_off}."] if student.graded.broke_off else []
    notes += student.graded.notes
    if hidden:
        notes.append(f"{hidden} more function{'s are' if hidden > 1 else ' is'} graded and not shown here.")
    wrong = [test for test in shown if not test.passed]
    told = [test for test in shown if test.passed and test.record and test.record["notes"]]
    rows = [(test.function, test.verdict, f"{test.points:g} of {test.item.points:g}") for test in shown]
    body = (
        _headline(figures)
        + "".join(f"<p class=note>{escape(note)}</p>" for note in notes)
        + sections(
            (
                ("To mend", _all_told(wrong)),
                ("Right, with a note", _all_told(told)),
                ("All functions", html_table(("function", "verdict", "points"), rows, words=True)),
            )
        )
    )
    return document(student.graded.name, f"<p class=quiet>{escape(title or 'Homework, checked')}</p>", body)


def class_page(grades: Class) -> str:
    """Return the page of the class: points, the most common mistakes, functions, students."""
    most = sum(item.points for item in grades.rubric.functions.values())
    full = sum(student.points == student.most for student in grades.students)
    figures = [
        ("first", "mean", f"{grades.mean:.1f} of {most:g}"),
        ("", "median", f"{grades.median:g}"),
        ("", "submissions", f"{len(grades.students)}"),
        ("", "with all points", f"{full}"),
    ]
    broken = [student for student in grades.students if student.graded.broke_off]
    body = _headline(figures) + sections(
        (
            ("To look at yourself", _broken(broken)),
            ("Most common mistakes", _mistakes(grades.mistakes(), len(grades.students))),
            ("Points", _distribution(grades)),
            ("Functions", _functions(grades)),
            ("Students", _students(grades)),
        )
    )
    return document(grades.rubric.title or "The class", "<p class=quiet>A class's homework, checked.</p>", body)


def _headline(figures: Iterable[tuple[str, str, str]]) -> str:
    cells = "".join(
        f'<div class="{kind}"><dt>{name}</dt><dd>{escape(value)}</dd></div>' for kind, name, value in figures
    )
    return f"<dl class=headline>{cells}</dl>"


def _all_told(tests: Sequence[Test]) -> str:
    """Return what is said of functions, each thing once: a file that cannot be read is why nine were not checked."""
    alike: dict[tuple[str, str], list[str]] = {}
    for test in tests:
        alike.setdefault((test.verdict, _told(test)), []).append(f"<code>{escape(test.function)}</code>")
    return "".join(
        f"<article><h3>{', '.join(functions)} {escape(verdict)}</h3>{said}</article>"
        for (verdict, said), functions in alike.items()
    )


def _told(test: Test) -> str:
    """Return what is said of a function."""
    if test.record is None:
        return f"<p>{escape(test.output)}</p>"
    findings = [*test.record["findings"], *test.record["notes"]]
    return "".join(map(_finding, findings)) + _lines(test.record)


def _finding(finding: Mapping[str, Any]) -> str:
    place = finding["place"] if finding["place"] not in finding["says"] else ""
    first = f"<p class=quiet>First seen: {escape(place)}</p>" if place else ""
    mark = f"{finding['id']} " if finding["id"] else ""
    solution = f"<pre tabindex=0>{escape(finding['solution'])}</pre>" if finding["solution"] else ""
    return f"<p><b>{escape(mark + finding['title'])}.</b> {escape(finding['says'])}</p>{first}{solution}"


def _lines(record: Mapping[str, Any]) -> str:
    """Return a traceback, and of what is wrong what it printed."""
    blocks = ["\n".join(record["traceback"]), "" if record["passed"] else record["printed"].strip()]
    return "".join(f"<pre tabindex=0>{escape(block)}</pre>" for block in blocks if block)


def _broken(students: Sequence[Student]) -> str:
    rows = [(student.graded.name, student.graded.broke_off) for student in students]
    caption = "Checks that did not come to their end, or could not begin; what was found before counts."
    return html_table(("submission", "what happened"), rows, caption, words=True, kind="settings") if rows else ""


def _mistakes(mistakes: Sequence[Mistake], students: int) -> str:
    rows = [
        f"<tr><th scope=row>{escape(f'{each.id} {each.title}')}</th><td class=words>"
        f"{', '.join(f'<code>{escape(name)}</code>' for name in each.functions)}</td>"
        f"<td>{len(each.names)}</td><td>{_bar(len(each.names) / students)}</td>"
        f"<td class=words>{_who(each.names)}</td></tr>"
        for each in mistakes
    ]
    head = ("mistake", "in", "students", "share of the class", "who")
    return _own_table(head, rows, "mistakes") if rows else ""


def _who(names: Sequence[str]) -> str:
    return f"<details><summary>{len(names)}</summary>{', '.join(map(_link, names))}</details>"


def _link(name: str) -> str:
    return f'<a href="{escape(page_name(name))}">{escape(name)}</a>'


def page_name(name: str) -> str:
    """Return the file name of a student's page."""
    return f"{file_name(name)}.html"


def _distribution(grades: Class) -> str:
    """Return bars: how many students have how many points."""
    if not any(student.most for student in grades.students):
        return ""
    places = Counter(min(int(BANDS * student.points / student.most), BANDS) for student in grades.students)
    rows = []
    for place in range(BANDS, -1, -1):
        name = "all points" if place == BANDS else f"{100 * place // BANDS} to {100 * (place + 1) // BANDS} %"
        share = places[place] / max(places.values())
        rows.append(f"<tr><th scope=row>{name}</th><td>{places[place]}</td><td>{_bar(share)}</td></tr>")
    return _own_table(("points", "students", ""), rows, "counts")


def _functions(grades: Class) -> str:
    rows = []
    for place, (name, item) in enumerate(grades.rubric.functions.items()):
        verdicts = Counter(student.tests[place].verdict for student in grades.students)
        right = sum(student.tests[place].passed for student in grades.students)
        kinds = sorted(verdicts, key=lambda kind: KINDS.index(kind) if kind in KINDS else len(KINDS))
        others = ", ".join(f"{verdicts[kind]} {kind}" for kind in kinds if kind != "correct")
        hidden = "" if item.shown else " (hidden)"
        rows.append(
            f"<tr><th scope=row>{escape(name)}{hidden}</th><td>{item.points:g}</td><td>{right}</td>"
            f"<td>{_bar(right / max(1, len(grades.students)))}</td><td class=words>{escape(others)}</td></tr>"
        )
    return _own_table(("function", "points", "right", "share of the class", "the others"), rows, "counts")


def _students(grades: Class) -> str:
    rows = []
    for student in sorted(grades.students, key=lambda each: each.graded.name.lower()):
        right = sum(test.passed for test in student.tests)
        rows.append(
            f"<tr><th scope=row>{_link(student.graded.name)}</th><td>{student.points:g}</td>"
            f"<td>{_bar(student.points / student.most if student.most else 0)}</td>"
            f"<td>{right} of {len(student.tests)}</td></tr>"
        )
    return _own_table(("student", "points", "share", "functions right"), rows, "counts")


def _aligned(name: str) -> str:
    return ' style="text-align:left"' if name in LEFT else ""


def _bar(share: float) -> str:
    return f'<span class=share style="--v:{100 * share:.1f}"></span>'


def _own_table(head: Sequence[str], rows: Sequence[str], kind: str) -> str:
    names = "".join(f"<th scope=col{_aligned(name)}>{escape(name)}</th>" for name in head)
    region = f'class=wide tabindex=0 role=region aria-label="{escape(head[0])}"'
    head_row, body = f"<thead><tr>{names}</tr></thead>", f"<tbody>{''.join(rows)}</tbody>"
    return f'<div {region}><table class="{kind}">{head_row}{body}</table></div>'
