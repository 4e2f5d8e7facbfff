"""Every test leaves the engine with the threads it found."""

from collections.abc import Iterator

import pytest

from nndl.engines.shared.threads import set_threads, thread_count


@pytest.fixture(autouse=True)
def _same_threads_afterwards() -> Iterator[None]:
    before = thread_count()
    yield
    set_threads(before)
