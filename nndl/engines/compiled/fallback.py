"""What the kernels do not do, the vectorised engine does: everything in float64."""

from dataclasses import replace

import numpy as np

from nndl.engines.vectorized import VECTORIZED
from nndl.net.contract import Lowered, Lowering, Site, Step
from nndl.net.plan import Chain, PlannedStep
from nndl.net.steps import ConvertStep, lower_by_definition
from nndl.net.types import Layout


def in_float32(lower: Lowering) -> Lowering:
    """`lower` for networks in float32; in float64, the vectorised engine's steps one by one."""

    def chosen(site: Site) -> Lowered:
        return lower(site) if site.dtype == np.float32 else one_by_one(site)

    return chosen


def one_by_one(site: Site) -> Lowered:
    """The members of a group, or a single layer, each by the vectorised engine's lowering."""
    members = site.members or (site,)
    chain, layout, takes = Chain(), site.layout, None
    for member in members:
        here = replace(member, layout=layout if len(member.shape) == 3 else "flat")
        step, wanted, gives = VECTORIZED.lowerings.get(type(member.layer), lower_by_definition)(here)
        if not chain.steps:
            takes = wanted
        elif wanted is not None and wanted != layout:
            chain.steps.append(_planned(ConvertStep(layout, wanted), f"to {wanted}", member, wanted))
        chain.steps.append(_planned(step, member.path, member, gives))
        layout = gives
    return Lowered(chain, takes, layout)


def _planned(step: Step, path: str, site: Site, gives: Layout) -> PlannedStep:
    return PlannedStep(step, (path,), site.shape, site.out_shape, gives)
