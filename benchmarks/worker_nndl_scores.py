"""One engine's scores as a contender: `python -m benchmarks.worker_nndl_scores ENGINE WORKLOAD BATCH THREADS`."""

import sys

import numpy as np

from benchmarks.bursts import serve_steps
from benchmarks.engine_steps import NETWORKS
from nndl.engines import get_engine, set_threads
from nndl.net.network import Network


def main() -> None:
    engine, workload, batch, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    set_threads(threads or None)
    network = Network(NETWORKS[workload], (3, 32, 32), get_engine(engine))
    X = np.random.default_rng(0).standard_normal((batch, 3, 32, 32)).astype(np.float32)
    serve_steps(lambda: network.scores(X), batch)


if __name__ == "__main__":
    main()
