"""MNIST's files, gzipped or not, under the names that they are published and unpacked by."""

import gzip
import os
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.data.sources.registry import SOURCES
from nndl.data.sources.wanted import Found, Wanted
from nndl.errors import DataError
from nndl.visible import visible_lines

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.integers(0, 256, (50, 28, 28), np.uint8), np.arange(50) % 10


def idx(values: Any) -> bytes:
    """An IDX file of bytes."""
    head = bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape)
    return head + values.astype(np.uint8).tobytes()


def published(folder: Path, packed: bool = True, dot: str = "-") -> Wanted:
    folder.mkdir(parents=True, exist_ok=True)
    for part, values in (("train", (X, Y)), ("t10k", (X[:20], Y[:20]))):
        for what, array in zip((f"images{dot}idx3", f"labels{dot}idx1"), values, strict=True):
            content = idx(array)
            name = f"{part}-{what}-ubyte" + (".gz" if packed else "")
            (folder / name).write_bytes(gzip.compress(content) if packed else content)
    return Wanted(folder)


@pytest.mark.parametrize(("packed", "dot"), [(True, "-"), (False, "-"), (False, ".")])
@pytest.mark.parametrize("place", ["", "FashionMNIST/raw", "raw"])
def test_images_and_labels_are_those_of_the_files(tmp_path: Path, packed: bool, dot: str, place: str) -> None:
    published(tmp_path / place, packed, dot)
    source, wanted = SOURCES["fashion_mnist"], Wanted(tmp_path)
    data = source.load(wanted)
    assert source.survey(wanted) == Found((1, 28, 28), data.classes, 50)
    assert data.classes[:2] == ("T-shirt/top", "Trouser")
    np.testing.assert_array_equal(data.train.images[:, 0], X)
    np.testing.assert_array_equal(data.test.labels, Y[:20])


def test_one_of_the_files_stands_for_their_folder(tmp_path: Path) -> None:
    published(tmp_path / "kmnist")
    wanted = Wanted(tmp_path / "kmnist" / "train-images-idx3-ubyte.gz")
    data = SOURCES["idx"].load(wanted)
    assert (data.name, data.digest) == ("kmnist", SOURCES["idx"].load(Wanted(tmp_path / "kmnist")).digest)


def test_others_of_this_format_are_named_by_their_labels(tmp_path: Path) -> None:
    data = SOURCES["idx"].load(published(tmp_path / "kmnist"))
    assert (data.name, data.classes) == ("kmnist", tuple("0123456789"))
    assert SOURCES["mnist"].load(Wanted(tmp_path / "kmnist", classes=("7", "1"))).train.labels.tolist()[:2] == [1, 0]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("train-images-idx3-ubyte", lambda raw: raw[:-1], "39,200 bytes, and has 39,199 bytes"),
        ("train-images-idx3-ubyte", lambda raw: raw + b"x", "and has more"),
        ("train-images-idx3-ubyte", lambda raw: raw[:9], "is no IDX file of bytes in 3 dimensions"),
        ("train-images-idx3-ubyte", lambda raw: b"\0\0\x0d\3" + raw[4:], "is no IDX file"),
        ("train-labels-idx1-ubyte", lambda _: idx(Y[:49]), r"50 images, and labels \(49,\)"),
        ("train-labels-idx1-ubyte", lambda _: idx(Y + 1), "labels go from 1 to 10, and 10 classes are named"),
        ("train-labels-idx1-ubyte", lambda _: b"\0\0\x08\1\xff\xff\xff\xff", "4,294,967,295 labels; at most"),
        ("train-images-idx3-ubyte", lambda raw: raw[:8] + b"\0\xff\0\0\0\xff\0\0", "images are|no data set"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, name: str, change: Any, words: str) -> None:
    published(tmp_path, packed=False)
    (tmp_path / name).write_bytes(change((tmp_path / name).read_bytes()))
    with pytest.raises(DataError, match=words):
        SOURCES["mnist"].load(Wanted(tmp_path))


def test_a_packed_file_that_is_cut_is_refused(tmp_path: Path) -> None:
    published(tmp_path)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match="is damaged"):
        SOURCES["mnist"].load(Wanted(tmp_path))


@pytest.mark.parametrize("packed", [True, False])
def test_memory_is_taken_for_what_is_there_not_for_what_is_said(tmp_path: Path, packed: bool) -> None:
    published(tmp_path, packed)
    for what, head in (("images-idx3", (10**6, 100, 100)), ("labels-idx1", (10**6,))):
        content = bytes((0, 0, 8, len(head))) + struct.pack(f">{len(head)}I", *head) + b"abc"
        name = f"train-{what}-ubyte" + (".gz" if packed else "")
        (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="10,000,000,000 bytes, and has 3 bytes"):
            SOURCES["mnist"].survey(Wanted(tmp_path))
        assert tracemalloc.get_traced_memory()[1] < 10**8
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(os.name == "nt", reason="no name has a line break there")
def test_a_line_break_in_a_name_begins_no_line_of_its_own(tmp_path: Path) -> None:
    published(tmp_path, packed=False)
    (tmp_path / "train-images-idx3-ubyte").rename(tmp_path / "a\nerror: train-images-idx3-ubyte")
    (tmp_path / "a\nerror: train-images-idx3-ubyte").write_bytes(b"")
    with pytest.raises(DataError) as error:
        SOURCES["mnist"].load(Wanted(tmp_path))
    assert visible_lines(error.value).count("\n") == 0


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no train-images-idx3-ubyte, gzipped \(\.gz\) or not"):
        SOURCES["mnist"].survey(Wanted(tmp_path))
