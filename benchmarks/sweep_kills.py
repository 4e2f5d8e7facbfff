"""Kill a sweep's workers with SIGKILL at random, go on, and compare: `python -m benchmarks.sweep_kills`.

The same sweep is trained twice: by one worker that nobody disturbs, and by several of which one is killed every few
seconds, the command given again until all trials are there. Values tried, results, epochs and the last weights of every
trial must be equal, to the last bit. Needs the sweep extra, and POSIX.
"""

import argparse
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

SWEEP = """\
name: killed
base: quickstart
set:
  {{train.epochs: 3, data.train_size: 500, data.test_size: 100, data.validation_size: 100, checkpoint.every: 3 steps}}
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


def table(folder: Path) -> list[dict[str, Any]]:
    """Return every trial with what it tried and reached, and a digest of its last state."""
    said = subprocess.run(
        [sys.executable, "-m", "nndl", "sweep", "status", str(folder / "s"), "--json"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    rows = json.loads(said)["trials"]
    for row in rows:
        path = Path(row.pop("folder"))
        row.pop("host")
        row["weights"] = hashlib.sha256(_arrays(path / "last.safetensors")).hexdigest()[:16]
    return list(rows)


def _arrays(path: Path) -> bytes:
    from nndl.runs.checkpoint import read_checkpoint

    arrays = read_checkpoint(path)[0]
    return b"".join(name.encode() + arrays[name].tobytes() for name in sorted(arrays))


def main() -> None:
    """Train twice, compare, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two kills, on average")
    parser.add_argument("--storage", help="keep the disturbed sweep's trials there instead of in a journal")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nndl-") as name:
        calm, rough = Path(name, "calm"), Path(name, "rough")
        for folder in (calm, rough):
            folder.mkdir()
            (folder / "sweep.yaml").write_text(SWEEP.format(trials=options.trials), encoding="utf-8")
        subprocess.run(command(calm, *ONE), check=True, stdout=subprocess.DEVNULL)
        words = [*ONE, "--workers", str(options.workers), *(["--storage", options.storage] if options.storage else [])]
        began = time.monotonic()
        kills, commands = disturbed(rough, words, options.every, random.Random(options.seed))
        one, other = table(calm), table(rough)
        different = [a["trial"] for a, b in zip(one, other, strict=True) if a != b]
        states = {state: sum(row["state"] == state for row in other) for state in ("complete", "pruned", "failed")}
        print(f"{len(other)} trials by {options.workers} workers, {kills} kills, {commands} commands, ", end="")
        lost = options.trials - len(other)
        print(f"{time.monotonic() - began:.0f} s: {states}; lost {lost}, different {different or 0}")
        sys.exit(1 if different or len(other) != options.trials else 0)


if __name__ == "__main__":
    main()
