"""Folders of pictures: which are classes, which are parts, what trains and what tests."""

import os
from collections import Counter
from pathlib import Path

import pytest

from nndl.data.sources.tree import read_tree
from nndl.data.sources.wanted import Wanted
from nndl.errors import DataError
from tests.data.sources.drawn import fill


def names(folder: Path, *parts: str) -> None:
    """Empty files where pictures would be: nothing is opened to list them."""
    for part in parts:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (folder / part).touch()


def test_parts_are_taken_as_they_are(tmp_path: Path) -> None:
    names(tmp_path, "train/cat/1.png", "train/cat/2.JPG", "train/dog/1.webp", "test/cat/9.gif", "test/dog/8.tiff")
    tree = read_tree(Wanted(tmp_path))
    assert tree.classes == ("cat", "dog")
    assert [(p.path.name, p.label) for p in tree.train] == [("1.png", 0), ("2.JPG", 0), ("1.webp", 1)]
    assert [(p.path.name, p.label) for p in tree.test] == [("9.gif", 0), ("8.tiff", 1)]


@pytest.mark.parametrize(
    ("parts", "train", "test"),
    [
        (["train", "valid", "test"], 4, 2),  # CINIC-10
        (["Train", "VAL"], 2, 2),
        (["training", "testing"], 2, 2),
    ],
)
def test_what_validates_trains_where_there_is_a_test_and_tests_where_there_is_none(
    tmp_path: Path, parts: list[str], train: int, test: int
) -> None:
    names(tmp_path, *(f"{part}/{name}/1.png" for part in parts for name in ("cat", "dog")))
    tree = read_tree(Wanted(tmp_path))
    assert (len(tree.train), len(tree.test)) == (train, test)


@pytest.mark.parametrize("left", ["__MACOSX/train/._1.png", ".ipynb_checkpoints/1.png", "@eaDir/1.png", "notes/x.txt"])
def test_what_archives_and_systems_leave_is_no_class(tmp_path: Path, left: str) -> None:
    names(tmp_path, *(f"{part}/{name}/1.png" for part in ("train", "test") for name in ("cat", "dog")), left)
    names(tmp_path, f"train/{left}".replace("notes", "cat"), "train/dog/__MACOSX/9.png")
    tree = read_tree(Wanted(tmp_path))
    assert (tree.classes, len(tree.train), len(tree.test)) == (("cat", "dog"), 2, 2)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["extra/1.png"], "holds train/, test/, and beside them extra/, neither part nor class: take it out"),
        (["extra/cat/1.png", "test1/2.png"], "beside them extra/, test1/, neither parts nor classes: take them out"),
        (["training/cat/1.png"], "holds train/, training/, which are the same part"),
        (["Testing/cat/1.png"], "holds Testing/, test/, which are the same part"),
        (["val/cat/1.png", "valid/cat/1.png"], "holds val/, valid/, which are the same part"),
    ],
)
def test_what_stands_beside_the_parts_makes_no_classes_of_them(tmp_path: Path, more: list[str], words: str) -> None:
    names(tmp_path, *(f"{part}/{name}/1.png" for part in ("train", "test") for name in ("cat", "dog")), *more)
    with pytest.raises(DataError, match=words):
        read_tree(Wanted(tmp_path))


def test_a_part_among_classes_is_refused(tmp_path: Path) -> None:
    names(tmp_path, "cat/1.png", "dog/1.png", "test/cat/2.png", "test/dog/2.png")
    with pytest.raises(DataError, match="holds test/, and beside them cat/, dog/, neither"):
        read_tree(Wanted(tmp_path))


def test_a_folder_too_many_is_told(tmp_path: Path) -> None:
    names(tmp_path, *(f"pets/{name}/{i}.png" for name in ("cat", "dog") for i in range(2)), "__MACOSX/pets/cat/._1.png")
    with pytest.raises(DataError, match=r"holds one folder.*: root: .*pets"):
        read_tree(Wanted(tmp_path))


def test_what_validates_stands_apart_where_that_is_wanted(tmp_path: Path) -> None:
    names(tmp_path, *(f"{part}/{name}/1.png" for part in ("train", "val", "test") for name in ("cat", "dog")))
    tree = read_tree(Wanted(tmp_path, valid_apart=True))
    assert [[p.path.parent.parent.name for p in part] for part in (tree.train, tree.valid, tree.test)] == [
        ["train"] * 2,
        ["val"] * 2,
        ["test"] * 2,
    ]
    names(tmp_path, "val/owl/1.png")
    with pytest.raises(DataError, match=r"val has pictures of classes that .*train has none of: owl"):
        read_tree(Wanted(tmp_path, valid_apart=True))


def test_an_empty_test_set_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    names(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/readme.txt")
    with pytest.raises(DataError, match="test has no pictures of cat, dog to test on"):
        read_tree(Wanted(tmp_path))


def test_one_tree_is_split_by_its_seed_in_every_class(tmp_path: Path) -> None:
    names(
        tmp_path,
        *(f"{name}/{i}.png" for name, count in (("cat", 50), ("dog", 20), ("train", 10)) for i in range(count)),
    )
    tree = read_tree(Wanted(tmp_path, test_share=0.2))
    assert tree.classes == ("cat", "dog", "train")
    assert Counter(p.label for p in tree.test) == {0: 10, 1: 4, 2: 2}
    assert not {p.path for p in tree.test} & {p.path for p in tree.train}
    assert len(tree.train) == 64
    assert read_tree(Wanted(tmp_path)) == tree
    assert read_tree(Wanted(tmp_path, seed=1)).test != tree.test


def test_hidden_files_notes_and_other_formats_are_passed_over(tmp_path: Path) -> None:
    names(tmp_path, *(f"{name}/{i}.png" for name in ("cat", "dog") for i in range(2)))
    names(tmp_path, "cat/.1.png", "cat/Thumbs.db", "cat/notes.txt", ".git/1.png", "cat/.trash/1.png", "readme.png")
    tree = read_tree(Wanted(tmp_path))
    assert (tree.classes, len(tree.train) + len(tree.test)) == (("cat", "dog"), 4)


def test_pictures_may_stand_in_folders_inside_a_class(tmp_path: Path) -> None:
    names(tmp_path, "cat/a/1.png", "cat/b/c/1.png", "dog/1.png", "dog/2.png")
    assert len(read_tree(Wanted(tmp_path)).train) == 2


def test_some_classes_may_be_taken_in_an_order_of_their_own(tmp_path: Path) -> None:
    names(tmp_path, *(f"{name}/{i}.png" for name in ("cat", "dog", "owl") for i in range(5)), "empty/x.txt")
    tree = read_tree(Wanted(tmp_path, classes=("owl", "cat")))
    assert tree.classes == ("owl", "cat")
    assert {p.path.parent.name for p in tree.train if p.label == 0} == {"owl"}


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([], "holds no folders; each class has one"),
        (["1.png", "2.png"], "holds no folders"),
        (["cat/1.png", "cat/2.png"], r"has one class \(cat\); it takes two"),
        (["cat/1.png", "cat/2.png", "dog/1.txt"], "has no pictures of dog; put some there, remove the folder"),
        (["cat/1.png", "cat/2.png", "dog/1.png"], "has one picture of dog; a class takes two"),
        (["train/cat/1.png", "train/dog/1.png"], r"holds train/: a train/ has a test/ beside it"),
        (["test/cat/1.png", "test/dog/1.png"], "holds test/"),
        (["train/cat/1.png", "train/dog/1.png", "test/owl/1.png"], "classes that .*train has none of: owl"),
        (["train/cat/1.png", "train/dog/x.txt", "test/cat/1.png"], "has no pictures of dog"),
        (
            [f"{i}/{j}.png" for i in range(1001) for j in "ab"],
            "has 1,001 classes .* and 981 more.*data.classes names some",
        ),
        (["cat/" + "a/" * 20 + "1.png", "dog/1.png"], "folders deep"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_in_words(tmp_path: Path, parts: list[str], words: str) -> None:
    names(tmp_path, *parts)
    with pytest.raises(DataError, match=words):
        read_tree(Wanted(tmp_path))


def test_a_root_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no folder"):
        read_tree(Wanted(tmp_path / "pest"))
    names(tmp_path, "file")
    with pytest.raises(DataError, match="is a file"):
        read_tree(Wanted(tmp_path / "file"))


def test_a_class_that_is_not_there_is_told_with_what_it_is_near(tmp_path: Path) -> None:
    fill(tmp_path, {"cat": 2, "dog": 2})
    with pytest.raises(DataError, match="has no class dgo; did you mean 'dog'"):
        read_tree(Wanted(tmp_path, classes=("cat", "dgo")))


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    names(tmp_path, "own/cat/1.png", "own/dog/1.png", "own/dog/2.png", "other/1.png")
    (tmp_path / "own" / "owl").symlink_to(tmp_path / "other")
    with pytest.raises(DataError, match=r"owl is a link to a folder"):
        read_tree(Wanted(tmp_path / "own"))
    (tmp_path / "own" / "owl").unlink()
    (tmp_path / "own" / "cat" / "more").symlink_to(tmp_path / "other")
    with pytest.raises(DataError, match=r"more is a link to a folder"):
        read_tree(Wanted(tmp_path / "own"))


@pytest.mark.skipif(os.name == "nt", reason="no such names there")
def test_a_class_whose_name_cannot_be_seen_is_refused(tmp_path: Path) -> None:
    names(tmp_path, "cat/1.png", "cat/2.png", "d\x1b[31mog/1.png", "d\x1b[31mog/2.png")
    with pytest.raises(DataError, match="letters that cannot be seen"):
        read_tree(Wanted(tmp_path))


@pytest.mark.parametrize("part", ["", "train/"])
def test_kinds_of_pictures_are_not_taken_for_classes_unless_they_are_named(tmp_path: Path, part: str) -> None:
    names(tmp_path, *(f"{part}{kind}/{name}/{n}.png" for kind in ("images", "masks") for name in "ab" for n in "12"))
    names(tmp_path, *(f"test/{kind}/a/3.png" for kind in ("images", "masks") if part))
    with pytest.raises(DataError, match=r"images/, masks/ of .* all hold a/, b/; if these are the classes, take one: "):
        read_tree(Wanted(tmp_path))
    assert read_tree(Wanted(tmp_path, classes=("images", "masks"))).classes == ("images", "masks")
    names(tmp_path, f"{part}masks/1.png")  # a picture in a class, beside folders
    assert read_tree(Wanted(tmp_path)).classes == ("images", "masks")
