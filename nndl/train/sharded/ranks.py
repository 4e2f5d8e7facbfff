"""The processes (ranks) that share a training, as training sees them; an MPI provides them (nndl.jobs.parallel)."""

from collections.abc import Sequence
from typing import Protocol

from nndl.net.types import Array


class Pending(Protocol):
    """An exchange under way."""

    def wait(self) -> None:
        """Return when what is received is there, and what was sent may be written over."""
        ...


class Ranks(Protocol):
    """The processes of a training, numbered from 0. All of them make the same calls in the same order."""

    @property
    def rank(self) -> int:
        """The number of this one."""
        ...

    @property
    def size(self) -> int:
        """Their number."""
        ...

    def exchange(self, sent: Array, sends: Sequence[int], received: Array, receives: Sequence[int]) -> Pending:
        """Begin to send each rank so many numbers of `sent` (D,), one behind the other, and to receive likewise."""
        ...

    def share(self, own: Array, all_of_it: Array, counts: Sequence[int]) -> None:
        """Put what each rank has, so many numbers, behind one another on all of them."""
        ...

    def collect(self, values: Array) -> Array:
        """Return the values float64 (K,) of all ranks, (ranks, K), on all of them."""
        ...

    def progress(self) -> None:
        """Let exchanges under way go on."""
        ...
