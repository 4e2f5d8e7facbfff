"""bfloat16 kernels: the float32 kernels on rounded factors."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nndl.engines import get_engine, has_bfloat16
from nndl.engines.compiled import bindings
from nndl.engines.compiled.abi import AffineShape, Finish, Shape
from nndl.engines.compiled.bindings import kernels
from nndl.errors import ConfigError
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.pool import MaxPool
from nndl.net.network import Network

Floats = NDArray[np.float32]

needs_bfloat16 = pytest.mark.skipif(not has_bfloat16(), reason="this processor, or this build, has no bfloat16")


@pytest.fixture(autouse=True)
def best_build() -> None:
    if has_bfloat16():
        bindings.use(bindings.BF16_INSTRUCTIONS)


def rounded(a: Floats) -> Floats:
    """To the nearest bfloat16, ties to even: the upper half of the bits."""
    bits = a.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 << 16).astype(np.uint32).view(np.float32)


def assert_close(a: Floats, b: Floats) -> None:
    assert np.abs(a - b).max() <= 2e-6 * np.abs(b).max()


@needs_bfloat16
@pytest.mark.parametrize("sizes", [(128, 64, 32, 100), (5, 3, 7, 10), (130, 1, 129, 33), (1, 1, 1, 1), (129, 4, 5, 17)])
def test_affine_is_that_of_rounded_factors(sizes: tuple[int, int, int, int]) -> None:
    N, positions, C, M = sizes
    shape, random = AffineShape(*sizes), np.random.default_rng(0)
    x, w, b, dout = (
        random.standard_normal(size).astype(np.float32)
        for size in ((N, positions * C), (positions * C, M), (M,), (N, M))
    )
    rough = out, dw, dx = [np.full_like(a, np.nan) for a in (dout, w, x)]
    kernels().affine_forward_bfloat16(shape, x, w, b, True, out)
    kernels().affine_weight_gradient_bfloat16(shape, x, dout, dw)
    kernels().affine_input_gradient_bfloat16(shape, dout, w, dx)
    exact = out, dw, dx = [np.full_like(a, np.nan) for a in (dout, w, x)]
    kernels().affine_forward(shape, rounded(x), rounded(w), b, True, out)
    kernels().affine_weight_gradient(shape, rounded(x), rounded(dout), dw)
    kernels().affine_input_gradient(shape, rounded(dout), rounded(w), dx)
    for a, b in zip(rough, exact, strict=True):
        assert_close(a, b)


@needs_bfloat16
@pytest.mark.parametrize(
    "sizes", [(3, 32, 3, 32, 7, 1, 3), (2, 9, 3, 5, 3, 2, 1), (1, 6, 4, 40, 2, 1, 0), (2, 7, 1, 33, 5, 1, 2)]
)
def test_convolution_is_that_of_rounded_factors(sizes: tuple[int, ...]) -> None:
    N, size, C, F, K, stride, pad = sizes
    after, random = 1 + (size + 2 * pad - K) // stride, np.random.default_rng(0)
    shape = Shape(N, size, size, C, F, K, stride, pad, after, after)
    x = random.standard_normal((N, size, size, C)).astype(np.float32)
    w = random.standard_normal((K, K, C, F)).astype(np.float32)
    rough, exact = np.empty((2, N, after, after, F), np.float32)
    kernels().direct_forward_bfloat16(shape, x, False, w, Finish(y=rough))
    kernels().direct_forward(shape, rounded(x), False, rounded(w), Finish(y=exact))
    assert_close(rough, exact)


@needs_bfloat16
def test_network_is_near_float32_and_keeps_float32_parameters() -> None:
    layers = (
        *(Conv(filters=8, bias=False), SpatialBn(), Relu(), MaxPool()),
        *(Affine(out_features=20), Relu(), Affine(out_features=10)),
    )
    random = np.random.default_rng(0)
    X, y = random.standard_normal((64, 3, 16, 16)).astype(np.float32), random.integers(0, 10, 64)
    results = [Network(layers, (3, 16, 16), get_engine(name)).loss(X, y) for name in ("compiled_bf16", "compiled")]
    (rough, gradients), (exact, wanted) = results
    assert gradients.vector.dtype == np.float32
    assert 0 < abs(rough - exact) < 1e-2 * exact
    assert np.linalg.norm(gradients.vector - wanted.vector) < 0.1 * np.linalg.norm(wanted.vector)


def test_a_processor_without_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nndl.engines.has_bfloat16", lambda: False)
    monkeypatch.setattr("nndl.engines.available", lambda: ("reference", "vectorized", "compiled"))
    monkeypatch.setattr("nndl.engines.compiled.bindings.instructions", lambda: "avx2")
    message = "needs a processor with AVX-512 BF16 instructions, .*: here they are for avx2; take engine: compiled"
    with pytest.raises(ConfigError, match=message):
        get_engine("compiled_bf16")
