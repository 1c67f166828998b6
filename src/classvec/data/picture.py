"""Opening image files the way a person would see them."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from classvec.errors import InputError

EXTENSIONS = frozenset(
    (".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff")
) | {".webp"}
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Formats that are read, whatever the extension (JPEG includes MPO); none of them starts another program."""

RAW = frozenset((".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".nef", ".nrw", ".pef", ".srw"))
"""Cameras' raw files: they begin as TIFF files do, but the first picture in them is a thumbnail."""

MAX_PIXELS = 178_956_970
"""Pillow's own limit, where it takes a file for an attack: 0.5 GB in memory."""

MAX_RATIO = 200
"""A longer side this many times the shorter is no picture; a network's input transform would make it enormous."""


class BrokenImage(InputError):
    """A file that is no picture, whoever reads it; other errors lie with the disk or its permissions."""


def open_rgb(path: Path) -> Image.Image:
    """Reads an image file as RGB: turned as its EXIF data say, transparency on white, 16 bits brought to 8.

    Args:
        path: An image file; of several frames or pages the first is read.

    Returns:
        The picture, in mode RGB.

    Raises:
        BrokenImage: If the file is broken, empty, too large or no image; it names the file.
        InputError: If the file is gone or must not be read; it names the file.
    """
    return decoded(path, content_of(path))


def decoded(path: Path, content: bytes) -> Image.Image:
    """Decodes the bytes of an image file, as `open_rgb` does.

    Args:
        path: The file, for errors.
        content: Its bytes.

    Raises:
        BrokenImage: If they are no picture; it names the file.
    """
    if not content:
        raise BrokenImage(f"{path} cannot be read as an image (it is empty): mend or remove it")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow about damaged metadata, and large but honest pictures
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                _check_size(image)
                image.load()
                return _rgb(ImageOps.exif_transpose(image))
    except Exception as error:  # decoders raise whatever their parsers meet: struct.error, SyntaxError, KeyError, ...
        found = str(error).replace(f"{error.__class__.__name__}: ", "") or type(error).__name__
        if "cannot identify image file" in found:
            found = f"not one of {', '.join(FORMATS)}"
        raise BrokenImage(f"{path} cannot be read as an image ({found}): mend or remove it") from error


def content_of(path: Path) -> bytes:
    """Returns the bytes of an image file.

    Raises:
        BrokenImage: If it is gone or no plain file; it names the file.
        InputError: If it must not be read; it names the file.
    """
    if not path.is_file():
        raise BrokenImage(
            f"{path} cannot be read as an image (it is gone, a link that leads nowhere, or no plain file): remove it"
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> InputError:
    """Makes the error for a file that is there and cannot be read."""
    return InputError(
        f"{path} cannot be read ({error.strerror or error}): give yourself the right to read it (chmod u+r), "
        "or check the disk"
    )


def is_picture(path: Path) -> bool:
    """Returns whether a file is a picture by its first bytes, whatever its extension; nothing is decoded."""
    if path.suffix.lower() in RAW or not path.is_file():
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as in `decoded`
            with Image.open(path, formats=FORMATS):
                return True
    except Exception:  # as in `decoded`
        return False


def _check_size(image: Image.Image) -> None:
    short, long = sorted(image.size)
    if short == 0:
        raise ValueError(f"{image.width}x{image.height} pixels")
    if short * long > MAX_PIXELS or long > MAX_RATIO * short:
        raise ValueError(
            f"{image.width}x{image.height} pixels; at most {MAX_PIXELS:,} pixels and sides of 1:{MAX_RATIO}"
        )


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):
        return _grey(np.asarray(image), 65535)
    if image.mode == "F":
        return _grey(np.asarray(image), 1)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _grey(values: np.ndarray, white: int) -> Image.Image:
    """Brings deep greys to 8 bits; a scale that has to be guessed is an error."""
    low, high = float(values.min()), float(values.max())
    if not 0.0 <= low <= high <= white:  # also where one is NaN
        raise ValueError(f"values from {low:g} to {high:g}; greys of type {values.dtype} must lie in 0-{white}")
    return Image.fromarray((values * (255.0 / white) + 0.5).astype(np.uint8)).convert("RGB")
