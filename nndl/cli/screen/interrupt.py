"""Requests to end a training (Ctrl+C, a closed terminal, a machine that shuts down) end it with its state saved.

A signal that was ignored when training began, as `nohup` has it with SIGHUP, stays ignored. `ending` says by which exit
code a command tells who asked.
"""

import contextlib
import errno
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TypeVar

from nndl.cli.screen import ending
from nndl.cli.screen.closing import heeded_closing
from nndl.cli.screen.ending import BY_HAND, SIGNALS
from nndl.cli.screen.progress import View
from nndl.train.events import Event
from nndl.train.solver import Solver

T = TypeVar("T")


@contextlib.contextmanager
def watched(solver: Solver, view: View) -> Iterator[Callable[[Event], None]]:
    """Give the observer that shows `solver`'s events in `view`; within it, what asks for an end is a clean stop."""
    shown = _Shown(view, solver.stop)
    solver.scoring = shown.guarded(view.see_scoring)
    with clean_stop(solver.stop, view.say_stopping), shown:
        yield shown.guarded(view.see)


@contextlib.contextmanager
def clean_stop(stop: Callable[[], None], say_stopping: Callable[[], None]) -> Iterator[None]:
    """Let a signal, within, call `stop`, the first one `say_stopping` too; Ctrl+C after it raises KeyboardInterrupt."""

    def asked(number: int, frame: FrameType | None) -> None:
        del frame
        ending.asked(number)
        for each in set(before) & set(BY_HAND):
            signal.signal(each, signal.default_int_handler)
        for each in set(before) - set(BY_HAND):
            signal.signal(each, lambda again, _: ending.asked(again))
        stop()
        say_stopping()

    if at_once := ending.asked_at_once():
        raise at_once
    ending.forget()
    heeded = [each for each in SIGNALS if signal.getsignal(each) not in (signal.SIG_IGN, None)]
    before = {each: signal.getsignal(each) for each in heeded}
    for each in heeded:
        signal.signal(each, asked)
    try:
        with heeded_closing(stop):
            yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class _Shown:
    """A view whose reader may be gone: what cannot be shown is no reason for a training to fail."""

    def __init__(self, view: View, stop: Callable[[], None]) -> None:
        self._view, self._stop = view, stop

    def guarded(self, show: Callable[[T], None]) -> Callable[[T], None]:
        """Return `show` as a function whose errors of writing end nothing."""

        def shown(what: T) -> None:
            try:
                show(what)
            except OSError as error:
                self._unread(error)

        return shown

    def _unread(self, error: OSError) -> None:
        """Stop cleanly where a pipe's reader ended; a terminal that was closed lets training go on."""
        if error.errno == errno.EPIPE:
            self._stop()
        if error.errno in (errno.EPIPE, errno.EIO):
            _let_go()

    def __enter__(self) -> None:
        try:
            self._view.__enter__()
        except OSError as error:
            self._unread(error)

    def __exit__(self, *error: object) -> None:
        try:
            self._view.__exit__(*error)
        except OSError as unread:
            self._unread(unread)


def _let_go() -> None:
    """Turn stdout to nowhere, so that what is still in its buffer, and what follows, is no further error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
