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
from threading import Lock

from threadpoolctl import ThreadpoolController

Work = Callable[[int, int, int], None]
"""work(start, stop, thread): what one thread does with its slice."""


class _Pool:
    """A pool of threads: the caller's own and helpers beside it.

    A pool does not change: another number of threads is another pool. Whoever computes on the old one does so to the
    end, and then its helpers end too, with the last reference to their executor.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._helpers: ThreadPoolExecutor | None = None
        self._first = Lock()

    def helpers(self) -> ThreadPoolExecutor:
        """Return the helping threads, made once, at first use, when BLAS is brought down to one thread too."""
        if self._helpers is None:
            with self._first:
                if self._helpers is None:
                    ThreadpoolController().limit(limits=1, user_api="blas")
                    self._helpers = ThreadPoolExecutor(max(1, self.size - 1), "nndl")
        return self._helpers


def usable() -> list[int]:
    """List the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def cores() -> int:
    """Count the processors that this process may use."""
    return len(usable())


_pool = _Pool(cores())
"""The one in use, in the whole process."""


def _renew() -> None:
    """Make the pool anew in a forked child: the helping threads stayed behind in the parent."""
    global _pool
    _pool = _Pool(_pool.size)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def set_threads(count: int | None = None) -> None:
    """Compute on `count` threads from now on, in every engine; by default on all cores this process may use.

    What another thread computes at the moment ends on as many as it began with.
    """
    global _pool
    if count is not None and count < 1:
        raise ValueError(f"threads is a number from 1 up, not {count}")
    size = count or cores()
    if size != _pool.size:
        _pool = _Pool(size)


def thread_count() -> int:
    """Return how many threads the engines compute on."""
    return _pool.size


def parallel_for(count: int, work: Work) -> None:
    """Share range(count) out among the threads in equal slices; returns when all are done.

    The caller's context holds in every slice: NumPy 2 keeps `np.errstate` in it. An exception in a slice is raised here
    once every slice has ended. Callers on several Python threads may share out work at once: a helper takes a slice of
    one, then perhaps of another, so no slice's scratch memory holds what its caller reads afterwards.
    """
    pool = _pool
    helpers = pool.helpers()
    edges = [count * t // pool.size for t in range(pool.size + 1)]
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
