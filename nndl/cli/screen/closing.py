"""The closing of a window on Windows, of which no signal tells: the console calls a function, on a thread of its own.

The system ends the process once that function returns, and after some five seconds at the latest: a step in flight and
the state it leaves must be done by then.
"""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

CLOSING = (2, 5, 6)
"""CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT; those before them, Ctrl+C and Ctrl+Break, are signals."""
SECONDS = 4.5
"""Of the five that the system grants, what may pass until the state is saved."""

_handlers: list[Any] = []
"""All ever registered: the console's thread may still be in one that is no longer asked."""


@contextlib.contextmanager
def heeded_closing(stop: Callable[[], None]) -> Iterator[None]:
    """Let whoever closes the window or shuts down, within, call `stop`, and keep them waiting until it is left."""
    register = _console()
    if register is None:
        yield
        return
    over = threading.Event()

    def asked(event: int) -> bool:
        if event not in CLOSING:
            return False
        stop()
        over.wait(SECONDS)
        return True

    unregister = register(asked)
    try:
        yield
    finally:
        over.set()
        unregister()


def _is_windows() -> bool:
    return sys.platform == "win32"


def _console() -> Callable[[Callable[[int], bool]], Callable[[], None]] | None:
    """Return what registers a function with the console and returns what takes it back; None elsewhere than there."""
    if not _is_windows():
        return None
    import ctypes

    system: Any = ctypes
    kernel = system.windll.kernel32

    def register(asked: Callable[[int], bool]) -> Callable[[], None]:
        handler = system.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)(asked)
        _handlers.append(handler)
        kernel.SetConsoleCtrlHandler(handler, True)
        return lambda: kernel.SetConsoleCtrlHandler(handler, False)

    return register
