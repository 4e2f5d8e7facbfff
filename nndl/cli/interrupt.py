"""Ctrl+C: the first asks for a clean stop, the second ends at once."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def clean_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Within it the first SIGINT calls `stop`; the second raises KeyboardInterrupt, as usual."""

    def first(number: int, frame: FrameType | None) -> None:
        del number, frame
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop()
        # os.write, since print may be what the signal interrupted, and would refuse to be entered twice
        os.write(2, b"\nstopping after this step; press Ctrl+C again to stop at once\n")

    before = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
