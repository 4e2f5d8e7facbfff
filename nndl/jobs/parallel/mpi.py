"""The processes of an MPI, through mpi4py: the only module that imports it.

Nothing waits inside the MPI: whoever waits asks again and again, so that signals are heard, an error of another rank is
seen, and more ranks than cores do not keep one another from computing.
"""

import atexit
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from nndl.errors import MissingExtraError, TrainingError, UsageError
from nndl.jobs.parallel.words import Word
from nndl.launched import launched
from nndl.net.types import Array

NEEDED = "mpi4py and an MPI (the system's, or pip install mpich)"
ARGUMENTS = 3
"""Numbers that go with a word."""
EAGER, NAP = 1000, 1e-4
"""Questions asked one after the other before a wait naps between them, and for how many seconds."""
GRACE = 30.0
"""Seconds that rank 0 has to tell of another's error, before that one does so itself."""


def import_mpi(start: bool = True) -> Any:
    """Return mpi4py's MPI, started or not; raises MissingExtraError where there is no mpi4py or no MPI."""
    try:
        import mpi4py

        mpi4py.rc.thread_level = "serialized"
        mpi4py.rc.initialize = start
        mpi4py.rc.finalize = True  # also of what is started later: a launcher kills the others of one that ends without
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise MissingExtraError(NEEDED, "mpi", "training on several processes") from error
    return MPI


def _check_size(size: int) -> None:
    """Raise UsageError where a launcher started several processes, and each is alone to the MPI."""
    started = launched()
    if started is not None and started.size != size:
        raise UsageError(
            f"{started.size} processes were started, but the MPI sees {size}: its library and the launcher are not of "
            "one kind; start them with that library's own mpiexec (nndl doctor names it), or srun --mpi=pmix"
        )


class MpiRanks:
    """The ranks of MPI_COMM_WORLD; see nndl.train.sharded.ranks.Ranks."""

    def __init__(self) -> None:
        self._mpi = import_mpi()
        world = self._mpi.COMM_WORLD
        self._world, self._errors = world.Dup(), world.Dup()
        self.rank: int = world.Get_rank()
        self.size: int = world.Get_size()
        _check_size(self.size)
        self.host: str = self._mpi.Get_processor_name()
        self.idle = True
        """True while the others wait for a word."""
        self.over = False
        """True once all ranks know that this is the end."""

    # -- what training asks --------------------------------------------------------------------------------------------

    def exchange(self, sent: Array, sends: Sequence[int], received: Array, receives: Sequence[int]) -> "_Pending":
        request = self._world.Ialltoallv([sent, (sends, _starts(sends))], [received, (receives, _starts(receives))])
        return _Pending(self, request)

    def share(self, own: Array, all_of_it: Array, counts: Sequence[int]) -> None:
        self.wait(self._world.Iallgatherv(own, [all_of_it, (counts, _starts(counts))]))

    def collect(self, values: Array) -> Array:
        found = np.empty((self.size, values.size))
        self.wait(self._world.Iallgather(np.ascontiguousarray(values, np.float64), found))
        return found

    def progress(self) -> None:
        self._world.Iprobe()

    # -- beside it -----------------------------------------------------------------------------------------------------

    def broadcast(self, vector: Array) -> None:
        """Give all ranks what rank 0 has."""
        self.wait(self._world.Ibcast(vector, 0))

    def everyone(self, text: str) -> list[str]:
        """Return the texts of all ranks, on all of them."""
        own = np.frombuffer(text.encode(), np.uint8)
        counts = [int(size) for size in self.collect(np.array([own.size], np.float64))[:, 0]]
        found = np.empty(sum(counts), np.uint8)
        self.share(own, found, counts)
        return [found[start : start + size].tobytes().decode() for start, size in zip(_starts(counts), counts)]  # noqa: B905

    @contextmanager
    def word(self, word: Word, *arguments: float) -> Iterator[None]:
        """Tell the others to do their part of what rank 0 does within; an error there leaves them in the middle."""
        self.idle = False
        self.broadcast(np.array([word, *arguments, *[0] * (ARGUMENTS - len(arguments))], np.float64))
        yield
        self.idle = True

    def told(self) -> tuple[Word, list[float]]:
        """Wait for rank 0's next word."""
        message = np.empty(1 + ARGUMENTS)
        self.broadcast(message)
        return Word(int(message[0])), [float(argument) for argument in message[1:]]

    def wait(self, request: Any) -> None:
        """Return when a request is done; raises TrainingError on rank 0 where another tells of an error meanwhile."""
        asked = 0
        while not request.Test():
            asked += 1
            if asked > EAGER:
                time.sleep(NAP)
            else:
                os.sched_yield() if hasattr(os, "sched_yield") else time.sleep(0)
            if self.rank == 0:
                self._heed()

    def _heed(self) -> None:
        status = self._mpi.Status()
        if self._errors.Iprobe(status=status):
            message = np.empty(status.Get_count(self._mpi.BYTE), np.uint8)
            self._errors.Recv(message, status.Get_source())
            raise TrainingError(f"rank {status.Get_source()} of {self.size}: {message.tobytes().decode()}")

    # -- the end -------------------------------------------------------------------------------------------------------

    def fail(self, words: str) -> None:
        """Tell rank 0 of an error of this one, and wait for the end of all that follows from it."""
        message = f"{words} (on {self.host})"
        request = self._errors.Isend(np.frombuffer(message.encode(), np.uint8), 0)
        until = time.monotonic() + GRACE
        while time.monotonic() < until:
            request.Test()
            time.sleep(0.01)
        print(f"error: rank {self.rank}: {message}", file=sys.stderr, flush=True)
        self._world.Abort(1)

    def part(self) -> None:
        """Note that all ranks end here, each by itself."""
        self.over = True

    def end(self, error: BaseException | None) -> None:
        """End all, on rank 0: at once where they wait for a word, else when its own error has been told."""
        if self.over:
            return
        if self.idle:
            with self.word(Word.END):
                return
        code = getattr(error, "exit_code", 130 if isinstance(error, KeyboardInterrupt) else 1)
        atexit.register(self._abort, code)

    def _abort(self, code: int) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self._world.Abort(code)


class _Pending:
    """A request, and who waits for it."""

    def __init__(self, ranks: MpiRanks, request: Any) -> None:
        self._ranks, self._request = ranks, request

    def wait(self) -> None:
        self._ranks.wait(self._request)


def _starts(counts: Sequence[int]) -> list[int]:
    return [sum(counts[:i]) for i in range(len(counts))]
