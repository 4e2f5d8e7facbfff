"""Picture files made for tests: coded by pillow, or byte by byte where they should be odd."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")


def coded(picture: Any, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def random_picture(width: int = 32, height: int = 32) -> Any:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def tags(*entries: tuple[int, int, bytes]) -> bytes:
    """EXIF of (tag, type, value) entries: whatever type and value a tag is given."""
    sizes = {2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8, 11: 4, 77: 1}
    at, body, far = 8 + 2 + 12 * len(entries) + 4, b"", b""
    for tag, kind, value in entries:
        near = len(value) <= 4
        body += struct.pack("<HHI", tag, kind, len(value) // sizes[kind])
        body += value.ljust(4, b"\0") if near else struct.pack("<I", at + len(far))
        far += b"" if near else value
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4) + far


def png(width: int, height: int, depth: int, colours: int, row: bytes, transparent: bytes = b"") -> bytes:
    """A PNG of equal rows; colours: 0 is grey, 2 is red, green and blue."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))]
    parts += [chunk(b"tRNS", transparent)] if transparent else []
    parts += [chunk(b"IDAT", zlib.compress((b"\0" + row) * min(height, 1000))), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
