"""What is measured on: images given by path, or drawn ones as JPEG files; weights from a file, or random ones."""

import multiprocessing
import time
from pathlib import Path

import numpy as np
from PIL import Image

from classvec import build, settings
from classvec.compose import compose
from classvec.data.folders import images_in
from classvec.data.image_files import ImageFiles
from classvec.data.sketches import Sketches
from classvec.errors import InputError
from classvec.networks.network import Architecture


class WatchedImages(ImageFiles):
    """Image files that know when the first of them was opened, also by a worker process."""

    def __init__(self, root: Path, files: dict[str, list[str]]) -> None:
        super().__init__(root, "benchmark", files, settings.ImageChoice(root=root))
        self._opened = multiprocessing.Value("d", 0.0)

    def read(self, index: int) -> Image.Image:
        """Returns one image, and notes the time."""
        if not self._opened.value:
            self._opened.value = time.monotonic()
        return super().read(index)

    def watch(self) -> None:
        """Waits for a first image anew, whoever has opened some before."""
        self._opened.value = 0.0

    def seconds_since_first(self) -> float:
        """Returns the seconds since the first image was opened."""
        seconds: float = time.monotonic() - self._opened.value
        return seconds


def images(data: Path | None, folder: Path, n_images: int, per_class: int) -> WatchedImages:
    """Makes classes of so many images each; which picture is in which class does not matter here.

    Args:
        data: Folder with folders of images; None for drawings.
        folder: Where to work.
        n_images: Number of images.
        per_class: Images in each class; at least two classes are made.
    """
    root, found = pictures(data, folder)
    names = [str(found[number % len(found)].relative_to(root)) for number in range(n_images)]
    size = min(per_class, max(1, n_images // 2))
    files = {f"n{start:08d}": names[start : start + size] for start in range(0, n_images, size)}
    return WatchedImages(root, files)


def pictures(data: Path | None, folder: Path) -> tuple[Path, list[Path]]:
    """Returns the folder of the pictures to measure on, and all of them.

    Raises:
        InputError: If there is none.
    """
    root = data or drawings(folder / "drawings")
    found = [entry / name for entry in sorted(root.iterdir()) if entry.is_dir() for name in images_in(entry)]
    if not found:
        raise InputError(f"{root} has no folders of images")
    return root, found


def drawings(folder: Path) -> Path:
    """Writes drawings of the embedded data set as JPEG files of 500 x 375 pixels, ImageNet's median size."""
    sketches = Sketches(settings.Sketches(images_per_class=1))
    noise = np.random.default_rng(0)
    for index, class_id in enumerate(sketches.classes):
        path = folder / class_id / "0.jpg"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.asarray(sketches.read(index).resize((500, 375), Image.Resampling.BICUBIC), dtype=np.float32)
            grainy = np.clip(pixels + noise.normal(0, 12, pixels.shape), 0, 255)  # smooth ones decode too fast
            Image.fromarray(grainy.astype(np.uint8)).save(path, quality=92)
    return folder


def architecture(name: str, weights: Path | str | None = None) -> Architecture:
    """Returns an architecture of conf/, with random weights unless others are named."""
    return build.architecture(compose([f"architecture={name}", f"architecture.weights={weights or 'random'}"]))
