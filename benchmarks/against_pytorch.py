"""Images a second of whole training steps, beside PyTorch: `python -m benchmarks.against_pytorch --torch-python PATH`.

W1 a small batch-norm net, W2 ResNet-9, W3 the courses' three-layer net, W4 the speed-run net (batch 1024; the others
128): forward, backward and an update of SGD with Nesterov momentum, on random images of CIFAR's shape. A config's name
(`resnet18`, `ladder/94`) stands for its network and batch size; PyTorch takes it as `nndl export --to pytorch` writes
it. Each contender runs in a process of its own and waits between its turns: they take turns in short bursts, so that a
noisy machine is noisy for all. Shown are medians over the bursts, and their ratios to PyTorch's best in float32 and to
its bfloat16 autocast. Memory is the most a contender's process had, its libraries included.

glibc hands large blocks back to the kernel at every free, so that PyTorch, as it is installed, spends up to half of
W1's step on page faults. Every contender is told to keep them (MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_), which
is PyTorch at its best; ours makes its buffers once and gains nothing. --as-installed leaves the allocator alone.

PyTorch and JAX are no part of nndl: install each by hand into an environment of its own (`pip install torch==2.13.0`,
`pip install jax`).
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.engine_steps import of_config
from nndl.bench.bursts import Process
from nndl.bench.memory import peak_memory
from nndl.engines import available
from nndl.export.pytorch import source

ROOT = Path(__file__).parents[1]
WORKLOADS = {"W1": 128, "W2": 128, "W3": 128, "W4": 1024}
FLOAT32 = ("torch float32 contiguous", "torch float32 channels_last")
BFLOAT16 = "torch bfloat16 channels_last"
JAX = "jax float32"
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "17179869184"}


class Contender(Process):
    """A process that makes steps when told to, with its images a second and its memory."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        super().__init__(name, command, environment, ROOT)
        self.speeds: list[float] = []
        self.memory: int | None = None
        self.answer()

    def burst(self, seconds: float) -> None:
        """Let it work for about so long and note the images a second."""
        self.speeds.append(float(super().burst(seconds)))

    def end(self) -> None:
        """Let the process finish; its memory is noted."""
        self.memory = peak_memory(self.process.pid)
        super().end()


def contenders(
    workload: str, module: str, batch: int, engines: Sequence[str], arguments: argparse.Namespace
) -> list[Contender]:
    """Return our engines, and PyTorch, which reads the network from `module`, and JAX where they are given."""
    common = [workload, str(batch), str(arguments.threads)]
    environment = {} if arguments.as_installed else KEEP_MEMORY
    ours = [sys.executable, "-m", "benchmarks.worker_nndl"]
    made = [Contender(engine, [*ours, engine, *common], environment) for engine in engines]
    for library, python, names in (
        ("torch", arguments.torch_python, (*FLOAT32, BFLOAT16)),
        ("jax", arguments.jax_python, (JAX,)),
    ):
        script = f"benchmarks.worker_{library}"
        theirs = [module, *common[1:]]
        made += [Contender(name, [python, "-m", script, name, *theirs], environment) for name in names if python]
    return made


def measure(workload: str, engines: Sequence[str], arguments: argparse.Namespace) -> list[Contender]:
    """Return the contenders after all their bursts."""
    if workload in WORKLOADS:
        return _measured(contenders(workload, workload, WORKLOADS[workload], engines, arguments), arguments)
    network, batch = of_config(workload)
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder, "network.py")
        module.write_text(source(network), encoding="utf-8")
        return _measured(contenders(workload, str(module), batch, engines, arguments), arguments)


def _measured(runners: list[Contender], arguments: argparse.Namespace) -> list[Contender]:
    for _ in range(arguments.bursts):
        for runner in runners:
            runner.burst(arguments.seconds)
    for runner in runners:
        runner.end()
    return runners


def show(workload: str, runners: Sequence[Contender]) -> None:
    """Print one line a contender: median, range, ratios, memory."""
    medians = {runner.name: median(runner.speeds) for runner in runners}
    best = max((medians[name] for name in FLOAT32 if name in medians), default=None)
    for runner in runners:
        others = (("float32", best), ("bfloat16", medians.get(BFLOAT16)), ("jax", medians.get(JAX)))
        ratios = "".join(
            f"  {medians[runner.name] / other:5.2f} x {label}" for label, other in others if other is not None
        )
        memory = "" if runner.memory is None else f"  peak {runner.memory / 2**20:,.0f} MiB"
        print(
            f"{workload}  {runner.name:28s} {medians[runner.name]:9.1f} img/s  "
            f"({min(runner.speeds):.1f} to {max(runner.speeds):.1f}){ratios}{memory}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", default=list(WORKLOADS), help=f"of {', '.join(WORKLOADS)}, or configs")
    parser.add_argument("--engines", default=",".join(available()[1:]), help="ours, separated by commas")
    parser.add_argument("--torch-python", help="a Python that has PyTorch; without it only ours run")
    parser.add_argument("--jax-python", help="a Python that has JAX")
    parser.add_argument("--threads", type=int, default=0, help="threads for each contender; 0: every core")
    parser.add_argument("--as-installed", action="store_true", help="leave glibc's allocator as it is")
    parser.add_argument("--bursts", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a burst; at least one step is made")
    arguments = parser.parse_args()
    for workload in arguments.workloads:
        show(workload, measure(workload, arguments.engines.split(","), arguments))


if __name__ == "__main__":
    main()
