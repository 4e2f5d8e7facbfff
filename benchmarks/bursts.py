"""The work of every contender's process: what it is told, for so long. Imports nothing but the standard library."""

from collections.abc import Callable
from time import perf_counter

from nndl.bench.bursts import serve


def serve_steps(step: Callable[[], object], batch: int) -> None:
    """Warm up, say so, then make steps for as many seconds as told and answer the images a second."""
    for _ in range(2):
        step()

    def burst(seconds: float) -> float:
        steps, start = 0, perf_counter()
        while steps == 0 or perf_counter() - start < seconds:
            step()
            steps += 1
        return steps * batch / (perf_counter() - start)

    serve("ready", burst)
