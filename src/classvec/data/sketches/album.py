"""The embedded data set: every image is drawn when it is asked for, the same each time."""

import hashlib
import json
import random
from collections.abc import Sequence
from importlib import resources

import numpy as np
import PIL
from PIL import Image

from classvec.data.sketches.families import FAMILY_OF
from classvec.data.sketches.pen import Pen
from classvec.data.sketches.scenery import background, exposure
from classvec.data.sketches.surfaces import Float32, light_flat, light_round, rim, tile, window
from classvec.errors import InputError, unknown

SIZE = 96
"""Side of an image, pixels."""

SPLITS = ("fit", "describe")
"""Images to fit a network on, and images to make class vectors of; no image is in both."""

_FINER = 2  # drawn at twice the size and averaged, for soft edges


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
        images_per_class: Number of images of each class.
        fit_images_per_class: Number of images of each class that `for_fitting` returns.
        split: One of `SPLITS`.
        classes: Synset ids of the classes to draw; all of them by default.
        seed: Another seed gives other images.
        name: Name of the data set, for people.

    Attributes:
        name: Name of the data set.
        classes: Synset ids, sorted, of shape (n_classes,).
        labels: Class index of each image, of shape (n_classes * images_per_class,), int64, never falling.
        families: Name of the family of each class, of shape (n_classes,).
        left_out: Empty: every drawing can be read.

    Raises:
        InputError: If the split or a class is unknown, a class is named twice, or there are too few of something.
    """

    def __init__(
        self,
        *,
        images_per_class: int = 20,
        fit_images_per_class: int = 60,
        split: str = "describe",
        classes: Sequence[str] | None = None,
        seed: int = 0,
        name: str = "sketches",
    ) -> None:
        if split not in SPLITS:
            raise unknown("split of the sketches", split, SPLITS)
        if min(images_per_class, fit_images_per_class) < 1:
            raise InputError(
                f"data.images_per_class={images_per_class}, data.fit_images_per_class={fit_images_per_class}: there "
                "must be one image of a class at least"
            )
        self.name = name
        self.left_out: tuple[str, ...] = ()
        self.classes = _chosen(classes)
        self.families = tuple(FAMILY_OF[synset_id].name for synset_id in self.classes)
        self.labels = np.repeat(np.arange(len(self.classes), dtype=np.int64), images_per_class)
        self.images_per_class = images_per_class
        self.fit_images_per_class = fit_images_per_class
        self.split = split
        self.seed = seed

    def __len__(self) -> int:
        return len(self.labels)

    def read(self, index: int) -> Image.Image:
        """Draws one image, in mode RGB, `SIZE` pixels square.

        Raises:
            IndexError: If there is no such image.
        """
        synset_id, number = self._locate(index)
        key = f"{self.seed}/{self.split}/{synset_id}/{number}"
        return draw(synset_id, random.Random(int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])))

    def where(self, index: int) -> str:
        """Returns the class, the number, the split and the seed that one image is drawn from."""
        synset_id, number = self._locate(index)
        return f"{self.name}: {synset_id} number {number} of split {self.split}, seed {self.seed}"

    def for_fitting(self) -> "Sketches":
        """Returns the images of these classes to fit a network on: other ones than any that class vectors are of."""
        return Sketches(
            images_per_class=self.fit_images_per_class,
            split="fit",
            classes=self.classes,
            seed=self.seed,
            name=self.name,
        )

    def fingerprint(self) -> str:
        """Returns the SHA-256 over the code that draws, the version of Pillow and what was asked for."""
        digest = hashlib.sha256()
        sources = (file for file in resources.files("classvec.data.sketches").iterdir() if file.name.endswith(".py"))
        for file in sorted(sources, key=lambda file: file.name):
            digest.update(file.read_bytes().replace(b"\r\n", b"\n"))
        asked = [PIL.__version__, self.classes, self.images_per_class, self.split, self.seed]
        digest.update(json.dumps(asked).encode())
        return digest.hexdigest()

    def _locate(self, index: int) -> tuple[str, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"no image {index} in {self.name}: there are {len(self)}")
        return self.classes[index // self.images_per_class], index % self.images_per_class


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
