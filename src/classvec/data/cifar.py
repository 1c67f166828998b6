"""CIFAR-10 and CIFAR-100 with WordNet's names for their classes.

Krizhevsky, Learning multiple layers of features from tiny images, 2009. The maps from class to synset, in ``classes``,
name what the pictures show: ``maple_tree`` is the tree, not its wood, ``crab`` the animal, not its meat. WordNet has no
aquarium fish: that class is ``fish.n.01``.
"""

import hashlib
import json
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from classvec.data.choice import Choice
from classvec.data.class_ids import Resolve, ids_only, shipped
from classvec.data.image_files import ImageFiles, folders_in, images_of_class
from classvec.data.labelled_images import LabelledImages
from classvec.errors import InputError, unknown

log = logging.getLogger(__name__)
VARIANTS = ("cifar10", "cifar100")
SPLITS = ("test", "train")


def cifar(
    root: str | Path,
    variant: str = "cifar10",
    name: str | None = None,
    *,
    split: str = "test",
    download: bool = False,
    classes: Sequence[str] | None = None,
    images_per_class: int | None = None,
    images_seed: int | None = None,
    on_error: str = "error",
    resolve: Resolve = ids_only,
) -> LabelledImages:
    """Opens CIFAR-10 or CIFAR-100 from the official files or from folders named by the classes.

    The official files are pickles; torchvision reads them after comparing their MD5 sums with the official ones.

    Args:
        root: Folder with the official files (in ``cifar-10-batches-py`` or ``cifar-100-python``) or with a folder of
            images for each class (``airplane``, ``automobile``, ...; a part of the classes will do).
        variant: ``cifar10`` or ``cifar100``, with its 100 fine classes.
        name: Name of the data set, for people; by default the variant, of the official files with the split.
        split: ``test`` or ``train`` images of the official files.
        download: Whether to fetch the official files if they are not there.
        classes: Classes to use, by their names, synset ids or synset names; None for all.
        images_per_class: At most that many images of each class; None for all.
        images_seed: None for the first images; a seed to draw them at random.
        on_error: ``error`` if a broken image file stops the run, ``skip`` to leave it out, with a word.
        resolve: Turns a synset's name into its id, such as `classvec.ontology.wordnet.find`.

    Raises:
        FileNotFoundError: If the root holds neither and nothing is to be fetched.
        InputError: If the files are damaged, a folder is no class, or a value is unknown.
    """
    if variant not in VARIANTS:
        raise unknown("value of data.variant", variant, VARIANTS)
    if split not in SPLITS:
        raise unknown("value of data.split", split, SPLITS)
    choice = Choice(classes=classes, images_per_class=images_per_class, images_seed=images_seed, on_error=on_error)
    folder, ids = Path(root).expanduser(), shipped(variant)
    kind = _torchvision(variant)
    folders = folders_in(folder) if folder.is_dir() else []
    if kind.base_folder not in folders and not download:
        if not set(folders) & set(ids):
            raise FileNotFoundError(
                f"data.root={root} holds neither {kind.base_folder} nor folders named by classes of {variant}: give "
                f"their folder, or fetch them ({kind.url}) with data.download=true"
            )
        return _folders(folder, name or variant, choice, {f: _synset(f, ids, folder) for f in folders}, resolve)
    return CifarArchive(folder, variant, name, split, download, choice, choice.of_classes(ids, resolve))


def _folders(root: Path, name: str, choice: Choice, ids: dict[str, str], resolve: Resolve) -> ImageFiles:
    kept = choice.of_classes(ids, resolve)
    files = {synset: [f"{f}/{image}" for image in images_of_class(root / f)] for f, synset in kept.items()}
    return ImageFiles(root, name, files, choice)


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
        root: Folder that holds the files' folder.
        variant: ``cifar10`` or ``cifar100``.
        name: Name of the data set, for people; by default the variant and the split.
        split: ``test`` or ``train``.
        download: Whether to fetch the files if they are not there.
        choice: Which images to use.
        ids: Name of each class to use to its synset id.

    Attributes:
        name: Name of the data set.
        classes: Synset ids, sorted, of shape (n_classes,).
        labels: Class index of each image, of shape (n_images,), int64, never falling.
        left_out: Empty; the files are whole or refused.

    Raises:
        InputError: If the files cannot be fetched or are damaged, or there are fewer than two classes.
    """

    def __init__(
        self,
        root: Path,
        variant: str,
        name: str | None,
        split: str,
        download: bool,
        choice: Choice,
        ids: dict[str, str],
    ) -> None:
        if len(ids) < 2:
            raise InputError(f"data.classes chooses {len(ids)} classes; there must be two at least to compare")
        source = _open(root, variant, split, download)
        self.name = name or f"{variant}-{split}"
        self._source = f"{variant}-{split}"
        self._variant, self._split, self._ids = variant, split, ids
        self.root = root
        self.left_out: tuple[str, ...] = ()
        self.classes = tuple(sorted(ids.values()))
        numbers = {ids[cls]: number for number, cls in enumerate(source.classes) if cls in ids}
        targets = np.asarray(source.targets)
        rows: list[int] = []
        labels: list[int] = []
        for label, synset in enumerate(self.classes):
            kept = choice.of_images(np.flatnonzero(targets == numbers[synset]).tolist(), synset, lambda row: True)
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
        if self._split == "train":
            return self
        return CifarArchive(self.root, self._variant, None, "train", False, Choice(), self._ids)

    def fingerprint(self) -> str:
        """Returns the SHA-256 over the MD5 sums of the files and the numbers of the images."""
        return hashlib.sha256(json.dumps([self._source, self._sums, self._rows]).encode()).hexdigest()


def _open(root: Path, variant: str, split: str, download: bool) -> Any:
    kind = _torchvision(variant)
    if download:
        log.info("fetching %s (170 MB) from %s into %s, unless it is there", variant, kind.url, root)
        root.mkdir(parents=True, exist_ok=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of NumPy about the age of these pickles
            return kind(root, train=split == "train", download=download)
    except OSError as error:
        raise InputError(
            f"{variant} cannot be fetched or read ({error}): check the connection and the rights to {root}, or fetch "
            f"{kind.url} by hand and unpack it there"
        ) from error
    except RuntimeError as error:
        raise InputError(
            f"{root / kind.base_folder} is not the official {variant} ({error}): delete that folder and fetch it again "
            "with data.download=true"
        ) from error
