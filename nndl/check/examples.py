"""A small example of every kind of layer, for `nndl gradcheck KIND` and as the start of the tests' table."""

from contextlib import suppress

from nndl.errors import ConfigError, ShapeError
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

_IMAGES = (3, 7, 6)
_VECTORS = (11,)

_EXAMPLES: tuple[tuple[Layer, Shape], ...] = (
    (Conv(filters=4), _IMAGES),
    (SpatialBn(), _IMAGES),
    (Bn(), _VECTORS),
    (GroupNorm(groups=2), (4, 7, 6)),
    (LayerNorm(), _VECTORS),
    (Relu(), _IMAGES),
    (LeakyRelu(), _IMAGES),
    (Gelu(), _IMAGES),
    (Silu(), _IMAGES),
    (Sigmoid(), _IMAGES),
    (Tanh(), _IMAGES),
    (Elu(), _IMAGES),
    (Relu6(), _IMAGES),
    (HardSigmoid(), _IMAGES),
    (HardSwish(), _IMAGES),
    (Prelu(), _IMAGES),
    (MaxPool(), _IMAGES),
    (AvgPool(), _IMAGES),
    (GlobalMaxPool(), _IMAGES),
    (GlobalAvgPool(), _IMAGES),
    (Affine(out_features=5), (2, 3, 4)),
    (Dropout(keep=0.7), _IMAGES),
    (StochasticDepth(keep=0.7), _IMAGES),
    (Flatten(), _IMAGES),
    (Scale(factor=0.25), _IMAGES),
    (SqueezeExcite(ratio=2), (5, 4, 6)),
    (Residual(layers=(Conv(filters=3), Relu())), _IMAGES),
    (Sum(branches=(("a", (Conv(filters=3),)), ("b", (SpatialBn(),)))), _IMAGES),
    (Concat(branches=(("x", ()), ("new", (Conv(filters=2), Relu())))), _IMAGES),
)

EXAMPLES: dict[str, tuple[Layer, Shape]] = {layer.kind: (layer, shape) for layer, shape in _EXAMPLES}
"""By kind: a layer and the shape of one example before it."""


def example_of(described: type[Layer]) -> tuple[Layer, Shape]:
    """Return an example of a kind: ours, or of somebody's own layer one with its defaults, on images or on vectors.

    Raises ConfigError where it has options without a default, or takes neither.
    """
    if described.kind in EXAMPLES:
        return EXAMPLES[described.kind]
    try:
        layer = described(**described.example)
    except (TypeError, ValueError) as error:
        words = "example = {...} in its class says with which options it is checked"
        raise ConfigError(f"{described.kind}: {error}; {words}") from None
    for shape in (_IMAGES, _VECTORS):
        with suppress(ShapeError):
            layer.out_shape(shape)
            return layer, shape
    raise ConfigError(f"{described.kind} takes neither images {_IMAGES} nor vectors {_VECTORS}, which it is checked on")


SWEEPS: dict[str, tuple[tuple[Layer, Shape], ...]] = {
    "conv": (
        (Conv(filters=3, kernel=3, stride=2, pad=0), (2, 7, 5)),
        (Conv(filters=2, kernel=2, stride=3, pad=1), (3, 6, 8)),
        (Conv(filters=3, kernel=4, stride=3, pad=2), (2, 9, 8)),
        (Conv(filters=2, kernel=1, stride=1, pad=0), (3, 5, 4)),
        (Conv(filters=2, kernel=5, stride=1, pad=2, bias=False), (1, 4, 6)),
        (Conv(filters=6, groups=3), (6, 5, 4)),
        (Conv(filters=4, kernel=(3, 2), stride=(1, 2), pad=(1, 0), dilation=2, groups="channels"), (4, 6, 7)),
    ),
    "max_pool": (
        *((MaxPool(size=s, stride=t), (2, 7, 8)) for s, t in ((3, 2), (2, 1), (2, 3), (3, 3))),
        (MaxPool(size=(3, 2), stride=2, pad=1), (2, 7, 8)),
    ),
    "avg_pool": (
        *((AvgPool(size=s, stride=t), (2, 7, 8)) for s, t in ((3, 2), (2, 1), (2, 3), (3, 3))),
        (AvgPool(size=(3, 2), stride=2, pad=1), (2, 7, 8)),
    ),
    "spatial_bn": (
        (SpatialBn(momentum=0.6, eps=1e-2, unbiased=True), (2, 4, 6)),
        (SpatialBn(scale=False), (5, 3, 2)),
        (SpatialBn(ghost_batch_size=2), (3, 4, 5)),
    ),
    "bn": ((Bn(momentum=0.6, eps=1e-2), (6,)), (Bn(scale=False, unbiased=True), (3,)), (Bn(ghost_batch_size=3), (4,))),
    "group_norm": tuple((GroupNorm(groups=groups), (6, 4, 5)) for groups in (1, 3, 6)),
    "layer_norm": ((LayerNorm(), (3,)), (LayerNorm(scale=False), (8,))),
    "affine": ((Affine(out_features=3), (7,)), (Affine(out_features=1, bias=False), (2, 3))),
    "dropout": ((Dropout(keep=0.4), (13,)), (Dropout(keep=1.0), (2, 3, 3))),
    "stochastic_depth": ((StochasticDepth(keep=0.4), (13,)), (StochasticDepth(keep=1.0), (2, 3, 3))),
    "squeeze_excite": ((SqueezeExcite(ratio=1), (3, 2, 1)), (SqueezeExcite(ratio=4, gate="hard_sigmoid"), (9, 3, 4))),
    "prelu": ((Prelu(), (13,)), (Prelu(initial_slope=-0.5), (2, 3, 3))),
    "relu": ((Relu(), (13,)),),
    "leaky_relu": ((LeakyRelu(negative_slope=0.2), (13,)), (LeakyRelu(negative_slope=0.0), (2, 3, 3))),
    "elu": ((Elu(alpha=0.3), (13,)), (Elu(alpha=0.0), (2, 3, 3))),
}
"""By kind: the same in other shapes and with other options, in which the contract is held as well."""
