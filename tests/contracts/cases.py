"""The one table of layers that every engine is held to: (layers, shape of one example)."""

from nndl.check.examples import EXAMPLES
from nndl.net.catalog.activation import (
    Elu,
    Gelu,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    Relu,
    Relu6,
    Sigmoid,
    Silu,
    Tanh,
)
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, GroupNorm, LayerNorm, SpatialBn
from nndl.net.catalog.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from nndl.net.catalog.residual import Residual
from nndl.net.catalog.simple import Dropout, Flatten, Scale
from nndl.net.layer import Layer
from nndl.net.types import Shape

Case = tuple[tuple[Layer, ...], Shape]

PROJECTED = (Conv(filters=5, kernel=1, stride=2, bias=False), SpatialBn())
"""The shortcut of the blocks of He et al. (2016) that halve their images."""

PROJECTED = (Conv(filters=5, kernel=1, stride=2, bias=False), SpatialBn())
"""The shortcut of the blocks of He et al. (2016) that halve their images."""

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
    (MaxPool(), (2, 8, 8)),
    (MaxPool(size=3), (2, 9, 9)),
    (MaxPool(size=3, stride=2), (2, 7, 8)),
    (MaxPool(size=2, stride=1), (2, 5, 5)),
    (MaxPool(size=2, stride=3), (2, 8, 7)),
    (MaxPool(size=4), (5, 4, 4)),
    (AvgPool(size=3, stride=2), (2, 7, 8)),
    (AvgPool(size=2, stride=3), (2, 8, 7)),
    (AvgPool(size=4), (5, 4, 4)),
    (GlobalMaxPool(), (3, 1, 1)),
    (GlobalAvgPool(), (6, 4, 4)),
    (Affine(out_features=4), (3, 4, 5)),
    (Affine(out_features=4, bias=False), (7,)),
    (Affine(out_features=1, init="xavier"), (1,)),
    (Dropout(keep=0.4), (13,)),
    (Dropout(keep=1.0), (2, 3, 3)),
    (Flatten(), (7,)),
    (Scale(factor=-3.0), (7,)),
    (Residual(layers=(SpatialBn(), Relu(), Conv(filters=6, stride=2))), (3, 7, 7)),
    (Residual(layers=(Conv(filters=5), SpatialBn(), Relu(), MaxPool())), (3, 6, 6)),
    (Residual(layers=(Affine(out_features=4), Relu())), (4,)),
    (Residual(layers=(Affine(out_features=4), Relu())), (6,)),
    (Residual(layers=(Residual(layers=(Conv(filters=3),)), Gelu())), (3, 4, 4)),
    (Residual(layers=()), (3, 4, 4)),
    (Residual(layers=(Conv(filters=5, stride=2), SpatialBn()), shortcut=PROJECTED), (3, 7, 6)),
    (Residual(layers=(), shortcut=(Conv(filters=3), Relu())), (3, 4, 4)),
    (Residual(layers=(Conv(filters=3), Relu()), shortcut=()), (3, 4, 4)),
)

GHOSTS_OF_LADDER = SpatialBn(scale=False, momentum=0.6, eps=1.0e-12, unbiased=True, ghost_batch_size=2)
"""The batch norm of configs/ladder, by two images."""

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
    ((Conv(filters=4), Elu(), AvgPool(), Tanh(), Affine(out_features=17), Sigmoid()), (3, 5, 6)),
)

CASES: tuple[Case, ...] = (*(((layer,), shape) for layer, shape in SINGLE), *ROWS)


def name(case: Case) -> str:
    """A case in words, for the names of tests."""
    layers, shape = case
    return "-".join(layer.kind for layer in layers) + f"-{'x'.join(map(str, shape))}"
