"""Kill training with SIGKILL at random instants, resume it, and compare: `python -m benchmarks.kill_and_resume`.

A small network saves its state after every step, so that most kills strike while something is being written. Every
run is killed `--kills` times, the resumed ones too, and then left to finish; state, best weights, metrics and test
scores must equal those of a run that nobody killed, to the last bit. Each start is a process of its own, forked from
this one, which has imported everything and computed nothing (POSIX only).
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.forked import start

LONGER = ("data.train_size=80", "train.epochs=8", "checkpoint.keep=2", "record.statistics=2 steps")
"""Changes of the tests' run: long enough to be killed at many instants, with all on that it records."""


def finish(words: list[str], output: Path) -> bool:
    """Run to the end; whether it got there."""
    return os.waitpid(start(words, output), 0)[1] == 0


def kill_after(words: list[str], output: Path, seconds: float) -> None:
    """Run, and kill after `seconds`, whatever it may be doing; it may have ended before."""
    number = start(words, output)
    time.sleep(seconds)
    os.kill(number, signal.SIGKILL)
    os.waitpid(number, 0)


def same(one: Path, other: Path) -> bool:
    """Tell whether two finished runs hold the same to the last bit."""
    from nndl.jobs.replay import compare_states, first_difference, timeless
    from nndl.runs.checkpoint import read_checkpoint
    from nndl.runs.metrics import read_metrics

    best, other_best = (read_checkpoint(run / "best.safetensors") for run in (one, other))
    lines, others = ([timeless(line) for line in read_metrics(run / "metrics.jsonl")] for run in (one, other))
    test, other_test = (json.loads((run / "summary.json").read_text(encoding="utf-8"))["test"] for run in (one, other))
    same_best = first_difference(best[0], other_best[0]) is None and timeless(best[1]) == timeless(other_best[1])
    parts = compare_states(one / "last.safetensors", other / "last.safetensors")
    return same_best and all(part.first is None for part in parts) and lines == others and test == other_test


class Trials:
    """Runs in `folder`, all of one config."""

    def __init__(self, folder: Path, engine: str, every: str, seed: int) -> None:
        from tests.small_run import config

        self.folder, self.random = folder, random.Random(seed)
        self.config, self.output = folder / "killed.yaml", folder / "output.txt"
        self.config.write_text(config(engine), encoding="utf-8")
        self.sets = [word for each in (*LONGER, f"checkpoint.every={every}") for word in ("--set", each)]
        self.counts: Counter[str] = Counter()
        began = time.perf_counter()
        if not finish(self._train("whole"), self.output):
            sys.exit(self.output.read_text(encoding="utf-8"))
        self.seconds = time.perf_counter() - began

    def _train(self, name: str) -> list[str]:
        return ["train", str(self.config), *self.sets, "--quiet", "--run-dir", str(self.folder / name)]

    def _again(self, name: str) -> list[str]:
        """Return the command to give after a crash: resume, or, where no config was written yet, begin."""
        if (self.folder / name / "config.yaml").exists():
            return ["resume", str(self.folder / name), "--quiet"]
        return self._train(name)

    def one(self, name: str, kills: int) -> None:
        """Kill a run `kills` times, let it finish, compare."""
        folder = self.folder / name
        for _ in range(kills):
            kill_after(self._again(name), self.output, self.random.uniform(0, self.seconds))
            self.counts["kills"] += 1
            self.counts["before there was a run"] += not (folder / "config.yaml").exists()
            self.counts["in the middle of writing"] += any(folder.glob(".*.part"))
            if json_status(folder) == "finished":
                break
        finished = json_status(folder) == "finished" or finish(self._again(name), self.output)
        self.counts["runs"] += 1
        self.counts["runs lost"] += not finished
        self.counts["states different"] += finished and not same(self.folder / "whole", folder)


def json_status(folder: Path) -> str:
    """Return a run's status, as its summary says."""
    try:
        return str(json.loads((folder / "summary.json").read_text(encoding="utf-8"))["status"])
    except (OSError, ValueError):
        return "none"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=2, help="of each run")
    parser.add_argument("--engine", default="vectorized")
    parser.add_argument("--every", default="1 step", help="when the state is saved")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    import nndl.cli.app
    import nndl.cli.screen.training
    import nndl.jobs.replay  # noqa: F401  (here, so that no process has to)

    with tempfile.TemporaryDirectory(prefix="nndl-") as folder:
        trials = Trials(Path(folder), options.engine, options.every, options.seed)
        for number in range(options.runs):
            trials.one(f"run-{number}", options.kills)
        if trials.counts["runs lost"]:
            print(trials.output.read_text(encoding="utf-8")[-5000:])
    told = ("runs", "kills", "in the middle of writing", "before there was a run", "runs lost", "states different")
    counts = ", ".join(f"{what} {trials.counts[what]}" for what in told)
    print(f"engine {options.engine}, {trials.seconds:.2f} s a run; {counts}")
    sys.exit(1 if trials.counts["runs lost"] or trials.counts["states different"] else 0)


if __name__ == "__main__":
    main()
