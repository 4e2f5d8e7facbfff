"""The rows of layers that run as one step."""

from nndl.engines.shared.ghost import over_whole_batch
from nndl.engines.vectorized.convolution import lower_conv, lower_conv_bn
from nndl.engines.vectorized.norm import lower_spatial_bn
from nndl.engines.vectorized.pooled_norm import lower_pooled_bn
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.pool import MaxPool
from nndl.net.contract import Rule
from nndl.net.layer import Layer

TAILS: tuple[tuple[type[Layer], ...], ...] = ((Relu, MaxPool), (MaxPool, Relu), (MaxPool,), (Relu,))
"""The layers that may stand behind, longest first."""

RULES: tuple[Rule, ...] = (
    *(Rule((Conv, SpatialBn, *tail), lower_conv_bn, over_whole_batch) for tail in (*TAILS, ())),
    *(Rule((Conv, *tail), lower_conv) for tail in TAILS),
    *(Rule((SpatialBn, *tail), lower_pooled_bn) for tail in TAILS if MaxPool in tail),
    Rule((SpatialBn, Relu), lower_spatial_bn),
)
"""The first that fits wins."""
