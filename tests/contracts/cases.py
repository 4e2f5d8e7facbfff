"""The one table of layers that every engine is held to: (layers, shape of one example)."""

from nndl.check.examples import EXAMPLES
from nndl.net.catalog.activation import (
    Elu,
    Gelu,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    Prelu,
    Relu,
    Relu6,
    Sigmoid,
    Silu,
    Tanh,
)
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.branching import Concat, Sum
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, GroupNorm, LayerNorm, SpatialBn
from nndl.net.catalog.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from nndl.net.catalog.residual import Residual
from nndl.net.catalog.simple import Dropout, Flatten, Scale, StochasticDepth
from nndl.net.catalog.squeeze_excite import SqueezeExcite
from nndl.net.layer import Layer
from nndl.net.types import Shape

Case = tuple[tuple[Layer, ...], Shape]

PROJECTED = (Conv(filters=5, kernel=1, stride=2, bias=False), SpatialBn())
"""The shortcut of the blocks of He et al. (2016) that halve their images."""

PROJECTED = (Conv(filters=5, kernel=1, stride=2, bias=False), SpatialBn())
"""The shortcut of the blocks of He et al. (2016) that halve their images."""

GROWN = Concat(branches=(("x", ()), ("new", (SpatialBn(), Relu(), Conv(filters=4, bias=False)))))
DENSE = (Conv(filters=6), GROWN, GROWN, SpatialBn(), Relu(), Conv(filters=5, kernel=1), AvgPool())
"""A dense block and its transition (Huang et al. 2017)."""

SINGLE: tuple[tuple[Layer, Shape], ...] = (
    *EXAMPLES.values(),
    (Conv(filters=5, bias=False), (2, 6, 6)),
    (Conv(filters=2, kernel=1), (3, 5, 4)),
    (Conv(filters=3, kernel=1, stride=2, pad=0), (2, 7, 7)),
    (Conv(filters=3, kernel=5), (2, 6, 7)),
    (Conv(filters=2, kernel=7), (3, 8, 8)),
    (Conv(filters=3, kernel=2, pad=0), (3, 6, 6)),
    (Conv(filters=3, stride=2), (2, 8, 8)),
    (Conv(filters=3, stride=2), (2, 7, 5)),
    (Conv(filters=3, kernel=4, stride=3, pad=2), (2, 9, 8)),
    (Conv(filters=3, pad=0), (1, 5, 6)),
    (Conv(filters=3, pad=2), (2, 4, 4)),
    (Conv(filters=1, kernel=4, pad=0), (3, 4, 4)),
    (Conv(filters=6, groups=2), (4, 5, 7)),
    (Conv(filters=34, groups=2, bias=False), (32, 4, 5)),
    (Conv(filters=9, kernel=1, groups=3), (6, 5, 3)),
    (Conv(filters=4, groups=4, pad=0, stride=2), (8, 7, 6)),
    (Conv(filters=5, groups="channels"), (5, 7, 6)),
    (Conv(filters=17, kernel=5, groups="channels", bias=False), (17, 6, 5)),
    (Conv(filters=6, stride=2, groups="channels"), (3, 7, 8)),
    (Conv(filters=3, dilation=2), (2, 7, 6)),
    (Conv(filters=3, kernel=2, dilation=3, pad=0), (2, 5, 4)),
    (Conv(filters=3, kernel=(3, 5), stride=(1, 2)), (2, 5, 9)),
    (Conv(filters=2, kernel=(1, 3), pad=(2, 0)), (3, 4, 5)),
    (Conv(filters=6, kernel=(2, 3), stride=(2, 1), pad=(1, 2), dilation=(2, 1), groups=3), (6, 7, 6)),
    (SpatialBn(scale=False, eps=1e-3), (4, 5, 5)),
    (SpatialBn(momentum=0.6, unbiased=True), (2, 4, 6)),
    (SpatialBn(), (17, 3, 3)),
    (SpatialBn(), (1, 5, 1)),
    (SpatialBn(ghost_batch_size=2), (3, 4, 5)),
    (SpatialBn(ghost_batch_size=9, unbiased=True), (3, 4, 5)),
    (Bn(ghost_batch_size=3, momentum=0.5), (6,)),
    (Bn(ghost_batch_size=3, unbiased=True, scale=False), (17,)),
    (Bn(ghost_batch_size=9), (6,)),
    (Bn(scale=False, momentum=0.5), (6,)),
    (Bn(unbiased=True, eps=1e-2), (9,)),
    (GroupNorm(groups=1), (3, 4, 5)),
    (GroupNorm(groups=3), (3, 4, 5)),
    (GroupNorm(groups=2, scale=False), (6, 3, 3)),
    (LayerNorm(scale=False), (8,)),
    (Relu(), (13,)),
    (LeakyRelu(negative_slope=0.2), (13,)),
    (LeakyRelu(negative_slope=0.0), (2, 3, 3)),
    (Gelu(), (13,)),
    (Silu(), (13,)),
    (Sigmoid(), (13,)),
    (Tanh(), (13,)),
    (Elu(alpha=0.3), (13,)),
    (Elu(alpha=0.0), (2, 3, 3)),
    (Relu6(), (13,)),
    (HardSigmoid(), (13,)),
    (HardSwish(), (13,)),
    (Prelu(), (13,)),
    (Prelu(initial_slope=-0.5), (17, 3, 1)),
    (MaxPool(), (2, 8, 8)),
    (MaxPool(size=3), (2, 9, 9)),
    (MaxPool(size=3, stride=2), (2, 7, 8)),
    (MaxPool(size=2, stride=1), (2, 5, 5)),
    (MaxPool(size=2, stride=3), (2, 8, 7)),
    (MaxPool(size=4), (5, 4, 4)),
    (MaxPool(size=3, stride=2, pad=1), (2, 7, 8)),
    (MaxPool(size=(2, 3), stride=(3, 1), pad=(1, 0)), (2, 7, 5)),
    (MaxPool(size=5, stride=3, pad=(0, 2)), (1, 8, 1)),
    (AvgPool(size=3, stride=2), (2, 7, 8)),
    (AvgPool(size=3, stride=1, pad=1), (2, 4, 5)),
    (AvgPool(size=(2, 4), pad=(0, 2)), (3, 5, 7)),
    (AvgPool(size=2, stride=3), (2, 8, 7)),
    (AvgPool(size=4), (5, 4, 4)),
    (GlobalMaxPool(), (3, 1, 1)),
    (GlobalAvgPool(), (6, 4, 4)),
    (Affine(out_features=4), (3, 4, 5)),
    (Affine(out_features=4, bias=False), (7,)),
    (Affine(out_features=1, init="xavier"), (1,)),
    (Dropout(keep=0.4), (13,)),
    (Dropout(keep=1.0), (2, 3, 3)),
    (StochasticDepth(keep=0.4), (13,)),
    (StochasticDepth(keep=1.0), (2, 3, 3)),
    (Flatten(), (7,)),
    (Scale(factor=-3.0), (7,)),
    (SqueezeExcite(ratio=1), (3, 2, 1)),
    (SqueezeExcite(ratio=16, gate="hard_sigmoid"), (17, 5, 4)),
    (Residual(layers=(SpatialBn(), Relu(), Conv(filters=6, stride=2))), (3, 7, 7)),
    (Residual(layers=(Conv(filters=5), SpatialBn(), Relu(), MaxPool())), (3, 6, 6)),
    (Residual(layers=(Affine(out_features=4), Relu())), (4,)),
    (Residual(layers=(Affine(out_features=4), Relu())), (6,)),
    (Residual(layers=(Residual(layers=(Conv(filters=3),)), Gelu())), (3, 4, 4)),
    (Residual(layers=()), (3, 4, 4)),
    (Residual(layers=(Conv(filters=5, stride=2), SpatialBn()), shortcut=PROJECTED), (3, 7, 6)),
    (Residual(layers=(), shortcut=(Conv(filters=3), Relu())), (3, 4, 4)),
    (Residual(layers=(Conv(filters=3), Relu()), shortcut=()), (3, 4, 4)),
    (Residual(layers=(Conv(filters=5), Prelu(), StochasticDepth(drop=0.3))), (3, 4, 5)),
    (Sum(branches=(("a", (Conv(filters=4), Relu())), ("b", (Conv(filters=4, kernel=1),)))), (3, 5, 4)),
    (Sum(branches=(("a", (SpatialBn(),)), ("b", ()), ("c", (Conv(filters=3), SpatialBn(), Relu())))), (3, 6, 5)),
    (Sum(branches=(("a", (Affine(out_features=5),)), ("b", ()), ("c", ()))), (5,)),
    (Concat(branches=(("x", ()), ("new", (SpatialBn(), Relu(), Conv(filters=3))))), (5, 6, 4)),
    (Concat(branches=(("a", (MaxPool(size=1),)), ("b", (Conv(filters=17), Relu())), ("c", ()), ("d", ()))), (3, 5, 5)),
    (Concat(branches=(("a", (Conv(filters=1, stride=2),)), ("b", (MaxPool(), LeakyRelu())))), (3, 6, 6)),
    (Concat(branches=(("a", (GlobalAvgPool(),)), ("b", (GlobalMaxPool(),)))), (3, 6, 6)),
    (Concat(branches=(("a", ()), ("b", (Affine(out_features=4), Relu())))), (6,)),
    (Concat(branches=(("x", ()), ("new", (Residual(layers=(Conv(filters=2), Gelu())),)))), (3, 4, 4)),
)

GHOSTS_OF_LADDER = SpatialBn(scale=False, momentum=0.6, eps=1.0e-12, unbiased=True, ghost_batch_size=2)
"""The batch norm of configs/ladder, by two images."""

COMMON = (Relu(), LeakyRelu(negative_slope=0.3), Gelu(), Silu())
UNUSUAL = (LeakyRelu(negative_slope=0.3), Sigmoid(), Tanh(), Elu(alpha=0.7), Relu6(), HardSigmoid(), HardSwish())

ROWS: tuple[Case, ...] = (
    ((Conv(filters=17),), (16, 4, 4)),
    ((Conv(filters=4), SpatialBn(), Relu(), MaxPool()), (3, 8, 8)),
    ((Conv(filters=4, bias=False), SpatialBn(scale=False), Relu(), MaxPool(size=3, stride=2)), (3, 9, 7)),
    ((Conv(filters=4, kernel=5), SpatialBn(), Relu(), MaxPool()), (3, 7, 7)),
    ((Conv(filters=4, bias=False), SpatialBn(ghost_batch_size=2), Relu(), MaxPool()), (3, 8, 8)),
    ((Conv(filters=17), SpatialBn(ghost_batch_size=2), Relu()), (16, 7, 6)),
    ((Conv(filters=5), SpatialBn(ghost_batch_size=4, scale=False), Gelu()), (3, 6, 6)),
    ((Conv(filters=20, bias=False), MaxPool(), GHOSTS_OF_LADDER, Gelu()), (17, 8, 7)),
    ((Conv(filters=4), MaxPool(), SpatialBn(ghost_batch_size=2)), (3, 7, 8)),
    ((SpatialBn(ghost_batch_size=2), Relu()), (17, 5, 5)),
    ((SpatialBn(ghost_batch_size=2), Gelu()), (5, 5, 3)),
    ((SpatialBn(ghost_batch_size=3), Relu(), MaxPool()), (3, 6, 6)),
    ((SpatialBn(ghost_batch_size=2), MaxPool(size=3, stride=2)), (3, 7, 7)),
    ((Affine(out_features=6), Bn(ghost_batch_size=3, eps=1e-2), Relu()), (9,)),
    ((Affine(out_features=17), Bn(ghost_batch_size=4, eps=1e-2), Gelu()), (9,)),
    ((Residual(layers=(Conv(filters=4), SpatialBn(ghost_batch_size=2), Relu())), Flatten()), (4, 5, 5)),
    ((Conv(filters=6, kernel=1), SpatialBn(), Relu(), Conv(filters=6, groups="channels"), SpatialBn()), (3, 6, 5)),
    ((Conv(filters=8, groups=4, stride=2), SpatialBn(scale=False), Gelu()), (8, 7, 7)),
    ((Conv(filters=4, groups=2), SpatialBn(ghost_batch_size=2), Relu(), MaxPool()), (4, 6, 6)),
    ((Conv(filters=20, dilation=2, groups="channels"), Relu(), MaxPool()), (20, 7, 6)),
    ((Conv(filters=4), SpatialBn(), Relu(), MaxPool(size=3, stride=2, pad=1)), (3, 8, 7)),
    ((Conv(filters=4, kernel=(3, 1)), MaxPool(size=2, stride=1, pad=1), Relu()), (3, 5, 6)),
    ((SpatialBn(), Relu(), MaxPool(size=(3, 2), pad=(1, 0))), (3, 7, 6)),
    ((SpatialBn(), MaxPool(size=3, stride=2, pad=1)), (3, 6, 7)),
    (DENSE, (4, 6, 7)),
    ((Concat(branches=(("a", (Conv(filters=4), MaxPool())), ("b", (AvgPool(),)))), Affine(out_features=4)), (3, 8, 8)),
    ((Conv(filters=4), Relu(), MaxPool()), (3, 8, 8)),
    ((Conv(filters=4, stride=2), Relu(), MaxPool()), (2, 9, 9)),
    ((Conv(filters=4), MaxPool(), SpatialBn(), Gelu()), (3, 8, 8)),
    ((Conv(filters=20), MaxPool(), SpatialBn(), Gelu()), (17, 8, 7)),
    ((Conv(filters=4), MaxPool(), SpatialBn(), Relu()), (3, 8, 8)),
    ((Conv(filters=17), MaxPool(size=3), SpatialBn(scale=False), Silu()), (16, 9, 9)),
    ((Conv(filters=4), MaxPool(), SpatialBn()), (3, 7, 8)),
    ((Conv(filters=4), MaxPool()), (3, 7, 8)),
    ((Conv(filters=5), SpatialBn(), Gelu()), (3, 6, 6)),
    ((Conv(filters=17), SpatialBn(), Silu()), (18, 7, 6)),
    ((Conv(filters=17), SpatialBn(), LeakyRelu(), MaxPool()), (16, 6, 6)),
    ((Conv(filters=5), SpatialBn(), MaxPool(size=3), LeakyRelu(negative_slope=0.3)), (3, 7, 6)),
    ((Conv(filters=5), MaxPool(), SpatialBn(), LeakyRelu(negative_slope=0.3)), (3, 4, 6)),
    ((Bn(), LeakyRelu(negative_slope=0.3)), (18,)),
    *(((GroupNorm(groups=2), act), (18, 3, 2)) for act in COMMON),
    *(((LayerNorm(), act), (17,)) for act in COMMON),
    *(((Conv(filters=5), SpatialBn(), act), (3, 4, 4)) for act in UNUSUAL),
    *(((SpatialBn(), act), (17, 2, 3)) for act in UNUSUAL),
    ((SpatialBn(), Gelu()), (5, 5, 3)),
    ((SpatialBn(), Silu()), (17, 3, 4)),
    ((Affine(out_features=6), Bn(), Gelu()), (9,)),
    ((Affine(out_features=17), Bn(), Silu()), (9,)),
    ((Conv(filters=4), SpatialBn(), Relu()), (3, 6, 6)),
    ((Conv(filters=4, stride=2), SpatialBn(), Relu()), (3, 6, 6)),
    ((Conv(filters=4), SpatialBn()), (3, 6, 6)),
    ((Conv(filters=4), SpatialBn(), MaxPool()), (3, 6, 7)),
    ((Conv(filters=4), SpatialBn(), MaxPool(), Relu()), (3, 6, 6)),
    ((Conv(filters=4, bias=False), SpatialBn(momentum=0.5, unbiased=True, eps=1e-3), Relu()), (5, 6, 6)),
    ((Conv(filters=18), SpatialBn(), Relu(), MaxPool()), (17, 9, 8)),
    ((Conv(filters=17, pad=0), MaxPool(), Relu()), (16, 9, 10)),
    ((Conv(filters=16, bias=False), SpatialBn(scale=False)), (19, 5, 7)),
    ((Conv(filters=4), MaxPool(), Relu()), (3, 6, 6)),
    ((Conv(filters=4), Relu()), (3, 6, 6)),
    ((Conv(filters=4, kernel=1), Silu()), (3, 6, 6)),
    ((SpatialBn(), Relu()), (3, 5, 5)),
    ((SpatialBn(), Relu(), MaxPool()), (3, 6, 6)),
    ((SpatialBn(), MaxPool(), Relu()), (3, 7, 6)),
    ((SpatialBn(), MaxPool(size=3, stride=2)), (3, 7, 7)),
    ((Relu(), MaxPool()), (3, 6, 6)),
    ((MaxPool(), Relu()), (3, 7, 7)),
    ((Affine(out_features=6), Bn(), Relu()), (9,)),
    ((Affine(out_features=6), Relu()), (2, 3, 4)),
    ((Affine(out_features=6), Relu(), Dropout(keep=0.6), Affine(out_features=3)), (9,)),
    ((Conv(filters=4), SpatialBn(), Relu(), MaxPool(), Flatten(), Affine(out_features=3)), (3, 6, 6)),
    ((Conv(filters=4), SpatialBn(), Relu(), MaxPool(), Affine(out_features=3), Scale(factor=0.1)), (3, 6, 6)),
    ((Conv(filters=4), GroupNorm(groups=2), Relu(), GlobalAvgPool(), Affine(out_features=3)), (3, 5, 5)),
    ((Conv(filters=4), SpatialBn(), Relu(), Residual(layers=(Conv(filters=4), SpatialBn(), Relu()))), (3, 5, 5)),
    ((AvgPool(), Conv(filters=2), LeakyRelu(), GlobalMaxPool(), LayerNorm()), (3, 8, 8)),
    ((Conv(filters=4, bias=False), SpatialBn(), Relu6(), Conv(filters=5), HardSwish(), MaxPool()), (3, 7, 5)),
    ((Conv(filters=17), SpatialBn(), Prelu(), MaxPool(), Affine(out_features=5), Prelu()), (3, 7, 6)),
    ((Conv(filters=6), SqueezeExcite(ratio=3), Relu(), SqueezeExcite(ratio=6), Affine(out_features=3)), (3, 5, 7)),
    ((Conv(filters=4), Elu(), AvgPool(), Tanh(), Affine(out_features=17), Sigmoid()), (3, 5, 6)),
)

CASES: tuple[Case, ...] = (*(((layer,), shape) for layer, shape in SINGLE), *ROWS)


def name(case: Case) -> str:
    """A case in words, for the names of tests."""
    layers, shape = case
    return "-".join(layer.kind for layer in layers) + f"-{'x'.join(map(str, shape))}"
