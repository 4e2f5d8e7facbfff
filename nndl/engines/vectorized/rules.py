"""The rows of layers that run as one step."""

from collections.abc import Sequence

from nndl.engines.shared.ghost import over_whole_batch
from nndl.engines.shared.plain import are_plain
from nndl.engines.vectorized.convolution import lower_conv, lower_conv_bn
from nndl.engines.vectorized.norm import lower_spatial_bn
from nndl.engines.vectorized.pooled_norm import lower_pooled_bn
from nndl.net.catalog.activation import Relu
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import SpatialBn
from nndl.net.catalog.pool import MaxPool
from nndl.net.contract import Rule
from nndl.net.layer import Layer
from nndl.net.shapes import Placed

TAILS: tuple[tuple[type[Layer], ...], ...] = ((Relu, MaxPool), (MaxPool, Relu), (MaxPool,), (Relu,))
"""The layers that may stand behind, longest first."""


def _plain_over_whole_batch(members: Sequence[Placed]) -> bool:
    return are_plain(members) and over_whole_batch(members)


RULES: tuple[Rule, ...] = (
    *(Rule((Conv, SpatialBn, *tail), lower_conv_bn, _plain_over_whole_batch) for tail in (*TAILS, ())),
    *(Rule((Conv, *tail), lower_conv, are_plain) for tail in TAILS),
    *(Rule((SpatialBn, *tail), lower_pooled_bn, are_plain) for tail in TAILS if MaxPool in tail),
    Rule((SpatialBn, Relu), lower_spatial_bn),
)
"""The first that fits wins."""
