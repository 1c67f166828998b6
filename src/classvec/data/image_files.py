"""Image files of classes: the list, its order, its fingerprint; where the list comes from is the data sets' affair."""

import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from classvec.data.choice import Check, chosen_images
from classvec.data.picture import EXTENSIONS, open_rgb
from classvec.errors import InputError
from classvec.settings import ImageChoice, OnError

log = logging.getLogger(__name__)


class ImageFiles:
    """Image files of classes, in class order.

    Args:
        root: Folder that the paths start from.
        name: Name of the data set, for people.
        files: Synset id to the paths below the root of its images.
        choice: Which images to use. With ``on_error=skip`` every one of them is read here, so that the list, the
            number of images of each class and the fingerprint tell of good images alone.

    Attributes:
        name: Name of the data set.
        root: The folder.
        classes: Synset ids, sorted, of shape (n_classes,).
        labels: Class index of each image, of shape (n_images,), int64, never falling.
        paths: Path of each image below ``root``, of shape (n_images,).
        left_out: Why each image that was left out cannot be read; empty unless ``on_error=skip``.

    Raises:
        InputError: If a class has no image, or none that can be read, or there are fewer than two classes.
    """

    def __init__(self, root: Path, name: str, files: Mapping[str, Sequence[str]], choice: ImageChoice) -> None:
        self.root = root
        self.name = name
        self.classes = tuple(sorted(files))
        if len(self.classes) < 2:
            raise InputError(f"{root} gives {len(self.classes)} classes; at least two are required")
        if choice.on_error == OnError.skip:
            log.info(
                "data.on_error=skip: looking for broken images among %d in %s", sum(map(len, files.values())), root
            )
        check = Check(lambda path: open_rgb(root / path))
        paths: list[str] = []
        labels: list[int] = []
        for label, synset in enumerate(self.classes):
            usable = check if choice.on_error == OnError.skip else _always
            kept = chosen_images(choice, files[synset], synset, usable)
            if not kept:
                raise InputError(
                    f"class {synset} has no image that can be read, of {len(files[synset])} in {root}: mend them, "
                    f"or leave the class out. {'; '.join(check.left_out[-3:])}"
                )
            paths += kept
            labels += [label] * len(kept)
        if choice.on_error == OnError.skip:
            check.report()
        self.paths = tuple(paths)
        self.labels = np.array(labels, dtype=np.int64)
        self.left_out = tuple(check.left_out)

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, index: int) -> Image.Image:
        """Returns one image in mode RGB.

        Raises:
            InputError: If it cannot be read; it names the file.
        """
        return open_rgb(self.root / self.paths[index])

    def where(self, index: int) -> str:
        """Returns the path of one image."""
        return str(self.root / self.paths[index])

    def for_fitting(self) -> "ImageFiles":
        """Returns the same images: folders set none aside for fitting."""
        return self

    def fingerprint(self) -> str:
        """Returns the SHA-256 over the path below the root, size and modification time of every image.

        Raises:
            InputError: If an image is gone.
        """
        digest = hashlib.sha256()
        for path in self.paths:
            try:
                stat = os.stat(f"{self.root}/{path}")  # noqa: PTH116 (a Path for each of ten million takes a minute)
            except OSError as error:
                raise InputError(
                    f"{self.root / path} is gone, or a link that leads nowhere: remove or mend it"
                ) from error
            digest.update(json.dumps([path, stat.st_size, stat.st_mtime_ns]).encode())
        return digest.hexdigest()


def _always(image: str) -> bool:
    return True


def existing_root(root: str | Path) -> Path:
    """Returns the folder of a data set.

    Raises:
        FileNotFoundError: If it is missing.
    """
    path = Path(root).expanduser()
    if not path.is_dir():
        raise FileNotFoundError(f"data.root={root} is no folder: wanted one with a folder of images for each class")
    return path


def folders_in(root: Path) -> list[str]:
    """Returns the names of the folders in a folder, sorted, without hidden ones."""
    return sorted(entry.name for entry in _scan(root) if entry.is_dir() and entry.name[0] != ".")


def images_in(folder: Path) -> list[str]:
    """Returns the names of the image files in a folder, sorted, without hidden ones; says what else it holds."""
    names = sorted(entry.name for entry in _scan(folder) if entry.name[0] != ".")
    images = [name for name in names if Path(name).suffix.lower() in EXTENSIONS]
    if images and len(images) < len(names):
        kinds = sorted({Path(name).suffix for name in names} - {Path(name).suffix for name in images})
        log.warning("%s: left out %d files that are no images %s", folder, len(names) - len(images), kinds)
    return images


def images_of_class(folder: Path) -> list[str]:
    """Returns the names of the image files in the folder of a class, sorted.

    Raises:
        InputError: If there is none.
    """
    if images := images_in(folder):
        return images
    found = ""
    if inner := folders_in(folder):
        found = f" but {len(inner)} folders, such as {inner[0]}: images must lie in the class folder itself"
    elif others := sorted({Path(entry.name).suffix or entry.name for entry in _scan(folder)}):
        found = f" but other files ({', '.join(others[:5])}); wanted {', '.join(sorted(EXTENSIONS))}"
    raise InputError(f"class folder {folder} holds no image{found}; add images to it or remove it")


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be opened ({error.strerror or error}): give yourself the right to read it (chmod u+rx)"
        ) from error
