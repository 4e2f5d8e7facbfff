"""Picture files of any size as the network's images: turned upright, cropped to a square, shrunk to 32 x 32."""

import io
import logging
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nndl.errors import DataError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

SIZE = 32
MOST_BYTES = 64 * 2**20
"""Of a file. A larger one is no photograph."""
MOST_PIXELS = 100_000_000
"""Of a picture: a small file may say it is so large that unpacking it fills the memory."""
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "TGA", "ICO")
"""What pillow is let read: picture formats, none that runs a program (PostScript)."""
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".tga"})


def pictures_in(folder: Path) -> list[Path]:
    """The picture files of a folder, by name; raises UsageError where it has none."""
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise UsageError(f"{folder} holds no pictures ({', '.join(sorted(SUFFIXES))})")
    return found


def read_picture(path: Path) -> NDArray[Any]:
    """A picture file as uint8 (3, 32, 32). Raises DataError where it is none, is damaged, or is far too large."""
    try:
        if not path.is_file():
            raise DataError(f"{path} is not a file" if path.exists() else f"there is no file {path}")
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path} has {path.stat().st_size / 2**20:,.0f} MiB; at most {MOST_BYTES >> 20} are read")
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name with a null in it
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return decode_picture(content, str(path))


def decode_picture(content: bytes, name: str) -> NDArray[Any]:
    """The bytes of a picture file as uint8 (3, 32, 32); errors call it `name`. Raises as `read_picture` does."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise MissingExtraError("pillow", "images", "reading picture files") from None
    if len(content) > MOST_BYTES:
        raise DataError(f"{name} has more than {MOST_BYTES >> 20} MiB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of metadata that is off; what matters is raised
        logging.getLogger("PIL").setLevel(logging.CRITICAL)  # and said once, by us
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    raise DataError(f"{name} is {width:,} x {height:,} pixels; at most {MOST_PIXELS:,} are unpacked")
                return to_pixels(picture)
        except UnidentifiedImageError:
            raise DataError(f"{name} is no picture ({', '.join(FORMATS[:6])} and some others are read)") from None
        except DataError:
            raise
        except Exception as error:  # pillow's readers raise what struct, zlib and indexing do
            words = " ".join(str(error).split()) or type(error).__name__
            raise DataError(f"{name} is a damaged picture: {words[:200]}") from None


def to_pixels(picture: "Image") -> NDArray[Any]:
    """uint8 (3, 32, 32): the largest centred square, scaled by a cubic filter that antialiases; 32 x 32 stay as is.

    Turned as the camera's note (EXIF) says; what is transparent becomes white; of an animation the first picture.
    """
    from PIL import Image, ImageOps

    picture = _in_colour(ImageOps.exif_transpose(picture))
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    square = (left, top, left + side, top + side)
    if picture.size != (SIZE, SIZE):
        picture = picture.crop(square).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return np.ascontiguousarray(np.asarray(picture, np.uint8).transpose(2, 0, 1))


def _in_colour(picture: "Image") -> "Image":
    """The picture in red, green and blue of 8 bits, on white."""
    from PIL import Image

    if picture.mode.startswith("I;16"):
        picture = Image.fromarray((np.asarray(picture).astype(np.uint16) >> 8).astype(np.uint8))
    elif picture.mode in ("I", "F"):
        values = np.asarray(picture, np.float64)
        deep = 257.0 if picture.mode == "I" and values.max(initial=0) > 255 else 1.0
        picture = Image.fromarray((values / deep).clip(0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture)
    return picture.convert("RGB")


def stack(pictures: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Pictures uint8 (3, 32, 32) as one array (N, 3, 32, 32)."""
    kept = list(pictures)
    return np.stack(kept) if kept else np.zeros((0, 3, SIZE, SIZE), np.uint8)
