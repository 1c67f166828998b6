"""A contact sheet of the sketches: one row for each family, with the name of each class below its images."""

import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from classvec import settings
from classvec.artifacts import atomic_write
from classvec.data.sketches.album import SIZE, Sketches
from classvec.data.sketches.families import FAMILIES, Family
from classvec.errors import InputError
from classvec.ontology import wordnet
from classvec.ontology.taxonomy import Taxonomy

_GAP, _LINE = 4, 11  # pixels between images, and of a line of text


def contact_sheet(*, samples: int = 2, seed: int = 0, size: int = SIZE, across: int = 2) -> Image.Image:
    """Draws every class.

    Args:
        samples: Images of each class, one below the other.
        seed: Seed of the images.
        size: Side of an image on the sheet, pixels.
        across: Number of families side by side.

    Returns:
        The sheet, in mode RGB.

    Raises:
        InputError: If there is to be no image of a class, or an image is to be smaller than 16 pixels.
    """
    if size < 16 or samples < 1:
        raise InputError(f"a contact sheet needs samples >= 1 of size >= 16; found samples {samples}, size {size}")
    names = wordnet.embedded()
    strips = [_strip(family, names, samples, seed, size) for family in FAMILIES]
    width, height = max(strip.width for strip in strips), strips[0].height
    sheet = Image.new("RGB", (width * across, height * -(-len(strips) // across)), "white")
    for i, strip in enumerate(strips):
        sheet.paste(strip, (i % across * width, i // across * height))
    return sheet


def _strip(family: Family, names: Taxonomy, samples: int, seed: int, size: int) -> Image.Image:
    """Draws the classes of one family side by side."""
    album = Sketches(settings.Sketches(images_per_class=samples, classes=list(family.drawings), seed=seed))
    step, foot = size + _GAP, samples * (size + _GAP)
    strip = Image.new("RGB", (2 * _LINE + len(album.classes) * step + _GAP, foot + 3 * _LINE), "white")
    canvas, font = ImageDraw.Draw(strip), ImageFont.load_default(10)
    strip.paste(_upright(family.name, font, foot), (0, 0))
    for index, label in enumerate(album.labels):
        x, y = 2 * _LINE + int(label) * step, index % samples * step
        strip.paste(album.read(index).resize((size, size), Image.Resampling.LANCZOS), (x, y))
    for column, synset_id in enumerate(album.classes):
        caption = "\n".join(textwrap.wrap(names[synset_id].name, max(1, size // 5), break_long_words=False))
        middle = (2 * _LINE + column * step + size / 2, foot)
        canvas.multiline_text(middle, caption, "black", font, "ma", spacing=1, align="center")
    return strip


def _upright(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, height: int) -> Image.Image:
    """Writes a family's name from bottom to top."""
    strip = Image.new("RGB", (height, 2 * _LINE), "white")
    ImageDraw.Draw(strip).text((height / 2, 1.5 * _LINE), text, fill="black", font=font, anchor="ms")
    return strip.transpose(Image.Transpose.ROTATE_90)


def save_contact_sheet(path: Path, *, samples: int = 2, seed: int = 0, size: int = SIZE) -> None:
    """Writes the sheet as a PNG file, whole or not at all; arguments as of `contact_sheet`."""
    sheet = contact_sheet(samples=samples, seed=seed, size=size)
    with atomic_write(path) as file:
        sheet.quantize(256, dither=Image.Dither.NONE).save(file, format="PNG", optimize=True)
