"""Every test leaves the engine as it found it. Where the kernels are not built, tests are skipped."""

from collections.abc import Iterator

import pytest

from nndl.engines.compiled import bindings
from nndl.engines.shared.threads import set_threads, thread_count


@pytest.fixture(autouse=True)
def _same_build_and_threads_afterwards(request: pytest.FixtureRequest) -> Iterator[None]:
    if not bindings.is_built() and not request.node.get_closest_marker("sources_alone"):
        pytest.skip("the kernels are not built: python -m nndl.engines.compiled")
    threads = thread_count()
    yield
    set_threads(threads)
    bindings.use(bindings.instructions())
