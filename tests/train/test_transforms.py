"""Clipping and averaging do what their formulas say."""

import numpy as np
import pytest

from nndl.net.params import Params, Slot
from nndl.train.transforms import CHUNK, Averaged, Ema, Lookahead, clip_norm


def test_clipping_shortens_what_is_too_long_and_nothing_else() -> None:
    gradient = np.array([3.0, 4.0])
    assert clip_norm(gradient, 10.0) == 5.0
    np.testing.assert_array_equal(gradient, [3.0, 4.0])
    assert clip_norm(gradient, 1.0) == 5.0
    np.testing.assert_allclose(gradient, [0.6, 0.8])


def test_lookahead_sets_the_network_back_to_the_slow_weights_every_few_steps() -> None:
    params = Params({"w": Slot((3,), (0,))}, np.dtype("float64"))
    buffers = Params({"running_mean": Slot((2,), (0,))}, np.dtype("float64"))
    averaged = Averaged(Lookahead(every=2, decay=0.5), params, buffers)
    slow, random = np.zeros(3), np.random.default_rng(0)
    for step in range(1, 9):
        fast = params["w"] + random.standard_normal(3)
        params["w"] = fast
        averaged.update(step, 8)
        if step % 2 == 0:
            kept = 0.5**2 * (step / 8) ** 3
            slow = fast = kept * slow + (1 - kept) * fast
        np.testing.assert_allclose(params["w"], fast, rtol=1e-12)
        np.testing.assert_allclose(averaged.params["w"], slow, rtol=1e-12)


def test_averaging_follows_its_formula_and_swaps_back() -> None:
    params = Params({"w": Slot((CHUNK + 3,), (0,))}, np.dtype("float64"))
    buffers = Params({"running_mean": Slot((2,), (0,))}, np.dtype("float64"))
    averaged = Averaged(Ema(decay=0.5), params, buffers)
    expected = np.zeros(CHUNK + 3)
    random = np.random.default_rng(0)
    for t in range(1, 21):
        params["w"] = random.standard_normal(CHUNK + 3)
        buffers["running_mean"] = [t, -t]
        averaged.update(t, 20)
        decay = min(0.5, (1 + t) / (10 + t))
        expected = decay * expected + (1 - decay) * params["w"]
    np.testing.assert_allclose(averaged.params["w"], expected, rtol=1e-12, atol=1e-14)
    assert averaged.buffers["running_mean"] == pytest.approx([19, -19], abs=0.1)
    current = params["w"].copy()
    averaged.swap()
    np.testing.assert_allclose(params["w"], expected, rtol=1e-12, atol=1e-14)
    averaged.swap()
    np.testing.assert_array_equal(params["w"], current)
