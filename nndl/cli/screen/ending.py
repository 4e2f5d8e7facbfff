"""The exit code of a command that was asked to end, which tells who asked."""

import signal

INTERRUPTED = 130
"""The code that shells report for a command ended by Ctrl+C: 128 + SIGINT."""
REQUEUE = 75
"""Asked by a machine, with all saved: the same command, or resume, goes on. sysexits.h calls it a temporary failure."""

CODES = (INTERRUPTED, REQUEUE)

_asked_by: list[int] = []


def asked(number: int) -> None:
    """Remember a signal that asks."""
    _asked_by.append(number)


def forget() -> None:
    """Forget who asked: nobody has."""
    _asked_by.clear()


def those_there_are(*names: str) -> tuple[signal.Signals, ...]:
    """Return the signals that this system has."""
    return tuple(signal.Signals[name] for name in names if name in signal.Signals.__members__)


BY_MACHINE = those_there_are("SIGTERM", "SIGUSR1", "SIGUSR2", "SIGXCPU")
"""The signals of systems, containers and queues before they kill: SIGUSR1 as Slurm is asked to, SIGUSR2 by submitit,
SIGXCPU where the time that a process may compute is limited."""


def is_asked() -> bool:
    """Tell whether anyone asked."""
    return bool(_asked_by)


def first_asked() -> int:
    """Return the signal that asked first."""
    return _asked_by[0] if _asked_by else signal.SIGINT


def exit_code() -> int:
    """Return the code of a command that ended early: REQUEUE where a machine asked for it, else INTERRUPTED."""
    return REQUEUE if set(_asked_by) & set(BY_MACHINE) else INTERRUPTED
