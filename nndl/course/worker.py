"""The process that checks one submission: it reads an order and writes a line for each outcome, then {"end": true}.

The order is a line {"files": {name: text of bytes}, "scratch", "hidden": [...] or null, "seconds", "memory"}.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from nndl.check.students.submission import Limits, check_folder
from nndl.course.isolation import confine


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    order = json.loads(sys.stdin.readline())

    def say(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    if order["hidden"] is not None:
        confine(order["scratch"], order["hidden"])
    folder = Path(order["scratch"]) / "submission"
    unpack(order["files"], folder)
    os.chdir(order["scratch"])
    for outcome in check_folder(folder, Limits(order["seconds"], memory=order["memory"])):
        record = json.dumps(outcome.without_solutions().record())
        say(json.loads(record.replace(json.dumps(f"{folder}{os.sep}")[1:-1], "")))  # paths as the student knows them
    say({"end": True})


def unpack(files: dict[str, str], folder: Path) -> None:
    """Write the files of an order; their names were checked when they were taken."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))


if __name__ == "__main__":
    main()
