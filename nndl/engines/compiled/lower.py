"""How each layer is lowered: the compiled kernels' table over the vectorised engine's."""

from nndl.engines.compiled.activation import lower_activation
from nndl.engines.compiled.affine import lower_affine
from nndl.engines.compiled.convolution import lower_conv
from nndl.engines.compiled.fallback import in_float32
from nndl.engines.compiled.norm import lower_norm
from nndl.engines.compiled.rules import RULES
from nndl.engines.vectorized import VECTORIZED
from nndl.net.catalog.activation import Gelu, Relu, Silu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, SpatialBn
from nndl.net.contract import Engine

COMPILED = Engine(
    "compiled",
    lowerings={
        **VECTORIZED.lowerings,
        Conv: in_float32(lower_conv),
        Affine: in_float32(lower_affine),
        **dict.fromkeys((SpatialBn, Bn), in_float32(lower_norm)),
        **dict.fromkeys((Relu, Gelu, Silu), in_float32(lower_activation)),
    },
    rules=RULES,
    param_axes=VECTORIZED.param_axes,
    share=VECTORIZED.share,
)
"""What `engine: compiled` in a config means."""
