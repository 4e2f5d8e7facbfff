"""Kill a sweep's workers with SIGKILL at random, go on, and compare: `python -m benchmarks.sweep_kills`.

The same sweep is trained twice: by one worker that nobody disturbs, and by several of which one is killed every few
seconds, the command given again until all trials are there. Values tried, results, epochs and the last weights of every
trial must be equal, to the last bit. Needs the sweep extra, and POSIX. `--data FOLDER` takes CIFAR-10's images,
`--storage postgresql` a server that is started for it.
"""

import argparse
import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.jobs.sweeps import postgresql

SWEEP = """\
name: killed
base: quickstart
set:
  train.epochs: 3
  data.dataset: {dataset}
  data.train_size: {images}
  data.test_size: 200
  data.validation_size: 200
  checkpoint.every: 3 steps
space:
  train.optimizer.adam.learning_rate: {{log: [1.0e-4, 1.0e-1]}}
  model.layers[0].conv.filters: {{integers: [4, 16]}}
  train.batch_size: {{choose: [20, 50]}}
trials: {trials}
parallel: 4
pruner: median
"""


ONE = ("--threads", "1")
"""Threads of a trial in both sweeps: their workers have other shares of the cores, and so other sums."""


def command(folder: Path, *more: str) -> list[str]:
    """Return the sweep's command."""
    return [sys.executable, "-m", "nndl", "sweep", str(folder / "sweep.yaml"), "--sweep-dir", str(folder / "s"), *more]


def workers_of(group: int) -> list[int]:
    """List the processes that a command has started and that still run."""
    listed = subprocess.run(["pgrep", "-P", str(group)], capture_output=True, text=True, check=False).stdout
    return [int(word) for word in listed.split()]


def disturbed(folder: Path, words: list[str], every: float, chance: random.Random) -> tuple[int, int]:
    """Train with kills until the sweep is complete; returns kills and commands."""
    kills = commands = 0
    while True:
        commands += 1
        process = subprocess.Popen(command(folder, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            time.sleep(chance.uniform(0.3, 2 * every))
            alive = workers_of(process.pid)
            if alive:
                os.kill(chance.choice(alive), signal.SIGKILL)
                kills += 1
        if process.returncode == 0:
            return kills, commands


def table(folder: Path, storage: str | None = None) -> list[dict[str, Any]]:
    """Return every trial with what it tried and reached, and a digest of its last state."""
    more = ["--storage", storage] if storage else []
    said = subprocess.run(
        [sys.executable, "-m", "nndl", "sweep", "status", str(folder / "s"), "--json", *more],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    rows = json.loads(said)["trials"]
    for row in rows:
        path = Path(row.pop("folder"))
        row.pop("host")
        last = path / "last.safetensors"
        row["weights"] = hashlib.sha256(_arrays(last)).hexdigest()[:16] if last.is_file() else None
    return list(rows)


def _arrays(path: Path) -> bytes:
    from nndl.runs.checkpoint import read_checkpoint

    arrays = read_checkpoint(path)[0]
    return b"".join(name.encode() + arrays[name].tobytes() for name in sorted(arrays))


def digest(rows: list[dict[str, Any]]) -> str:
    """Return a fingerprint of a whole table."""
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def compare(options: argparse.Namespace, inside: Path, storage: str | None) -> bool:
    """Train both sweeps and print what was found; tell whether they are equal."""
    calm, rough = inside / "calm", inside / "rough"
    images = {"dataset": "cifar10" if options.data else "synthetic", "images": options.images}
    for folder in (calm, rough):
        folder.mkdir()
        (folder / "sweep.yaml").write_text(SWEEP.format(trials=options.trials, **images), encoding="utf-8")
    words = [*ONE, *(["--data", options.data] if options.data else [])]
    began = time.monotonic()
    subprocess.run(command(calm, *words), check=True, stdout=subprocess.DEVNULL)
    undisturbed = time.monotonic() - began
    words += ["--workers", str(options.workers), *(["--storage", storage] if storage else [])]
    began = time.monotonic()
    kills, commands = disturbed(rough, words, options.every, random.Random(options.seed))
    seconds = time.monotonic() - began
    one, other = table(calm), table(rough, storage)
    different = [a["trial"] for a, b in zip(one, other, strict=True) if a != b]
    states = {state: sum(row["state"] == state for row in other) for state in ("complete", "pruned", "failed")}
    lost = options.trials - len(other)
    print(f"undisturbed, one worker: {len(one)} trials, {undisturbed:.0f} s; table {digest(one)}")
    print(
        f"{options.workers} workers, {kills} kills, {commands} commands: {len(other)} trials, {seconds:.0f} s; "
        f"table {digest(other)}"
    )
    print(f"{states}; lost {lost}, different {different or 0}")
    return not different and not lost


def main() -> None:
    """Train twice, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two kills, on average")
    parser.add_argument("--storage", help="where the disturbed sweep's trials are kept, instead of in a journal")
    parser.add_argument("--data", metavar="FOLDER", help="CIFAR-10's; without it the images are generated")
    parser.add_argument("--images", type=int, default=500, help="training images")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with contextlib.ExitStack() as within:
        inside = Path(within.enter_context(tempfile.TemporaryDirectory(prefix="nndl-")))
        storage = within.enter_context(postgresql.server()) if options.storage == "postgresql" else options.storage
        sys.exit(0 if compare(options, inside, storage) else 1)


if __name__ == "__main__":
    main()
