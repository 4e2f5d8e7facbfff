"""A small example of every kind of layer, for `nndl gradcheck KIND` and as the start of the tests' table."""

from nndl.net.catalog.activation import Gelu, LeakyRelu, Relu, Silu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, GroupNorm, LayerNorm, SpatialBn
from nndl.net.catalog.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from nndl.net.catalog.residual import Residual
from nndl.net.catalog.simple import Dropout, Flatten, Scale
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
    (MaxPool(), _IMAGES),
    (AvgPool(), _IMAGES),
    (GlobalMaxPool(), _IMAGES),
    (GlobalAvgPool(), _IMAGES),
    (Affine(out_features=5), (2, 3, 4)),
    (Dropout(keep=0.7), _IMAGES),
    (Flatten(), _IMAGES),
    (Scale(factor=0.25), _IMAGES),
    (Residual(layers=(Conv(filters=3), Relu())), _IMAGES),
)

EXAMPLES: dict[str, tuple[Layer, Shape]] = {layer.kind: (layer, shape) for layer, shape in _EXAMPLES}
"""By kind: a layer and the shape of one example before it."""
