"""The memory a training step takes, for nndl bench: each engine in a process of its own."""

from collections.abc import Sequence
from typing import Any


def with_memory(result: dict[str, Any], config: str, sets: Sequence[str]) -> None:
    """Add to every contender in `result` the peak of a fresh process, and what it had before the network was made."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    for each in result["contenders"]:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            peak, before = pool.submit(memory_of, config, list(sets), each["engine"], each["threads"]).result()
        each["memory"] = {"peak_bytes": peak, "before_bytes": before}


def memory_of(config: str, sets: list[str], engine: str, threads: int) -> tuple[int | None, int | None]:
    """Bytes at the peak of two training steps, and before the network was made."""
    from nndl.bench.memory import peak_memory
    from nndl.cli.bench import make_contenders
    from nndl.config import load_config

    experiment = load_config(config, sets)
    before = peak_memory()
    (contender,) = make_contenders(experiment, [engine], [threads])
    contender.burst(0.0)
    return peak_memory(), before
