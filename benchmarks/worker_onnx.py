"""ONNX Runtime as a contender: `python -m benchmarks.worker_onnx FILE BATCH THREADS`.

Its Python has onnxruntime and needs nothing that nndl does.
"""

import sys

import numpy as np
import onnxruntime

from benchmarks.bursts import serve_steps


def main() -> None:
    file, batch, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    [given], scores = session.get_inputs(), session.get_outputs()[0].name
    X = np.random.default_rng(0).standard_normal((batch, 3, 32, 32)).astype(np.float32)
    serve_steps(lambda: session.run([scores], {given.name: X}), batch)


if __name__ == "__main__":
    main()
