"""A picture as pillow opens it, of any size and mode, as the network's image: of one size, in colour or in grey."""

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

Array = NDArray[Any]

SHAPE = (3, 32, 32)
"""Channels, height and width of CIFAR's images."""
Shape = tuple[int, int, int]
Fit = Literal["crop", "squeeze"]
"""The way to another proportion: what is too long is cut off at both ends, or all is squeezed into it."""

_ORIENTATION = 0x0112  # the tag of EXIF that says how the camera was held
_TILE_WIDTH, _TILE_LENGTH = 322, 323  # tags of TIFF: a tile is unpacked whole, however little of it is shown
_LEFTWARDS, _UPWARDS = (2, 3, 7, 8), (3, 4, 6, 7)  # orientations in which columns, or rows, count from the far end
_SIDEWAYS = (5, 6, 7, 8)  # orientations in which rows are columns
RINGING = 0.05
"""Share of the brightest by which filters that sharpen, or scale, a picture may go below black."""
_STRIPE = 1 << 20  # pixels converted at a time

_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}  # of a pixel, in pillow; all others: 4
_DECODING = {"WEBP": 2, "TIFF": 1, "BMP": 1, "GIF": 1}  # times what a picture takes, that its decoder takes besides


class ValuesError(ValueError):
    """The values of a picture are none that a picture has."""


def memory_needed(picture: "Image", shape: Shape = SHAPE, fit: Fit = "crop") -> int:
    """Estimate the bytes that decoding a picture and making an image of it take, by what its file says of itself."""
    (width, height), tags = picture.size, getattr(picture, "tag_v2", {})
    of_one = _BYTES.get(picture.mode, 4)
    decoded = of_one * (1 + _DECODING.get(picture.format or "", 0))
    if picture.info.get("progressive"):  # a JPEG whose coefficients are all kept until the last is read
        decoded += 2 * len(picture.getbands())
    tile = 8 * tags.get(_TILE_WIDTH, 0) * tags.get(_TILE_LENGTH, 0)
    kept = max(prod(_kept(picture, orientation, shape, fit)) for orientation in (1, 5))  # reading it may unpack all
    cut = 12 if picture.has_transparency_data else 9  # cut out and turned, or in colour and on white
    return width * height * decoded + kept * cut + tile


def to_pixels(picture: "Image", shape: Shape = SHAPE, fit: Fit = "crop") -> Array:
    """Return uint8 (C, H, W), scaled by a cubic filter that antialiases; a picture of H x W stays as it is.

    crop: the largest centred part that is as high as wide as H to W; squeeze: all of it, in other proportions. Turned
    as the camera's note (EXIF) says; what is transparent becomes white; of an animation the first picture. Deep grey is
    scaled from the range that its values fill: 0 to 1 (floats), to 255, to 65535 or to more. Grey (C is 1) is the
    brightness of ITU-R BT.601.
    """
    from PIL import Image

    channels, height, width = shape
    _scale_transparency(picture)
    picture.load()
    cut = _in_colour(_upright(picture, shape, fit), _range(picture))
    if cut.size != (width, height):
        cut = cut.resize((width, height), Image.Resampling.BICUBIC)
    if channels == 1:
        return np.asarray(cut.convert("L"), np.uint8)[None].copy()
    return np.ascontiguousarray(np.asarray(cut, np.uint8).transpose(2, 0, 1))


def _kept(picture: "Image", orientation: int, shape: Shape, fit: Fit) -> tuple[int, int]:
    """Return width and height of the part that is kept, before it is turned: in the proportions of H and W."""
    width, height = picture.size
    if fit == "squeeze":
        return width, height
    _, high, wide = shape
    high, wide = (wide, high) if orientation in _SIDEWAYS else (high, wide)
    return min(width, max(1, height * wide // high)), min(height, max(1, width * high // wide))


def _upright(picture: "Image", shape: Shape, fit: Fit) -> "Image":
    """Cut out what is kept, turned upright. Of an odd margin the smaller half is left, or above, once turned."""
    from PIL.Image import Transpose

    orientation = _orientation(picture)
    width, height = picture.size
    wide, high = _kept(picture, orientation, shape, fit)
    left, top = (width - wide) // 2, (height - high) // 2
    left = width - wide - left if orientation in _LEFTWARDS else left
    top = height - high - top if orientation in _UPWARDS else top
    cut = picture if (wide, high) == picture.size else picture.crop((left, top, left + wide, top + high))
    turn = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(orientation)
    return cut if turn is None else cut.transpose(turn)


def _orientation(picture: "Image") -> int:
    """Read from EXIF how the camera was held, 1 (upright) to 8; 1 where it cannot be read, whatever else it says."""
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # pillow's reader raises what struct, indexing and division do
        return 1


def _scale_transparency(picture: "Image") -> None:
    """Say the colour that a PNG calls transparent in the values pillow gives its pixels, of another depth than its."""
    colour, tiles = picture.info.get("transparency"), getattr(picture, "tile", None)
    stored = tiles[0][3] if tiles else ""
    if isinstance(colour, int) and stored in ("L;2", "L;4"):
        picture.info["transparency"] = colour * (255 // (3 if stored == "L;2" else 15))
    elif isinstance(colour, tuple) and stored == "RGB;16B":
        picture.info["transparency"] = tuple(value >> 8 for value in colour)


def _in_colour(picture: "Image", full: float) -> "Image":
    """Turn the picture into red, green and blue of 8 bits, on white; `full` is the value of white in deep grey."""
    from PIL import Image

    if _is_deep(picture):
        picture = _in_grey(picture, full)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _is_deep(picture: "Image") -> bool:
    return picture.mode in ("I", "F") or picture.mode.startswith("I;16")


def _stripes(picture: "Image") -> Iterator[tuple[slice, Array]]:
    """Yield a few rows at a time: which they are, and their values float64."""
    width, height = picture.size
    rows = max(1, _STRIPE // width)
    for top in range(0, height, rows):
        yield slice(top, top + rows), np.asarray(picture.crop((0, top, width, min(top + rows, height))), np.float64)


def _range(picture: "Image") -> float:
    """Find the value of white in deep grey: the least of 1 (of floats), 255, 65535 and so on that none goes beyond.

    Raises ValuesError where none is a number, and where they go well below 0, which is black.
    """
    if picture.mode not in ("I", "F"):
        return 65535.0
    lowest, brightest = np.inf, -np.inf
    for _, stripe in _stripes(picture):
        known = stripe[np.isfinite(stripe)]
        lowest, brightest = known.min(initial=lowest), known.max(initial=brightest)
    if brightest < lowest:
        raise ValuesError("none of its values is a number: all are NaN or infinite")
    ranges = (255.0, 65535.0, 2.0**31 - 1) if picture.mode == "I" else (1.0, 255.0, 65535.0)
    if lowest < -RINGING * max(brightest, 0.0):
        raise ValuesError(f"its values go from {lowest:.4g} to {brightest:.4g}; those of a picture begin with 0, black")
    return next((full for full in ranges if brightest <= full), float(brightest))


def _in_grey(picture: "Image", full: float) -> "Image":
    """Turn deep grey into 8 bits, with what it calls transparent."""
    from PIL import Image

    transparent = picture.info.get("transparency")
    grey = np.empty(picture.size[::-1], np.uint8)
    alpha = np.full_like(grey, 255) if isinstance(transparent, int) else None
    for rows, stripe in _stripes(picture):
        values = np.nan_to_num(stripe, nan=0.0, posinf=0.0, neginf=0.0)  # what is no number is black
        grey[rows] = _eight_bits(values, full, picture.mode)
        if alpha is not None:
            alpha[rows][values == transparent] = 0
    made = Image.fromarray(grey)
    return made if alpha is None else Image.merge("LA", (made, Image.fromarray(alpha)))


def _eight_bits(values: Array, full: float, mode: str) -> Array:
    """Map 0 to `full` to 0 to 255. Of 16 bits the upper eight are taken, floats are rounded, other integers cut off."""
    if mode.startswith("I;16"):
        return values.astype(np.uint16) >> 8
    scaled = values / (full / 255.0)
    return (np.rint(scaled) if mode == "F" else scaled).clip(0, 255).astype(np.uint8)
