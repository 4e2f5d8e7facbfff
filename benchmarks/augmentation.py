"""The cost of augmentation: `python -m benchmarks.augmentation`, in a minute.

Processor time of one thread for each kind, in batches of 128 images of 3 x 32 x 32, which hardly depends on what else
is going on. Batches are made ahead by a thread of their own, so that training waits for them only where they take
longer than its steps; on cores that are all busy they take what they cost, told as a share of W1's and W2's images.
"""

import argparse
from collections.abc import Callable
from time import thread_time

import numpy as np

from nndl.data.augment import TRANSFORMS, Transform
from nndl.data.augment.mixing import MIXES, Mixing
from nndl.net.types import Array

BATCH = 128
WORKLOADS = {"W1": 6809, "W2": 239}
"""Images a second of whole steps on two cores, compiled, as docs/engines.md has them."""
CORES = 2
OPTIONS = {
    "affine": {"degrees": 15.0, "translate": 0.1, "scale": (0.9, 1.1), "shear": 10.0},
    "color_jitter": {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2},
}


def examples() -> list[tuple[str, Callable[[int], object]]]:
    """Return each kind with what does it to all images of a batch, in an epoch."""
    images = np.random.default_rng(0).integers(0, 256, (BATCH + 1, 3, 32, 32), np.uint8)
    index, floats = np.arange(BATCH), images.astype(np.float32)

    def augment(transform: Transform) -> Callable[[int], object]:
        return lambda epoch: transform.apply(images[:BATCH], index, epoch, 0)

    def mix(mixing: Mixing, labels: Array) -> Callable[[int], object]:
        def mixed(epoch: int) -> None:
            mixing.images(floats[:-1], floats[1:], index, epoch, 0)
            mixing.targets(labels, labels, mixing.shares(index, epoch, 0, (32, 32)))

        return mixed

    always = {name: {"probability": 1.0} if name != "alternating_flip" else {} for name in TRANSFORMS}
    made = [(name, augment(kind(**always[name], **OPTIONS.get(name, {})))) for name, kind in TRANSFORMS.items()]
    return made + [(name, mix(Mixing((kind(),), 10), index % 10)) for name, kind in MIXES.items()]


def microseconds(work: Callable[[int], object], turns: int) -> float:
    """Return the least processor time for an image, of `turns` batches."""
    found = []
    for epoch in range(turns):
        began = thread_time()
        work(epoch)
        found.append(thread_time() - began)
    return 1e6 * min(found) / BATCH


def main() -> None:
    """Measure, and print a table as docs/augmentation.md has it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=40, help="batches of each kind")
    turns = parser.parse_args().turns
    print(f"| in all images | images/s of a thread | {' | '.join(f'of {name}' for name in WORKLOADS)} |\n|-|-|-|-|")
    for name, work in examples():
        cost = microseconds(work, turns)
        shares = " | ".join(f"{100 * cost * pace / 1e6 / CORES:.2g} %" for pace in WORKLOADS.values())
        print(f"| `{name}` | {round(1e6 / cost, -2):,.0f} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
