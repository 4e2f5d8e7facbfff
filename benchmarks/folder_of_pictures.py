"""Make a folder of pictures out of CIFAR-10's: five classes, many sizes, formats and modes, as people's folders are.

python -m benchmarks.folder_of_pictures --data /path/to/cifar --root pets --pictures 2000
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nndl.data.cifar import load_cifar

CLASSES = ("cat", "dog", "frog", "horse", "ship")
KINDS = (("jpg", "RGB"), ("png", "RGB"), ("png", "RGBA"), ("webp", "RGB"), ("bmp", "RGB"), ("tif", "RGB"), ("gif", "P"))


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=2000)
    arguments = parser.parse_args()
    write(arguments.root, arguments.data, arguments.pictures)


def write(root: Path, data: Path, pictures: int) -> None:
    """Write so many pictures, a fifth of each class, into the class's folder in `root`."""
    images = load_cifar(data).of_classes(CLASSES).train
    for label, name in enumerate(CLASSES):
        (root / name).mkdir(parents=True, exist_ok=True)
        for number, index in enumerate(np.flatnonzero(images.labels == label)[: pictures // len(CLASSES)]):
            suffix, mode = KINDS[number % len(KINDS)]
            _enlarged(images.images[index], number).convert(mode).save(root / name / f"{number:05}.{suffix}")


def _enlarged(pixels: Any, number: int) -> Any:
    """Scale an image uint8 (3, 32, 32) to a size of its own, wider or higher than a square, with noise at its ends."""
    random = np.random.default_rng(number)
    side, more = (int(size) for size in random.integers((40, 0), (400, 120)))
    picture = Image.fromarray(pixels.transpose(1, 2, 0)).resize((side, side), Image.Resampling.BICUBIC)
    size = (side + more, side) if number % 2 else (side, side + more)
    ground = Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), np.uint8))
    ground.paste(picture, ((size[0] - side) // 2, (size[1] - side) // 2))
    return ground


if __name__ == "__main__":
    main()
