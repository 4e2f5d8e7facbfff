"""The courses' windows, which fast ways know: one group, square, not dilated; pools without padding."""

from collections.abc import Iterable

from nndl.net.contract import Lowering, Site
from nndl.net.shapes import Placed
from nndl.net.steps import lower_by_definition


def are_plain(members: Iterable[Placed | Site]) -> bool:
    """Tell whether all layers in a row are the courses'."""
    return all(each.layer.is_plain() for each in members)


def if_plain(lower: Lowering) -> Lowering:
    """Return `lower` for plain layers, and for others their definition."""
    return lambda site: lower(site) if are_plain(site.row) else lower_by_definition(site)
