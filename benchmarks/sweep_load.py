"""Many workers whose trials only sleep, on one storage: `python -m benchmarks.sweep_load --workers 64`.

Everything but the training is real: the study, its storage, locks of folders, claims, notes, reports, the drawing of
values. Says how many trials a second come to their end, how many were lost, and how many were begun twice. The
processes are forked from one that has imported everything, so that hundreds fit into memory. Needs the sweep extra and
POSIX; postgresql a server's programs (initdb, postgres), proxy grpcio besides.
"""

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nndl.jobs.sweeps.load import load_sweep
from nndl.jobs.sweeps.mirror import Result
from nndl.jobs.sweeps.study import Trial, begin_study, open_study
from nndl.jobs.sweeps.worker import Worker
from tests.jobs.sweeps import postgresql

SWEEP = """\
base: quickstart
space:
  train.optimizer.adam.learning_rate: {{log: [1.0e-4, 1.0e-1]}}
  train.weight_decay: {{uniform: [0.0, 1.0e-2]}}
trials: {trials}
parallel: {parallel}
sampler: {sampler}
"""


class Sleeper(Worker):
    """A worker whose trainings are naps of one epoch; it writes down which it began."""

    seconds = 1.0
    began = Path("began")

    def _result(self, trial: Trial, values: Mapping[str, Any]) -> Result:
        with self.began.open("a", encoding="ascii") as file:
            file.write(f"{trial.number}\n")
        self.study.note(trial, digest="0", values={key: str(value) for key, value in values.items()})
        time.sleep(self.seconds)
        reached = float(values["train.weight_decay"])
        self.study.report(trial, 1, reached)
        self.study.note(trial, losses=str(trial.number))
        return Result("complete", (reached,), {1: reached})


@contextlib.contextmanager
def storage(kind: str) -> Iterator[str | None]:
    """Provide the storage's address: none for the journal in the sweep's folder."""
    if kind == "journal":
        yield None
        return
    with postgresql.server() as url:
        if kind == "postgresql":
            yield url
            return
        port = postgresql.free_port()
        words = [sys.executable, "-m", "nndl", "sweep", "serve", "--port", str(port)]
        process = subprocess.Popen(words, env={**os.environ, "NNDL_STORAGE": url}, stderr=subprocess.DEVNULL)
        try:
            yield f"grpc://localhost:{port}"
        finally:
            process.kill()
            process.wait()


def forked(action: Callable[[], object]) -> int:
    """Run `action` in a process of its own, without what this one has imported having to be imported again."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            action()
            code = 0
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        finally:
            os._exit(code)
    return process


def ended(process: int) -> bool:
    """Wait for a process; tell whether it ended well."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0


def begin(folder: Path, url: str | None, options: argparse.Namespace) -> None:
    """Make the study."""
    file = folder / "load.yaml"
    words = {"trials": options.trials, "parallel": 2 * options.workers, "sampler": options.sampler}
    file.write_text(SWEEP.format(**words), encoding="utf-8")
    sweep, text = load_sweep(file)
    begin_study(folder / "sweep", sweep, text, file, url, threads=1)


def work(folder: Path, url: str | None, start: float) -> None:
    """Open the study, and work from the same moment on as the others."""
    study, _ = open_study(folder / "sweep", url)
    time.sleep(max(0.0, start - time.monotonic()))
    Sleeper(study).work()


def measure(options: argparse.Namespace, folder: Path, url: str | None) -> bool:
    """Make the sweep, have it worked on, and print what came of it; tell whether none was lost and none doubled."""
    Sleeper.seconds, Sleeper.began = options.sleep, folder / "began"
    made = time.monotonic()
    assert ended(forked(lambda: begin(folder, url, options)))
    made = time.monotonic() - made
    start = time.monotonic() + options.opening * options.workers
    workers = [forked(lambda: work(folder, url, start)) for _ in range(options.workers)]
    failed = sum(not ended(process) for process in workers)
    seconds = time.monotonic() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    trials = open_study(folder / "sweep", url)[0].trials()
    begun = Counter(Sleeper.began.read_text(encoding="ascii").split())
    lost = sum(trial.state != "complete" for trial in trials)
    doubled = sum(count > 1 for count in begun.values())
    rate = (options.trials - lost) / seconds
    print(
        f"{options.workers} workers, {options.storage}: {options.trials} trials of {options.sleep:g} s, "
        f"{seconds:.1f} s, {rate:.1f} trials a second (their sleep allows {options.workers / options.sleep:.0f}), "
        f"lost {lost}, doubled {doubled}, workers that ended with an error {failed}; made in {made:.1f} s; "
        f"{(used.ru_utime + used.ru_stime) / options.trials:.2f} s of processor a trial"
    )
    return not (lost or doubled or failed)


def main() -> None:
    """Measure one storage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--storage", choices=("journal", "postgresql", "proxy"), default="journal")
    parser.add_argument("--trials", type=int, default=640)
    parser.add_argument("--sleep", type=float, default=1.0, help="seconds of each trial")
    parser.add_argument("--sampler", choices=("random", "tpe"), default="random")
    parser.add_argument("--opening", type=float, default=0.1, help="seconds for each worker to open the study in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nndl-") as name, storage(options.storage) as url:
        sys.exit(0 if measure(options, Path(name), url) else 1)


if __name__ == "__main__":
    main()
