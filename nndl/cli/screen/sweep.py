"""A sweep as people see it: a line for each trial that ends, and a table of all."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from nndl.cli.screen import terminal
from nndl.jobs.sweeps.names import figure, short_names
from nndl.jobs.sweeps.slurm import JOBS
from nndl.jobs.sweeps.standing import front, record, time_left, without_effect
from nndl.jobs.sweeps.study import Study, Trial
from nndl.paths import word
from nndl.runs.shares import percent
from nndl.train.intervals import duration

NAMES = {"validation_accuracy": "accuracy", "validation_loss": "loss", "multiply_adds": "multiply-adds"}
PERCENT = ("validation_accuracy",)
STATES = ("complete", "pruned", "failed", "running", "left")


def say_begin(study: Study) -> None:
    """Say what is trained and where, and how much of it is done."""
    done = sum(trial.finished for trial in study.trials())
    going = f", {done} of them done" if done else ""
    terminal.say(f"{study.sweep.name}: {study.total} trials{going}; {study.folder}")


def note_complete(study: Study) -> None:
    """Tell that there is nothing left to train, and how there would be."""
    terminal.note(f"the sweep has all its {study.total} trials; --trials {study.total + 20} would add some")


def say_submitted(study: Study, jobs: Sequence[Any]) -> None:
    """Say which jobs of a cluster train the sweep, and how to follow them."""
    say_begin(study)
    terminal.say(f"submitted: job{'' if len(jobs) == 1 else 's'} {', '.join(job.job_id for job in jobs)}")
    terminal.note(
        f"nndl sweep status {word(study.folder)} shows how they get on; their logs are in {study.folder / JOBS}"
    )


def note_unfinished(study: Study, *, failed: Sequence[int], stopped: bool) -> None:
    """Tell what goes on with a sweep whose workers have ended and did not complete it; `failed`: their exit codes."""
    if failed:
        codes = ", ".join(map(str, sorted(set(failed))))
        terminal.note(f"a worker ended before its time, with exit code {codes}")
    elif not stopped:
        done = sum(trial.finished for trial in study.trials())
        terminal.note(f"the time_budget of {study.sweep.time_budget} is over: {done} of {study.total} trials are done")
    terminal.note(f"states saved; the same command goes on, and nndl sweep status {word(study.folder)} shows it")


def say_trial(study: Study, trial: Trial) -> None:
    """Say a line of a trial that has ended."""
    terminal.say(_line(study, trial))


def _line(study: Study, trial: Trial) -> str:
    """Say "trial 7: accuracy 75.31 %  learning_rate 0.0123, filters 32"."""
    told = record(study, trial)
    reached = ", ".join(
        f"{NAMES.get(name, name)} {_shown(name, told[name])}" for name in study.sweep.objective if name in told
    )
    why = (told["error"] or "").partition("\n")[0]
    how = reached or (f"failed: {why}" if trial.state == "failed" else trial.state)
    names = short_names(study.sweep.space)
    tried = ", ".join(f"{names.get(key, key)} {figure(value)}" for key, value in told["values"].items())
    return f"trial {trial.number}: {how}  {tried}"


def show_end(study: Study) -> None:
    """Show the best of a complete sweep, and what seems to have had no effect."""
    trials = study.trials()
    best = front(study, trials)
    if not best:
        terminal.say("every trial failed; nndl sweep status says why")
        return
    if len(study.sweep.objective) == 1:
        terminal.say(f"best {_line(study, best[0])}; {study.path(best[0].number)}")
    else:
        terminal.say(f"{len(best)} {'trial' if len(best) == 1 else 'trials'} that no other beats in everything:")
        for trial in best:
            terminal.say(f"{_line(study, trial)}; {study.path(trial.number)}")
    _warn_of_no_effect(trials)


def show_standing(study: Study) -> None:
    """Print a table of the trials that have begun, the count of all, and what is left."""
    trials = study.trials()
    best = {trial.number for trial in front(study, trials)}
    rows = [_row(study, trial, trial.number in best) for trial in trials if trial.state != "waiting"]
    columns = [*(NAMES.get(name, name) for name in study.sweep.objective), *short_names(study.sweep.space).values()]
    hosts = {row[-1] for row in rows}
    if len(hosts) == 1:
        rows = [row[:-1] for row in rows]  # all on one machine
    headers = _fitting(["trial", "state", *columns, *(["host"] if len(hosts) != 1 else [])], rows)
    title = f"{study.sweep.name}: {study.folder}"
    terminal.print_table(headers, rows, title=title, left=("state", "host"))
    terminal.say_words(f"{_counted(study, trials, rows, hosts)}{_star(study) if best else ''}")
    for trial in trials:
        if trial.notes.get("error"):
            terminal.note_words(f"trial {trial.number}: {trial.notes['error']}")
    _warn_of_no_effect(trials)


def _counted(study: Study, trials: Sequence[Trial], rows: Sequence[tuple[str, ...]], hosts: set[str]) -> str:
    """Say "8 of 20 trials: 6 complete, 2 running on node7; about 12:30 left"."""
    counts = Counter(row[1] for row in rows)
    where = f" on {min(hosts)}" if len(hosts) == 1 and min(hosts) else ""
    words = ", ".join(
        f"{counts[state]} {state}{where if state == 'running' else ''}" for state in STATES if counts[state]
    )
    left = time_left(study, trials)
    ending = "" if left is None else f"; about {duration(left)} left"
    return f"{len(rows)} of {study.total} trials: {words or 'none begun'}{ending}"


def _star(study: Study) -> str:
    return "; * the best" if len(study.sweep.objective) == 1 else "; * no other beats it"


def _fitting(headers: list[str], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the headers, in words that may stand in two lines where the table would be wider than the terminal."""
    cells = zip(headers, *rows, strict=True)
    needed = sum(max(map(len, column)) for column in cells) + 3 * (len(headers) - 1)
    return headers if needed <= terminal.width() else [re.sub(r"[_-]", " ", header) for header in headers]


def _row(study: Study, trial: Trial, is_best: bool) -> tuple[str, ...]:
    told = record(study, trial)
    reached = [_shown(name, told[name]) if name in told else "" for name in study.sweep.objective]
    values = [figure(told["values"].get(key, "")) for key in study.sweep.space]
    return (f"{'*' if is_best else ''}{trial.number}", told["state"], *reached, *values, told["host"] or "")


def _warn_of_no_effect(trials: Sequence[Trial]) -> None:
    for same in without_effect(trials):
        numbers = ", ".join(map(str, same))
        terminal.note_words(f"warning: trials {numbers} have different configs and the same losses to the last digit")


def emit_standing(study: Study) -> None:
    """Print the trials as JSON."""
    trials = study.trials()
    terminal.emit_json(
        {
            "name": study.sweep.name,
            "folder": study.folder.as_posix(),
            "total": study.total,
            "best": [trial.number for trial in front(study, trials)],
            "without_effect": without_effect(trials),
            "seconds_left": time_left(study, trials),
            "trials": [record(study, trial) for trial in trials if trial.state != "waiting"],
        },
        indent=2,
    )


def _shown(name: str, value: Any) -> str:
    return percent(value) if name in PERCENT else f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
