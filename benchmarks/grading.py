"""Grade a class of copies with planted mistakes, hostile ones among them, and time it: `python -m benchmarks.grading`.

Each submission is a whole homework (27 functions) in the usual way of writing it, with some mistakes of the
catalogue; every fifth is hostile instead: one function loops for ever, ends the process, forks without end, or prints
without end. Told are the time of each kind, and whether all was found: every planted mistake named, the other functions
of a hostile one graded all the same. `--students 100 --jobs 2`; takes minutes. POSIX.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.check.test_mistakes import PLANTED, STYLES, with_planted

USUAL = {path.name.removeprefix("usual_"): path for path in STYLES if path.name.startswith("usual_")}
HOSTILE = {
    "loops": "while True:\n        pass",
    "exits": "import os\n    os._exit(0)",
    "forks": "import os\n    while True:\n        os.fork()",
    "prints": "while True:\n        print('x' * 1_000_000)",
}
FIRST = "out = np.maximum(0, x)"
"""The line of relu_forward that a hostile submission exchanges."""


def main() -> None:
    """Make the class, grade it with the command, and print the table."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--students", type=int, default=100)
    given.add_argument("--jobs", type=int, default=2)
    given.add_argument("--seed", type=int, default=0)
    options = given.parse_args()
    with tempfile.TemporaryDirectory(prefix="nndl-class-") as name:
        folder = Path(name)
        kinds = dict(made(folder / "homework", options.students, random.Random(options.seed)))
        begun = time.monotonic()
        command = [sys.executable, "-m", "nndl", "course", "grade", *map(str, sorted((folder / "homework").iterdir()))]
        command += ["--jobs", str(options.jobs), "-o", str(folder / "grades.csv"), "--quiet"]
        subprocess.run(command, check=True)
        took = time.monotonic() - begun
        report(folder / "grades", kinds)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    computed = used.ru_utime + used.ru_stime
    print(f"{len(kinds)} submissions, {options.jobs} at a time: {took:.0f} s, {computed:.0f} s of them computing")


def made(folder: Path, students: int, chance: random.Random) -> Iterator[tuple[str, tuple[str, list[str]]]]:
    """Write the submissions; yield of each its name, its kind, and the mistakes that it must be told of."""
    usual = {name: path.read_text(encoding="utf-8") for name, path in USUAL.items()}
    for number in range(students):
        name, texts, ids = f"student-{number:03}", dict(usual), list[str]()
        kind = list(HOSTILE)[number // 5 % len(HOSTILE)] if number % 5 == 4 else "mistakes"
        if kind == "mistakes":
            for planted in chance.sample(PLANTED, chance.randint(0, 3)):
                file = next(each for each, text in usual.items() if f"{planted.function}(" in text_of_heads(text))
                called = ("layers.py", "nets.py") if file in ("layers.py", "nets.py") else (file,)
                if all(texts[each] == usual[each] for each in called):  # none hides another: models call layers
                    texts[file] = with_planted(planted)
                    ids.append(planted.id)
        else:
            assert FIRST in usual["layers.py"]
            texts["layers.py"] = usual["layers.py"].replace(FIRST, f"{HOSTILE[kind]}\n    {FIRST}", 1)
        (folder / name).mkdir(parents=True)
        for file, text in texts.items():
            (folder / name / file).write_text(text, encoding="utf-8")
        yield name, (kind, ids)


def text_of_heads(text: str) -> str:
    """Return the heads of a file's functions and classes, each as "name("."""
    heads = [line.split(maxsplit=1)[1] for line in text.splitlines() if line.startswith(("def ", "class "))]
    return " ".join(head.replace(":", "(") for head in heads)


def report(folder: Path, kinds: dict[str, tuple[str, list[str]]]) -> None:
    """Print a row for each kind: how many, seconds of one, and how many came out as they should."""
    rows: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for name, (kind, ids) in kinds.items():
        graded = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        rows[kind].append((graded["seconds"], as_it_should(graded, kind, ids)))
    print(f"{'submissions':14}{'number':>8}{'seconds of one':>16}{'longest':>9}{'as it should be':>17}")
    for kind, found in rows.items():
        seconds = [each for each, _ in found]
        mean, right = sum(seconds) / len(found), sum(each for _, each in found)
        print(f"{kind:14}{len(found):8}{mean:16.1f}{max(seconds):9.1f}{right:17}")


def as_it_should(graded: dict[str, Any], kind: str, ids: list[str]) -> bool:
    """Tell whether every planted mistake is named, or a hostile function is all that is wrong of its own accord."""
    records = {record["function"]: record for record in graded["records"]}
    if kind != "mistakes":
        return not records["relu_forward"]["passed"] and records["conv_forward_naive"]["passed"]
    told = {each["id"] for record in records.values() for each in (*record["findings"], *record["notes"])}
    return set(ids) <= told and not graded["broke_off"]


if __name__ == "__main__":
    main()
