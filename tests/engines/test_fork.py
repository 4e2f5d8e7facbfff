"""A process forked while other threads compute computes too, rightly and at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nndl.engines import available

ROOT = Path(__file__).parents[2]
CODE = """
import os, signal, sys, threading
import numpy as np
from nndl.engines import get_engine, set_threads
from nndl.net.catalog import Affine, Conv, MaxPool, Relu, SpatialBn
from nndl.net.network import Network

set_threads(2)
layers = Conv(filters=16), SpatialBn(), Relu(), MaxPool(), Conv(filters=16), Relu(), Affine(out_features=10)
asked, trained = (Network(layers, (3, 8, 8), get_engine(sys.argv[1]), seed=seed) for seed in (0, 1))
X, y = np.random.default_rng(0).standard_normal((8, 3, 8, 8), np.float32), np.arange(8)
right, stop = asked.scores(X), threading.Event()

def compute():
    while not stop.is_set():
        trained.loss(X, y)
        asked.scores(X)

workers = [threading.Thread(target=compute) for _ in range(2)]
for worker in workers:
    worker.start()
for turn in range(int(sys.argv[2])):
    stop.wait(0.001 * turn)
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # ends a child that hangs
        trained.loss(X, y)
        os._exit(0 if np.array_equal(asked.scores(X), right) else 1)
    status = os.waitpid(child, 0)[1]
    if status:
        break
stop.set()
sys.exit(f"child {turn} ended with {status}" if status else 0)
"""


@pytest.mark.parametrize("engine", available())
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.skipif(sys.platform == "darwin", reason="Apple's BLAS does not survive a fork")
def test_a_child_forked_beside_threads_that_compute_neither_hangs_nor_errs(engine: str) -> None:
    """In a process of its own: forking beside other people's threads is what Python warns of."""
    command = [sys.executable, "-W", "ignore", "-c", CODE, engine, "3" if engine == "reference" else "20"]
    done = subprocess.run(command, cwd=ROOT, timeout=100, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
