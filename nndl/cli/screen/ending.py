"""How a command that was asked to end tells who asked: by its exit code."""

import signal

INTERRUPTED = 130
"""What shells report for a command ended by Ctrl+C: 128 + SIGINT."""
REQUEUE = 75
"""Asked by a machine, with all saved: the same command, or resume, goes on. sysexits.h calls it a temporary failure."""

CODES = (INTERRUPTED, REQUEUE)

_asked_by: list[int] = []


def asked(number: int) -> None:
    """Remember a signal that asks."""
    _asked_by.append(number)


def forget() -> None:
    """Nobody has asked."""
    _asked_by.clear()


def those_there_are(*names: str) -> tuple[signal.Signals, ...]:
    """The signals that this system has."""
    return tuple(signal.Signals[name] for name in names if name in signal.Signals.__members__)


BY_MACHINE = those_there_are("SIGTERM", "SIGUSR1", "SIGUSR2")
"""What systems, containers and queues send before they kill: SIGUSR1 as Slurm is asked to, SIGUSR2 by submitit."""


def first_asked() -> int:
    """The signal that asked first."""
    return _asked_by[0] if _asked_by else signal.SIGINT


def exit_code() -> int:
    """The code of a command that ended before its time: REQUEUE where a machine asked for it, else INTERRUPTED."""
    return REQUEUE if set(_asked_by) & set(BY_MACHINE) else INTERRUPTED
