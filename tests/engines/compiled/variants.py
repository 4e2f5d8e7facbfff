"""The builds that this processor can run."""

from nndl.engines.compiled import bindings
from nndl.engines.compiled.build import variants


def runnable() -> list[str]:
    """From the best down; none where the kernels are not built."""
    if not bindings.is_built():
        return []
    every = list(variants())
    return every[every.index(bindings.instructions()) :]


def builds_and_threads() -> list[tuple[str, int]]:
    """Every build, the best one on one thread and on more than there may be cores."""
    builds = runnable()
    return [*((build, 2) for build in builds), *((builds[0], threads) for threads in (1, 3) if builds)]
