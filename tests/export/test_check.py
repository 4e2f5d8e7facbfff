"""Scores computed elsewhere are compared with the network's own."""

import numpy as np
import pytest

from nndl.errors import ExportError
from nndl.export.check import compare, refuse_unless_equal


def test_a_difference_is_refused() -> None:
    ours = np.random.default_rng(0).standard_normal((50, 10))
    refuse_unless_equal(compare(ours, ours + 1e-6), "it")
    for theirs in (ours + 1e-2, np.full_like(ours, np.nan)):
        with pytest.raises(ExportError, match="largest difference"):
            refuse_unless_equal(compare(ours, theirs), "it")
