"""NaN, infinities, zeros of both signs and denormal numbers go through every build of the kernels as by definition."""

import numpy as np
import pytest

from nndl.check.special import special_values
from nndl.check.subject import Subject
from nndl.conv_layers import conv_backward_naive, max_pool_backward_naive, max_pool_forward_naive
from nndl.engines.compiled import COMPILED, COMPILED_BF16, bindings
from nndl.engines.compiled.abi import NO_RELU, RELU, RELU_BEFORE, RELU_BEHIND, Finish, Unpool
from nndl.engines.compiled.bindings import kernels
from nndl.engines.shared.layout import channels_first
from nndl.layers import relu_backward, relu_forward
from nndl.net.catalog.activation import Gelu, LeakyRelu, Relu, Silu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, GroupNorm, LayerNorm, SpatialBn
from nndl.net.catalog.pool import AvgPool, GlobalMaxPool, MaxPool
from nndl.net.layer import Layer
from nndl.net.types import Array
from tests.contracts.cases import Case, name
from tests.engines.compiled.test_activation import PAIRS
from tests.engines.compiled.test_bfloat16 import needs_bfloat16
from tests.engines.compiled.test_convolution import channels_last, random_arrays, sizes
from tests.engines.compiled.variants import runnable

SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 1.5, -1.5], np.float32)

ROWS: list[Case] = [
    *[((Conv(filters=17), *tail), (16, 6, 7)) for tail in ((Relu(),), (Relu(), MaxPool()), (MaxPool(),))],
    *[((Conv(filters=5, kernel=5), *tail), (3, 8, 6)) for tail in ((Relu(),), (MaxPool(), Relu()))],
    *[((Conv(filters=17, stride=2), SpatialBn(), *tail), (5, 9, 8)) for tail in ((Relu(), MaxPool()), (Gelu(),))],
    ((Conv(filters=18), MaxPool(size=3), SpatialBn(), Silu()), (16, 9, 9)),
    *[((Bn(), activation), (19,)) for activation in (Relu(), Gelu(), Silu())],
    ((Affine(out_features=35), Relu()), (9, 2, 3)),
    ((Conv(filters=12, groups=6), Relu()), (18, 5, 6)),
    ((Conv(filters=34, groups=2, stride=2),), (36, 5, 6)),
    ((Conv(filters=19, groups="channels"), Relu()), (19, 5, 6)),
    ((MaxPool(size=3, stride=2, pad=1), LeakyRelu()), (19, 6, 5)),
    ((AvgPool(size=(2, 3), stride=1),), (19, 6, 5)),
    ((GlobalMaxPool(),), (19, 3, 2)),
    *[((norm, LeakyRelu()), (18, 3, 2)) for norm in (GroupNorm(groups=3), GroupNorm(groups=1))],
    ((LayerNorm(),), (19,)),
]


@pytest.mark.parametrize("variant", runnable())
@pytest.mark.parametrize(("layers", "shape"), ROWS, ids=map(name, ROWS))
def test_rows_on_every_build(layers: tuple[Layer, ...], shape: tuple[int, ...], variant: str) -> None:
    bindings.use(variant)
    special_values(Subject(layers, shape, COMPILED, dtype="float32"))


@needs_bfloat16
@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ((Affine(out_features=5),), (9,)),
        ((Affine(out_features=35, bias=False), Relu()), (4, 3, 2)),
        ((Conv(filters=33, kernel=2, pad=0),), (3, 6, 5)),
        ((Conv(filters=4, stride=2),), (3, 7, 7)),
        ((Conv(filters=4, kernel=5), MaxPool()), (1, 8, 8)),
        *[((Conv(filters=17), *tail), (17, 6, 7)) for tail in ((), (SpatialBn(), Gelu()))],
    ],
)
def test_rows_in_bfloat16(layers: tuple[Layer, ...], shape: tuple[int, ...]) -> None:
    within = 0.1 if shape[0] == 17 else 0.02  # Winograd's
    special_values(Subject(layers, shape, COMPILED_BF16, dtype="float32"), within)


@pytest.mark.parametrize("variant", runnable())
def test_relu_and_its_gradient_are_the_definition_to_the_last_bit_of_a_special_number(variant: str) -> None:
    bindings.use(variant)
    x, dout = (np.ascontiguousarray(v.ravel()) for v in np.meshgrid(SPECIAL, SPECIAL))
    out, dx = np.empty_like(x), np.empty_like(x)
    kernels().activation(x.size, x, None, RELU, 0, out)
    kernels().activation(x.size, x, dout, RELU, 0, dx)
    wanted, cache = relu_forward(x)
    np.testing.assert_array_equal(out, wanted)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(dx, relu_backward(dout, cache))


@pytest.mark.parametrize("variant", runnable())
@pytest.mark.parametrize("kind", [kind for kind in PAIRS if kind != RELU])
def test_activations_are_nan_where_their_definitions_are(kind: int, variant: str) -> None:
    bindings.use(variant)
    forward, backward, parameter = PAIRS[kind]
    x, dout = (np.ascontiguousarray(v.ravel()) for v in np.meshgrid(SPECIAL, SPECIAL))
    out, dx = np.empty_like(x), np.empty_like(x)
    kernels().activation(x.size, x, None, kind, parameter, out)
    kernels().activation(x.size, x, dout, kind, parameter, dx)
    with np.errstate(over="ignore", invalid="ignore"):
        wanted, cache = forward(x.astype(np.float64))
        slope = backward(dout.astype(np.float64), cache)
    assert np.isnan(out[np.isnan(wanted)]).all()
    assert not np.isfinite(dx[~np.isfinite(slope)]).any()
    finite = np.isfinite(wanted)
    np.testing.assert_allclose(out[finite], wanted[finite], rtol=1e-6, atol=1e-44)


def pooled(y: Array, size: int, relu: int, order: Array | None) -> tuple[Array, Array]:
    """The largest of each window of y (N, H, W, F) and its place, by a convolution that changes nothing."""
    N, H, W, F = y.shape
    shape = sizes((N, F, H, W, F, 1, 1, 0))
    best = np.empty((N, H // size, W // size, F), np.float32)
    index = np.empty(best.shape, np.uint8)
    one_by_one = np.eye(F, dtype=np.float32).reshape(1, 1, F, F)
    kernels().direct_forward(
        shape, y, False, one_by_one, Finish(relu=relu, pool=size, order=order, best=best, index=index)
    )
    return best, index


def with_special(shape: tuple[int, ...], levels: int) -> Array:
    """Numbers with ties, NaN and infinities; one channel: by the convolution 0 times NaN would reach others."""
    random = np.random.default_rng(levels)
    values = np.concatenate([np.arange(-levels, levels), [np.nan, np.inf, -np.inf]]).astype(np.float32)
    return random.choice(values, (*shape, 1))


@pytest.mark.parametrize("variant", runnable())
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("relu", [NO_RELU, RELU_BEHIND, RELU_BEFORE])
@pytest.mark.parametrize("levels", [1, 3, 20])
def test_the_first_nan_of_a_window_is_its_maximum(levels: int, relu: int, size: int, variant: str) -> None:
    bindings.use(variant)
    y = with_special((3, 12, 9), levels)
    param = {"pool_height": size, "pool_width": size, "stride": size}
    first = channels_first(y)
    before, mask = relu_forward(first) if relu == RELU_BEFORE else (first, None)
    wanted, cache = max_pool_forward_naive(before, param)
    behind, behind_cache = relu_forward(wanted) if relu == RELU_BEHIND else (wanted, None)
    best, index = pooled(y, size, relu, None)
    np.testing.assert_array_equal(channels_first(best), behind)

    dout = np.random.default_rng(0).choice(SPECIAL, best.shape)
    dy = np.empty_like(y)
    kernels().unpool(Unpool(*y.shape, size, relu, dout=dout, best=best, index=index), dy)
    with np.errstate(invalid="ignore"):
        g = channels_first(dout)
        g = relu_backward(g, behind_cache) if behind_cache is not None else g
        g = max_pool_backward_naive(g, cache)
        g = relu_backward(g, mask) if mask is not None else g
    np.testing.assert_array_equal(channels_first(dy), g)


@pytest.mark.parametrize("variant", runnable())
def test_where_the_least_is_looked_for_nan_is_found_too(variant: str) -> None:
    """As it is for a batch norm with a negative gamma."""
    bindings.use(variant)
    y = with_special((2, 8, 8), 5)
    turned, place = pooled(-y, 2, NO_RELU, None)
    best, index = pooled(y, 2, NO_RELU, np.array([-1], np.float32))
    np.testing.assert_array_equal(best, -turned)
    np.testing.assert_array_equal(index, place)


@pytest.mark.parametrize("variant", runnable())
@pytest.mark.parametrize("where", ["x", "dout"])
@pytest.mark.parametrize("relu", [NO_RELU, RELU_BEHIND, RELU_BEFORE])
def test_the_gradient_from_maxima_alone_keeps_what_is_not_finite(relu: int, where: str, variant: str) -> None:
    """Zero times NaN is NaN: a pixel with NaN counts though its gradient is zero."""
    bindings.use(variant)
    shape = sizes((3, 3, 9, 8, 21, 5, 1, 2))
    x, w, _ = random_arrays(shape)
    filters = np.ascontiguousarray(w.transpose(2, 3, 1, 0))
    out_shape = (3, 4, 4, 21)
    dout = np.random.default_rng(0).standard_normal(out_shape).astype(np.float32)
    for value in (np.nan, np.inf):
        images = x.copy()
        if where == "x":
            images[1, 2, 2, 2] = value
        best, index = np.empty(out_shape, np.float32), np.empty(out_shape, np.uint8)
        finish = Finish(relu=relu, pool=2, best=best, index=index)
        kernels().direct_forward(shape, channels_last(images), False, filters, finish)
        given = dout.copy()
        if where == "dout":  # where the ReLU lets no gradient pass, if there is one
            given[tuple(np.argwhere(best <= 0)[0])] = value
        dy = np.empty((3, 9, 8, 21), np.float32)
        kernels().unpool(Unpool(*dy.shape, 2, relu, dout=given, best=best, index=index), dy)
        with np.errstate(invalid="ignore"):
            _, wanted, _ = conv_backward_naive(channels_first(dy), (images, w, None, {"stride": 1, "pad": 2}))
        dw, db = np.empty_like(filters), np.empty(21, np.float32)
        kernels().sparse_weight_gradient(shape, images, True, 2, given, index, best, relu, dw, db)
        np.testing.assert_array_equal(np.isfinite(dw), np.isfinite(wanted.transpose(2, 3, 1, 0)))
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal(np.isfinite(db), np.isfinite(dy.sum(axis=(0, 1, 2))))
