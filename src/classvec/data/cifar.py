"""CIFAR-10 and CIFAR-100 with WordNet's names for their classes.

Krizhevsky, Learning multiple layers of features from tiny images, 2009. The maps from class to synset, in ``classes``,
name what the pictures show: ``maple_tree`` is the tree, not its wood, ``crab`` the animal, not its meat. WordNet has no
aquarium fish: that class is ``fish.n.01``.
"""

import hashlib
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from classvec.data.choice import chosen_classes, chosen_images
from classvec.data.class_ids import ids_only, own_names, shipped
from classvec.data.folders import class_folders, images_of_class, refuse_parts
from classvec.data.image_files import ImageFiles
from classvec.data.labelled_images import LabelledImages
from classvec.errors import InputError, unknown
from classvec.ontology.taxonomy import Ontology
from classvec.settings import Cifar, CifarSplit

log = logging.getLogger(__name__)


def cifar(settings: Cifar, ontology: Ontology | None = None) -> LabelledImages:
    """Opens CIFAR-10 or CIFAR-100 from the official files or from folders named by the classes.

    The official files are pickles; torchvision reads them after comparing their MD5 sums with the official ones.

    Args:
        settings: Folder with the official files (in ``cifar-10-batches-py`` or ``cifar-100-python``) or with a folder
            of images for each class (``airplane``, ``automobile``, ...; a part of the classes will do); which classes
            and images of it.
        ontology: Turns the names of synsets into ids; None for ids and names of CIFAR's classes alone.

    Raises:
        FileNotFoundError: If the root holds neither and nothing is to be downloaded.
        InputError: If the files are damaged, a folder is no class, or a value is unknown.
    """
    resolve = ontology.resolve if ontology else ids_only
    variant = settings.variant
    folder, ids = Path(settings.root).expanduser(), shipped(variant)
    kind = _torchvision(variant)
    if settings.download or (folder / kind.base_folder).is_dir():
        return CifarArchive(settings, chosen_classes(settings, ids, resolve))
    folders = class_folders(folder) if folder.is_dir() else []
    if not set(folders) & set(ids):
        if folders:
            refuse_parts(folder)
        raise FileNotFoundError(
            f"data.root={settings.root} holds neither {kind.base_folder} nor folders named by classes of {variant}: "
            f"give their folder, or download them ({kind.url}) with data.download=true"
        )
    kept = chosen_classes(settings, {f: _synset(f, ids, folder) for f in folders}, resolve)
    files = {synset: [f"{f}/{image}" for image in images_of_class(folder / f)] for f, synset in kept.items()}
    return ImageFiles(folder, settings.name or variant, files, settings, own_names(kept))


def _synset(folder: str, ids: dict[str, str], root: Path) -> str:
    if folder not in ids:
        raise InputError(f"{root}: {unknown('class folder', folder, ids)}")
    return ids[folder]


def _torchvision(variant: str) -> Any:
    """Returns torchvision's class of a data set."""
    from torchvision.datasets import CIFAR10, CIFAR100

    return {"cifar10": CIFAR10, "cifar100": CIFAR100}[variant]


class CifarArchive:
    """Images of the official files, in class order.

    Args:
        settings: Folder that holds the files' folder, variant and split, and which images.
        ids: Name of each class to use to its synset id.

    Attributes:
        name: Name of the data set.
        classes: Synset ids, sorted, of shape (n_classes,).
        labels: Class index of each image, of shape (n_images,), int64, never falling.
        left_out: Empty; the files are whole or refused.

    Raises:
        InputError: If the files cannot be fetched or are damaged, or there are fewer than two classes.
    """

    def __init__(self, settings: Cifar, ids: dict[str, str]) -> None:
        if len(ids) < 2:
            raise InputError(f"data.classes chooses {len(ids)} classes; at least two are required")
        source = _open(Path(settings.root).expanduser(), settings)
        self._source = f"{settings.variant}-{settings.split}"
        self.name = settings.name or self._source
        self._settings, self._ids = settings, ids
        self.left_out: tuple[str, ...] = ()
        self.own_names = own_names(ids)
        self.classes = tuple(sorted(ids.values()))
        numbers = {ids[cls]: number for number, cls in enumerate(source.classes) if cls in ids}
        targets = np.asarray(source.targets)
        rows: list[int] = []
        labels: list[int] = []
        for label, synset in enumerate(self.classes):
            members = np.flatnonzero(targets == numbers[synset]).tolist()
            kept = chosen_images(settings, members, synset, lambda row: True)
            rows += kept
            labels += [label] * len(kept)
        self.labels = np.array(labels, dtype=np.int64)
        self._rows = rows
        self._pixels = source.data
        self._sums = [source.train_list, source.test_list]

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, index: int) -> Image.Image:
        """Returns one image, 32x32, in mode RGB."""
        return Image.fromarray(self._pixels[self._rows[index]])

    def where(self, index: int) -> str:
        """Returns the number of one image in its split."""
        return f"{self._source}, image {self._rows[index]}"

    def for_fitting(self) -> "CifarArchive":
        """Returns all training images of these classes, from the same files."""
        if self._settings.split == CifarSplit.train:
            return self
        return CifarArchive(
            Cifar(root=self._settings.root, variant=self._settings.variant, split=CifarSplit.train), self._ids
        )

    def fingerprint(self) -> str:
        """Returns the SHA-256 over the MD5 sums of the files and the numbers of the images."""
        return hashlib.sha256(json.dumps([self._source, self._sums, self._rows]).encode()).hexdigest()


def _open(root: Path, settings: Cifar) -> Any:
    variant, kind = settings.variant, _torchvision(settings.variant)
    if settings.download:
        log.info("fetching %s (170 MB) from %s into %s, unless it is there", variant, kind.url, root)
        root.mkdir(parents=True, exist_ok=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of NumPy about the age of these pickles
            return kind(root, train=settings.split == CifarSplit.train, download=settings.download)
    except OSError as error:
        raise InputError(
            f"{variant} cannot be fetched or read ({error}): check the connection and the rights to {root}, or fetch "
            f"{kind.url} manually and unpack it there"
        ) from error
    except RuntimeError as error:
        raise InputError(
            f"{root / kind.base_folder} is not the official {variant} ({error}): delete that folder and fetch it again "
            "with data.download=true"
        ) from error
