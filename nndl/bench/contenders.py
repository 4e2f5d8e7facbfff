"""The contenders of a measurement: a network with its update, for each engine and number of threads; their memory."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from nndl.bench.memory import peak_memory
from nndl.bench.training import Contender, Update
from nndl.config import Experiment, load_config
from nndl.config.build import build_learner, build_network
from nndl.jobs.own_python import keep_folder_out
from nndl.net.network import Network
from nndl.net.params import Params


def make_contenders(experiment: Experiment, engines: list[str], thread_counts: list[int]) -> list[Contender]:
    """Make a contender for each engine and number of threads."""
    made = []
    for threads in thread_counts:
        for engine in engines:
            network = build_network(experiment, engine)
            made.append(Contender(network, _update(experiment, network), experiment.train.batch_size, threads))
    return made


def _update(experiment: Experiment, network: Network) -> Update:
    """Return what the solver does with the gradients, in the middle of a training."""
    learner = build_learner(experiment, network)
    learner.freeze(0)

    def update(gradients: Params) -> None:
        step = learner.updater.t + 1
        learner.update(gradients, 1e-3, step, 2 * step)  # small steps: on random images full ones may diverge

    return update


def with_memory(result: dict[str, Any], config: str, sets: Sequence[str]) -> None:
    """Add to every contender in `result` the peak of a fresh process, and what it had before the network was made."""
    keep_folder_out()
    for each in result["contenders"]:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            peak, before = pool.submit(memory_of, config, list(sets), each["engine"], each["threads"]).result()
        each["memory"] = {"peak_bytes": peak, "before_bytes": before}


def memory_of(config: str, sets: list[str], engine: str, threads: int) -> tuple[int | None, int | None]:
    """Return the bytes at the peak of two training steps, and before the network was made."""
    experiment = load_config(config, sets)
    before = peak_memory()
    (contender,) = make_contenders(experiment, [engine], [threads])
    contender.burst(0.0)
    return peak_memory(), before
