"""One engine as a contender: `python -m benchmarks.worker_nndl ENGINE WORKLOAD BATCH THREADS`."""

import sys

import numpy as np

from benchmarks.bursts import serve_steps
from benchmarks.engine_steps import NETWORKS, of_config
from nndl.engines import get_engine, set_threads
from nndl.net.contract import Engine
from nndl.net.network import Network
from nndl.train.optimizers import SgdNesterovMomentum
from nndl.train.updater import Updater


def main() -> None:
    engine, workload, batch, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    set_threads(threads or None)
    chosen: Engine = get_engine(engine)
    known = workload in NETWORKS
    network = Network(NETWORKS[workload], (3, 32, 32), chosen) if known else of_config(workload, chosen)[0]
    updater = Updater(SgdNesterovMomentum(learning_rate=1e-3), network.params, engine=chosen)
    random = np.random.default_rng(0)
    X = random.standard_normal((batch, 3, 32, 32)).astype(np.float32)
    y = random.integers(0, 10, batch)

    def step() -> None:
        _, gradients = network.loss(X, y)
        updater.update(gradients)

    serve_steps(step, batch)


if __name__ == "__main__":
    main()
