"""A class's submissions, each checked apart from the others; the same command goes on where it was broken off."""

import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import nndl.check
from nndl.course.borrowing import borrowed
from nndl.course.checking import INTERRUPTED, check
from nndl.course.isolation import mounted_apart
from nndl.course.submissions import Submission, take
from nndl.course.watching import Bounds
from nndl.errors import UsageError
from nndl.runs.atomic import write_atomically
from nndl.visible import visible

MOST_STATE = 2**26


@dataclass
class Graded:
    """A submission, and what was found in it."""

    name: str
    path: str
    key: str = ""
    """The digest of its files, of the bounds and of the checks themselves; empty where it could not be taken."""
    records: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Everything that was left out of it."""
    broke_off: str = ""
    """The reason why the check did not come to its end, or did not begin."""
    seconds: float = 0.0
    again: bool = False
    """True where it was found graded already, its files unchanged."""


@dataclass
class Grading:
    """The grading of submissions into a folder, one JSON file each."""

    folder: Path
    bounds: Bounds = field(default_factory=Bounds)
    hidden: Sequence[str] = ()
    seen: Sequence[str] = ()
    """Places that should be hidden and cannot, since Python or nndl lies in them."""
    afresh: bool = False
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self, submissions: Sequence[Submission], jobs: int) -> Iterator[Graded]:
        """Yield submissions as they are graded, `jobs` at a time; closing the iterator ends those under way."""
        self.folder.mkdir(parents=True, exist_ok=True)
        mounted_apart()  # asked once, before threads ask
        with ThreadPoolExecutor(jobs) as pool:
            waiting = [pool.submit(self._graded, each) for each in submissions]
            try:
                for done in as_completed(waiting):
                    yield done.result()
            finally:
                self.stop.set()
                pool.shutdown(cancel_futures=True)

    def isolation(self) -> str:
        """Say in words what keeps submissions from each other, and from the rest of the machine."""
        if not mounted_apart():
            return (
                "this system allows no namespaces: only limits and Python's audit hooks keep submissions apart, which "
                "stops mishaps and no attack; grade strangers' code in a container"
            )
        apart = "each submission has processes, mounts and a network of its own"
        return f"{apart}, but can read {', '.join(self.seen)}" if self.seen else f"{apart}, and sees no other's files"

    def _graded(self, submission: Submission) -> Graded:
        """Grade one; nothing that goes wrong with it leaves this function."""
        graded = Graded(submission.name, str(submission.path))
        begun = time.monotonic()
        try:
            taken = take(submission.path)
            graded.key = f"{taken.digest()}-{self._key()}"
            if not self.afresh and (before := self._before(graded)):
                return before
            checked = check(taken, self.bounds, self.hidden, self.stop)
            graded.records, graded.broke_off = checked.records, checked.broke_off
            graded.notes = [*taken.notes, *map(visible, borrowed(taken.files))]
            if not (graded.records or graded.broke_off):
                graded.notes.append("none of its files holds a function that the courses know")
            graded.seconds = round(time.monotonic() - begun, 3)
            if checked.broke_off != INTERRUPTED:
                write_atomically(self.state(submission.name), json.dumps(asdict(graded), indent=1))
        except (UsageError, OSError) as error:
            graded.broke_off = str(error)
        except Exception as error:  # one that breaks the grader itself must not stop the others
            graded.broke_off = f"the grader failed: {type(error).__name__}: {error}"
        return graded

    def state(self, name: str) -> Path:
        """Return the file of a submission's records."""
        return self.folder / f"{file_name(name)}.json"

    def _before(self, graded: Graded) -> Graded | None:
        """Return what was found before, where files, bounds and checks are the same."""
        try:
            path = self.state(graded.name)
            if path.stat().st_size > MOST_STATE:
                return None
            before = Graded(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            return None
        before.again, before.path = True, graded.path
        return before if before.key == graded.key else None

    def _key(self) -> str:
        return sha256(f"{_checks()} {self.bounds}".encode()).hexdigest()[:16]


@cache
def _checks() -> str:
    """Return a checksum of what checks: another catalogue of mistakes says other things."""
    summed = sha256()
    for path in sorted(Path(nndl.check.__path__[0]).rglob("*.py")):
        summed.update(path.read_bytes())
    return summed.hexdigest()


def file_name(name: str) -> str:
    """Return a submission's name as that of a file: plain letters as they are, two names never the same."""
    plain = "".join(char if char.isalnum() or char in "-_." else "_" for char in name).strip(".")[:80]
    if plain == name and os.path.normcase(plain) not in ("index", "con", "nul", "aux", "prn"):
        return plain
    return f"{plain}-{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
