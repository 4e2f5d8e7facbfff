"""Batch norm over a single value: its variance is 0, every example looks the same, and the running variance decays."""

from collections.abc import Iterable, Iterator
from math import prod

from nndl.config.schema import Train
from nndl.net.catalog.norm import Bn, SpatialBn
from nndl.net.shapes import Placed
from nndl.train.sharded.cut import Cut


def lone_examples(train: Train, images: int, placed: Iterable[Placed]) -> Iterator[tuple[Placed, str, str]]:
    """Yield (layer, option, words) of each batch norm that sees one example at a time, where `images` are learnt from.

    Of a spatial one that is no harm where an image has several places; ghosts and shards have their examples to
    themselves, and a shard its ghosts.
    """
    size, rest = train.step_size, 0 if train.drop_last else images % train.step_size
    batches = "shard" if train.shards else "batch"
    for each in placed:
        layer = each.layer
        if not isinstance(layer, Bn | SpatialBn) or prod(each.in_shape[1:]) > 1:
            continue
        sees_shards = train.parts and (train.shard_statistics == "shard" or layer.ghost_batch_size)
        shard = Cut(size, train.parts or 1).size if sees_shards else None
        lonely = f"a single example, of which {layer.kind} ({each.path}) cannot take a variance"
        if size == 1:
            yield each, "batch_size", f"a batch is {lonely}; batch_size should be 2 or more"
        elif rest == 1:
            batch = f"the last batch ({images:,} = {images // size:,} x {size:,} + 1)"
            cure = "set train.drop_last: true, or another batch_size"
            yield each, "batch_size", f"{batch} is {lonely}; {cure}"
        elif shard and (lone := _with_one_over(shard, size, rest)):
            option, fewer = ("shards", "fewer train.shards") if train.shards else ("batch_size", "another batch_size")
            whole = "batch" if not train.accumulate else "step"
            words = f"of a {whole} of {lone:,} a {batches} is {lonely}"
            yield each, option, f"{words}; take {fewer}, or set train.drop_last: true"
        elif (ghost := layer.ghost_batch_size) and (lone := _with_one_over(ghost, *_sizes(shard, size, rest))):
            whole = "batch" if shard is None else batches
            words = f"of a {whole} of {lone:,} the last ghost is {lonely}; ghost_batch_size should not leave 1 over"
            yield each, "ghost_batch_size", words


def _with_one_over(part: int, *sizes: int) -> int | None:
    """Find the first of the sizes that parts of `part` leave 1 of, or that are parts of 1."""
    return next((size for size in sizes if size and (size % part == 1 or part == 1)), None)


def _sizes(shard: int | None, *batches: int) -> list[int]:
    """List the sizes of what a batch norm is given, for batches of these sizes."""
    if shard is None:
        return list(batches)
    return [each for size in batches for each in (min(shard, size), size % shard) if each]
