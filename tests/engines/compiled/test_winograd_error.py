"""Winograd's error is what docs/engines.md says: so much of the largest number, times the root of the channels."""

from math import sqrt

import pytest

from benchmarks.winograd_error import errors
from nndl.engines.compiled import bindings
from tests.engines.compiled.variants import runnable


@pytest.mark.parametrize("channels", [16, 64, 200])
@pytest.mark.parametrize("variant", runnable())
def test_the_error_grows_as_the_root_of_the_channels(variant: str, channels: int) -> None:
    bindings.use(variant)
    found = errors(channels, images=4, side=12)
    for tile, stated in (("F(4x4)", 2e-6), ("F(6x6)", 3e-6)):
        for name, error in found[tile].items():
            assert found["direct"][name] < error < stated * sqrt(channels), (tile, name)
    assert max(found["direct"].values()) < 3e-7 * sqrt(channels)
