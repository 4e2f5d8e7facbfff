"""Picture files are read within bounds; whatever is none is refused in words."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nndl.data import pictures
from nndl.data.pictures import FORMATS, decode_picture, pictures_in, read_picture, stack, suffixes
from nndl.errors import DataError, UsageError
from tests.data.photographs import coded, png, random_picture, tags


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no picture"),
        (b"import numpy\n", "no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "no picture"),
        (coded(random_picture(200, 200), "JPEG")[:2000], "damaged picture"),
        (coded(random_picture(200, 200))[:2000], "damaged picture"),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(DataError, match=rf"name\.x.* {words}"):
        decode_picture(content, "name.x")


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that says it is side x side pixels of three colours."""
    return png(side, side, 8, 2, b"")


def tiff_of_a_huge_tile(side: int) -> bytes:
    """A TIFF of 100 x 100 pixels, cut out of a tile of side x side."""
    tile = [(322, 4, side), (323, 4, side), (324, 4, 200), (325, 4, 10)]
    entries = [(256, 4, 100), (257, 4, 100), (258, 3, 8), (259, 3, 8), (262, 3, 1), (277, 3, 1), *tile]
    return tags(*((tag, kind, struct.pack("<I", value)[: kind * 2 - 2]) for tag, kind, value in entries)).ljust(210)


def icon(inner: bytes) -> bytes:
    """An ICO that says it holds a picture of 16 x 16."""
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(inner), 22) + inner


@pytest.mark.parametrize("side", [9_500, 60_000, 2**31 - 1])
@pytest.mark.parametrize("inside", [bytes, icon], ids=["PNG", "ICO"])
def test_a_picture_that_would_fill_the_memory_is_refused_unopened(side: int, inside: Any) -> None:
    with pytest.raises(
        DataError, match=r"bomb is 9,500 x 9,500 pixels: .* 1\.\d GiB|has more pixels than can be unpacked"
    ):
        decode_picture(inside(bomb(side)), "bomb")


def test_a_tile_that_would_fill_the_memory_is_refused_unopened() -> None:
    with pytest.raises(DataError, match=r"is 100 x 100 pixels: to unpack it would take 11\.9 GiB of memory"):
        decode_picture(tiff_of_a_huge_tile(40_000), "x")
    with pytest.raises(DataError, match="damaged"):
        decode_picture(tiff_of_a_huge_tile(128), "x")


def test_a_huge_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_BYTES", 1000)
    (tmp_path / "huge.png").write_bytes(coded(random_picture(64, 64)))
    with pytest.raises(DataError, match=r"huge\.png has .* MiB"):
        read_picture(tmp_path / "huge.png")
    with pytest.raises(DataError, match="more than"):
        decode_picture(coded(random_picture(64, 64)), "stdin")


def test_files_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        read_picture(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match="is not a file"):
        read_picture(tmp_path)
    with pytest.raises(DataError, match=r"no file|cannot be read"):
        read_picture(Path("null\0.png"))
    with pytest.raises(UsageError, match="holds no pictures"):
        pictures_in(tmp_path)


def test_a_folders_pictures_come_by_name(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "c.jpe", "d.jfif", "notes.txt", "._a.jpg", ".DS_Store", "Thumbs.db", "Desktop.ini"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    found, passed_over = pictures_in(tmp_path)
    assert [path.name for path in found] == ["a.jpg", "b.PNG", "c.jpe", "d.jfif"]
    assert [path.name for path in passed_over] == ["notes.txt"]
    assert stack([]).shape == (0, 3, 32, 32)


def test_every_ending_of_a_format_that_is_read_is_known() -> None:
    for kind, ending in (("JPEG", ".jfif"), ("PNG", ".apng"), ("PPM", ".pnm"), ("TGA", ".icb"), ("ICO", ".ico")):
        assert kind in FORMATS
        assert ending in suffixes()
    assert ".eps" not in suffixes()


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere cannot be read: No such file"):
        pictures_in(tmp_path / "nowhere")


KINDS = {kind: coded(random_picture(40, 30), kind) for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "TGA")}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_mangled_picture_is_an_image_or_refused(data: st.DataObject) -> None:
    raw = bytearray(KINDS[data.draw(st.sampled_from(sorted(KINDS)))])
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw) - 1)) :]
    for _ in range(data.draw(st.integers(0, 6))):
        if raw:
            raw[data.draw(st.integers(0, min(len(raw) - 1, 400)))] = data.draw(st.integers(0, 255))
    try:
        got = decode_picture(bytes(raw), "mangled")
    except DataError:
        return
    assert (got.shape, got.dtype) == ((3, 32, 32), np.uint8)
