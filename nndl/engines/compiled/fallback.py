"""The vectorised engine for all that the kernels do not do: everything in float64."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from nndl.engines.shared.plain import are_plain
from nndl.engines.vectorized import VECTORIZED
from nndl.net.contract import Lowered, Lowering, Site
from nndl.net.plan import Chain
from nndl.net.steps import lower_by_definition

Accepts = Callable[[Sequence[Site]], bool]
"""Tells whether kernels do the layers in a row."""


def always(row: Sequence[Site]) -> bool:  # noqa: ARG001
    """Accept any options."""
    return True


def in_float32(lower: Lowering, accepts: Accepts = are_plain) -> Lowering:
    """Return `lower` for the rows it accepts, in float32; for others and in float64, the vectorised engine's steps."""

    def chosen(site: Site) -> Lowered:
        return lower(site) if site.dtype == np.float32 and accepts(site.row) else one_by_one(site)

    return chosen


def one_by_one(site: Site) -> Lowered:
    """Lower the members of a group, or a single layer, each by the vectorised engine's lowering."""
    chain = Chain(site.layout)
    takes = site.layout
    for member in site.row:
        here = replace(member, layout=chain.gives if len(member.shape) == 3 else "flat")
        lowered = VECTORIZED.lowerings.get(type(member.layer), lower_by_definition)(here)
        if not chain.steps:  # what stands before the first is converted by the planner, where `nndl summary` shows it
            takes = chain.gives = lowered.takes or takes
        chain.append(lowered, (member.path,), member.shape, member.out_shape)
    return Lowered(chain, takes, chain.gives)
