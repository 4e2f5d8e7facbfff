"""The verdict on the functions of an exercise: from what they gave, beside what ours give and what mistakes would."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nndl.check.exercises.exercise import Answer, Exercise, Observed, Raised, Situation, Source
from nndl.check.mistakes import CATALOGUE
from nndl.check.mistakes.entry import Mistake
from nndl.check.students import dependence, fingerprints, slopes, unfinished
from nndl.check.students.comparing import Difference, Trial, by_name, differences, only_where
from nndl.check.students.naming import Match, by_error, by_text, gave, matches
from nndl.check.students.outcome import Finding, Outcome

CALL = 10
"""Results that a failed call stands for, about."""
IN_FLOAT64 = 5e-9
"""Largest difference, relative to the largest number, of what was computed in float64 in another order."""
IN_FLOAT32 = 1e-3
"""Largest of what was computed in float32, where a variance is near eps."""
FEW = 2
"""Functions that an exercise may call and still be compared with all their mistakes, where they are in another file."""
Ask = Callable[[Situation], list[Answer]]
"""Runs a situation's program on the student's functions."""


@dataclass
class Case:
    """An exercise done by a student's functions."""

    exercise: Exercise
    source: Source
    ask: Ask
    trials: list[Trial] = field(default_factory=list)
    wrong: dict[str, Outcome] = field(default_factory=dict)
    """Functions of the same submission that are known to be wrong."""
    noted: dict[str, Outcome] = field(default_factory=dict)
    """Functions of the same submission of which anything was said."""
    checked: set[str] = field(default_factory=set)
    """All functions of the same submission that were judged, in its other files too."""
    within: float = 1e-7

    def strict(self) -> list[Trial]:
        """Return the trials in which every difference is an error."""
        return [trial for trial in self.trials if not trial.convention(self.exercise.forward)]


def attempt(case: Case) -> Case:
    """Run all situations in each dialect of the exercise, and keep the dialect that fits best."""
    best: Case | None = None
    for dialect in case.exercise.dialects(case.source):
        tried = replace(case, source=replace(case.source, dialect=dialect), trials=[])
        for situation in case.exercise.situations(tried.source):
            theirs = situation.observe(case.ask(situation))
            tried.trials.append(Trial(situation, theirs, gave(situation)))
        if best is None or _faults(tried) < _faults(best):
            best = tried
        if not _faults(best):
            break
    assert best is not None
    return best


def _faults(case: Case) -> int:
    """Count what is wrong; a call that fails counts for all that it might have given."""
    found = [each for trial in case.strict() for half in case.exercise.functions for each in differences(trial, half)]
    return sum(CALL if isinstance(each.got, Raised) else 1 for each in found)


def judge(case: Case, file: str) -> Iterator[Outcome]:
    """Yield the outcome of each function that the exercise judges and the file defines."""
    for function in case.exercise.functions:
        if function in case.source.functions:
            outcome = _judged(case, Outcome(file, function, case.exercise.name, "correct"))
            case.wrong |= {} if outcome.passed else {function: outcome}
            case.noted |= {function: outcome} if outcome.findings or outcome.notes else {}
            case.checked.add(function)
            yield outcome


def _judged(case: Case, blank: Outcome) -> Outcome:
    function, source = blank.function, case.source.functions[blank.function]
    strict = case.strict()
    seen = [trial for trial in strict if any(key.function == function for key in trial.theirs)]
    blank = replace(blank, situations=len(seen), notes=_by_text(source, function))
    if reason := unfinished.why(source, function, seen, case.wrong, case.exercise):
        return replace(blank, verdict="not implemented", findings=(Finding("", "not implemented", reason),))
    if endless := next((d for trial in case.trials for d in differences(trial, function) if _is_endless(d)), None):
        finding = Finding(
            "", "does not come to an end", f"{endless}. Look at the condition of its loops.", str(endless)
        )
        return replace(blank, verdict="timed out", findings=(finding,))
    wrong = [difference for trial in strict for difference in differences(trial, function, case.within)]
    if not wrong or _is_only_coarse(case, strict, function):
        return _without_faults(case, blank, seen)
    return _with_faults(case, blank, strict, wrong)


def _is_endless(difference: Difference) -> bool:
    return isinstance(difference.got, Raised) and difference.got.kind == "TimedOut"


def _without_faults(case: Case, blank: Outcome, seen: Sequence[Trial]) -> Outcome:
    if not seen:
        return replace(blank, verdict="crashed", findings=(_never(case, blank.function),))
    notes = (*blank.notes, *_conventions(case, blank.function), *_in_float32(case, blank.function))
    return replace(blank, verdict="correct with notes" if notes else "correct", notes=notes)


def _is_only_coarse(case: Case, strict: Sequence[Trial], function: str) -> bool:
    """Tell whether what is wrong is no more than what float32 loses, in a file that computes in it."""
    coarse = "float32" in case.source.text
    return coarse and not any(differences(trial, function, IN_FLOAT32) for trial in strict)


def _in_float32(case: Case, function: str) -> Iterator[Finding]:
    """Yield a note on results that are right to seven digits and no further."""
    exact = [trial for trial in case.strict() if trial.situation.digest is None]
    if any(differences(trial, function, IN_FLOAT64) for trial in exact):
        says = "Its results are right to seven digits or fewer, where sixteen are there: something is float32, "
        says += "which is too coarse for a gradient check. Look for dtype= and astype."
        yield Finding("", "computed in float32", says)


def _never(case: Case, function: str) -> Finding:
    forward = case.exercise.forward
    says = f"{forward} has to work first: its cache is what this one starts from." if forward != function else ""
    return Finding("", "could not be called", says)


def _with_faults(case: Case, blank: Outcome, strict: Sequence[Trial], wrong: Sequence[Difference]) -> Outcome:
    function, source = blank.function, case.source.functions[blank.function]
    entries = [entry for entry in CATALOGUE if _concerns(entry, case, function)]
    named = matches(wrong, strict, function, entries)
    notes = tuple(_of(m, wrong, case) for m in named if m.mistake.is_note(source))
    findings = [_of(m, wrong, case) for m in named if not m.mistake.is_note(source)]
    explained = frozenset[str]().union(*(match.names for match in named))
    rest = [difference for difference in wrong if difference.name not in explained]
    crashes = [d for d in rest if isinstance(d.got, Raised)]
    if rest:
        named_by_error = _by_error(crashes, source, function)
        findings += [_finding(entry, str(rest[0])) for entry in named_by_error]
        if not named_by_error:
            if (follows := _follows(case, function)) and not findings:
                return replace(blank, verdict="correct with notes", notes=(*blank.notes, *notes, follows))
            findings += [_unknown(case, function, strict, rest)]
    said = {(finding.id, finding.title) for finding in findings}
    kept = {(note.id, note.title): note for note in (*blank.notes, *notes) if (note.id, note.title) not in said}
    blank = replace(blank, notes=tuple(kept.values()), findings=tuple(findings))
    if not findings:
        return replace(blank, verdict="correct with notes")
    if any(finding.id for finding in findings):
        return replace(blank, verdict="known mistake", traceback=_traceback(crashes))
    everywhere = len(crashes) == len(rest)
    return replace(blank, verdict="crashed" if everywhere else "unknown mistake", traceback=_traceback(crashes))


def _by_error(crashes: Sequence[Difference], source: str, function: str) -> list[Mistake]:
    """Return the entries that what is raised tells of: of a float where a whole number should be, the starter's."""
    named = by_error(" ".join(f"{d.got.kind}: {d.got.message}" for d in crashes), CATALOGUE)
    on_the_way = not any(" in __init__:" in line for each in crashes for line in each.got.traceback)
    starters = [entry for entry in by_text(source, function, CATALOGUE) if entry.id == "C55" and on_the_way]
    return starters if named and starters else named


def _traceback(crashes: Sequence[Difference]) -> tuple[str, ...]:
    return crashes[0].got.traceback if crashes else ()


def _concerns(entry: Mistake, case: Case, function: str) -> bool:
    """Tell whether an entry may be what is wrong with a function: its own, its forward half's, or of what it calls."""
    if not entry.variants or entry.function in (function, case.exercise.forward):
        return bool(entry.variants)
    if (told := case.noted.get(entry.function)) is not None:
        return entry.function in case.exercise.uses and entry.id in {f.id for f in (*told.findings, *told.notes)}
    elsewhere = entry.function not in case.source.functions and entry.function not in case.checked
    done_here = entry.function not in case.source.functions.get(function, "")  # as a group norm without layer norm
    return (elsewhere or done_here) and len(case.exercise.uses) <= FEW and entry.function in case.exercise.uses


def _follows(case: Case, function: str) -> Finding | None:
    """Return a note where a backward half is the right derivative of a forward half that is wrong."""
    forward = case.exercise.forward
    if function == forward or forward not in case.wrong or not slopes.agree(case.exercise, case.trials, case.ask):
        return None
    says = f"It is the derivative of your {forward}, which is wrong. Mend {forward} first, then check this again."
    return Finding("", "follows a wrong forward half", says)


def _unknown(case: Case, function: str, strict: Sequence[Trial], rest: Sequence[Difference]) -> Finding:
    """Say as much as can be said of a mistake that the catalogue does not hold."""
    says = [f"First wrong: {rest[0]}."]
    for name, found in by_name(list(rest)):
        wrong = [difference.trial for difference in found]
        right = [trial for trial in strict if trial not in wrong and any(k.function == function for k in trial.theirs)]
        says += [f"{name} is right but for {where}." for where in [only_where(wrong, right)] if where]
    says += fingerprints.told(case.exercise, function, rest)
    if function == case.exercise.forward:
        says += dependence.told(case.exercise, strict, case.ask)
    if function != case.exercise.forward and case.exercise.forward in case.wrong:
        says.insert(0, f"{case.exercise.forward} is wrong, which may be why: mend it first.")
    parts = [part for part in case.exercise.uses if part in case.wrong]
    if parts:
        says.insert(0, f"What it calls is wrong: mend {', '.join(parts[:3])} first.")
    return Finding("", "unknown mistake", " ".join(says), str(rest[0]))


def _conventions(case: Case, function: str) -> Iterator[Finding]:
    """Yield notes on what a function gives otherwise where that is no error."""
    said = set()
    for trial in case.trials:
        why = trial.convention(case.exercise.forward)
        if not why or not (found := differences(trial, function, case.within)):
            continue
        entries = [entry for entry in CATALOGUE if entry.note and entry.function == function]
        named = matches(found, [trial], function, entries)
        notes = [_finding(match.mistake, str(found[0])) for match in named]
        notes = notes or [Finding("", "otherwise than ours", f"{why}.", str(found[0]))]
        yield from (note for note in notes if note.title not in said)
        said |= {note.title for note in notes}


def _by_text(source: str, function: str) -> tuple[Finding, ...]:
    return tuple(_finding(entry, "") for entry in by_text(source, function, CATALOGUE))


def _of(match: Match, wrong: Sequence[Difference], case: Case) -> Finding:
    """Return what is told of a match; of a mistake in what is called, where to find it."""
    entry = match.mistake
    finding = _finding(entry, str(next(difference for difference in wrong if difference.name in match.names)))
    if entry.function in (*case.exercise.functions, case.exercise.forward):
        return finding
    if not any(entry.function in case.source.functions.get(half, "") for half in case.exercise.functions):
        return finding
    return replace(finding, says=f"In {entry.function}, which this calls: {finding.says}")


def _finding(entry: Mistake, place: str) -> Finding:
    return Finding(entry.id, entry.title, entry.says, place, entry.solution)


def observed(trials: Sequence[Trial]) -> Mapping[str, Any]:
    """Return everything that was observed, by label: for tests."""
    return {trial.situation.label: trial.theirs for trial in trials}


__all__ = ["Ask", "Case", "Observed", "attempt", "judge"]
