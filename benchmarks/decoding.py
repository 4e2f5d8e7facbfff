"""Pictures decoded and scaled on one core and on all: python -m benchmarks.decoding

Makes 5,000 JPEG and PNG files of 160 to 320 pixels, and reads them in turns of 250 on one core and on all this process
may use, so that both meet the same load of the machine. Linux only: it says itself on which cores it may run.
"""

import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from PIL import Image

from nndl.data.sources.decoding import Named, decoded, read_plain

PICTURES, TURN, SHAPE = 5000, 250, (3, 64, 64)


def drawn(folder: Path) -> list[Path]:
    """Write pictures of blurred noise, a half of each format."""
    random = np.random.default_rng(0)
    paths = []
    for number in range(PICTURES):
        height, width = random.integers(160, 320, 2)
        rough = Image.fromarray(random.integers(0, 256, (16, 16, 3), np.uint8))
        paths.append(folder / f"{number:04}.{('jpg', 'png')[number % 2]}")
        rough.resize((int(width), int(height)), Image.Resampling.BICUBIC).save(paths[-1])
    return paths


def seconds(paths: list[Path], cores: set[int]) -> float:
    """Read pictures on these cores, and return the time it took."""
    os.sched_setaffinity(0, cores)
    start = perf_counter()
    for _ in decoded((Named(str(path), 0, partial(read_plain, path)) for path in paths), SHAPE, "crop"):
        pass
    return perf_counter() - start


def turns(paths: list[Path]) -> Iterator[tuple[float, float]]:
    """Yield the time of each turn on one core and on all; which comes first changes."""
    every = os.sched_getaffinity(0)
    for number, start in enumerate(range(0, len(paths), TURN)):
        part, ways = paths[start : start + TURN], ({min(every)}, every)
        took = {len(cores): seconds(part, cores) for cores in (ways if number % 2 else ways[::-1])}
        yield took[1], took[len(every)]
    os.sched_setaffinity(0, every)


def main() -> None:
    """Print pictures a second on one core and on all, and the median of the turns' ratios."""
    with tempfile.TemporaryDirectory() as folder:
        paths = drawn(Path(folder))
        took = list(turns(paths))
    one, every = (len(paths) / sum(times) for times in zip(*took, strict=True))
    ratio = median(alone / shared for alone, shared in took)
    print(f"one core {one:,.0f} pictures a second, {os.cpu_count()} cores {every:,.0f}: {ratio:.2f} times as many")


if __name__ == "__main__":
    main()
