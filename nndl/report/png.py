"""Small pictures as PNG inside a page. The format is deflated rows: too little to need a library for."""

import struct
import zlib
from base64 import b64encode

import numpy as np

from nndl.net.types import Array


def png(pixels: Array) -> bytes:
    """Return a PNG file of pixels uint8 (H, W, 3) (RFC 2083: 8 bits, RGB, no filter)."""
    height, width, _ = pixels.shape
    rows = np.concatenate((np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)), axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def data_uri(pixels: Array) -> str:
    """Return the picture as the address of an <img>."""
    return f"data:image/png;base64,{b64encode(png(pixels)).decode('ascii')}"


def as_picture(image: Array) -> Array:
    """Return uint8 (H, W, 3) from an image uint8 (3, H, W), or of one channel, which all three colours then have."""
    colours = np.broadcast_to(image, (3, *image.shape[1:]))
    return np.ascontiguousarray(colours.transpose(1, 2, 0))


def filter_pictures(w: Array) -> list[Array]:
    """Return filters (F, C, HH, WW), C 1 or 3, as uint8 pictures (HH, WW, 3): 0 is grey, the largest black or white."""
    largest = np.abs(w).max(axis=(1, 2, 3), keepdims=True)
    scaled = 127.5 + 127.5 * w / np.where(largest > 0, largest, 1)
    return [as_picture(picture) for picture in np.rint(scaled).clip(0, 255).astype(np.uint8)]
