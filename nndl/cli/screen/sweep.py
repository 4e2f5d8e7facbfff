"""A sweep as people see it: a line for each trial that ends, and a table of all."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from nndl.cli.screen import ending, terminal
from nndl.cli.screen.interrupt import clean_stop
from nndl.jobs.sweeps.slurm import JOBS, command, submit
from nndl.jobs.sweeps.standing import front, record, without_effect
from nndl.jobs.sweeps.study import Study, Trial
from nndl.paths import word

POLL_SECONDS = 1.0
NAMES = {"validation_accuracy": "accuracy", "validation_loss": "loss", "multiply_adds": "multiply-adds"}
PERCENT = ("validation_accuracy",)
STATES = ("complete", "pruned", "failed", "running", "left")


def conduct(
    study: Study, notes: Sequence[str], workers: int, sets: Sequence[str], url: str | None, *, quiet: bool
) -> bool:
    """Start the workers, tell what they do, and wait; returns whether the sweep is complete.

    What asks this process to end (Ctrl+C, a scheduler) asks its workers, which save their trials first.
    """
    for note in notes:
        terminal.note(note)
    before = {trial.number for trial in study.trials() if trial.finished}
    if len(before) == study.total:
        terminal.note(f"the sweep has all its {study.total} trials; --trials {study.total + 20} would add some")
        return True
    if not quiet:
        going = f", {len(before)} of them done" if before else ""
        terminal.say(f"{study.sweep.name}: {study.total} trials{going}; {study.folder}")
    processes = [_start(study, sets, url) for _ in range(workers)]
    with clean_stop(lambda: _ask(processes), lambda: terminal.note("\nstopping: trials are saved")):
        try:
            _follow(study, processes, before, quiet=quiet)
        except KeyboardInterrupt:
            for process in processes:
                process.kill()
    return _ended(study, processes)


def send(
    study: Study, workers: int, sets: Sequence[str], url: str | None, options: Sequence[str], *, quiet: bool
) -> None:
    """Submit the workers to Slurm, and say how to follow them; the storage goes to them in NNDL_STORAGE."""
    if url:
        os.environ["NNDL_STORAGE"] = url
    jobs = submit(study.folder, workers, sets, study.threads, options)
    if not quiet:
        terminal.say(f"{study.sweep.name}: {study.total} trials; {study.folder}")
        terminal.say(f"submitted: job{'' if len(jobs) == 1 else 's'} {', '.join(job.job_id for job in jobs)}")
        terminal.note(
            f"nndl sweep status {word(study.folder)} shows how they get on; their logs are in {study.folder / JOBS}"
        )


def _ended(study: Study, processes: Sequence["subprocess.Popen[bytes]"]) -> bool:
    """Tell whether the sweep is complete; if not, says what goes on with it."""
    if all(trial.finished for trial in study.trials()):
        return True
    if any(process.returncode == ending.REQUEUE for process in processes):
        ending.asked(signal.SIGTERM)  # where a scheduler asked them alone
    if any(process.returncode not in (0, *ending.CODES) for process in processes):
        terminal.note("a worker ended before its time")
    terminal.note(f"states saved; the same command goes on, and nndl sweep status {word(study.folder)} shows it")
    return False


def _start(study: Study, sets: Sequence[str], url: str | None) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, **({"NNDL_STORAGE": url} if url else {})}
    apart = sys.platform != "win32"  # the terminal's Ctrl+C is this process's to hand on, once
    return subprocess.Popen(
        command(study.folder, sets),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=apart,
    )


def _follow(study: Study, processes: Sequence["subprocess.Popen[bytes]"], told: set[int], *, quiet: bool) -> None:
    """Say a line for each trial that ends, until all workers have ended; then what they said of errors."""
    while True:
        running = any(process.poll() is None for process in processes)
        for trial in study.trials():
            if trial.finished and trial.number not in told:
                told.add(trial.number)
                if not quiet:
                    terminal.say(_line(study, trial))
        if not running:
            break
        time.sleep(POLL_SECONDS)
    for process in processes:
        words = process.stderr.read().decode(errors="replace") if process.stderr else ""
        if process.returncode and words:
            terminal.note(words.rstrip())


def _ask(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Ask the workers to end, in the words in which this process was asked."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(ending.first_asked() if sys.platform != "win32" else signal.SIGTERM)


def _line(study: Study, trial: Trial) -> str:
    """Say "trial 7: accuracy 75.31 %  learning_rate 0.0123, filters 32"."""
    told = record(study, trial)
    reached = ", ".join(
        f"{NAMES.get(name, name)} {_shown(name, told[name])}" for name in study.sweep.objective if name in told
    )
    why = (told["error"] or "").partition("\n")[0]
    how = reached or (f"failed: {why}" if trial.state == "failed" else trial.state)
    tried = ", ".join(f"{_short(key)} {_number(value)}" for key, value in told["values"].items())
    return f"trial {trial.number}: {how}  {tried}"


def show_end(study: Study) -> None:
    """Show the best of a complete sweep, and what seems to have had no effect."""
    trials = study.trials()
    best = front(study, trials)
    if not best:
        terminal.say("every trial failed; nndl sweep status says why")
        return
    if len(study.sweep.objective) > 1:
        terminal.say(f"{len(best)} trials that no other beats in everything:")
    for trial in best if len(study.sweep.objective) > 1 else best[:1]:
        terminal.say(f"best {_line(study, trial)}; {study.path(trial.number)}")
    _warn_of_no_effect(trials)


def show_standing(study: Study) -> None:
    """Print a table of the trials that have begun, and the count of all."""
    trials = study.trials()
    best = {trial.number for trial in front(study, trials)}
    rows = [_row(study, trial, trial.number in best) for trial in trials if trial.state != "waiting"]
    columns = [NAMES.get(name, name) for name in study.sweep.objective] + [_short(key) for key in study.sweep.space]
    title = f"{study.sweep.name}: {study.folder}"
    terminal.print_table(("trial", "state", *columns, "host"), rows, title=title, left=("state", "host"))
    counts = Counter(row[1] for row in rows)
    words = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
    terminal.say(f"{len(rows)} of {study.total} trials: {words or 'none begun'}")
    for trial in trials:
        if trial.notes.get("error"):
            terminal.note(f"trial {trial.number}: {trial.notes['error']}")
    _warn_of_no_effect(trials)


def _row(study: Study, trial: Trial, is_best: bool) -> tuple[str, ...]:
    told = record(study, trial)
    reached = [_shown(name, told[name]) if name in told else "" for name in study.sweep.objective]
    values = [_number(told["values"].get(key, "")) for key in study.sweep.space]
    return (f"{'*' if is_best else ''}{trial.number}", told["state"], *reached, *values, told["host"] or "")


def _warn_of_no_effect(trials: Sequence[Trial]) -> None:
    for same in without_effect(trials):
        numbers = ", ".join(map(str, same))
        terminal.note(f"warning: trials {numbers} have different configs and the same losses to the last digit")


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
            "trials": [record(study, trial) for trial in trials if trial.state != "waiting"],
        },
        indent=2,
    )


def _shown(name: str, value: Any) -> str:
    return f"{100 * value:.2f} %" if name in PERCENT else f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _number(value: str) -> str:
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value


def _short(key: str) -> str:
    """Shorten train.optimizer.adam.learning_rate to learning_rate."""
    return key.rpartition(".")[2]
