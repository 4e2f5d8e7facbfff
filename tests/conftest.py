"""Conditions of every test."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("nndl", deadline=None)  # a busy machine is no fault; --hypothesis-profile chooses another
settings.load_profile("nndl")

# A shell that starts the tests in the background has them ignore Ctrl+C, and nohup the closing of the terminal;
# whatever they start inherits that, but there are tests which send these to a training and watch it end in good order.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True, scope="session")
def own_caches(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test, nor any process it starts, reads or fills the caches of whoever runs it."""
    os.environ["NNDL_CACHE"] = str(tmp_path_factory.mktemp("caches"))


@pytest.fixture
def quick_turns() -> Iterator[None]:
    """Python's threads take turns a thousand times as often as they do by default: they meet in every place."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(interval)
