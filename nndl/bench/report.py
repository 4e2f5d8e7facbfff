"""The findings of a measurement, as JSON-able values."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from nndl.bench.peak import SIZE, matrix_peak, register_peak
from nndl.bench.training import Contender, compete, rows
from nndl.config import Experiment
from nndl.engines import describe_engine
from nndl.runs.environment import processor


def report(experiment: Experiment, contenders: Sequence[Contender], bursts: int, seconds: float) -> dict[str, Any]:
    """Measure, between two measurements of the machine's peak for each number of threads."""
    counts = sorted({each.threads for each in contenders})
    before = {count: matrix_peak(count, experiment.dtype, seconds / 2) for count in counts}
    compete(contenders, bursts, seconds)
    peak = {count: max(before[count], matrix_peak(count, experiment.dtype, seconds / 2)) for count in counts}
    return {
        "name": experiment.name,
        "dtype": experiment.dtype,
        "batch_size": experiment.train.batch_size,
        "processor": processor(),
        "peak": [
            {"threads": count, "gflops": value, "size": SIZE, "register_gflops": register_peak(count)}
            for count, value in peak.items()
        ],
        "contenders": [_contender(each, peak[each.threads]) for each in contenders],
    }


def _contender(each: Contender, peak: float) -> dict[str, Any]:
    found = rows(each)
    step = median(each.times)
    gflops = sum(row.flop for row in found) / step / 1e9
    return {
        **describe_engine(each.network.engine),
        "threads": each.threads,
        "images_per_second": median(each.speeds),
        "slowest_burst": min(each.speeds),
        "fastest_burst": max(each.speeds),
        "step_ms": 1e3 * step,
        "gflops": gflops,
        "of_peak": gflops / peak,
        "steps": [
            {
                "layers": list(row.layers),
                "step": row.step,
                "depth": row.depth,
                "forward_ms": 1e3 * row.forward,
                "backward_ms": 1e3 * row.backward,
                "gflops": row.gflops,
                "share": (row.forward + row.backward) / step,
                "slow_way": row.slow_way,
            }
            for row in found
        ],
    }
