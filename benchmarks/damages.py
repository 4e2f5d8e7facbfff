"""Damages a stranger may do to a run's folder: other values in its files, other things in their places."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

DEEP, LONG = "@deep@", "@long@"
RAW = {f'"{DEEP}"': "[" * 100_000 + "]" * 100_000, f'"{LONG}"': "1" * 5000}
"""Values that only a text can hold."""

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1, 3, 10**400, 2**70, -(2**63), 1e308, -1e308, float("nan"), float("inf")),
    *("", "running", "2020-01-01", "x" * 10_000, "\x1b[2J\u202e\n\r", "\ud800", "../../x", DEEP, LONG),
    *([], {}, [[]], [None], ["a", 1], {"a": 1}, {"kind": "step", "step": 1}, [1e999] * 3, [[1.0, 2.0], [3.0]]),
)

CONFIGS = (
    "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    + "".join(f"{x}: &{x} [{', '.join([f'*{y}'] * 10)}]\n" for x, y in zip("bcdefghij", "abcdefghi", strict=True)),
    "a: &a {b: *a}\n",
    "model: &m {layers: *m}\n",
    "a: &a {x: 1}\nb: &b {<<: [*a, *a]}\nc: {<<: [*b, *b]}\n",
    "name: 2020-01-01\nseed: 2020-01-01T00:00:00Z\ntrain: {epochs: 1:30:00, batch_size: !!binary aGk=}\n",
    "!!python/object/apply:os.system [true]\n",
    "data: !!set {dataset, root}\ntrain: !!omap [epochs: 3]\n",
    "? [a, b]\n: 1\n? {c: 1}\n: 2\n",
    "[" * 5000,
    "- " * 5000,
    "name: " + "9" * 5000 + "\nseed: 0x" + "f" * 5000,
    "name: !!bool x\ntrain: {epochs: !!timestamp y}\n",
    "a: b\n" * 100_000,
    "--- {}\n--- {}\n",
    '"\\UFFFFFFFF": 1',
    "\x00",
)
"""YAML that means harm."""


def twist(tree: Any, random: np.random.Generator, times: int = 3) -> Any:
    """Return a tree of JSON with up to `times` places set to one of VALUES, taken away, or added."""
    for _ in range(random.integers(1, times + 1)):
        value = deepcopy(VALUES[random.integers(len(VALUES))])
        if not isinstance(tree, dict | list) or not tree or not random.integers(30):
            return value
        place = tree
        while True:
            key = list(place)[random.integers(len(place))] if isinstance(place, dict) else random.integers(len(place))
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or random.integers(3) == 0:
                break
            place = inner
        if random.integers(4) or isinstance(place, list):
            place[key] = value
        elif random.integers(2):
            del place[key]
        else:
            place[f"{key}{key}"] = value
    return tree


def as_text(tree: Any) -> str:
    """Write a tree as JSON, with what RAW has in the places that ask for it."""
    text = json.dumps(tree)
    for mark, raw in RAW.items():
        text = text.replace(mark, raw)
    return text


def twist_file(path: Path, random: np.random.Generator) -> None:
    """Write other values into a file, in its own form, with a checksum that is right."""
    if path.suffix == ".json":
        tree = twist(json.loads(path.read_text(encoding="utf-8")), random)
        text = as_text(tree)
        if path.name == "input.json" and isinstance(tree, dict) and text == json.dumps(tree):
            tree.pop("sha256", None)
            digest = hashlib.sha256(json.dumps(tree, sort_keys=True).encode("utf-8")).hexdigest()
            text = json.dumps({**tree, "sha256": digest})
        path.write_text(text, encoding="utf-8")
    elif path.suffix in (".jsonl", ".log"):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number in random.choice(len(lines), random.integers(1, 6), replace=False):
            lines[number] = as_text(twist(json.loads(lines[number]), random))
        path.write_text("\n".join(lines) + "\n" * int(random.integers(2)), encoding="utf-8")
    elif path.suffix == ".safetensors":
        _twist_checkpoint(path, random)
    elif path.suffix == ".yaml":
        _twist_config(path, random)
    elif path.suffix == ".py":
        _twist_code(path, random)
    else:
        path.write_bytes(random.bytes(100))


def _twist_code(path: Path, random: np.random.Generator) -> None:
    """Take out, double or write over a line of code, with the checksum that is right in every second."""
    lines = path.read_text(encoding="utf-8").splitlines()
    at = int(random.integers(len(lines)))
    lines[at : at + 1] = [[], [lines[at]] * 2, ["    return None"], ["1 / 0"], ["(" * 5000]][random.integers(5)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    listed = path.parent.with_name("use.json")
    if random.integers(2) and listed.is_file() and not listed.is_symlink():
        told = listed.read_text(encoding="utf-8", errors="replace")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        listed.write_text(re.sub('"sha256": "[0-9a-f]{64}"', f'"sha256": "{digest}"', told), encoding="utf-8")


def _twist_config(path: Path, random: np.random.Generator) -> None:
    import yaml

    if random.integers(2):
        text = CONFIGS[random.integers(len(CONFIGS))]
        path.write_text(text if random.integers(2) else path.read_text(encoding="utf-8") + text, encoding="utf-8")
    else:
        path.write_text(as_text(twist(yaml.safe_load(path.read_text(encoding="utf-8")), random)), encoding="utf-8")


def _twist_checkpoint(path: Path, random: np.random.Generator) -> None:
    """Say other things of the arrays, hold others, or claim gigabytes that are not there."""
    from nndl.runs.checkpoint import digest, read_checkpoint, write_checkpoint

    arrays, info = read_checkpoint(path)
    how = random.integers(4)
    if how == 0:
        _write_header(path, twist(_header(path), random))
    elif how == 1:
        header = _header(path)
        name = str(random.choice([name for name in header if name != "__metadata__"]))
        size = int(random.choice([3 << 30, 1 << 40]))
        header[name] = {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}
        only = {name: header[name], "__metadata__": header["__metadata__"]}
        _write_header(path, only if random.integers(2) else header, size)
    elif how == 2:
        name = str(random.choice(list(arrays)))
        other = (arrays[name].reshape(-1)[1:], arrays[name].astype(np.int64), np.full_like(arrays[name], np.nan))
        arrays[name] = other[random.integers(3)]
        write_checkpoint(path, arrays, info)
    else:
        text = as_text(twist(info, random))
        header = _header(path)
        header["__metadata__"] |= {"info": text, "sha256": digest(arrays, text.encode(errors="replace").decode())}
        _write_header(path, header)


def _header(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    header: dict[str, Any] = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return header


def _write_header(path: Path, header: Any, claimed: int = 0) -> None:
    content = path.read_bytes()
    text = as_text(header).encode("utf-8")
    rest = content[8 + int.from_bytes(content[:8], "little") :]
    path.write_bytes(len(text).to_bytes(8, "little") + text + (b"" if claimed else rest))
    if claimed:
        os.truncate(path, 8 + len(text) + claimed)


def _link(target: str) -> Callable[[Path, Path], None]:
    return lambda path, _: path.symlink_to(target)


def _sparse(path: Path, _: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


PLACES: dict[str, Callable[[Path, Path], None]] = {
    "a link to mine": lambda path, mine: path.symlink_to(mine),
    "a file of mine": lambda path, mine: path.hardlink_to(mine),
    "a link to /dev/zero": _link("/dev/zero"),
    "a link to nowhere": _link("nowhere/at/all"),
    "a link to itself": lambda path, _: path.symlink_to(path.name),
    "a link to a folder": _link("."),
    "a named pipe": lambda path, _: os.mkfifo(path),
    "a folder": lambda path, _: path.mkdir(),
    "nothing": lambda _path, _mine: None,
    "an empty file": lambda path, _: path.touch(),
    "a sparse terabyte": _sparse,
    "a megabyte of brackets": lambda path, _: path.write_bytes(b"[" * 1_000_000) and None,
    "four megabytes of zeros": lambda path, _: path.write_bytes(bytes(4_000_000)) and None,
}
"""Makers of what may stand in a file's place; each is given the path and a file of the victim's."""

NAMES = (
    *("config.yaml", "summary.json", "environment.json", "input.json", "metrics.jsonl", "best.safetensors") * 4,
    *("last.safetensors", "step-6.safetensors", "log.txt", ".lock", "report.html", "tensorboard") * 2,
    *("start.safetensors", ".elsewhere") * 2,
    *("step-999999999999999999.safetensors", ".last.safetensors.part", ".config.yaml.1234.part"),
)
"""Those that verbs read stand here more often."""
OF_SWEEPS = ("sweep.json", "journal.log", "sweep.json", "journal.log", "sweep-base.yaml", ".lock", "trial-0000")
OF_CODE = (*("use.json", "use/1-my_layers.py") * 6, "use", "config.yaml", "environment.json", "use/2-another.py")
"""Those that stand beside these where there is code of one's own."""


def damage(folder: Path, mine: Path, random: np.random.Generator) -> str:
    """Do one to three things to the folder of a run or of a sweep; returns them in words."""
    done, names = [], OF_SWEEPS if (folder / "sweep.json").exists() else NAMES
    names = (*names, *OF_CODE) if (folder / "use.json").exists() else names
    for name in dict.fromkeys(random.choice(names, random.choice([1, 1, 1, 2, 3])).tolist()):
        path = folder / name
        if not path.parent.is_dir() or path.parent.is_symlink():
            continue  # use/, which something else has taken the place of
        if path.is_file() and not path.is_symlink() and random.integers(3):
            twist_or_break(path, random)
            done.append(f"{path.name} twisted")
            continue
        what = str(random.choice(list(PLACES)))
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        PLACES[what](path, mine)
        done.append(f"{path.name} is {what}")
    return ", ".join(done)


def twist_or_break(path: Path, random: np.random.Generator) -> None:
    """Put other values in a file, or now and then other bytes."""
    from benchmarks.fuzz import damaged

    if random.integers(5):
        twist_file(path, random)
    else:
        path.write_bytes(damaged(path.read_bytes(), random))
