"""The vectorised engine: NumPy and BLAS alone, no compiler.

Images lie channels last, blocks of them pass through the cache from one operation to the next, and every operation is
shared out among threads. A layer that is not named here runs by its definition.
"""

from functools import partial

from nndl.engines.shared.dropout import lower_dropout
from nndl.engines.shared.layout import KERNEL_ORDER
from nndl.engines.shared.threads import parallel_for
from nndl.engines.vectorized.activation import LOWERINGS as ACTIVATIONS
from nndl.engines.vectorized.affine import lower_affine
from nndl.engines.vectorized.convolution import lower_conv
from nndl.engines.vectorized.dropout import SlicedDropoutStep
from nndl.engines.vectorized.group_norm import lower_group_norm
from nndl.engines.vectorized.norm import lower_spatial_bn
from nndl.engines.vectorized.pool_steps import (
    lower_avg_pool,
    lower_global_avg_pool,
    lower_global_max_pool,
    lower_max_pool,
)
from nndl.engines.vectorized.prelu import lower_prelu
from nndl.engines.vectorized.rules import RULES
from nndl.engines.vectorized.squeeze_excite import lower_squeeze_excite
from nndl.engines.vectorized.stochastic_depth import lower_stochastic_depth
from nndl.net.catalog.activation import Prelu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import GroupNorm, SpatialBn
from nndl.net.catalog.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from nndl.net.catalog.simple import Dropout, StochasticDepth
from nndl.net.catalog.squeeze_excite import SqueezeExcite
from nndl.net.contract import Engine

VECTORIZED = Engine(
    "vectorized",
    lowerings={
        Conv: lower_conv,
        SpatialBn: lower_spatial_bn,
        GroupNorm: lower_group_norm,
        MaxPool: lower_max_pool,
        AvgPool: lower_avg_pool,
        GlobalMaxPool: lower_global_max_pool,
        GlobalAvgPool: lower_global_avg_pool,
        Affine: lower_affine,
        Dropout: partial(lower_dropout, step=SlicedDropoutStep),
        **ACTIVATIONS,
        Prelu: lower_prelu,
        SqueezeExcite: lower_squeeze_excite,
        StochasticDepth: lower_stochastic_depth,
    },
    rules=RULES,
    param_axes={(Conv, "w"): KERNEL_ORDER},
    share=parallel_for,
)
"""The engine of `engine: vectorized` in a config."""
