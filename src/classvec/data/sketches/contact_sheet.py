"""A contact sheet of the sketches: one row for each family, with the name of each class below its images."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from classvec.artifacts import atomic_write
from classvec.data.sketches.album import SIZE, Sketches
from classvec.data.sketches.families import FAMILIES
from classvec.ontology import wordnet

_MARGIN, _CAPTION = 4, 14


def contact_sheet(*, samples: int = 2, seed: int = 0, size: int = SIZE) -> Image.Image:
    """Draws every class.

    Args:
        samples: Images of each class, one below the other.
        seed: Seed of the images.
        size: Side of an image on the sheet, pixels.

    Returns:
        The sheet, in mode RGB.
    """
    names = wordnet.embedded()
    height = samples * (size + 2) + _CAPTION + _MARGIN
    columns = max(len(family.drawings) for family in FAMILIES)
    sheet = Image.new("RGB", (_CAPTION + columns * (size + _MARGIN), len(FAMILIES) * height), "white")
    canvas = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(10)
    for row, family in enumerate(FAMILIES):
        album = Sketches(images_per_class=samples, classes=list(family.drawings), seed=seed)
        sheet.paste(_upright(family.name, font, height), (0, row * height))
        for index, label in enumerate(album.labels):
            x = _CAPTION + int(label) * (size + _MARGIN)
            y = row * height + index % samples * (size + 2)
            sheet.paste(album.read(index).resize((size, size), Image.Resampling.LANCZOS), (x, y))
            if index % samples == 0:
                middle = (x + size / 2, (row + 1) * height - _MARGIN - 1)
                canvas.text(middle, names[album.classes[label]].name, fill="black", font=font, anchor="ms")
    return sheet


def _upright(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, height: int) -> Image.Image:
    """Writes a family's name from bottom to top."""
    strip = Image.new("RGB", (height, _CAPTION), "white")
    ImageDraw.Draw(strip).text((height / 2, _CAPTION - 3), text, fill="black", font=font, anchor="ms")
    return strip.transpose(Image.Transpose.ROTATE_90)


def save_contact_sheet(path: Path, *, samples: int = 2, seed: int = 0, size: int = SIZE) -> None:
    """Writes the sheet as a PNG file, whole or not at all; arguments as of `contact_sheet`."""
    sheet = contact_sheet(samples=samples, seed=seed, size=size)
    with atomic_write(path) as file:
        sheet.quantize(128, dither=Image.Dither.NONE).save(file, format="PNG", optimize=True)
