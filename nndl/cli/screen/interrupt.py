"""Ctrl+C, or a machine that shuts down: the first time a clean stop is asked for, the second time it ends at once."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Ctrl+C; what systems, containers and batch queues send before they kill."""


@contextlib.contextmanager
def clean_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Within it the first signal calls `stop`; the second raises KeyboardInterrupt."""

    def first(number: int, frame: FrameType | None) -> None:
        del number, frame
        for each in SIGNALS:
            signal.signal(each, signal.default_int_handler)
        stop()
        # os.write, since print may be what the signal interrupted, and would refuse to be entered twice
        with contextlib.suppress(OSError):  # whoever read it may be gone: the state is saved all the same
            os.write(2, b"\nstopping after this step; press Ctrl+C again to stop at once\n")

    before = {each: signal.signal(each, first) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
