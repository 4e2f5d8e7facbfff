"""A student's file or folder, checked function by function: outcomes come as they are found.

for outcome in check_file(Path("layers.py")):      # or check_folder(Path("homework"))
    print(outcome.function, outcome.verdict)        # json.dumps(outcome.record())
"""

import re
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nndl.check.exercises import EXERCISES
from nndl.check.exercises.exercise import Answer, Exercise, Situation, Source
from nndl.check.running.runner import MEMORY, Died, Runner, TimedOut
from nndl.check.students.comparing import WITHIN
from nndl.check.students.judge import Case, attempt, judge
from nndl.check.students.outcome import Finding, Outcome
from nndl.check.students.reading import as_text, halves, read_source
from nndl.errors import UsageError

OTHER_FRAMEWORKS = re.compile(r"^\s*(import|from) (torch|tensorflow|jax)\b", re.MULTILINE)
"""The imports of files of a folder that are not about NumPy's layers."""
KNOWN = re.compile(rf"^\s*(def|class) ({'|'.join(f for each in EXERCISES.values() for f in each.functions)})\b", re.M)
"""Finds a function or class that the courses know in a file that cannot be read as Python."""
ORDER = ("layers", "conv_layers", "layer_utils", "conv_layer_utils", "optim", "fc_net", "cnn", "solver")
"""Files of the courses in the order in which their functions call each other."""
SECONDS = 10.0
"""The time that one function may take before it counts as endless."""


@dataclass
class Limits:
    """The settings of a check, and what it has found."""

    seconds: float = SECONDS
    within: float = WITHIN
    memory: int = MEMORY
    wrong: dict[str, Outcome] = field(default_factory=dict)
    """Functions found to be wrong so far: those that call them are told so."""
    noted: dict[str, Outcome] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)
    """Functions judged so far."""


def check_file(path: Path, only: Collection[str] = (), limits: Limits | None = None) -> Iterator[Outcome]:
    """Yield the outcome of every function of a file that the courses know, as it is found.

    only: names of exercises (conv, adam), if not all. The file is run in a process of its own; see runner.py.
    Raises UsageError for what is no Python file.
    """
    limits = limits or Limits()
    try:
        source = read_source(path)
    except (SyntaxError, ValueError) as error:
        if not KNOWN.search(as_text(path.read_bytes())):
            return
        yield _whole_file(path, "crashed", f"{type(error).__name__}: {error}", _python_2(str(error)))
        return
    chosen = exercises_of(source, only)
    if not chosen:
        return
    with Runner(path, seconds=limits.seconds, memory=limits.memory) as runner:
        if broken := _loading(runner, path):
            yield broken
            return
        for exercise in chosen:
            yield from _checked(exercise, source, runner, str(path), limits)


def exercises_of(source: Source, only: Collection[str] = ()) -> list[Exercise]:
    """Return the exercises whose functions a file defines."""
    return [
        each
        for each in EXERCISES.values()
        if any(function in source.functions for function in each.functions)
        and (not only or each.name in only or set(only) & set(each.functions))
    ]


def not_checked(source: Source) -> list[str]:
    """Return the functions of a file that look like halves of pairs and are none of the courses'."""
    known = {function for exercise in EXERCISES.values() for function in exercise.functions}
    return [name for name in halves(source) if name not in known]


def check_folder(folder: Path, limits: Limits | None = None) -> Iterator[Outcome]:
    """Yield the outcomes of all files of a folder that hold functions the courses know. Raises UsageError for none."""
    limits = limits or Limits()
    files = python_files(folder)
    if not files:
        raise UsageError(f"{folder} holds no Python files")
    for path in files:
        if _is_of_another_framework(path):
            continue
        try:
            yield from check_file(path, limits=limits)
        except UsageError as error:
            yield _whole_file(path, "crashed", str(error), "")


def python_files(folder: Path) -> list[Path]:
    """Return a folder's Python files, those of the courses' names first; nothing hidden, no environments.

    A "layers copy.py" comes behind every layers.py, and a folder of old ones within another behind those above it.
    """
    found = [path for path in folder.rglob("*.py") if path.is_file() and not _passed_over(path.relative_to(folder))]
    return sorted(
        found, key=lambda path: (path.stem not in ORDER, len(path.parts), path.parent, _place(path), path.name)
    )


def _place(path: Path) -> int:
    return ORDER.index(path.stem) if path.stem in ORDER else len(ORDER)


def _is_of_another_framework(path: Path) -> bool:
    text = path.read_text(encoding="utf-8", errors="replace")
    return bool(OTHER_FRAMEWORKS.search(text)) and "numpy" not in text


def _passed_over(path: Path) -> bool:
    return any(part.startswith((".", "__")) or part in ("site-packages", "node_modules") for part in path.parts)


def _loading(runner: Runner, path: Path) -> Outcome | None:
    """Import the file; return what is to be said where that fails."""
    try:
        answer = runner.load()
    except TimedOut:
        return _whole_file(path, "timed out", f"importing the file does not end within {runner.seconds:g} s", "")
    except Died as died:
        return _whole_file(path, "crashed", f"importing the file: {died}", "")
    if "raised" not in answer:
        return None
    what = f"{answer['raised']}: {answer['message']}"
    return replace(_whole_file(path, "crashed", what, ""), traceback=tuple(answer["traceback"]))


def _whole_file(path: Path, verdict: str, title: str, says: str) -> Outcome:
    finding = Finding("", title, says or "No function of the file can be checked before it can be imported.")
    return Outcome(str(path), "", "file", verdict, (finding,))  # type: ignore[arg-type]


def _python_2(message: str) -> str:
    return "This is Python 2: print is a function since Python 3." if "parentheses" in message else ""


def _checked(exercise: Exercise, source: Source, runner: Runner, file: str, limits: Limits) -> Iterable[Outcome]:
    endless = [each for each in exercise.uses if each in limits.wrong and limits.wrong[each].verdict == "timed out"]
    if endless:
        yield from _waiting_for(endless, exercise, source, file)
        return
    start = time.monotonic()
    asking = _Asking(runner, start + 3 * limits.seconds)
    case = Case(exercise, source, asking, wrong=limits.wrong, noted=limits.noted, within=limits.within)
    case = attempt(replace(case, checked=limits.checked))
    for outcome in judge(case, file):
        yield replace(outcome, seconds=round(time.monotonic() - start, 3), printed=asking.printed)


def _waiting_for(endless: Sequence[str], exercise: Exercise, source: Source, file: str) -> Iterator[Outcome]:
    """Yield outcomes of functions that call one without end: to wait for each of them would take minutes."""
    says = f"What it calls does not come to an end: mend {', '.join(endless)} first."
    for function in exercise.functions:
        if function in source.functions:
            finding = Finding("", "not called", says)
            yield Outcome(file, function, exercise.name, "timed out", (finding,))


class _Asking:
    """Runs situations in the student's process; a function that does not end is not called again."""

    def __init__(self, runner: Runner, until: float) -> None:
        self.runner, self.until = runner, until
        self.lost: set[str] = set()
        self.printed = ""

    def __call__(self, situation: Situation) -> list[Answer]:
        asked = [i for i, step in enumerate(situation.steps) if step.function not in self.lost]
        program = situation.program()
        program["steps"] = [program["steps"][i] for i in asked]
        answers: list[Answer] = [{"skipped": True}] * len(situation.steps)
        given = iter(asked)
        until = min(self.until, time.monotonic() + self.runner.seconds)
        try:
            for answer in self.runner.run(program, until):
                if (at := next(given, None)) is None:
                    self.runner.stop()
                    break  # it answers what nobody asked
                answers[at] = answer
                self.printed = self.printed or answer.get("printed", "")
        except (TimedOut, Died) as ended:
            self._lose(situation, answers, next(given, None), ended)
        return answers

    def _lose(self, situation: Situation, answers: list[Answer], at: int | None, ended: Exception) -> None:
        if at is None:
            return
        self.lost.add(situation.steps[at].function)
        words = f"no end within {self.runner.seconds:g} s" if isinstance(ended, TimedOut) else str(ended)
        answers[at] = {"raised": type(ended).__name__, "message": words, "traceback": ()}
