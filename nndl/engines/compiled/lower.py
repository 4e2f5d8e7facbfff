"""The lowering of each layer: the compiled kernels' table over the vectorised engine's."""

from functools import partial

from nndl.engines.compiled.activation import lower_activation
from nndl.engines.compiled.affine import lower_affine
from nndl.engines.compiled.convolution import lower_conv
from nndl.engines.compiled.dropout import CompiledDropoutStep
from nndl.engines.compiled.fallback import always, in_float32
from nndl.engines.compiled.group_norm import lower_group_norm
from nndl.engines.compiled.grouped import lower_grouped
from nndl.engines.compiled.kinds import KINDS
from nndl.engines.compiled.norm import lower_norm
from nndl.engines.compiled.pool import (
    counts_in_bytes,
    lower_avg_pool,
    lower_global_max_pool,
    lower_max_pool,
)
from nndl.engines.compiled.rules import rules
from nndl.engines.compiled.update import UPDATES
from nndl.engines.shared.dropout import lower_dropout
from nndl.engines.shared.plain import are_plain
from nndl.engines.vectorized import VECTORIZED
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, GroupNorm, LayerNorm, SpatialBn
from nndl.net.catalog.pool import AvgPool, GlobalMaxPool, MaxPool
from nndl.net.catalog.simple import Dropout
from nndl.net.contract import Engine, Lowered, Site


def lower_any_conv(site: Site, bfloat16: bool) -> Lowered:
    """Lower a convolution that stands alone."""
    return lower_conv(site, bfloat16) if are_plain(site.row) else lower_grouped(site)


def _engine(name: str, bfloat16: bool) -> Engine:
    return Engine(
        name,
        lowerings={
            **VECTORIZED.lowerings,
            Conv: in_float32(partial(lower_any_conv, bfloat16=bfloat16), always),
            Affine: in_float32(partial(lower_affine, bfloat16=bfloat16)),
            **dict.fromkeys((SpatialBn, Bn), in_float32(lower_norm)),
            **dict.fromkeys(KINDS, in_float32(lower_activation)),
            MaxPool: in_float32(lower_max_pool, counts_in_bytes),
            AvgPool: in_float32(lower_avg_pool, always),
            GlobalMaxPool: in_float32(lower_global_max_pool),
            **dict.fromkeys((GroupNorm, LayerNorm), in_float32(lower_group_norm)),
            Dropout: in_float32(partial(lower_dropout, step=CompiledDropoutStep)),
        },
        rules=rules(bfloat16),
        param_axes=VECTORIZED.param_axes,
        updates=UPDATES,
        share=VECTORIZED.share,
    )


COMPILED = _engine("compiled", bfloat16=False)
"""The engine of `engine: compiled` in a config."""

COMPILED_BF16 = _engine("compiled_bf16", bfloat16=True)
"""The engine of `engine: compiled_bf16`: parameters, activations, transforms and sums stay float32, factors of products
are rounded to bfloat16 where that is faster: affine layers, direct convolutions forward, Winograd's both ways."""
