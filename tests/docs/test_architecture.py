"""The picture of the rooms is the one that the sources make, and its arrows are imports that no longer way implies."""

from graphlib import CycleError

import pytest

from docs.architecture import PICTURE, ROOT, arrows, picture, room_of


def test_the_picture_is_current() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "imports have changed: python -m docs.architecture"


def test_what_a_longer_way_implies_is_left_out() -> None:
    assert arrows({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == [("a", "b"), ("b", "c")]


def test_a_circle_of_rooms_is_refused() -> None:
    with pytest.raises(CycleError):
        arrows({"a": {"b"}, "b": {"a"}})


def test_a_module_belongs_to_its_package_or_to_the_room_of_several_files() -> None:
    assert room_of("nndl.net.catalog.conv") == "net"
    assert room_of("nndl.conv_layers") == "layers"
    assert room_of("cs231n.classifiers.cnn") == "courses"


def test_a_room_without_a_place_is_named() -> None:
    with pytest.raises(KeyError, match="no room 'cellar'"):
        room_of("nndl.cellar.wine")


@pytest.mark.parametrize("room", sorted(path.parent.name for path in (ROOT / "nndl").glob("*/__init__.py")))
def test_each_room_stands_in_both_tables(room: str) -> None:
    assert f"`nndl/{room}/`" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`{room}/`" in (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
