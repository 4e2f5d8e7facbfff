"""The rows of layers that run as one compiled step. All policy is here: what the kernels take, and what pays."""

from collections.abc import Sequence
from functools import partial

from nndl.engines.compiled.affine import lower_affine
from nndl.engines.compiled.conv_norm import lower_conv_norm
from nndl.engines.compiled.convolution import lower_conv
from nndl.engines.compiled.fallback import in_float32
from nndl.engines.compiled.group_norm import lower_group_norm
from nndl.engines.compiled.kinds import KINDS
from nndl.engines.compiled.norm import lower_norm
from nndl.engines.shared.ghost import over_whole_batch
from nndl.engines.shared.plain import are_plain
from nndl.net.catalog.activation import Gelu, LeakyRelu, Relu, Silu
from nndl.net.catalog.affine import Affine
from nndl.net.catalog.conv import Conv
from nndl.net.catalog.norm import Bn, GroupNorm, LayerNorm, SpatialBn
from nndl.net.catalog.pool import MaxPool
from nndl.net.contract import Lowering, Rule
from nndl.net.layer import Layer
from nndl.net.shapes import Placed

LARGEST_POOL = 15
"""The place of a maximum in its window is kept in a byte."""

CUT_AND_POOL: tuple[tuple[type[Layer], ...], ...] = ((Relu, MaxPool), (MaxPool, Relu), (MaxPool,), (Relu,))
"""The layers behind a convolution or its batch norm: a ReLU keeps the order of numbers, so pooling can go first."""

LEAK_AND_POOL: tuple[tuple[type[Layer], ...], ...] = ((LeakyRelu, MaxPool), (MaxPool, LeakyRelu))
"""The same with a leaky ReLU, behind a batch norm."""


def windows_touch(members: Sequence[Placed]) -> bool:
    """Accept pooling windows side by side, if any: each number belongs to one; and nothing that is not plain."""
    pools = [placed.layer.window for placed in members if isinstance(placed.layer, MaxPool)]
    return are_plain(members) and all(pool.size == pool.stride and pool.size[0] <= LARGEST_POOL for pool in pools)


def fuses(members: Sequence[Placed]) -> bool:
    """Accept windows side by side, and no ghosts: a convolution adds up the statistics of the whole batch."""
    return windows_touch(members) and over_whole_batch(members)


def _rule(pattern: tuple[type[Layer], ...], lower: Lowering) -> Rule:
    return Rule(pattern, in_float32(lower), fuses if Conv in pattern else windows_touch)


OFTEN: tuple[type[Layer], ...] = (Relu, Gelu, Silu, LeakyRelu)
"""The activations that run as one with whatever batch norm is before them; the others behind a spatial one."""


def rules(bfloat16: bool = False) -> tuple[Rule, ...]:
    """List the rules; the first that fits wins. With bfloat16, affine and convolutional steps round factors."""
    conv_norm, conv, affine = (
        partial(lower, bfloat16=bfloat16) for lower in (lower_conv_norm, lower_conv, lower_affine)
    )
    return (
        *(_rule((Conv, MaxPool, SpatialBn, activation), conv_norm) for activation in OFTEN),
        _rule((Conv, MaxPool, SpatialBn), conv_norm),
        *(_rule((Conv, SpatialBn, *tail), conv_norm) for tail in (*LEAK_AND_POOL, *CUT_AND_POOL)),
        *(_rule((Conv, SpatialBn, activation), conv_norm) for activation in KINDS if activation is not Relu),
        _rule((Conv, SpatialBn), conv_norm),
        *(_rule((Conv, *tail), conv) for tail in CUT_AND_POOL),
        *(_rule((SpatialBn, activation), lower_norm) for activation in KINDS),
        *(_rule((Bn, activation), lower_norm) for activation in OFTEN),
        *(_rule((norm, activation), lower_group_norm) for norm in (GroupNorm, LayerNorm) for activation in OFTEN),
        _rule((Affine, Relu), affine),
    )
