"""Every value of a run's files set to every odd value; `python -m benchmarks.fuzz --places 2000` asks for some of them.

Damage at random seldom meets the one figure that one line of a report trusts. Here each place of each file of JSON or
YAML has its turn, and each of `benchmarks.damages.VALUES` in it; the verbs that show runs are run on what it gives, in
this process, on a run without weights, so that all they show comes from these files.
"""

import contextlib
import io
import json
import shutil
import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.damages import VALUES, as_text

VERBS = (
    *("runs", "runs --by-config", "runs compare mine theirs", "runs compare theirs mine --json", "runs best"),
    *("runs export t.csv --force", "plot theirs", "plot theirs mine --json", "watch theirs --once"),
    *("watch theirs --once --json", "report theirs", "report theirs mine -o r.html"),
)
SECONDS = 10.0
"""The longest time that a verb may take."""
ALIKE = 2
"""The number of items tried of a list, and of keys that stand for classes or layers: the others are as these."""

Place = tuple[str | int, ...]
Case = tuple[str, int, Place, Any]
"""A file, which of its lines, the place in it, the value that it is to have."""


def prepare(template: Path) -> dict[str, list[Any]]:
    """Take away the weights of the template's runs; returns what each file of theirs says, line by line."""
    for name in ("stopped", "set"):
        shutil.rmtree(template / "runs" / name)
    for path in template.glob("runs/*/*.safetensors"):
        path.unlink()
    theirs = template / "runs" / "theirs"
    lines = [json.loads(line) for line in (theirs / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    first = {line["kind"]: line for line in reversed(lines)}
    found = {name: [json.loads((theirs / name).read_bytes())] for name in ("summary.json", "environment.json")}
    config = yaml.safe_load((theirs / "config.yaml").read_text(encoding="utf-8"))
    return {**found, "config.yaml": [config], "metrics.jsonl": [*first.values(), *lines]}


def cases(files: dict[str, list[Any]], count: int, seed: int) -> list[Case]:
    """Draw `count` of all there are by chance; of metrics the first line of each kind."""
    all_ = [
        (name, number, place, value)
        for name, lines in files.items()
        for number, line in enumerate(lines[: len({line["kind"] for line in lines}) if name == "metrics.jsonl" else 1])
        for place in _places(line)
        for value in VALUES
    ]
    chosen = np.random.default_rng(seed).permutation(len(all_))[:count]
    return [all_[index] for index in chosen]


def _places(tree: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    if isinstance(tree, dict):
        alike = place and all(isinstance(item, dict) for item in tree.values()) and len(tree) > ALIKE
        for key in list(tree)[: ALIKE if alike and len(place) > 1 else None]:
            yield from _places(tree[key], (*place, key))
    elif isinstance(tree, list):
        for index in range(min(len(tree), ALIKE)):
            yield from _places(tree[index], (*place, index))


def try_case(template: Path, files: dict[str, list[Any]], case: Case) -> list[str]:
    """Write the file with its odd value and run the verbs; returns what went wrong. Leaves the file as it was."""
    name, number, place, value = case
    path = template / "runs" / "theirs" / name
    before, lines = path.read_bytes(), list(files[name])
    lines[number] = _put(lines[number], place, value)
    path.write_text("\n".join(map(as_text, lines)) + "\n", encoding="utf-8")
    try:
        return [fault for words in VERBS if (fault := _run(words, f"{name} {place} = {value!r:.40}"))]
    finally:
        path.write_bytes(before)


def _put(tree: Any, place: Place, value: Any) -> Any:
    if not place:
        return deepcopy(value)
    tree = deepcopy(tree)
    at = tree
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = deepcopy(value)
    return tree


def _run(words: str, what: str) -> str:
    from nndl.cli.app import app

    said, began, code = io.StringIO(), time.monotonic(), 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            app(words.split(), prog_name="nndl")
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
    seconds = time.monotonic() - began
    right = code in (0, 1, 2) and "internal error" not in said.getvalue() and seconds < SECONDS
    return "" if right else f"nndl {words}: {what}: ended with {code} after {seconds:.1f} s\n{said.getvalue()[-500:]}"
