"""Opening image files the way a person would see them."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from classvec.errors import InputError

EXTENSIONS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})


def open_rgb(path: Path) -> Image.Image:
    """Reads an image file as RGB: turned as its EXIF data say, transparency on white, 16 bits brought to 8.

    Args:
        path: An image file; of an animation the first frame is read.

    Returns:
        The picture, in mode RGB.

    Raises:
        InputError: If the file is broken, empty or no image; it names the file.
    """
    try:
        with Image.open(path) as image:
            image.load()
            return _rgb(ImageOps.exif_transpose(image))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise InputError(f"{path} cannot be read as an image ({error}): mend or remove it") from error


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16") or image.mode == "I":
        return Image.fromarray((np.asarray(image).clip(0, 65535) / 257.0 + 0.5).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")
