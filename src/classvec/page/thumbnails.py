"""One small picture of every class on one sheet, so that a thousand of them are one file of a megabyte."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from classvec.artifacts import atomic_write
from classvec.data.labelled_images import LabelledImages

SIDE = 56
"""Side of a picture, pixels."""

COLUMNS = 40
JPEG_QUALITY = 70
"""A thousand photographs then come to about a megabyte."""


def write_thumbnails(images: LabelledImages, path: Path) -> Path:
    """Writes the first image of every class, row by row in class order, onto one JPEG sheet.

    Args:
        images: The labelled images.
        path: The file to write.

    Raises:
        InputError: If an image cannot be read.
    """
    first = np.searchsorted(images.labels, np.arange(len(images.classes)))
    rows = -(-len(first) // COLUMNS)
    sheet = Image.new("RGB", (SIDE * min(COLUMNS, len(first)), SIDE * rows), "white")
    for place, index in enumerate(first):
        row, column = divmod(place, COLUMNS)
        sheet.paste(ImageOps.fit(images.read(int(index)), (SIDE, SIDE)), (SIDE * column, SIDE * row))
    with atomic_write(path) as file:
        sheet.save(file, "JPEG", quality=JPEG_QUALITY)
    return path


def layout() -> Mapping[str, int]:
    """Returns how the pictures lie on the sheet."""
    return {"side": SIDE, "columns": COLUMNS}
