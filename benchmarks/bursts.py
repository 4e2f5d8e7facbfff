"""The work of every contender's process: what it is told, for so long. Imports nothing but the standard library."""

import sys
from collections.abc import Callable
from time import perf_counter


def serve(step: Callable[[], object], batch: int) -> None:
    """Warm up, say so, then for each line of input go on for as many seconds and answer the images a second."""
    for _ in range(2):
        step()
    print("ready", flush=True)
    for line in sys.stdin:
        seconds, steps, start = float(line), 0, perf_counter()
        while steps == 0 or perf_counter() - start < seconds:
            step()
            steps += 1
        print(steps * batch / (perf_counter() - start), flush=True)
