import dataclasses
from pathlib import Path

import numpy as np
import pytest

from nndl.data import cifar
from nndl.data.official import CLASSES, RELEASES
from nndl.errors import DataError
from tests.data import fake

KINDS = [(release.dataset, release.format) for release in RELEASES]


@pytest.fixture
def release(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[fake.Release, bytes]:
    """A release of a few images which stands as the only one published."""
    small, packed = fake.small_release(*getattr(request, "param", ("cifar10", "binary")))
    monkeypatch.setattr(cifar, "RELEASES", (small,))
    return small, packed


def assert_loaded(data: cifar.Dataset, release: fake.Release) -> None:
    expected = [fake.images(20, seed=number) for number in range(len(release.files))]
    np.testing.assert_array_equal(data.train.images, np.concatenate([pixels for pixels, _ in expected[:-1]]))
    np.testing.assert_array_equal(data.train.labels, np.concatenate([labels for _, labels in expected[:-1]]))
    np.testing.assert_array_equal(data.test.images, expected[-1][0])
    np.testing.assert_array_equal(data.test.labels, expected[-1][1])
    assert data.train.images.flags.c_contiguous
    assert (data.name, data.synthetic, data.classes) == (release.dataset, False, CLASSES[release.dataset])


@pytest.mark.parametrize("release", KINDS, indirect=True)
def test_loads_a_folder_in_root_and_root_itself(release: tuple[fake.Release, bytes], tmp_path: Path) -> None:
    small, _ = release
    fake.write_files(small, tmp_path / small.folder)
    assert_loaded(cifar.load_cifar(tmp_path, small.dataset), small)
    (tmp_path / small.folder).rename(tmp_path / "mine")
    assert_loaded(cifar.load_cifar(tmp_path / "mine", small.dataset), small)


@pytest.mark.parametrize("release", KINDS, indirect=True)
def test_unpacks_an_archive_that_is_there(release: tuple[fake.Release, bytes], tmp_path: Path) -> None:
    small, packed = release
    (tmp_path / small.archive).write_bytes(packed)
    assert_loaded(cifar.load_cifar(tmp_path, small.dataset), small)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([small.archive, small.folder])


@pytest.mark.parametrize("release", [("cifar10", "python"), ("cifar100", "binary")], indirect=True)
def test_the_archive_itself_may_be_named(release: tuple[fake.Release, bytes], tmp_path: Path) -> None:
    small, packed = release
    (tmp_path / small.archive).write_bytes(packed)
    assert_loaded(cifar.load_cifar(tmp_path / small.archive, small.dataset), small)
    (tmp_path / small.archive).write_bytes(b"not read again: what it holds lies beside it")
    assert_loaded(cifar.load_cifar(tmp_path / small.archive, small.dataset), small)


@pytest.mark.parametrize("release", [("cifar10", "python"), ("cifar100", "python")], indirect=True)
@pytest.mark.parametrize("name", ["{}.tar.gz", "{}_archive", "{}-target_archive"])
def test_the_archive_may_have_the_name_keras_gives_it(
    release: tuple[fake.Release, bytes], tmp_path: Path, name: str
) -> None:
    small, packed = release
    (tmp_path / name.format(small.folder)).write_bytes(packed)
    assert_loaded(cifar.load_cifar(tmp_path, small.dataset), small)
    assert_loaded(cifar.load_cifar(tmp_path / name.format(small.folder), small.dataset), small)


@pytest.mark.parametrize("release", [("cifar10", "python")], indirect=True)
@pytest.mark.parametrize("inside", ["{0}", "{0}/{0}", "{0}-target/{0}"])
def test_keras_cache_is_read_and_so_is_each_folder_in_it(
    release: tuple[fake.Release, bytes], tmp_path: Path, inside: str
) -> None:
    small, _ = release
    folder = tmp_path / inside.format(small.folder)
    folder.parent.mkdir(exist_ok=True)
    fake.write_files(small, folder)
    for root in {tmp_path, folder.parent, folder}:
        assert_loaded(cifar.load_cifar(root), small)


def test_another_file_than_an_archive_of_the_data_set_is_told(tmp_path: Path) -> None:
    for name, words in (
        ("images.zip", "is a file, and none of the archives by its name: cifar-10-binary.tar.gz or cifar-10-python"),
        ("cifar-100-python.tar.gz", "is an archive of cifar100, and data.dataset is cifar10"),
    ):
        (tmp_path / name).write_bytes(b"x")
        with pytest.raises(DataError, match=words):
            cifar.load_cifar(tmp_path / name)


def test_a_relative_folder_is_told_with_where_that_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        cifar.load_cifar(Path("not/../images"))
    assert f"is not in not/../images (from here {tmp_path.resolve() / 'images'}): no " in str(caught.value)
    assert "--data FOLDER says where" in str(caught.value)


def test_an_archive_completes_a_folder_with_files_missing(release: tuple[fake.Release, bytes], tmp_path: Path) -> None:
    small, packed = release
    fake.write_files(small, tmp_path / small.folder)
    (tmp_path / small.folder / "data_batch_3.bin").unlink()
    with pytest.raises(DataError, match=r"data_batch_3.bin missing; .* nndl download-cifar --root .* --verify"):
        cifar.load_cifar(tmp_path)
    (tmp_path / small.archive).write_bytes(packed)
    assert_loaded(cifar.load_cifar(tmp_path), small)


def test_nothing_there_names_the_ways_on_that_there_are(tmp_path: Path) -> None:
    def answer(dataset: str) -> str:
        with pytest.raises(DataError) as caught:
            cifar.load_cifar(tmp_path, dataset)
        return str(caught.value)

    assert f"nndl download-cifar --dataset cifar100 --root {tmp_path}" in answer("cifar100")
    assert "nndl train CONFIG --synthetic" in answer("cifar10")
    assert "--synthetic" not in answer("cifar100")  # of generated images there are ten classes


def test_unknown_data_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'cifar11' is not known; there are: cifar10, cifar100"):
        cifar.load_cifar(tmp_path, "cifar11")


def test_truncated_file_names_both_sizes(release: tuple[fake.Release, bytes], tmp_path: Path) -> None:
    small, _ = release
    fake.write_files(small, tmp_path / small.folder)
    path = tmp_path / small.folder / "data_batch_2.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"data_batch_2.bin: 61,459 bytes, but 61,460 expected"):
        cifar.load_cifar(tmp_path)


@pytest.mark.parametrize("release", [("cifar10", "python")], indirect=True)
def test_too_few_images_in_a_python_batch(release: tuple[fake.Release, bytes], tmp_path: Path) -> None:
    small, _ = release
    fake.write_files(small, tmp_path / small.folder)
    (tmp_path / small.folder / "test_batch").write_bytes(fake.python_batch(*fake.images(19)))
    with pytest.raises(DataError, match=r"test_batch: 19 images, but 20 expected; .* --format python .*--verify"):
        cifar.load_cifar(tmp_path)


def test_label_out_of_range(release: tuple[fake.Release, bytes], tmp_path: Path) -> None:
    small, _ = release
    fake.write_files(small, tmp_path / small.folder)
    pixels, labels = fake.images(20)
    (tmp_path / small.folder / small.test).write_bytes(fake.binary_batch(pixels, np.where(labels == 3, 10, labels)))
    with pytest.raises(DataError, match=r"labels from \d to 10, but there are 10 classes"):
        cifar.load_cifar(tmp_path)


def test_digest_is_of_images_and_labels() -> None:
    train, test = cifar.Images(*fake.images(3)), cifar.Images(*fake.images(2, seed=1))
    data = cifar.Dataset("some", train, test, ("a",) * 10, synthetic=False)
    assert len(data.digest) == 64
    assert data.digest == dataclasses.replace(data, name="other").digest
    assert data.digest != dataclasses.replace(data, train=cifar.Images(train.images, 9 - train.labels)).digest
    assert data.digest != dataclasses.replace(data, test=cifar.Images(test.images[::-1].copy(), test.labels)).digest


def test_images_of_another_kind_are_refused() -> None:
    pixels, labels = fake.images(3)
    with pytest.raises(DataError, match="uint8"):
        cifar.Images(pixels.astype(np.float32), labels)
    with pytest.raises(DataError, match="labels are int64"):
        cifar.Images(pixels, labels[:2])
    with pytest.raises(DataError, match="labels are int64"):
        cifar.Images(pixels, labels.astype(np.uint8))


def test_there_are_a_hundred_classes() -> None:
    assert [len(set(names)) for names in CLASSES.values()] == [10, 100]
    assert list(CLASSES["cifar100"]) == sorted(CLASSES["cifar100"])
