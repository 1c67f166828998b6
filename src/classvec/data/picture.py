"""Opening image files the way a person would see them."""

import hashlib
import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from classvec.data import mending
from classvec.errors import InputError, shown

EXTENSIONS = frozenset((
    ".apng", ".avif", ".bmp", ".gif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".jpx", ".mpo", ".pbm",
    ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
))  # fmt: skip
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
"""Formats that are read, whatever the extension (JPEG includes MPO).

Each is of finished pictures (no icons, no layers), begins with a signature of its own, notices a file that was cut, and
is decoded by Pillow itself, with compiled code. None of them starts another program, as PostScript does.
"""

RAW = frozenset((".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".nef", ".nrw", ".pef", ".srw"))
"""Cameras' raw files: they begin as TIFF files do, but the first picture in them is a thumbnail."""

MAX_BYTES = 2**31
"""Memory that decoding one picture may take, whatever the size of its file."""

BYTES_PER_PIXEL = {"WEBP": 16, "AVIF": 16, "JPEG2000": 28}
"""Most that decoders take for each pixel, measured, with the pixels themselves: 4 bytes in most modes of Pillow."""

OTHERS = 12
"""What all others take at most: a JPEG file of four components in several scans, a TIFF file of a single strip."""

STRIP = 2**18
"""Pixels that are converted at a time."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""Orientation in EXIF data to what undoes it."""

MAX_RATIO = 200
"""A longer side this many times the shorter is no picture; a network's input transform would make it enormous."""


ADVICE = "mend or remove it, or leave such images out with data.on_error=skip"


class BrokenImage(InputError):
    """A file that is no picture, whoever reads it; other errors lie with the disk or its permissions."""


@dataclass(frozen=True)
class Decoded:
    """A picture that was read.

    Attributes:
        image: The picture, in mode RGB.
        flaw: What is wrong with the file beside its pixels, which are all there; empty for nothing.
    """

    image: Image.Image
    flaw: str = ""


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
    return decoded(path, content_of(path)).image


def decoded(path: Path, content: bytes) -> Decoded:
    """Decodes the bytes of an image file, as `open_rgb` does; damage that leaves all pixels whole is only noted.

    Args:
        path: The file, for errors.
        content: Its bytes.

    Raises:
        BrokenImage: If they are no picture, or pixels are missing; it names the file.
    """
    if not content:
        raise BrokenImage(f"{shown(path)} cannot be read as an image (it is empty): {ADVICE}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow about damaged metadata, and large but honest pictures
            return _whole(content)
    except Exception as error:  # decoders raise whatever their parsers meet: struct.error, SyntaxError, KeyError, ...
        found = str(error).replace(f"{error.__class__.__name__}: ", "") or type(error).__name__
        if "cannot identify image file" in found:
            found = f"not one of {', '.join(FORMATS)}, or its beginning is damaged"
        raise BrokenImage(f"{shown(path)} cannot be read as an image ({found}): {ADVICE}") from error


def _whole(content: bytes) -> Decoded:
    """Decodes a file as it is or, where that fails, without what is damaged beside its pixels."""
    if mending.ends_in_zeros(content):
        raise ValueError("it ends in zeros, where pixels should be")
    try:
        image, flaw = _pixels(content)
    except Exception:
        if (bare := mending.without_metadata(content)) is not None:
            return Decoded(_pixels(bare)[0], mending.METADATA)
        if (inverted := mending.black_is_zero(content)) is not None:  # a kind that Pillow knows only so
            image, flaw = _pixels(inverted)
            return Decoded(ImageOps.invert(image), flaw)
        if not (ended := mending.with_ends(content)) or len({_hash(_pixels(one)[0]) for one in ended}) > 1:
            raise
        return Decoded(_pixels(ended[0])[0], mending.NO_END)
    return Decoded(image, flaw or (mending.NO_END if mending.lacks_end(content) else ""))


def _pixels(content: bytes) -> tuple[Image.Image, str]:
    """Decodes to RGB, and turns; returns the flaw of EXIF data that cannot be read."""
    image, turn, flaw = _upright(content)
    return image if turn is None else image.transpose(turn), flaw


def _upright(content: bytes) -> tuple[Image.Image, Image.Transpose | None, str]:
    """Decodes to RGB, and finds the turn; the picture as it was is gone when we return, before another one is made."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        _check_size(image)
        image.load()
        try:
            turn, flaw = TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1)), ""
        except Exception:  # as in `decoded`
            turn, flaw = None, mending.METADATA
        return _rgb(image), turn, flaw


def _hash(image: Image.Image) -> bytes:
    return hashlib.sha256(image.tobytes()).digest()


def content_of(path: Path) -> bytes:
    """Returns the bytes of an image file.

    Raises:
        BrokenImage: If it is gone or no plain file; it names the file.
        InputError: If it must not be read; it names the file.
    """
    if not path.is_file():
        raise BrokenImage(
            f"{shown(path)} cannot be read as an image (it is gone, a link that leads nowhere, or no plain file): "
            "remove it"
        )
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> InputError:
    """Makes the error for a file that is there and cannot be read."""
    return InputError(
        f"{shown(path)} cannot be read ({error.strerror or error}): give yourself the right to read it (chmod u+r), "
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
    most = MAX_BYTES // BYTES_PER_PIXEL.get(image.format or "", OTHERS)
    if short * long > most or long > MAX_RATIO * short:
        raise ValueError(f"{image.width}x{image.height} pixels; at most {most:,} pixels and sides of 1:{MAX_RATIO}")


def _rgb(image: Image.Image) -> Image.Image:
    """Converts to RGB, a strip at a time: in between are pictures of up to 8 bytes a pixel, of which none is whole."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    is_deep = image.mode.startswith("I") or image.mode == "F"
    convert = _deep_grey(image) if is_deep else _on_white
    rgb = Image.new("RGB", image.size)
    for box in _strips(image):
        rgb.paste(convert(image.crop(box)), box)
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    if is_deep and tags.get(mending.PHOTOMETRIC) == mending.WHITE_IS_ZERO:  # Pillow inverts greys of up to 8 bits
        rgb = ImageOps.invert(rgb)
    return rgb


def _strips(image: Image.Image) -> Iterator[tuple[int, int, int, int]]:
    rows = max(1, STRIP // image.width)
    for top in range(0, image.height, rows):
        yield 0, top, image.width, min(top + rows, image.height)


def _on_white(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _deep_grey(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """Returns what brings deep greys to 8 bits; a scale that has to be guessed is an error."""
    white = 1 if image.mode == "F" else 65535
    kind = np.asarray(image.crop((0, 0, 1, 1))).dtype
    ends = [(part.min(), part.max()) for part in (np.asarray(image.crop(box)) for box in _strips(image))]
    low, high = float(np.min(ends)), float(np.max(ends))
    if not 0.0 <= low <= high <= white:  # also where one is NaN
        raise ValueError(f"values from {low:g} to {high:g}; greys of type {kind} must lie in 0-{white}")
    return lambda part: Image.fromarray((np.asarray(part) * (255.0 / white) + 0.5).astype(np.uint8))
