"""Every layer a config can name, one family a file."""

from nndl.described import table
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

LAYERS: dict[str, type[Layer]] = table(
    Conv,
    SpatialBn,
    Bn,
    GroupNorm,
    LayerNorm,
    Relu,
    LeakyRelu,
    Gelu,
    Silu,
    Sigmoid,
    Tanh,
    Elu,
    Relu6,
    HardSigmoid,
    HardSwish,
    Prelu,
    MaxPool,
    AvgPool,
    GlobalMaxPool,
    GlobalAvgPool,
    Affine,
    Dropout,
    StochasticDepth,
    Flatten,
    Scale,
    SqueezeExcite,
    Residual,
    Sum,
    Concat,
)
"""The layers by their names in YAML, in the order the documentation shows them."""
