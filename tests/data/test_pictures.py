"""Picture files of every kind become 32 x 32; whatever is none is refused in words."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nndl.data import pictures
from nndl.data.pictures import decode_picture, pictures_in, read_picture, stack
from nndl.errors import DataError, UsageError

Image = pytest.importorskip("PIL.Image")

RED, WHITE = [200, 30, 40], [255, 255, 255]


def coded(picture: Any, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def random_picture(width: int = 32, height: int = 32) -> Any:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def test_a_picture_of_32_by_32_stays_as_it_is() -> None:
    picture = random_picture()
    np.testing.assert_array_equal(decode_picture(coded(picture), "x"), np.asarray(picture).transpose(2, 0, 1))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "TGA", "ICO"])
@pytest.mark.parametrize("size", [(640, 480), (48, 64), (20, 17), (1, 1), (33, 32)])
def test_every_kind_and_size_is_read(kind: str, size: tuple[int, int]) -> None:
    got = decode_picture(coded(Image.new("RGB", size, tuple(RED)), kind), "x")
    assert (got.shape, got.dtype, got.flags.c_contiguous) == ((3, 32, 32), np.uint8, True)
    assert np.abs(got[:, 16, 16].astype(int) - RED).max() <= 4


def test_the_centred_square_is_kept() -> None:
    wide = np.zeros((64, 192, 3), np.uint8)
    wide[:, 64:128] = 255
    assert decode_picture(coded(Image.fromarray(wide)), "x").min() == 255
    assert decode_picture(coded(Image.fromarray(wide.transpose(1, 0, 2))), "x").min() == 255


def test_shrinking_averages_what_it_leaves_out() -> None:
    board = (np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)
    got = decode_picture(coded(Image.fromarray(np.stack([board] * 3, axis=2))), "x")
    assert np.abs(got.astype(int) - 127).max() <= 3  # without antialiasing it would be black or white


def test_transparency_is_white_and_grey_and_palettes_are_colours() -> None:
    assert decode_picture(coded(Image.new("RGBA", (40, 40), (*RED, 0))), "x")[:, 5, 5].tolist() == WHITE
    assert decode_picture(coded(Image.new("L", (40, 40), 77)), "x")[:, 5, 5].tolist() == [77] * 3
    assert decode_picture(coded(Image.new("1", (40, 40), 1)), "x")[:, 5, 5].tolist() == WHITE
    palette = Image.new("RGB", (40, 40), tuple(RED)).convert("P", palette=Image.Palette.ADAPTIVE)
    assert decode_picture(coded(palette), "x")[:, 5, 5].tolist() == RED


def test_sixteen_bits_keep_their_brightness() -> None:
    deep = Image.fromarray(np.full((40, 40), 77 * 257, np.uint16))
    assert decode_picture(coded(deep), "x")[:, 5, 5].tolist() == [77] * 3


def test_the_cameras_note_turns_a_picture() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    half = np.zeros((32, 32, 3), np.uint8)
    half[:16] = 255
    got = decode_picture(coded(Image.fromarray(half), "PNG", exif=exif), "x")
    assert (got[:, :16].max(), got[:, 16:].min()) == (0, 255)


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
    """A PNG of a few bytes that says it is side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [10_001, 60_000, 2**31 - 1])
def test_a_picture_that_would_fill_the_memory_is_refused_unopened(side: int) -> None:
    with pytest.raises(DataError, match="pixels"):
        decode_picture(bomb(side), "bomb.png")


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
    for name in ("b.PNG", "a.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in pictures_in(tmp_path)] == ["a.jpg", "b.PNG"]
    assert stack([]).shape == (0, 3, 32, 32)


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
