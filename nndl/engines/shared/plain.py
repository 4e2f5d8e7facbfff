"""The courses' windows, which fast ways know: one group, square, not dilated; pools without padding."""

from collections.abc import Iterable

from nndl.net.contract import Site
from nndl.net.shapes import Placed


def are_plain(members: Iterable[Placed | Site]) -> bool:
    """Tell whether all layers in a row are the courses'."""
    return all(each.layer.is_plain() for each in members)
