"""The weight gradient from the maxima alone is that of the whole gradient image, which is zero everywhere else."""

import numpy as np
import pytest

from nndl.engines.compiled import bindings
from nndl.engines.compiled.abi import Finish, Unpool
from nndl.engines.compiled.bindings import kernels
from nndl.engines.shared.threads import set_threads
from tests.engines.compiled.test_convolution import channels_last, random_arrays, sizes
from tests.engines.compiled.variants import builds_and_threads

CASES = [
    (3, 3, 9, 8, 37, 7, 1, 3),
    (20, 1, 6, 6, 3, 3, 1, 1),
    (2, 4, 11, 13, 5, 11, 1, 5),
    (2, 3, 12, 12, 16, 5, 2, 1),
    (1, 2, 8, 8, 4, 2, 1, 0),
]


@pytest.mark.parametrize(("variant", "threads"), builds_and_threads())
@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("pool", [1, 2, 3])
def test_the_rest_is_zero(case: tuple[int, ...], relu: bool, pool: int, variant: str, threads: int) -> None:
    bindings.use(variant)
    set_threads(threads)
    shape = sizes(case)
    x, w, _ = random_arrays(shape)
    filters, images = np.ascontiguousarray(w.transpose(2, 3, 1, 0)), channels_last(x)
    pooled = (shape.images, shape.out_height // pool, shape.out_width // pool, shape.filters)
    best, index = np.empty(pooled, np.float32), np.empty(pooled, np.uint8)
    kernels().direct_forward(shape, images, False, filters, Finish(pool=pool, relu=relu, best=best, index=index))
    dout = np.random.default_rng(0).standard_normal(pooled).astype(np.float32)
    dy = np.empty((shape.images, shape.out_height, shape.out_width, shape.filters), np.float32)
    pooled_gradients = Unpool(*dy.shape, pool, relu, dout=dout, best=best, index=index)
    kernels().unpool(pooled_gradients, dy)
    wanted, one_by_one = np.empty_like(filters), np.empty_like(filters)
    kernels().direct_weight_gradient(shape, images, False, dy, None, wanted)
    kernels().direct_weight_gradient(shape, images, False, None, pooled_gradients, one_by_one)
    np.testing.assert_array_equal(one_by_one, wanted)
    for planar, given in ((False, images), (True, x)):
        dw, db = np.full_like(filters, np.nan), np.full(shape.filters, np.nan, np.float32)
        kernels().sparse_weight_gradient(shape, given, planar, pool, dout, index, best, relu, dw, db)
        np.testing.assert_allclose(dw, wanted, rtol=0, atol=3e-6 * np.abs(wanted).max())
        passed = np.where(best > 0, dout, 0) if relu else dout
        wanted_db = passed.sum(axis=(0, 1, 2), dtype=np.float64)
        np.testing.assert_allclose(db, wanted_db, rtol=0, atol=1e-6 * np.abs(passed).sum(axis=(0, 1, 2)).max())
        without_bias = np.full_like(filters, np.nan)
        kernels().sparse_weight_gradient(shape, given, planar, pool, dout, index, best, relu, without_bias, None)
        np.testing.assert_array_equal(without_bias, dw)
