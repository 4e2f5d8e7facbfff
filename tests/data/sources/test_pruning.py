"""Caches are listed by their last use and removed, but for one that is being made."""

import os
from pathlib import Path

import pytest

from nndl.data.lock import alone, lock_of
from nndl.data.sources import pruning
from nndl.data.sources.cache import ABOUT
from nndl.data.sources.folder import load
from nndl.data.sources.wanted import Wanted
from nndl.errors import DataError
from tests.data.sources.drawn import fill


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    return fill(tmp_path / "pets", {"cat": 5, "dog": 5})


def test_caches_are_listed_in_the_order_of_their_use(pets: Path, caches: Path) -> None:
    assert pruning.there_are() == []
    for size in (8, 16):
        load(Wanted(pets, (size, size)))
    small, large = sorted(pruning.there_are(), key=lambda cache: cache.bytes)
    assert (small.of, small.images, small.path.parent) == (str(pets), 10, caches)
    assert large.bytes > 10 * 3 * 16 * 16
    for cache in (small, large):
        for file in cache.path.iterdir():
            os.utime(file, (1e9, 1e9))
    load(Wanted(pets, (8, 8)))
    assert [cache.path for cache in pruning.there_are()] == [large.path, small.path]


def test_one_is_made_again_after_its_removal(pets: Path) -> None:
    before = load(Wanted(pets, (8, 8)))
    assert len(pruning.remove(pruning.there_are())) == 1
    assert pruning.there_are() == []
    assert load(Wanted(pets, (8, 8))).digest == before.digest


def test_one_in_the_making_is_left_alone_and_what_a_killed_process_left_is_not(pets: Path, caches: Path) -> None:
    load(Wanted(pets, (8, 8)))
    (whole,) = pruning.there_are()
    begun = caches / f".{whole.path.name}.abcd"
    begun.mkdir()
    (begun / "images.u8").write_bytes(b"123")
    with alone(lock_of(whole.path)):
        assert pruning.remove(pruning.there_are()) == []
    assert {cache.path for cache in pruning.remove(pruning.there_are())} == {whole.path, begun}


def test_other_folders_are_no_caches_and_a_damaged_one_is(pets: Path, caches: Path) -> None:
    load(Wanted(pets, (8, 8)))
    (caches / "mine").mkdir()
    (caches / "linked").symlink_to(pruning.there_are()[0].path)
    (one,) = pruning.there_are()
    (one.path / ABOUT).write_text("[" * 100_000)
    assert [cache.path for cache in pruning.there_are()] == [one.path]


def test_what_cannot_be_listed_is_told(caches: Path) -> None:
    caches.write_text("a file")
    with pytest.raises(DataError, match="cannot be read"):
        pruning.there_are()
