"""Winograd's convolutions with factors in bfloat16: exact where nothing is to be rounded, near float32 elsewhere."""

import numpy as np
import pytest

from nndl.engines.compiled import COMPILED_BF16, bindings
from nndl.engines.compiled.abi import Finish, Shape, Unpool
from nndl.engines.compiled.bindings import kernels
from nndl.engines.compiled.conv_norm import ConvNormStep
from nndl.engines.compiled.convolution import ConvStep
from nndl.engines.shared.threads import set_threads
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.network import Network
from nndl.net.plan import Planner
from nndl.net.types import Array
from tests.engines.compiled.test_bfloat16 import needs_bfloat16
from tests.engines.compiled.test_convolution import channels_last, random_arrays, sizes

pytestmark = needs_bfloat16

CASES = [
    # N, C, H, W, F, size, stride, pad
    (1, 16, 6, 5, 16, 3, 1, 1),
    (3, 17, 7, 9, 33, 3, 1, 1),
    (2, 16, 4, 4, 65, 3, 1, 0),
    (5, 35, 5, 6, 16, 3, 1, 2),
    (70, 16, 4, 4, 32, 3, 1, 1),
    (9, 130, 9, 7, 40, 3, 1, 1),
    (1, 1, 1, 1, 1, 3, 1, 1),
]


@pytest.fixture(autouse=True)
def best_build() -> None:
    bindings.use(bindings.BF16_INSTRUCTIONS)


def gradients(way: str, shape: Shape, x: Array, dy: Array | None, pooled: Unpool | None, w: Array) -> list[Array]:
    """Compute dw and dx by Winograd's way, in room full of NaN before."""
    dw, dx = np.full_like(w, np.nan), np.full_like(x, np.nan)
    getattr(kernels(), f"winograd_weight_gradient{way}")(shape, x, dy, pooled, dw)
    getattr(kernels(), f"winograd_input_gradient{way}")(shape, dy, pooled, w, dx)
    return [dw, dx]


def arrays(shape: Shape) -> tuple[Array, Array, Array]:
    """Return x, w and dy as kernels take them."""
    x, w, dout = random_arrays(shape)
    return channels_last(x), np.ascontiguousarray(w.transpose(2, 3, 1, 0)), channels_last(dout)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("tile", [2, 3, 4])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_needs_no_rounding_is_exact(case: tuple[int, ...], tile: int, threads: int) -> None:
    """Transforms of -1, 0 and 1, and of 576 times them, are whole numbers up to 256, but for float32's own rounding."""
    set_threads(threads)
    shape = sizes(case)
    x, w, dy = (np.sign(array) * (np.abs(array) > 0.5) for array in arrays(shape))
    w *= np.float32(576)
    exact = y, dw, dx = [np.empty_like(array) for array in (dy, w, x)]
    kernels().direct_forward(shape, x, 0, w, Finish(y=y))
    kernels().direct_weight_gradient(shape, x, 0, dy, None, dw)
    kernels().direct_input_gradient(shape, dy, w, dx)
    shape.tile, y = tile, np.full_like(dy, np.nan)
    kernels().winograd_forward_bfloat16(shape, x, w, Finish(y=y))
    for found, right in zip([y, *gradients("_bfloat16", shape, x, dy, None, w)], exact, strict=True):
        np.testing.assert_allclose(found, right, rtol=0, atol=1e-6 * max(np.abs(right).max(), 1))


@pytest.mark.parametrize("case", [case for case in CASES if min(case[2:4]) > 1], ids=str)
def test_gradients_come_through_a_pooling_as_by_themselves(case: tuple[int, ...]) -> None:
    set_threads(2)
    shape = sizes(case)
    x, w, dy = arrays(shape)
    pooled = (shape.images, shape.out_height // 2, shape.out_width // 2, shape.filters)
    dout, index = dy[:, : pooled[1], : pooled[2]].copy(), np.random.default_rng(0).integers(0, 4, pooled, np.uint8)
    unpool = Unpool(*dy.shape, 2, dout=dout, index=index)
    kernels().unpool(unpool, dy)
    alone, through = (gradients("_bfloat16", shape, x, *given, w) for given in ((dy, None), (None, unpool)))
    for one, other in zip(alone, through, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_short_batch_after_a_long_one_and_the_same_bits_every_time(threads: int) -> None:
    set_threads(threads)
    found: dict[int, list[Array]] = {}
    for images in (9, 2, 9, 1, 3, 2, 1):
        shape = sizes((images, 19, 9, 10, 35, 3, 1, 1))
        x, w, dy = arrays(shape)
        exact, rough = (gradients(way, shape, x, dy, None, w) for way in ("", "_bfloat16"))
        for one, other in zip(rough, exact, strict=True):
            assert 1e-3 < np.linalg.norm(one - other) / np.linalg.norm(other) < 0.04
        for one, other in zip(rough, found.setdefault(images, rough), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("tail", [(), (SpatialBn(),)])
def test_tiles_have_four_outputs_where_float32_would_take_six(tail: tuple[SpatialBn, ...]) -> None:
    network = Network((Conv(filters=16), *tail), (16, 30, 30), COMPILED_BF16)
    planner = Planner(COMPILED_BF16, network.params, network.grads, network.buffers, "train", network.dtype)
    step = planner.chain(network.placed, "nhwc", needs_dx=True).steps[0].step
    assert isinstance(step, ConvStep | ConvNormStep)
    assert (step.conv.cover.tile, step.conv.cover_back.tile) == (4, 4)
