"""Scores beside ONNX Runtime and PyTorch: `python -m benchmarks.inference --onnx-python PATH --torch-python PATH`.

Images a second of evaluation at batch 1, 8 and 128, of bn_cnn (a small batch-norm net) and W2 (ResNet-9), on random
images of CIFAR's shape. Each contender runs in a process of its own and waits between its turns, which are short and
many, so that a noisy machine is noisy for all. Shown is the fastest turn of each and, in brackets, the median. Ratios
are of the fastest: what others take from a shared machine only ever makes a turn slower.

ONNX Runtime computes the network as `nndl export onnx` writes it. PyTorch runs eagerly, in inference mode, batch norms
as they are, in both memory orders; the quicker one counts. Both are installed by you (`pip install onnxruntime`,
`pip install torch`), into environments of their own if you like: their Pythons need nothing that nndl does.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import sleep

from benchmarks.against_pytorch import FLOAT32, KEEP_MEMORY, Contender
from benchmarks.engine_steps import NETWORKS
from nndl.engines import available, get_engine
from nndl.export.onnx import onnx_model
from nndl.net.network import Network

ONNX = "onnxruntime"
WORKLOADS = ("bn_cnn", "W2")


def contenders(workload: str, batch: int, folder: Path, arguments: argparse.Namespace) -> list[Contender]:
    """Start our engines, and ONNX Runtime and PyTorch where they are given."""
    common = [str(batch), str(arguments.threads)]
    ours = [sys.executable, "-m", "benchmarks.worker_nndl_scores"]
    made = [Contender(e, [*ours, e, workload, *common], KEEP_MEMORY) for e in arguments.engines.split(",")]
    if arguments.onnx_python:
        model = folder / f"{workload}.onnx"
        model.write_bytes(
            onnx_model(Network(NETWORKS[workload], (3, 32, 32), get_engine("vectorized"))).SerializeToString()
        )
        script = [arguments.onnx_python, "-m", "benchmarks.worker_onnx"]
        made.append(Contender(ONNX, [*script, str(model), *common], KEEP_MEMORY))
    if arguments.torch_python:
        script = [arguments.torch_python, "-m", "benchmarks.worker_torch"]
        made += [Contender(name, [*script, f"{name} scores", workload, *common], KEEP_MEMORY) for name in FLOAT32]
    return made


def show(workload: str, batch: int, runners: Sequence[Contender]) -> None:
    """Print a line for each contender."""
    fastest = {runner.name: max(runner.speeds) for runner in runners}
    torch = max((fastest[name] for name in FLOAT32 if name in fastest), default=None)
    for runner in runners:
        others = ((ONNX, fastest.get(ONNX)), ("torch", torch))
        ratios = "".join(f"  {fastest[runner.name] / other:5.2f} x {label}" for label, other in others if other)
        speed = f"{fastest[runner.name]:10,.0f} img/s  ({median(runner.speeds):,.0f})"
        print(f"{workload:7s} batch {batch:3d}  {runner.name:28s}{speed}{ratios}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", default=WORKLOADS, help=f"of {', '.join(NETWORKS)}")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 128])
    parser.add_argument("--engines", default=available()[-1] if len(available()) < 3 else "compiled")
    parser.add_argument("--onnx-python", help="a Python that has onnxruntime")
    parser.add_argument("--torch-python", help="a Python that has PyTorch")
    parser.add_argument("--threads", type=int, default=2, help="threads for each contender")
    parser.add_argument("--turns", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=0.05, help="length of a turn; at least one batch")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for workload in arguments.workloads:
            for batch in arguments.batches:
                runners = contenders(workload, batch, Path(folder), arguments)
                for _ in range(arguments.turns):
                    for runner in runners:
                        sleep(0.01)  # until the threads of the one before no longer watch for work
                        runner.burst(arguments.seconds)
                for runner in runners:
                    runner.end()
                show(workload, batch, runners)


if __name__ == "__main__":
    main()
