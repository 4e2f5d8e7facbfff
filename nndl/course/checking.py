"""One submission checked in a process of its own, watched from outside."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nndl.course.isolation import environment, mounted_apart
from nndl.course.submissions import Taken
from nndl.course.watching import Bounds, Watch, end

LINE = 2**20
MOST_RECORDS = 2000
INTERRUPTED = "interrupted"


@dataclass
class Checked:
    """The records of a submission, and how the check ended: with nothing to say, or the reason why it broke off."""

    records: list[dict[str, Any]] = field(default_factory=list)
    broke_off: str = ""


def check(taken: Taken, bounds: Bounds, hidden: Sequence[str], stop: threading.Event) -> Checked:
    """Check a submission's files; whatever they do costs the bounds and no more. Raises OSError."""
    words = mounted_apart()
    with (
        tempfile.TemporaryDirectory(prefix="nndl-grade-", ignore_cleanup_errors=True) as scratch,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors,
    ):
        process = subprocess.Popen(
            [*words, sys.executable, "-P", "-s", "-m", "nndl.course.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment(scratch),
            text=True,
            encoding="utf-8",
            start_new_session=os.name == "posix",
        )
        watch = Watch(process, bounds, stop, whole=bool(words))
        watch.start()
        files = {name: data.decode("latin-1") for name, data in taken.files.items()}
        places = {"scratch": scratch, "hidden": list(hidden) if words else None}
        order = {"files": files, **places, "seconds": bounds.seconds, "memory": bounds.memory}
        records, ended = _talk(process, order)
        watch.over.set()
        watch.join()
        errors.seek(0)
        said = errors.read(2**16).strip().splitlines()[-1:]
    if ended:
        return Checked(records)
    return Checked(records, watch.passed or f"the check ended by itself ({' '.join(said) or process.returncode})")


def _talk(process: "subprocess.Popen[str]", order: Any) -> tuple[list[dict[str, Any]], bool]:
    """Give the order and read what comes; return the records, and whether the check came to its end."""
    assert process.stdin is not None
    assert process.stdout is not None
    records: list[dict[str, Any]] = []
    ended = False
    with contextlib.suppress(OSError, ValueError, RecursionError):  # a line that is no JSON, or too deep
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        while (line := process.stdout.readline(LINE)) and len(records) < MOST_RECORDS:
            answer = json.loads(line)
            if ended := "end" in answer:
                break
            records.append(answer)
    with contextlib.suppress(OSError):
        process.stdin.close()
    process.stdout.close()
    try:
        process.wait(5)  # it has ended, or is about to
    except subprocess.TimeoutExpired:
        end(process, [])
        process.wait()
    return records, ended
