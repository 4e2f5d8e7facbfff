"""Run folders from strangers, against every verb that reads a run; `python -m benchmarks.fuzz --runs 300` asks for it.

A whole run's folder is copied, some of its files are damaged (`benchmarks.damages`), and a verb is run on it in a
process of its own, forked from this one (POSIX only). It must do what it is asked or refuse it in words, with 0, 1 or
2, before its time is up, in memory that such a run can need, and leave a file elsewhere, to which links lead, alone.
"""

import contextlib
import importlib
import os
import pkgutil
import resource
import shutil
import signal
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import nndl
from benchmarks.damages import damage
from benchmarks.forked import start
from nndl.runs.folder import ELSEWHERE

SECONDS, MEGABYTES = 20.0, 700
"""The longest time that a verb may take, and the most memory above that of this process."""

MINE = b"ssh-ed25519 AAAA a key of mine\n"
"""The content of the file elsewhere."""

VERBS = (
    *("runs", "runs --by-config", "runs --json", "runs --sort seconds", "runs best", "runs best --json"),
    *("runs compare theirs mine", "runs compare mine theirs --json", "runs export t.csv", "runs remove theirs --yes"),
    *("plot theirs", "plot theirs mine --json", "watch theirs --once", "watch theirs --once --json"),
    *("report theirs", "report theirs mine -o r.html", "report mine theirs --json -o r.html"),
    *("eval theirs", "eval theirs --last --json", "eval theirs --split val --confusion", "predict theirs x.png"),
    *("resume stopped --quiet", "resume stopped --quiet --accept-changes --epochs 4", "reproduce stopped --quiet"),
    *("resume theirs --quiet --epochs 4", "reproduce theirs --json", "watch stopped"),
    *("export theirs --to npz", "export theirs --to safetensors --last", "export theirs --to pytorch"),
    *("verify-resume runs/theirs/config.yaml --steps 6", "config show runs/theirs/config.yaml"),
    *("explain theirs --layer 1", "explain stopped --layer loss --json", "--runs runs/theirs runs"),
    *("--runs runs/theirs eval x", "--runs runs/theirs train small.yaml --quiet --run-dir new"),
    *("plot runs/pair", "plot runs/pair mine --json", "report runs/pair -o r.html"),
    *("eval runs/pair --json", "resume runs/set --quiet", "export runs/pair --to npz"),
    "train small.yaml --seeds 2 --run-dir runs/set --quiet",
    *("sweep status runs/tuned", "sweep status runs/tuned --json", "sweep best runs/tuned"),
    *("eval own", "eval own --trust", "resume own --quiet --epochs 4 --trust", "reproduce own --quiet", "report own"),
    *(
        "export own --to npz --trust",
        "explain own --layer swish1 --trust",
        "runs remove own --yes",
        "runs compare own mine",
    ),
    *("config check runs/own/config.yaml", "watch own --once", "predict own x.png --trust"),
    *("sweep export runs/tuned t.csv --force", "sweep importance runs/tuned", "report runs/tuned -o r.html"),
)
"""Said in a folder with runs: mine, and of the stranger's theirs, stopped, own (whose config uses code), the first
seeds of two sets, and a sweep."""

SWEEP = "name: tuned\nbase: small.yaml\nspace: {train.batch_size: {choose: [10, 20]}}\ntrials: 2\nparallel: 1\n"


def import_all() -> None:
    """Import all of nndl here, so that no process has to."""
    for module in pkgutil.walk_packages(nndl.__path__, "nndl."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ImportError):  # of what needs packages that are not here
                importlib.import_module(module.name)


def make_template(folder: Path) -> None:
    """Make a folder with whole runs and what the verbs need beside them."""
    from PIL import Image

    from tests.own.written import write
    from tests.small_run import config

    text = config() + "record: {statistics: 3 steps}\n"
    (folder / "small.yaml").write_text(text, encoding="utf-8")
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(folder / "x.png")
    runs, output = folder / "runs", folder / "output.txt"
    os.environ["NNDL_KNOWN_CODE"] = str(folder.with_name("known-code"))
    write(folder)
    begun = (("mine", "small", []), ("theirs", "small", ["train.start_from.run=runs/mine"]), ("own", "mine", []))
    for name, from_config, sets in begun:
        more = [word for each in sets for word in ("--set", each)]
        number = start(["train", f"{from_config}.yaml", "--quiet", "--run-dir", f"runs/{name}", *more], output, folder)
        if os.waitpid(number, 0)[1]:
            raise RuntimeError(output.read_text(encoding="utf-8"))
    (runs / "theirs" / ELSEWHERE).write_text(f"{runs / 'mine'}\n", encoding="utf-8")  # for --runs runs/theirs
    shutil.copytree(runs / "theirs", runs / "stopped")
    (runs / "stopped" / "last.safetensors").unlink()  # it has those of steps 9 and 6 left
    (runs / "stopped" / "summary.json").write_text('{"status": "interrupted", "step": 9}', encoding="utf-8")
    shutil.copytree(runs / "stopped", runs / "set" / "seed-0")
    if find_spec("optuna"):
        (folder / "tuned.yaml").write_text(SWEEP, encoding="utf-8")
        os.environ["PYTHONPATH"] = str(Path(nndl.__file__).parents[1])  # for the worker, which is another Python
        begin = ["sweep", "tuned.yaml", "--sweep-dir", "runs/tuned", "--quiet"]
        if os.waitpid(start(begin, output, folder), 0)[1]:
            raise RuntimeError(output.read_text(encoding="utf-8"))
    for number, name in enumerate(("theirs", "mine")):
        shutil.copytree(runs / name, runs / "pair" / f"seed-{number}")


def try_verb(words: str, template: Path, seed: tuple[int, ...]) -> tuple[int, str]:
    """Damage a copy of the template and run a verb on it; returns the exit code, and what went wrong, if anything."""
    folder = template.with_name("trial")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    random = np.random.default_rng(seed)
    inside = next((place for place in ("set", "pair") if f"runs/{place}" in words), None)
    name = f"{inside}/seed-0" if inside else next((name for name in ("stopped", "own") if name in words), "theirs")
    if "runs/tuned" in words and (folder / "runs" / "tuned").is_dir():
        name = ("tuned", "tuned/trial-0000")[random.integers(2)]
    theirs = folder / "runs" / name
    mine = folder / "key"
    mine.write_bytes(MINE)
    done = damage(theirs, mine, random)
    output = folder / "said.txt"
    code, seconds, memory = _run(words.split(), output, folder)
    said = output.read_text(encoding="utf-8", errors="replace")
    faults = {
        f"it ended with {code}": code not in (0, 1, 2),
        "it broke inside": "internal error" in said or "Traceback" in said,
        f"it took {seconds:.0f} s": seconds >= SECONDS,
        f"it took {memory} MB": memory > MEGABYTES + resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "it wrote to a file elsewhere": mine.read_bytes() != MINE,
    }
    found = [fault for fault, there in faults.items() if there]
    return code, f"nndl {words}: {done}: {', '.join(found)}\n{said[-2000:]}" if found else ""


def _run(words: list[str], output: Path, folder: Path) -> tuple[int, float, int]:
    """Return a verb's exit code, how long it took and how many megabytes at most; -9 where it had to be killed."""
    began, number = time.monotonic(), start(words, output, folder)
    while True:
        ended, status, used = os.wait4(number, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), time.monotonic() - began, used.ru_maxrss // 1024
        if time.monotonic() - began > SECONDS:
            os.kill(number, signal.SIGKILL)
            os.waitpid(number, 0)
            return -signal.SIGKILL, time.monotonic() - began, 0
        time.sleep(0.005)
