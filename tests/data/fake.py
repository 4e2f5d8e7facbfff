"""Small stand-ins for what Toronto publishes: batches, folders and archives of a few images."""

import dataclasses
import hashlib
import io
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from nndl.data.official import RELEASES, Release


def images(count: int, seed: int = 0, classes: int = 10) -> tuple[Any, Any]:
    """Random images uint8 (count, 3, 32, 32) and labels int64 (count,)."""
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (count, 3, 32, 32), np.uint8), random.integers(0, classes, count, np.int64)


def python_batch(pixels: Any, labels: Any, key: str = "labels", protocol: int = 2) -> bytes:
    """A batch in CIFAR's Python format."""
    content = {"batch_label": "a batch", key: labels.tolist(), "data": pixels.reshape(len(pixels), -1)}
    return pickle.dumps(content, protocol=protocol)


def binary_batch(pixels: Any, labels: Any, coarse: bool = False) -> bytes:
    """A batch in CIFAR's binary format; with coarse, a CIFAR-100 record of two labels."""
    columns = [labels[:, None].astype(np.uint8)] * (2 if coarse else 1)
    if coarse:
        columns[0] = columns[0] // 5
    return np.concatenate([*columns, pixels.reshape(len(pixels), -1)], axis=1).tobytes()


def files(release: Release) -> dict[str, bytes]:
    """The contents of every image file of a (small) release, and one of its text files."""
    made = {}
    for number, name in enumerate(release.files):
        pixels, labels = images(release.images_per_file[name], seed=number)
        if release.format == "binary":
            made[name] = binary_batch(pixels, labels, release.dataset == "cifar100")
        else:
            made[name] = python_batch(pixels, labels, "fine_labels" if release.dataset == "cifar100" else "labels")
    return made | {release.texts[0]: b"airplane\n"}


def archive(members: dict[str, bytes], folder: str = "") -> bytes:
    """A .tar.gz holding the members, under a folder where one is named."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(f"{folder}/{name}" if folder else name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def small_release(dataset: str = "cifar10", kind: str = "binary", count: int = 20) -> tuple[Release, bytes]:
    """A release like the official one with count images a file, and the bytes of its archive."""
    official = next(entry for entry in RELEASES if (entry.dataset, entry.format) == (dataset, kind))
    release = dataclasses.replace(official, images_per_file=dict.fromkeys(official.files, count))
    content = files(release)
    packed = archive(content, release.folder)
    sums = {name: hashlib.sha256(content[name]).hexdigest() for name in official.sha256}
    digest = hashlib.new(official.algorithm, packed).hexdigest()
    return dataclasses.replace(release, size=len(packed), digest=digest, sha256=sums, mirrors=()), packed


def write_files(release: Release, folder: Path) -> None:
    """The files of a release in a folder."""
    folder.mkdir(parents=True)
    for name, content in files(release).items():
        (folder / name).write_bytes(content)
