"""The embedded data set: every image is drawn when it is asked for, the same each time."""

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

from classvec.data.sketches.families import FAMILY_OF
from classvec.data.sketches.pen import Pen
from classvec.data.sketches.scenery import background, exposure
from classvec.data.sketches.surfaces import Float32, light_flat, light_round, rim, tile, window
from classvec.errors import InputError, unknown
from classvec.settings import Sketches as Settings
from classvec.settings import SketchSplit
from classvec.sources import code_of

SIZE = 96
"""Side of an image, pixels."""

_FINER = 2  # drawn at twice the size and averaged, for soft edges
_DEFAULTS = Settings()


class Sketches:
    """Images drawn by code: nothing to download, nothing to store, and a truth that is known.

    Planted is that likeness follows meaning, and nothing else does. The classes of a family are drawn from the same
    parts (`families.FAMILIES`): birds have a beak, wings of quills and two thin legs; wheeled vehicles have wheels and
    windows. They also have one surface: fur, feathers, scales, masonry, planks. Animals share eyes and limbs with other
    animals; what has grown has wobbling, soft outlines and light as on round bodies, what was made straight lines, dark
    edges and flat sides. Colours, background, clutter, pose, size and light are
    drawn without regard to the class, so that neither pixels nor a colour histogram tell a family.

    An image takes about 1 ms to draw on one core. It depends on the seed, the split, the class and its number within
    the class alone, so a class looks the same whichever other classes are asked for.

    Args:
        settings: Classes, split, number of images and seed.

    Attributes:
        name: Name of the data set.
        classes: Synset ids, sorted, of shape (n_classes,).
        labels: Class index of each image, of shape (n_classes * images_per_class,), int64, never falling.
        families: Name of the family of each class, of shape (n_classes,).
        left_out: Empty: every drawing can be read.

    Raises:
        InputError: If a class is unknown or named twice, or there are fewer than two.
    """

    def __init__(self, settings: Settings = _DEFAULTS) -> None:
        self.settings = settings
        self.name = self.settings.name
        self.left_out: tuple[str, ...] = ()
        self.classes = _chosen(self.settings.classes)
        self.families = tuple(FAMILY_OF[synset_id].name for synset_id in self.classes)
        self.labels = np.repeat(np.arange(len(self.classes), dtype=np.int64), self.settings.images_per_class)

    def __len__(self) -> int:
        return len(self.labels)

    def read(self, index: int) -> Image.Image:
        """Draws one image, in mode RGB, `SIZE` pixels square.

        Raises:
            IndexError: If there is no such image.
        """
        synset_id, number = self._locate(index)
        key = f"{self.settings.seed}/{self.settings.split}/{synset_id}/{number}"
        return draw(synset_id, random.Random(int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])))

    def where(self, index: int) -> str:
        """Returns the class, the number, the split and the seed that one image is drawn from."""
        synset_id, number = self._locate(index)
        return f"{self.name}: {synset_id} number {number} of split {self.settings.split}, seed {self.settings.seed}"

    def for_fitting(self) -> "Sketches":
        """Returns the images of these classes to fit a network on: other ones than any that class vectors are of."""
        chosen = replace(
            self.settings,
            images_per_class=self.settings.fit_images_per_class,
            split=SketchSplit.fit,
            classes=list(self.classes),
        )
        return Sketches(chosen)

    def fingerprint(self) -> str:
        """Returns the SHA-256 over the code that draws, the version of Pillow and what was asked for."""
        digest = hashlib.sha256()
        for file in sorted(Path(__file__).parent.glob("*.py")):
            digest.update(code_of(file))
        asked = [PIL.__version__, self.classes, self.settings.images_per_class, self.settings.split, self.settings.seed]
        digest.update(json.dumps(asked).encode())
        return digest.hexdigest()

    def _locate(self, index: int) -> tuple[str, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"no image {index} in {self.name}: there are {len(self)}")
        return self.classes[index // self.settings.images_per_class], index % self.settings.images_per_class


def _chosen(classes: Sequence[str] | None) -> tuple[str, ...]:
    if classes is None:
        return tuple(sorted(FAMILY_OF))
    for synset_id in classes:
        if synset_id not in FAMILY_OF:
            raise unknown("class of the sketches", synset_id, sorted(FAMILY_OF))
    if len(set(classes)) != len(classes) or len(classes) < 2:
        raise InputError(f"data.classes must name two classes at least, each once; found {list(classes)}")
    return tuple(sorted(classes))


def draw(synset_id: str, rng: random.Random) -> Image.Image:
    """Draws one image of a class.

    Args:
        synset_id: A class of `FAMILY_OF`.
        rng: Source of everything random.

    Returns:
        The image, in mode RGB, `SIZE` pixels square.
    """
    family = FAMILY_OF[synset_id]
    scene = background(rng, SIZE)
    pen = Pen(rng, SIZE * _FINER, family.grown)
    family.drawings[synset_id](pen)
    layer = pen.layer.reduce(_FINER)
    alpha, strength = layer.getchannel("A"), rng.uniform(0.5, 1.0)
    lit = light_round(alpha, rng, strength) if family.grown else light_flat(SIZE, rng, strength)
    lit = lit + np.float32(rng.uniform(0.26, 0.42)) * window(tile(family.surface), rng, SIZE)
    cover, edge = rim(alpha, family.grown)
    light: Float32 = (lit * edge).astype(np.float32)
    colours = np.asarray(layer.convert("RGB"), dtype=np.float32) * light[..., None]
    pixels: Float32 = scene + cover[..., None] * (colours - scene)
    return exposure(pixels, rng)
