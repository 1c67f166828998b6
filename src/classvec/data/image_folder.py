"""Images in folders, one folder for each class."""

import hashlib
import json
import logging
import os
import re
from pathlib import Path

import numpy as np
from PIL import Image

from classvec.data.picture import EXTENSIONS, open_rgb
from classvec.errors import InputError

log = logging.getLogger(__name__)
_SYNSET_ID = re.compile(r"n\d{8}")


class ImageFolder:
    """A folder with one folder for each class, named by its synset id, such as ``n02084071/anything.jpg``.

    Args:
        root: The folder.
        name: Name of the data set, for people; by default that of the folder.

    Attributes:
        name: Name of the data set.
        root: The folder.
        classes: Synset ids, sorted, of shape (n_classes,).
        labels: Class index of each image, of shape (n_images,), int64, never falling.
        paths: Path of each image below ``root``, of shape (n_images,), sorted within its class.

    Raises:
        FileNotFoundError: If the folder is missing.
        InputError: If a folder has another name than a synset id, or no image, or there are fewer than two classes.
    """

    def __init__(self, root: str | Path, name: str | None = None) -> None:
        self.root = Path(root).expanduser()
        if not self.root.is_dir():
            raise FileNotFoundError(f"data.root={root} is no folder: wanted one with a folder of images for each class")
        self.name = name or self.root.resolve().name
        folders = sorted(entry.name for entry in os.scandir(self.root) if entry.is_dir() and entry.name[0] != ".")
        foreign = [folder for folder in folders if not _SYNSET_ID.fullmatch(folder)]
        if foreign:
            raise InputError(
                f"{len(foreign)} of {len(folders)} folders in {self.root} are not named by a synset id like n02084071: "
                f"{', '.join(foreign[:5])}; rename them (an id is n and the class's WordNet 3.0 noun offset)"
            )
        if len(folders) < 2:
            raise InputError(f"{self.root} holds {len(folders)} class folders; there must be two at least to compare")
        paths: list[str] = []
        labels: list[int] = []
        for label, folder in enumerate(folders):
            files = self._image_files(folder)
            paths += files
            labels += [label] * len(files)
        self.classes = tuple(folders)
        self.paths = tuple(paths)
        self.labels = np.array(labels, dtype=np.int64)

    def _image_files(self, folder: str) -> list[str]:
        names = sorted(e.name for e in os.scandir(self.root / folder) if e.is_file() and e.name[0] != ".")
        images = [name for name in names if Path(name).suffix.lower() in EXTENSIONS]
        if not images:
            raise InputError(f"class folder {self.root / folder} holds no image: add images to it or remove it")
        if len(images) < len(names):
            log.warning("%s: left out %d files that are no images", self.root / folder, len(names) - len(images))
        return [f"{folder}/{name}" for name in images]

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

    def for_fitting(self) -> "ImageFolder":
        """Returns the same images: a folder sets none aside for fitting."""
        return self

    def fingerprint(self) -> str:
        """Returns the SHA-256 over the path below the root, size and modification time of every image."""
        digest = hashlib.sha256()
        for path in self.paths:
            stat = (self.root / path).stat()
            digest.update(json.dumps([path, stat.st_size, stat.st_mtime_ns]).encode())
        return digest.hexdigest()
