"""A run's folder: its name, its files, and how it stands.

config.yaml        every value in force         metrics.jsonl      what happened, a JSON object a line
environment.json   where it ran                 summary.json       how it stands: running, finished, ...
input.json         how images are normalised, the names of the classes
best.safetensors   the best epoch's weights     last.safetensors   the whole state to go on from
start.safetensors  the weights it began with, where those were not drawn
arrays.npz         the images, where they were given in Python
use/, use.json     the code of one's own that it uses, where it does
"""

import contextlib
import json
import os
import platform
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nndl.errors import CheckpointError, UsageError
from nndl.paths import expanded, placed, word
from nndl.runs.atomic import write_atomically
from nndl.runs.files import is_there, open_to_append, read_bounded
from nndl.runs.lock import LOCK, is_locked
from nndl.runs.plain import read_json
from nndl.visible import beware

RUNS = "NNDL_RUNS"
"""The variable of the environment that names the folder of the runs; `nndl --runs FOLDER` sets it."""
ELSEWHERE = ".elsewhere"
"""The file among the runs that lists those made outside, a path a line."""
MOST_NAMED = 10
"""Runs that an error names."""

_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(1, 10))}


def runs_root() -> Path:
    """Return the folder that runs are made in and looked for: $NNDL_RUNS, or runs/ where the command is given."""
    return expanded(os.environ.get(RUNS) or "runs")


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config.yaml"

    @property
    def environment(self) -> Path:
        return self.path / "environment.json"

    @property
    def inputs(self) -> Path:
        return self.path / "input.json"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def best(self) -> Path:
        return self.path / "best.safetensors"

    @property
    def last(self) -> Path:
        return self.path / "last.safetensors"

    @property
    def start(self) -> Path:
        return self.path / "start.safetensors"

    @property
    def arrays(self) -> Path:
        return self.path / "arrays.npz"

    @property
    def log(self) -> Path:
        return self.path / "log.txt"

    @property
    def lock(self) -> Path:
        return self.path / LOCK

    @property
    def summary(self) -> Path:
        return self.path / "summary.json"

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        """Write environment.json."""
        write_atomically(self.environment, json.dumps(environment, indent=2) + "\n")

    def read_environment(self) -> dict[str, Any]:
        """Read environment.json. Raises CheckpointError where it cannot be read."""
        try:
            read = read_json(self.environment)
        except (OSError, ValueError) as error:
            raise CheckpointError(f"{self.environment} cannot be read: {error}") from None
        if not isinstance(read, dict):
            raise CheckpointError(f"{self.environment} does not tell an environment")
        return read

    def write_status(self, status: str, **more: Any) -> None:
        """Write summary.json: the status, which process, when, and what else there is to say."""
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        about = {"status": status, "time": now, "pid": os.getpid(), "host": platform.node(), **more}
        write_atomically(self.summary, json.dumps(about, indent=2) + "\n")

    def refuse_imported(self) -> None:
        """Raise UsageError for a run made of weights from elsewhere: there is no training to go on with or repeat."""
        if self.status() == "imported":
            raise UsageError(
                f"{self.path} holds imported weights, no training; nndl train {word(self.config)} begins one"
            )

    def is_begun(self) -> bool:
        """Tell whether there is more of a run than a config, which anybody may have put there."""
        return any(map(is_there, (self.environment, self.metrics, self.summary, self.last)))

    def status(self) -> str:
        """Return running, finished, interrupted, failed or imported; died where a running run's process is gone.

        Where its summary does not say, it died too; where it says what is no word, it is damaged.
        """
        try:
            summary = read_json(self.summary)
        except (OSError, ValueError):
            return "died"
        said = summary.get("status") if isinstance(summary, dict) else None
        if not isinstance(said, str) or not re.fullmatch("[a-z]{1,20}", said):
            return "damaged"
        return "died" if said == "running" and not _may_be_running(self.path, summary) else said


def create_run_folder(name: str, chosen: Path | None = None, runs: Path | None = None) -> RunFolder:
    """Make a new folder runs/NAME-TIME, or the chosen one; raises UsageError if that is there and not empty.

    What a run leaves that is killed before it has a config counts for nothing.
    """
    try:
        return RunFolder(_new_folder(name, runs or runs_root()) if chosen is None else _chosen_folder(expanded(chosen)))
    except OSError as error:
        at = f"{error.filename}: {error.strerror}"
        raise UsageError(f"no run folder can be made at {at}; choose a place with --run-dir") from None


def _chosen_folder(chosen: Path) -> Path:
    if not is_free(chosen):
        raise UsageError(f"{chosen} is there already and not an empty folder; choose another --run-dir")
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


def is_free(path: Path) -> bool:
    """Tell whether a run can be begun there: nothing is, or a folder with nothing of use in it."""
    return not is_there(path) or (path.is_dir() and not any(map(_is_of_use, path.iterdir())))


def _is_of_use(path: Path) -> bool:
    return path.name not in (LOCK, "environment.json", "input.json", "use", "use.json") and path.suffix != ".part"


def _new_folder(name: str, runs: Path) -> Path:
    stem = f"{safe_name(name)}-{time.strftime('%Y%m%d-%H%M%S')}"
    for number in range(1, 1000):
        path = runs / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        return path
    raise UsageError(f"{runs / stem} and a thousand like it are there already")


def safe_name(name: str) -> str:
    """Return `name` as a file name that Linux, macOS and Windows all take."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-. ")[:80]
    return f"run-{plain}".rstrip("-") if not plain or plain.split(".")[0].lower() in _RESERVED else plain


def run_names(runs: Path | None = None) -> list[str]:
    """List the runs under `runs`, those in folders of runs (trials/seed-0), and those made elsewhere, oldest first."""
    runs = runs or runs_root()
    own = [path for path in _run_folders(runs) if path.parent == runs or not path.is_symlink()]
    names = {path: path.relative_to(runs).as_posix() for path in own} | {path: str(path) for path in elsewhere(runs)}
    return [names[path] for path in sorted(names, key=_age)]


def elsewhere(runs: Path) -> list[Path]:
    """List the runs and folders of runs that were made outside of `runs`, by --run-dir, as far as they are there."""
    try:
        noted = read_bounded(runs / ELSEWHERE).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    found = [path for path in map(Path, dict.fromkeys(noted)) if path.is_absolute()]
    return [run for path in found for run in (_run_folders(path) or [path]) if is_there(run / "config.yaml")]


def note_elsewhere(folder: Path, runs: Path | None = None) -> None:
    """Note a run's folder, or one of several runs, that stands outside of `runs`, so that it is found from there."""
    runs, path = runs or runs_root(), folder.absolute()
    text = str(path)
    if path.is_relative_to(runs.absolute()) or not text.isprintable():
        return
    with contextlib.suppress(OSError):  # cosmetic: the run has a place of its own
        runs.mkdir(parents=True, exist_ok=True)
        with open_to_append(runs / ELSEWHERE) as file:
            file.write(f"{text}\n".encode())


def members(folder: Path) -> list[RunFolder]:
    """List the runs of a folder of several, by name and number: seed-2 before seed-10.

    What is a link in it leads elsewhere, and is none of them: the folder may be a stranger's.
    """
    own = [path for path in _run_folders(folder) if not (path.is_symlink() or _is_linked(path.parent, folder))]
    return [RunFolder(path) for path in sorted(own, key=_by_number)]


def _is_linked(path: Path, folder: Path) -> bool:
    return path != folder and path.is_symlink()


def _run_folders(folder: Path) -> list[Path]:
    """List what has a config in a folder, and in those in it."""
    found = list[Path]()
    with contextlib.suppress(OSError):  # of a name that is too long, or a folder that may not be read
        found += [path.parent for depth in ("*", "*/*") for path in folder.glob(f"{depth}/config.yaml")]
    for path in found:
        beware(path)
    return found


def _by_number(path: Path) -> list[tuple[str, int]]:
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D+)(\d*)", path.as_posix())]


class SeveralRunsError(UsageError):
    """One run is asked for, and a folder of several is named."""

    def __init__(self, path: Path, inside: Sequence[RunFolder]) -> None:
        self.path, self.inside = path, inside
        names = [f"  {run.path}" for run in inside[:MOST_NAMED]]
        more = [f"  and {len(inside) - MOST_NAMED} more"] if len(inside) > MOST_NAMED else []
        super().__init__("\n".join([f"{path} holds {len(inside)} runs, and one is to be named:", *names, *more]))


def find_run(text: str, runs: Path | None = None) -> RunFolder:
    """Find the run meant by a folder, a name under runs/, the beginning of one (its newest), or `latest`.

    A folder that holds a single run stands for it. Raises UsageError where there is none, with those there are, and
    SeveralRunsError where a folder of several is meant.
    """
    path = find_runs(text, runs)
    inside = [] if is_there(path / "config.yaml") else members(path)
    if len(inside) > 1:
        raise SeveralRunsError(path, inside)
    return inside[0] if inside else RunFolder(path)


def find_runs(text: str, runs: Path | None = None) -> Path:
    """Find the folder that is meant in the same ways, of a run or of several; raises UsageError where there is none."""
    runs = runs or runs_root()
    for path in (expanded(text), runs / text) if text else ():
        if is_there(path / "config.yaml") or members(path):
            return path
    there = run_names(runs)
    if text == "latest":  # of those that are more than a config, if there are such
        matching = [name for name in there if RunFolder(runs / name).is_begun()] or there
    else:
        matching = [name for name in there if text and _begins(name, text)]
        matching = [name for name in matching if _is_called(name, text)] or matching  # es before a newer es2
    if matching:
        newest = matching[-1]
        if Path(newest).is_absolute():
            return Path(newest)
        return runs / (newest if text == "latest" or "/" in text else newest.partition("/")[0])
    if text and (linked := next(filter(_run_folders, (expanded(text), runs / text)), None)):
        raise UsageError(f"the runs in {linked} are links, which may lead anywhere; name the folders they lead to")
    names = "\n".join(f"  {name}" for name in there[-MOST_NAMED:])
    raise UsageError(
        f"there is no run {text!r}" + (f"; the newest under {runs}:\n{names}" if names else f" under {placed(runs)}")
    )


def _begins(name: str, text: str) -> bool:
    """Tell whether a run's name begins so; of one made elsewhere, whether its folder's does."""
    return name.startswith(text) or (Path(name).is_absolute() and Path(name).name.startswith(text))


def _is_called(name: str, text: str) -> bool:
    """Tell whether a run's folder bears just this name, alone or before the time at which it began."""
    own = Path(name).name if Path(name).is_absolute() else name.partition("/")[0]
    return bool(re.fullmatch(rf"{re.escape(text)}(-[0-9]{{8}}-[0-9]{{6}}(-[0-9]+)?)?", own))


def _age(path: Path) -> tuple[float, str]:
    with contextlib.suppress(OSError):  # removed just now
        return (path / "config.yaml").stat().st_mtime, path.name
    return 0.0, path.name


def _may_be_running(path: Path, summary: Mapping[str, Any]) -> bool:
    """Tell whether a process trains the run, which then has its lock; on another host we may not know."""
    return summary.get("host") != platform.node() or bool(is_locked(path))
