"""A lock on memory that calls share: one thread at a time, and free in a forked child."""

import os
from threading import RLock
from weakref import WeakSet


class Turn:
    """Whoever computes with shared memory does so within `with turn.lock`.

    The thread that has the lock may take it again. In a forked child it is another lock, which nobody has: the thread
    that had it in the parent, if any, is not there to give it back.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        _turns.add(self)


_turns: WeakSet[Turn] = WeakSet()


def _renew() -> None:
    for turn in _turns:
        turn.lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
