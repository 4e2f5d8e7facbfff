"""The compiled engine: the hot layers by kernels in portable C, built with the package where a compiler is.

Images lie channels last. Rows of layers run as one step, so that an activation is written and read once. What the
kernels do not know, and all of float64, runs by the vectorised engine.
"""

from nndl.engines.compiled.bindings import is_built
from nndl.engines.compiled.lower import COMPILED, COMPILED_BF16

__all__ = ["COMPILED", "COMPILED_BF16", "is_built"]
