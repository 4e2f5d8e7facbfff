"""A contact sheet: some pictures of every class, one row a class, as a PNG."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nndl.data.pictures import pillow
from nndl.visible import visible

CELL, GAP, NAMES = 72, 6, 120
"""Pixels of a picture's sides, between pictures, and of the column of names."""
MOST_ROWS = 200


def contact_sheet(rows: Sequence[tuple[str, Sequence[NDArray[Any]]]]) -> bytes:
    """Return a PNG of rows of images uint8 (C, H, W), each row behind its class's name. Raises MissingExtraError."""
    Image = pillow()
    from PIL import ImageDraw

    rows = rows[:MOST_ROWS]
    most = max((len(images) for _, images in rows), default=0)
    size = (NAMES + most * (CELL + GAP) + GAP, len(rows) * (CELL + GAP) + GAP)
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for row, (name, images) in enumerate(rows):
        top = GAP + row * (CELL + GAP)
        plain = visible(name).encode("latin-1", "replace").decode("latin-1")  # the letters of pillow's own font
        draw.text((GAP, top + CELL // 2 - 6), plain[:18], fill="black")
        for column, pixels in enumerate(images):
            coloured = np.broadcast_to(pixels, (3, *pixels.shape[1:])).transpose(1, 2, 0)
            picture = Image.fromarray(np.ascontiguousarray(coloured))
            picture.thumbnail((CELL, CELL))
            sheet.paste(picture, (NAMES + column * (CELL + GAP), top))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()
