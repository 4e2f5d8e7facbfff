"""Winograd's error is what docs/engines.md says: below 2e-6 times the square root of the channels, of the largest."""

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
    for name, error in found["winograd"].items():
        assert found["direct"][name] < error < 2e-6 * sqrt(channels), name
    assert max(found["direct"].values()) < 3e-7 * sqrt(channels)
