"""One pool of threads for the whole engine, over slices of the batch.

NumPy releases the interpreter lock while it computes, so threads run side by side. BLAS is held to one thread, in the
whole process, as soon as the pool is used: two pools that spin beside each other cost a factor of 2.6 on two cores.
Slices are fixed by the number of threads, and partial results are summed in order, so that one seed gives the same bits
at every run.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from itertools import pairwise

from threadpoolctl import ThreadpoolController

Work = Callable[[int, int, int], None]
"""work(start, stop, thread): what one thread does with its slice."""


class _Pool:
    """How many threads there are, and the ones beside the caller's own."""

    def __init__(self) -> None:
        self.size = cores()
        self.helpers: ThreadPoolExecutor | None = None

    def start(self) -> ThreadPoolExecutor:
        """The helping threads, started at first use, when BLAS is brought down to one thread too."""
        if self.helpers is None:
            ThreadpoolController().limit(limits=1, user_api="blas")
            self.helpers = ThreadPoolExecutor(max(1, self.size - 1), "nndl")
        return self.helpers

    def resize(self, size: int) -> None:
        """Let the helping threads go; as many as are asked for start at the next use."""
        if self.helpers is not None and size != self.size:
            self.helpers.shutdown()
            self.helpers = None
        self.size = size

    def forget(self) -> None:
        """In a forked child: the helping threads stayed behind in the parent."""
        self.helpers = None


def cores() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_pool = _Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.forget)


def set_threads(count: int | None = None) -> None:
    """Compute on `count` threads from now on; by default on all cores this process may use."""
    if count is not None and count < 1:
        raise ValueError(f"threads is a number from 1 up, not {count}")
    _pool.resize(count or cores())


def thread_count() -> int:
    """How many threads the engine computes on."""
    return _pool.size


def parallel_for(count: int, work: Work) -> None:
    """Share range(count) out among the threads in equal slices; returns when all are done.

    The caller's context holds in every slice: NumPy 2 keeps `np.errstate` in it. An exception in a slice is raised here
    once every slice has ended.
    """
    helpers, size = _pool.start(), _pool.size
    edges = [count * t // size for t in range(size + 1)]
    slices = [(start, stop, t) for t, (start, stop) in enumerate(pairwise(edges)) if start < stop]
    others = [helpers.submit(partial(copy_context().run, work, *piece)) for piece in slices[1:]]
    try:
        if slices:
            work(*slices[0])
    finally:
        errors = [future.exception() for future in others]
    for error in errors:
        if error is not None:
            raise error
