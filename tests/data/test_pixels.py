"""Pictures of every mode, depth and orientation become 32 x 32 in red, green and blue, in the memory reckoned."""

import io
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nndl.data.pictures import decode_picture
from nndl.errors import DataError
from tests.cli.command import environment
from tests.data.photographs import coded, png, random_picture, tags

Image = pytest.importorskip("PIL.Image")
ImageOps = pytest.importorskip("PIL.ImageOps")

RED, WHITE = [200, 30, 40], [255, 255, 255]


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


@pytest.mark.parametrize(
    ("dtype", "values", "seen"),
    [
        (np.float32, [0.0, 77 / 255, 200 / 255, 1.0], [0, 77, 200, 255]),
        (np.float32, [0.0, 77.0, 200.4, 180.0], [0, 77, 200, 180]),
        (np.float32, [0.0, 77 * 257, 200 * 257, 65535.0], [0, 77, 200, 255]),
        (np.float32, [np.nan, -0.03, np.inf, 200 / 255], [0, 0, 0, 200]),
        (np.float32, [0.0, 0.0, 0.0, 0.0], [0, 0, 0, 0]),
        (np.float32, [0.0, 5e5, 1e6, 1e6], [0, 128, 255, 255]),
        (np.int32, [0, 77, 200, 255], [0, 77, 200, 255]),
        (np.int32, [0, 77 * 257, 200 * 257, 65535], [0, 77, 200, 255]),
        (np.int32, [-7, 0, 2**30, 2**31 - 1], [0, 0, 127, 255]),
    ],
)
def test_deep_grey_is_as_bright_as_its_range_says(dtype: Any, values: list[float], seen: list[int]) -> None:
    rows = np.repeat(np.array(values, dtype), 8)[:, None] * np.ones(32, dtype)
    got = decode_picture(coded(Image.fromarray(rows), "TIFF"), "x")
    assert got[0, ::8, 5].tolist() == got[2, 7::8, 30].tolist() == seen


@pytest.mark.parametrize(
    ("dtype", "values", "words"),
    [
        (np.float32, [np.nan, np.nan], "none of its values is a number"),
        (np.float32, [np.nan, -np.inf], "none of its values is a number"),
        (np.float32, [np.inf, np.inf], "none of its values is a number"),
        (np.float32, [-1.0, 1.0], "its values go from -1 to 1; those of a picture begin with 0"),
        (np.float32, [-50.0, -20.0], "its values go from -50 to -20"),
        (np.float32, [-0.5, np.nan], "its values go from -0.5 to -0.5"),
        (np.float32, [-99.0, 255.0], "its values go from -99 to 255"),
        (np.int32, [-300, 300], "its values go from -300 to 300"),
    ],
)
def test_values_that_no_picture_has_are_refused(dtype: Any, values: list[float], words: str) -> None:
    rows = np.repeat(np.array(values, dtype), 20)[:, None] * np.ones(40, dtype)
    with pytest.raises(DataError, match=f"^x.tif: {words}"):
        decode_picture(coded(Image.fromarray(rows), "TIFF"), "x.tif")


GREYS = [(1, 1), (2, 0), (2, 2), (4, 5), (8, 77), (16, 77 * 257), (16, 0x1234)]


@pytest.mark.parametrize(("depth", "value"), GREYS)
def test_the_grey_that_a_png_calls_transparent_is_white_at_every_depth(depth: int, value: int) -> None:
    row = {16: struct.pack(">H", value) * 32}.get(depth, bytes([value * 255 // (2**depth - 1)]) * (4 * depth))
    for transparent in (value, value ^ 1):
        got = decode_picture(png(32, 32, depth, 0, row, struct.pack(">H", transparent)), "x")
        assert np.unique(got).tolist() == [255 if transparent == value else value * 255 // (2**depth - 1)]


@pytest.mark.parametrize("depth", [8, 16])
def test_the_colour_that_a_png_calls_transparent_is_white_at_every_depth(depth: int) -> None:
    kind, factor = (">BBB", 1) if depth == 8 else (">HHH", 257)
    colour = [value * factor for value in RED]
    row = struct.pack(kind, *colour) * 32
    for transparent, seen in ((colour, WHITE), ([colour[0] - 3 * factor, *colour[1:]], RED)):
        got = decode_picture(png(32, 32, depth, 2, row, struct.pack(">HHH", *transparent)), "x")
        assert got[:, 5, 5].tolist() == seen


@pytest.mark.parametrize("size", [(32, 32), (45, 64), (64, 45), (41, 70), (70, 41), (48, 48)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_cameras_note_turns_a_picture(orientation: int, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = random_picture(*size)
    noted = coded(picture, "PNG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(noted)))
    upright.info.clear()
    np.testing.assert_array_equal(decode_picture(noted, "x"), decode_picture(coded(upright), "x"))


UPSIDE_DOWN = (0x112, 3, struct.pack("<H", 3))
ODD = {
    "resolution of -1/0": [UPSIDE_DOWN, (0x11A, 10, struct.pack("<ii", -1, 0))],
    "resolution of 0/0": [UPSIDE_DOWN, (0x11A, 5, bytes(8))],
    "resolution as text": [UPSIDE_DOWN, (0x11A, 2, b"72\0")],
    "maker as a number": [(0x10F, 5, struct.pack("<II", 1, 0)), UPSIDE_DOWN],
    "date as a number": [UPSIDE_DOWN, (0x132, 3, b"\1\0")],
    "inner notes as text": [UPSIDE_DOWN, (0x8769, 2, b"ab\0")],
    "inner notes far away": [UPSIDE_DOWN, (0x8769, 4, struct.pack("<I", 10**9))],
    "place as a float": [UPSIDE_DOWN, (0x8825, 11, struct.pack("<f", 3.5))],
    "interoperability as text": [UPSIDE_DOWN, (0xA005, 2, b"ab\0")],
    "a type that is none": [UPSIDE_DOWN, (0x9999, 77, b"\1")],
    "orientation as text": [(0x112, 2, b"3\0")],
    "orientation signed": [(0x112, 9, struct.pack("<i", 3))],
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("entries", ODD.values(), ids=ODD.keys())
def test_whatever_else_a_camera_notes_is_let_be(kind: str, entries: list[tuple[int, int, bytes]]) -> None:
    half = np.zeros((48, 32, 3), np.uint8)
    half[:24] = 255
    exif = b"Exif\0\0" + tags(*entries)
    got = decode_picture(coded(Image.fromarray(half), kind, exif=exif if kind != "PNG" else exif[6:]), "x")
    assert (got[:, :14].max() < 20, got[:, 18:].min() > 235) == (True, True)


@pytest.mark.parametrize("value", [(3, b"\11\0"), (2, b"up\0"), (10, struct.pack("<ii", -1, 0)), (7, b"\3")])
def test_a_note_that_says_no_way_to_turn_is_let_be_too(value: tuple[int, bytes]) -> None:
    picture = random_picture()
    exif = b"Exif\0\0" + tags((0x112, *value))
    np.testing.assert_array_equal(
        decode_picture(coded(picture, "WEBP", lossless=True, exif=exif), "x"), np.asarray(picture).transpose(2, 0, 1)
    )


MEASURE = """
from nndl.bench.memory import peak_memory
from nndl.data import pictures
from nndl.data.pixels import memory_needed
from PIL import Image
for file in ("small", "large"):
    content = open(file, "rb").read()
    before = peak_memory()
    pictures.decode_picture(content, file)
print(peak_memory() - before, memory_needed(Image.open("large")))
"""
LARGE: list[tuple[str, str, dict[str, Any]]] = [
    ("TIFF", "F", {"compression": "tiff_deflate"}),
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("JPEG", "RGB", {"progressive": True, "subsampling": 0}),
    ("WEBP", "RGB", {}),
]


@pytest.mark.skipif(sys.platform == "win32", reason="it does not tell the memory a process has had")
@pytest.mark.parametrize(("kind", "mode", "options"), LARGE)
def test_a_picture_takes_no_more_memory_than_is_reckoned(
    tmp_path: Path, kind: str, mode: str, options: dict[str, Any]
) -> None:
    Image.new(mode, (40, 40)).save(tmp_path / "small", kind, **options)
    Image.new(mode, (5000, 3600), 1).save(tmp_path / "large", kind, **options)
    command = [sys.executable, "-c", MEASURE]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment(), check=True)
    took, reckoned = map(int, done.stdout.split())
    assert 0.3 * reckoned < took <= reckoned + (8 << 20)


def test_another_size_keeps_its_proportions_of_the_centre() -> None:
    wide = np.zeros((60, 200, 3), np.uint8)
    wide[:, 55:145] = 255  # 90 x 60, as 24 x 16
    got = decode_picture(coded(Image.fromarray(wide)), "x", (3, 16, 24))
    assert got.shape == (3, 16, 24)
    assert got[:, :, 1:-1].min() == 255
    squeezed = decode_picture(coded(Image.fromarray(wide)), "x", (3, 16, 24), "squeeze")
    assert squeezed[0, 8, [0, 3, 12, 20, 23]].tolist() == [0, 0, 255, 0, 0]


@pytest.mark.parametrize("size", [(16, 24), (45, 64), (64, 45), (41, 70), (70, 41), (48, 48)])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("fit", ["crop", "squeeze"])
def test_the_cameras_note_turns_a_picture_before_its_proportions_count(
    fit: Any, orientation: int, size: tuple[int, int]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    noted = coded(random_picture(*size), "PNG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(noted)))
    upright.info.clear()
    expected = decode_picture(coded(upright), "x", (3, 16, 24), fit)
    got = decode_picture(noted, "x", (3, 16, 24), fit)
    if fit == "crop":
        np.testing.assert_array_equal(got, expected)
    else:
        assert np.abs(got.astype(int) - expected).max() <= 1


def test_grey_is_the_brightness_of_the_colours() -> None:
    got = decode_picture(coded(Image.new("RGB", (40, 40), tuple(RED))), "x", (1, 20, 20))
    assert (got.shape, got.dtype, got.flags.c_contiguous) == ((1, 20, 20), np.uint8, True)
    assert np.unique(got).tolist() == [round(0.299 * RED[0] + 0.587 * RED[1] + 0.114 * RED[2])]
    deep = Image.fromarray(np.full((40, 40), 77 * 257, np.uint16))
    assert np.unique(decode_picture(coded(deep), "x", (1, 32, 32))).tolist() == [77]
