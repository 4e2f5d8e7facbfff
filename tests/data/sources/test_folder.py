"""A folder of pictures becomes a data set: bytes of one size, kept in a cache that is checked."""

import errno
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.data.pictures import decode_picture
from nndl.data.sources import building, cache, folder, idx, npz
from nndl.data.sources.folder import load, survey
from nndl.data.sources.telling import shown_by
from nndl.data.sources.wanted import Found, Wanted
from nndl.errors import DataError
from tests.data.sources.drawn import COLOURS, fill, touch


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Three classes, of 14, 7 and 7 pictures."""
    return fill(tmp_path / "pets", {"cat": 14, "dog": 7, "owl": 7})


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of pictures that were decoded, each time that some were."""
    made: list[int] = []
    real = building.decoded

    def counted(pictures: Any, *rest: Any) -> Any:
        pictures = list(pictures)
        made.append(len(pictures))
        return real(pictures, *rest)

    monkeypatch.setattr(building, "decoded", counted)
    return made


def test_what_is_found_is_what_is_read(pets: Path) -> None:
    for wanted in (Wanted(pets), Wanted(pets, (16, 24), 1, classes=("owl", "cat"))):
        found, data = survey(wanted), load(wanted)
        assert found == Found(data.train.shape, data.classes, len(data.train))
    assert found == Found((1, 16, 24), ("owl", "cat"), 17)
    assert (data.name, data.synthetic, len(data.test)) == ("pets", False, 4)


@pytest.mark.parametrize("fit", ["crop", "squeeze"])
def test_every_picture_is_as_one_alone_is_read(pets: Path, fit: Any) -> None:
    data = load(Wanted(pets, (20, 28), fit=fit))
    tree = folder.read_tree(Wanted(pets))
    for part, pictures in ((data.train, tree.train), (data.test, tree.test)):
        assert part.labels.tolist() == [picture.label for picture in pictures]
        for pixels, picture in zip(part.images, pictures, strict=True):
            alone = decode_picture(picture.path.read_bytes(), "x", (3, 20, 28), fit)
            np.testing.assert_array_equal(pixels, alone)


def test_colours_are_where_they_belong(pets: Path) -> None:
    data = load(Wanted(pets, (16, 16)))
    for label, name in enumerate(data.classes):
        mean = data.train.images[data.train.labels == label].mean(axis=(0, 2, 3))
        np.testing.assert_allclose(mean, COLOURS[name], atol=6)


def test_it_is_read_once_until_the_folder_changes(pets: Path, decodings: list[int]) -> None:
    first = load(Wanted(pets, (8, 8)))
    assert load(Wanted(pets, (8, 8))).digest == first.digest
    assert sum(decodings) == 28
    touch(pets / "cat" / "000.png")
    assert load(Wanted(pets, (8, 8))).digest == first.digest
    assert sum(decodings) == 56
    shutil.copy(pets / "cat" / "000.png", pets / "dog" / "new.png")
    assert len(load(Wanted(pets, (8, 8))).train) == len(first.train) + 1
    (pets / "dog" / "new.png").unlink()
    assert load(Wanted(pets, (8, 8))).digest == first.digest
    assert load(Wanted(pets, (9, 8))).train.shape == (3, 9, 8)


@pytest.mark.parametrize("damage", ["flip", "cut", "labels", "about", "version"])
def test_a_damaged_cache_is_made_anew(pets: Path, caches: Path, decodings: list[int], damage: str) -> None:
    first = load(Wanted(pets, (8, 8)))
    (place,) = [path for path in caches.iterdir() if path.is_dir()]
    name = {"labels": "labels.i64", "about": "about.json", "version": "about.json"}.get(damage, "images.u8")
    content = bytearray((place / name).read_bytes())
    if damage == "version":
        content = bytearray(bytes(content).replace(b'"version": 1', b'"version": 0'))
    elif damage == "cut":
        del content[-1]
    else:
        content[len(content) // 2] ^= 1
    (place / name).write_bytes(bytes(content))
    assert load(Wanted(pets, (8, 8))).digest == first.digest
    assert sum(decodings) == 56
    assert [path.name for path in caches.iterdir()] == [place.name]


def test_a_large_cache_is_mapped_and_the_same(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(Wanted(pets, (8, 8)))
    monkeypatch.setattr(cache, "IN_MEMORY", 100)
    mapped = load(Wanted(pets, (8, 8)))
    assert isinstance(mapped.train.images.base.base if mapped.train.images.base is not None else None, np.memmap | None)
    assert not mapped.train.images.flags.writeable
    assert mapped.digest == first.digest
    assert type(mapped.train.images[[0, 1]]) is np.ndarray


def spoil(pets: Path) -> list[Path]:
    """Damage pictures in three ways."""
    cut, words, link = pets / "cat" / "001.jpg", pets / "dog" / "x.png", pets / "owl" / "l.png"
    cut.write_bytes(cut.read_bytes()[:300])
    words.write_text("no picture")
    if os.name == "nt":
        return [cut, words]
    link.symlink_to(pets / "cat" / "000.png")
    return [cut, words, link]


def test_damaged_pictures_are_named_all_at_once(pets: Path, caches: Path) -> None:
    damaged = spoil(pets)
    with pytest.raises(DataError) as told:
        load(Wanted(pets, (8, 8)))
    words = str(told.value)
    assert f"{len(damaged)} pictures of {pets} cannot be read:" in words
    assert all(f"\n  {path} " in words for path in damaged)
    assert words.endswith("remove or mend them, or leave them out with data.damaged: skip")
    assert list(caches.iterdir()) == []


def test_or_they_are_skipped(pets: Path) -> None:
    damaged = spoil(pets)
    before = survey(Wanted(pets)).train
    data = load(Wanted(pets, (8, 8), skip_damaged=True))
    assert len(data.train) + len(data.test) == 28 - 1
    assert before - len(damaged) <= len(data.train) <= before
    assert load(Wanted(pets, (8, 8), skip_damaged=True)).digest == data.digest


def test_a_class_of_which_nothing_is_whole_is_told(tmp_path: Path) -> None:
    root = fill(tmp_path / "pets", {"cat": 4, "dog": 2})
    for path in (root / "dog").iterdir():
        path.write_text("no picture")
    with pytest.raises(DataError, match=r"no picture of dog to train on is whole\n.*cannot be read"):
        load(Wanted(root, (8, 8), skip_damaged=True))


def test_a_class_that_goes_while_the_folder_is_read_is_a_change_too(
    pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = building.decoded

    def meanwhile(*given: Any) -> Iterator[Any]:
        yield from list(real(*given))
        if (pets / "dog").exists():
            (pets / "dog").rename(pets.parent / "gone")

    monkeypatch.setattr(building, "decoded", meanwhile)
    with pytest.raises(DataError, match="changed while its pictures were read; give the command again"):
        load(Wanted(pets, skip_damaged=True, classes=("cat", "dog")))


def test_a_folder_that_changes_while_it_is_read_is_refused(
    pets: Path, caches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = building.decoded

    def meanwhile(*given: Any) -> Iterator[Any]:
        for number, each in enumerate(real(*given)):
            if number == 3:
                fill(pets, {"dog": 1}, first=90)
            yield each

    monkeypatch.setattr(building, "decoded", meanwhile)
    with pytest.raises(DataError, match="changed while its pictures were read; give the command again"):
        load(Wanted(pets, (8, 8)))
    assert list(caches.iterdir()) == []


@pytest.mark.parametrize("when", ["before", "while"])
def test_a_full_disk_is_told_and_nothing_is_left(
    pets: Path, caches: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    if when == "before":
        monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    else:

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(cache, "sync", full)
    with pytest.raises(
        DataError,
        match=r"the disk is full: 28 images of 3 x 8 x 8 take 1 MiB, and 64 MiB are left free; NNDL_CACHE=FOLDER",
    ):
        load(Wanted(pets, (8, 8)))
    assert list(caches.iterdir()) == []


def test_a_full_disk_is_told_with_the_caches_that_take_it(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for has_caches in (False, True):
        with monkeypatch.context() as patch:
            patch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000}))
            with pytest.raises(DataError, match="the disk is full") as caught:
                load(Wanted(pets, (8, 8)))
        assert ("of the caches there, nndl data cache --clean 30 removes" in str(caught.value)) == has_caches
        load(Wanted(pets, (9, 9)))


def test_a_cache_that_cannot_be_written_is_told(pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NNDL_CACHE", str(tmp_path / "file" / "caches"))
    with pytest.raises(DataError, match=r"cannot be written: .*NNDL_CACHE=FOLDER names another"):
        load(Wanted(pets, (8, 8)))


def test_two_that_want_it_at_once_read_it_once(pets: Path, decodings: list[int]) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: load(Wanted(pets, (8, 8))), range(2))
    assert one.digest == other.digest
    assert sum(decodings) == 28


def test_what_a_killed_process_left_is_swept(pets: Path, caches: Path) -> None:
    load(Wanted(pets, (8, 8)))
    (place,) = [path for path in caches.iterdir() if path.is_dir()]
    left = caches / f".{place.name}.killed"
    left.mkdir()
    (left / "images.u8").write_bytes(b"half")
    touch(pets / "cat" / "000.png")
    load(Wanted(pets, (8, 8)))
    assert [path.name for path in caches.iterdir()] == [place.name]


def test_progress_is_shown_where_somebody_asked_for_it(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    class Told:
        def start(self, description: str, total: int | None, done: int = 0) -> None:  # noqa: ARG002
            told.append((description, total))

        def advance(self, count: int) -> None:
            told.append(count)

        def note(self, words: str) -> None:
            told.append(words)

    @contextmanager
    def show() -> Iterator[Told]:
        yield Told()
        told.append("closed")

    with shown_by(show):
        load(Wanted(pets, (8, 8)))
        assert told == [(f"reading {pets}", 28), *[1] * 28, "closed"]
        load(Wanted(pets, (8, 8)))
        assert len(told) == 30
        (pets / "cat" / "x.png").write_text("no picture")
        load(Wanted(pets, (8, 8), skip_damaged=True))
    assert told[-1] == "closed"
    assert told[-2].startswith("note: left out, since they cannot be read:")
    assert str(pets / "cat" / "x.png") in told[-2]
    monkeypatch.setattr(building, "MUCH", 1000)
    with shown_by(show):
        load(Wanted(pets, (8, 9), skip_damaged=True))
    assert told[-3].startswith("note: caches of pictures take 0.0 GB; nndl data cache --clean 30 removes")


def test_a_folder_spelled_differently_is_not_read_again(
    pets: Path, decodings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(Wanted(pets, (8, 8)))
    for here, spelled in ((pets.parent, "pets"), (pets, "."), (pets / "cat", "..")):
        monkeypatch.chdir(here)
        assert load(Wanted(Path(spelled), (8, 8))).digest == first.digest
    assert sum(decodings) == 28


@pytest.mark.skipif(os.name == "nt", reason="links need rights")
@pytest.mark.parametrize("read", [survey, load, npz.load, partial(idx.load, kind="mnist")])
def test_a_link_that_leads_in_a_circle_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Any
) -> None:
    (tmp_path / "loop").symlink_to("pool")
    (tmp_path / "pool").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    for root in (Path("loop"), tmp_path / "loop"):
        with pytest.raises(DataError, match="loop, a link that leads to nothing,"):
            read(Wanted(root))
