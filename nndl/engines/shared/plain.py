"""The courses' windows, which fast ways know: one group, square, not dilated; pools without padding."""

from collections.abc import Iterable

from nndl.net.catalog.conv import Conv
from nndl.net.catalog.pool import AvgPool, MaxPool
from nndl.net.contract import Lowering, Site
from nndl.net.shapes import Placed
from nndl.net.steps import lower_by_definition


def are_plain(members: Iterable[Placed | Site]) -> bool:
    """Tell whether all convolutions and pools in a row are the courses'."""
    return all(each.layer.is_plain() for each in members if isinstance(each.layer, Conv | MaxPool | AvgPool))


def if_plain(lower: Lowering) -> Lowering:
    """Return `lower` for plain layers, and for others their definition."""
    return lambda site: lower(site) if are_plain(site.row) else lower_by_definition(site)
