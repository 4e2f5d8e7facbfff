"""Pictures that are there twice: byte for byte, or nearly, as after scaling, another compression or a little light."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = tuple[int, int]

ROWS, COLUMNS = 8, 9
"""Fields of a thumbnail: each is brighter than the one at its left, or not, which makes 64 bits."""
MOST_BITS = 4
"""Bits in which near duplicates may differ."""
MOST_DIFFERENCE = 8.0
"""Levels of 255 by which their fields may differ, in the mean."""
_BANDS = MOST_BITS + 1  # of the bits: in one of them at least two that are near agree
_MOST_ALIKE = 1000  # pictures that agree in a band; more are of one colour, or drawings on white
_LUMA = np.array([0.299, 0.587, 0.114])


def thumbnails(images: Array) -> Array:
    """Return the mean brightness of 8 x 9 fields, float32 (N, 8, 9), of images uint8 (N, C, H, W)."""
    _, channels, height, width = images.shape
    luma = _LUMA if channels == 3 else np.ones(1)
    rows, columns = _averaging(ROWS, height), _averaging(COLUMNS, width)
    return np.einsum("rh,nchw,qw,c->nrq", rows, images, columns, luma, optimize=True).astype(np.float32)


def _averaging(fields: int, pixels: int) -> Array:
    """Return the weights (fields, pixels) of the pixels in each field's mean, those at its edge in part."""
    edges = np.linspace(0, pixels, fields + 1)
    at = np.arange(pixels)
    overlap = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
    return overlap.clip(0) * fields / pixels


def difference_hash(thumbs: Array) -> Array:
    """Return 64 bits for each thumbnail (N, 8, 9), uint64 (N,): where a field is brighter than the one at its left."""
    levels = np.rint(thumbs)
    bits = (levels[:, :, 1:] > levels[:, :, :-1]).reshape(len(thumbs), ROWS * (COLUMNS - 1))
    return np.ascontiguousarray(np.packbits(bits, axis=1)).view(">u8").astype(np.uint64)[:, 0]


def exact_pairs(digests: Sequence[bytes]) -> list[Pair]:
    """Return each picture that is there before, with the first of its kind."""
    first: dict[bytes, int] = {}
    numbers = enumerate(digests)
    return [(first[digest], number) for number, digest in numbers if first.setdefault(digest, number) != number]


def near_pairs(thumbs: Array) -> list[Pair]:
    """Return the pairs whose thumbnails (N, 8, 9) nearly agree, in bits and brightness; those of one colour aside."""
    hashes = difference_hash(thumbs)
    found = set[Pair]()
    for one, other in _candidates(hashes):
        bits = int(hashes[one] ^ hashes[other]).bit_count()
        if bits <= MOST_BITS and np.abs(thumbs[one] - thumbs[other]).mean() <= MOST_DIFFERENCE:
            found.add((one, other))
    return sorted(found)


def _candidates(hashes: Array) -> Iterator[Pair]:
    """Yield pairs that agree in one band of their bits."""
    edges = [64 * band // _BANDS for band in range(_BANDS + 1)]
    for low, high in pairwise(edges):
        alike = defaultdict[int, list[int]](list)
        for number, value in enumerate(hashes.tolist()):
            if value:
                alike[value >> low & (1 << high - low) - 1].append(number)
        for numbers in alike.values():
            if len(numbers) <= _MOST_ALIKE:
                yield from combinations(numbers, 2)
