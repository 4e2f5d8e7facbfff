"""A command that is asked to end: which signals ask, what is said of it, and the exit code, which tells who asked."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
"""Asked by a person, by Ctrl+C or by closing the terminal: shells report 128 + SIGINT for a command that heard it."""
REQUEUE = 75
"""Asked by a machine, with all saved: the same command, or resume, goes on. sysexits.h calls it a temporary failure."""

CODES = (INTERRUPTED, REQUEUE)


def those_there_are(*names: str) -> tuple[signal.Signals, ...]:
    """Return the signals that this system has."""
    return tuple(signal.Signals[name] for name in names if name in signal.Signals.__members__)


BY_HAND = those_there_are("SIGINT", "SIGBREAK")
"""Ctrl+C, and Windows' Ctrl+Break: whoever presses it again wants the end at once."""
BY_MACHINE = those_there_are("SIGTERM", "SIGUSR1", "SIGUSR2", "SIGXCPU")
"""The signals of systems, containers and queues before they kill: SIGUSR1 as Slurm is asked to, SIGUSR2 by submitit,
SIGXCPU where the time that a process may compute is limited."""
SIGNALS = (*BY_HAND, *BY_MACHINE, *those_there_are("SIGHUP"))
"""Those, and what a terminal sends that is closed.

All but the first may come twice or together, sent by a shell and its system alike; a second one changes nothing.
"""

_WORDS = {"SIGINT": "Ctrl+C", "SIGBREAK": "Ctrl+Break", "SIGHUP": "SIGHUP, of a terminal that was closed"}

_asked_by: list[int] = []


class EndAskedError(BaseException):
    """A signal asked for the end where no step is under way. No Exception, so that nobody handles it on the way."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"{_named(number)}: ended while no step was under way; nothing is lost, the same command goes on"
        )
        self.exit_code = REQUEUE if number in BY_MACHINE else INTERRUPTED


_at_once: list[EndAskedError] = []


@contextmanager
def heeded() -> Iterator[None]:
    """Raise EndAskedError, within, where a machine or a closed terminal asks for the end and no `clean_stop` hears it.

    A signal that is ignored stays so.
    """

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        if not _asked_by:
            _at_once.append(EndAskedError(number))
            raise _at_once[-1]

    _at_once.clear()
    forget()
    signals = [each for each in SIGNALS if each not in BY_HAND and signal.getsignal(each) is signal.SIG_DFL]
    for each in signals:
        signal.signal(each, ask)
    try:
        yield
        _at_once.clear()
    finally:
        for each in signals:
            signal.signal(each, signal.SIG_DFL)


def asked_at_once() -> EndAskedError | None:
    """Return, once, what `heeded` raised, though it be lost: a library may make another error of it, or none."""
    return _at_once.pop() if _at_once else None


def asked(number: int) -> None:
    """Remember a signal that asks."""
    _asked_by.append(number)


def forget() -> None:
    """Forget who asked: nobody has."""
    _asked_by.clear()


def is_asked() -> bool:
    """Tell whether anyone asked."""
    return bool(_asked_by)


def first_asked() -> int:
    """Return the signal that asked first."""
    return _asked_by[0] if _asked_by else signal.SIGINT


def asked_by() -> str:
    """Name the signal that asked first as people know it: Ctrl+C, SIGTERM."""
    return _named(first_asked())


def _named(number: int) -> str:
    name = signal.Signals(number).name
    return _WORDS.get(name, name)


def stopping() -> str:
    """Say who asked training to stop, and when it will."""
    return f"{asked_by()}: stopping after this step; Ctrl+C {'again ' if first_asked() in BY_HAND else ''}stops at once"


def exit_code() -> int:
    """Return the code of a command that ended early: REQUEUE where a machine asked for it, else INTERRUPTED."""
    return REQUEUE if set(_asked_by) & set(BY_MACHINE) else INTERRUPTED
