"""Winograd's error is what docs/kernels.md says: so much of the largest number, times the root of the channels."""

from math import sqrt

import numpy as np
import pytest

from benchmarks.winograd_error import computed, error_of, errors, exact
from nndl.engines.compiled import bindings
from nndl.engines.shared.threads import set_threads
from tests.engines.compiled.test_bfloat16 import needs_bfloat16
from tests.engines.compiled.variants import runnable

LIMITS = {2: 3e-7, 3: 1e-6, 4: 2e-6, 5: 2e-6, 6: 3e-6}
"""Of the largest number over the root of the channels, by the tile."""


@pytest.mark.parametrize("channels", [8, 12, 16, 64, 200])
@pytest.mark.parametrize("variant", runnable())
def test_the_error_grows_as_the_root_of_the_channels(variant: str, channels: int) -> None:
    bindings.use(variant)
    set_threads(1)  # a weight's sum over all images has more rounding in it than one of sums of several threads
    found = errors(channels, images=4, side=12)
    for tile, stated in LIMITS.items():
        for name, error in found[f"F({tile}x{tile})"].items():
            assert error.largest < stated * sqrt(channels), (tile, name)
            assert tile == 2 or error.largest > found["direct"][name].largest, (tile, name)
    assert max(error.largest for error in found["direct"].values()) < 3e-7 * sqrt(channels)


@needs_bfloat16
@pytest.mark.parametrize("channels", [16, 64, 200])
def test_that_of_bfloat16_is_the_same_for_all_channels(channels: int) -> None:
    bindings.use(bindings.BF16_INSTRUCTIONS)
    found = errors(channels, images=4, side=12)
    for tile, typical, largest in (
        (2, 4e-3, 8e-3),
        (3, 1.4e-2, 4e-2),
        (4, 2.6e-2, 1e-1),
        (5, 4e-2, 2e-1),
        (6, 5e-2, 2e-1),
    ):
        for name, error in found[f"F({tile}x{tile}) bf16"].items():
            assert error.typical == pytest.approx(typical, rel=0.12), (tile, name)
            assert error.largest < largest, (tile, name)


@needs_bfloat16
@pytest.mark.parametrize(("tile", "typical"), [(2, 4.7e-3), (3, 1.75e-2), (4, 3e-2)])
def test_that_of_images_of_one_tile_is_larger_by_the_padding(tile: int, typical: float) -> None:
    bindings.use(bindings.BF16_INSTRUCTIONS)
    random, images = np.random.default_rng(0), (100, tile, tile, 64)
    x, w, dy = (random.standard_normal(size).astype(np.float32) for size in (images, (3, 3, 64, 64), images))
    right = exact(x, w, dy)
    for name, array in computed(tile, "_bfloat16", x, w, dy).items():
        assert error_of(array, right[name]).typical == pytest.approx(typical, rel=0.1), name
