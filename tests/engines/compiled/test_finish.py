"""The finishing of a convolution's outputs before they leave the cache: bias, ReLU, sums, pooling."""

import numpy as np
import pytest

from nndl.engines.compiled import bindings
from nndl.engines.compiled.abi import Finish
from nndl.engines.compiled.bindings import kernels
from nndl.engines.shared.threads import set_threads
from nndl.net.types import Array
from tests.engines.compiled.test_convolution import channels_last, random_arrays, sizes
from tests.engines.compiled.variants import runnable

CASES = [(3, 16, 9, 8, 37, 3, 1, 1), (70, 16, 4, 4, 32, 3, 1, 1), (2, 17, 7, 7, 5, 3, 1, 1)]


def windows(y: Array, size: int) -> Array:
    """(N, H, W, F) -> (N, H // size, W // size, F, size * size), row by row within a window."""
    N, H, W, F = y.shape
    h, w = H // size, W // size
    cut = y[:, : h * size, : w * size].reshape(N, h, size, w, size, F)
    return cut.transpose(0, 1, 3, 5, 2, 4).reshape(N, h, w, F, size * size)


@pytest.mark.parametrize("variant", runnable())
@pytest.mark.parametrize("way", ["direct_forward", "winograd_forward", "winograd_forward_bfloat16"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_all_at_once(case: tuple[int, ...], way: str, variant: str) -> None:
    if "bfloat16" in way and variant != bindings.BF16_INSTRUCTIONS:
        pytest.skip("this build has no bfloat16")
    bindings.use(variant)
    set_threads(3)
    shape = sizes(case)
    x, w, dout = random_arrays(shape)
    plain, y = (np.empty_like(channels_last(dout)) for _ in range(2))
    filters = np.ascontiguousarray(w.transpose(2, 3, 1, 0))
    random = np.random.default_rng(1)
    bias = random.standard_normal(shape.filters).astype(np.float32)
    order = random.integers(-1, 2, shape.filters).astype(np.float32)
    layout = (False,) if way == "direct_forward" else ()
    forward = getattr(kernels(), way)
    forward(shape, channels_last(x), *layout, filters, Finish(y=plain))

    for size, relu in ((2, True), (3, False), (0, True)):
        wanted = plain + bias
        groups = windows(wanted, size or 1)
        best, sums = np.empty(groups.shape[:-1], np.float32), np.empty((2, shape.filters))
        index = np.empty(best.shape, np.uint8)
        pooled = {"pool": size, "order": order, "best": best, "index": index} if size else {}
        forward(shape, channels_last(x), *layout, filters, Finish(y=y, bias=bias, sums=sums, relu=relu, **pooled))
        if size:
            place = (groups * order[:, None]).argmax(-1)
            largest = np.take_along_axis(groups, place[..., None], -1)[..., 0]
            np.testing.assert_array_equal(index, place)
            np.testing.assert_array_equal(best, np.maximum(largest, 0) if relu else largest)
        else:
            wanted = np.maximum(wanted, 0)
        np.testing.assert_array_equal(y, wanted)
        exact = wanted.reshape(-1, shape.filters).astype(np.float64)
        np.testing.assert_allclose(sums[0], exact.sum(0), atol=1e-5 * np.abs(exact).sum(0).max())
        np.testing.assert_allclose(sums[1], (exact**2).sum(0), rtol=1e-5)
