"""Batch norm over a single value: its variance is 0, every example looks the same, and the running variance decays."""

from collections.abc import Iterable, Iterator
from math import prod

from nndl.config.schema import Train
from nndl.net.catalog.norm import Bn, SpatialBn
from nndl.net.shapes import Placed


def lone_examples(train: Train, images: int, placed: Iterable[Placed]) -> Iterator[tuple[Placed, str, str]]:
    """Yield (layer, option, words) of each batch norm that sees one example at a time, where `images` are learnt from.

    Of a spatial one that is no harm where an image has several places; ghosts have their examples to themselves.
    """
    size, rest = train.batch_size, 0 if train.drop_last else images % train.batch_size
    for each in placed:
        layer = each.layer
        if not isinstance(layer, Bn | SpatialBn) or prod(each.in_shape[1:]) > 1:
            continue
        lonely = f"a single example, of which {layer.kind} ({each.path}) cannot take a variance"
        ghost = layer.ghost_batch_size
        if size == 1:
            yield each, "batch_size", f"a batch is {lonely}; batch_size should be 2 or more"
        elif rest == 1:
            batch = f"the last batch ({images:,} = {images // size:,} x {size:,} + 1)"
            cure = "set train.drop_last: true, or another batch_size"
            yield each, "batch_size", f"{batch} is {lonely}; {cure}"
        elif ghost and 1 in (size % ghost, rest % ghost):
            batch = f"of a batch of {size if size % ghost == 1 else rest:,} the last ghost"
            yield each, "ghost_batch_size", f"{batch} is {lonely}; ghost_batch_size should not leave 1 over"
