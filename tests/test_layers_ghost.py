"""Ghost batch norm is plain batch norm of each part of the batch."""

import numpy as np
import pytest

from nndl.conv_layers import spatial_batchnorm_backward, spatial_batchnorm_forward
from nndl.layers import batchnorm_backward, batchnorm_forward

PAIRS = {
    "features": (batchnorm_forward, batchnorm_backward, (5,)),
    "channels": (spatial_batchnorm_forward, spatial_batchnorm_backward, (5, 3, 2)),
}


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize(("count", "size"), [(6, 3), (7, 3), (4, 9), (8, 2)])
def test_each_part_is_normalised_by_itself(pair: str, count: int, size: int) -> None:
    forward, backward, shape = PAIRS[pair]
    random = np.random.default_rng(0)
    x, dout = random.standard_normal((2, count, *shape))
    gamma, beta = random.standard_normal((2, 5))
    start = {"running_mean": random.standard_normal(5), "running_var": random.random(5)}
    param = {"mode": "train", "momentum": 0.7, "unbiased": True, "ghost_batch_size": size, **start}
    out, cache = forward(x, gamma, beta, param)
    dx, dgamma, dbeta = backward(dout, cache)
    sums = [np.zeros(5), np.zeros(5)]
    running = {"running_mean": np.zeros(5), "running_var": np.zeros(5)}
    for at in range(0, count, size):
        part = slice(at, min(at + size, count))
        own = {"mode": "train", "momentum": 0.7, "unbiased": True, **start}
        expected, own_cache = forward(x[part], gamma, beta, own)
        np.testing.assert_array_equal(out[part], expected)
        own_dx, *own_sums = backward(dout[part], own_cache)
        np.testing.assert_array_equal(dx[part], own_dx)
        sums = [total + new for total, new in zip(sums, own_sums, strict=True)]
        for name, total in running.items():
            total += (part.stop - part.start) / count * own[name]
    np.testing.assert_allclose([dgamma, dbeta], sums, rtol=1e-12)
    for name, total in running.items():
        np.testing.assert_allclose(param[name], total, rtol=1e-12)


@pytest.mark.parametrize("pair", PAIRS)
def test_in_test_mode_the_running_statistics_count(pair: str) -> None:
    forward, _, shape = PAIRS[pair]
    x = np.random.default_rng(0).standard_normal((6, *shape))
    state = {"mode": "test", "running_mean": np.full(5, 0.5), "running_var": np.full(5, 2.0)}
    ghost = forward(x, np.ones(5), np.zeros(5), {**state, "ghost_batch_size": 2})[0]
    np.testing.assert_array_equal(ghost, forward(x, np.ones(5), np.zeros(5), dict(state))[0])
