"""Image files of classes: the list, its order, its fingerprint; where the list comes from is the data sets' affair."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from PIL import Image

from classvec.data.choice import Check, chosen_images
from classvec.data.image_hashes import Digests, content_hash, content_hashes
from classvec.data.mending import METADATA, NO_END
from classvec.data.picture import content_of, decoded, open_rgb
from classvec.errors import InputError, shown
from classvec.settings import ImageChoice, OnError

FLAWS = (METADATA, NO_END)
log = logging.getLogger(__name__)


class ImageFiles:
    """Image files of classes, in class order.

    Args:
        root: Folder that the paths start from.
        name: Name of the data set, for people.
        files: Synset id to the paths below the root of its images.
        choice: Which images to use. With ``on_error=skip`` every one of them is read here, so that the list, the
            number of images of each class and the fingerprint tell of good images alone.
        own_names: Names of a person's own for the classes, which stand beside the concept's; see `LabelledImages`.

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

    def __init__(
        self,
        root: Path,
        name: str,
        files: Mapping[str, Sequence[str]],
        choice: ImageChoice,
        own_names: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self.root = root
        self.name = shown(name)
        self.own_names = own_names
        self.classes = tuple(sorted(files))
        if len(self.classes) < 2:
            raise InputError(f"{shown(root)} gives {len(self.classes)} classes; at least two are required")
        check = Check(lambda path: open_rgb(root / path))
        usable = check if choice.on_error == OnError.skip else _always
        if choice.on_error == OnError.skip:
            n_images = sum(map(len, files.values()))
            log.info("data.on_error=skip: looking for broken images among %d in %s", n_images, shown(root))
        paths: list[str] = []
        labels: list[int] = []
        for label, synset in enumerate(self.classes):
            kept = chosen_images(choice, files[synset], synset, usable)
            if not kept:
                raise InputError(
                    f"class {synset} has no image that can be read, of {len(files[synset])} in {shown(root)}: mend "
                    f"them, or leave the class out. {'; '.join(check.left_out[-3:])}"
                )
            paths += kept
            labels += [label] * len(kept)
        if choice.on_error == OnError.skip:
            check.report()
        self.paths = tuple(paths)
        self.labels = np.array(labels, dtype=np.int64)
        self.left_out = tuple(check.left_out)
        self._cache = None if choice.hashes is None else Path(choice.hashes).expanduser()
        self._hashes: Digests | None = None
        flawed = torch.zeros(len(paths), dtype=torch.uint8)
        self._flawed: torch.Tensor = flawed.share_memory_()  # type: ignore[no-untyped-call]
        self._n_reported = 0

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, index: int) -> Image.Image:
        """Returns one image in mode RGB.

        Raises:
            InputError: If it cannot be read, or is another image than the fingerprint tells of; it names the file.
        """
        path = self.root / self.paths[index]
        content = content_of(path)
        if self._hashes is not None and self._hashes[index : index + 1].tobytes() != content_hash(content):
            raise InputError(
                f"{shown(path)} has changed while the run was going on: run again when no one writes to it"
            )
        picture = decoded(path, content)
        if picture.flaw:
            self._flawed[index] = FLAWS.index(picture.flaw) + 1
        return picture.image

    def where(self, index: int) -> str:
        """Returns the path of one image, as text."""
        return shown(self.root / self.paths[index])

    def report_flaws(self) -> None:
        """Logs how many of the images read so far, here or by processes that decode for us, have a flaw; once."""
        found = torch.nonzero(self._flawed).flatten().tolist()
        if len(found) > self._n_reported:
            self._n_reported = len(found)
            flaw = FLAWS[int(self._flawed[found[0]]) - 1]
            log.warning(
                "%s: %d of %d images have damaged or very large metadata or no end marker, such as %s (%s); their "
                "pixels are whole, and they are used", self.name, len(found), len(self), self.where(found[0]), flaw
            )  # fmt: skip

    def for_fitting(self) -> "ImageFiles":
        """Returns the same images: folders set none aside for fitting."""
        return self

    def fingerprint(self) -> str:
        """Returns the SHA-256 over the number of images of each class and the hashes of their bytes, in order.

        Names and folders do not count. The hashes are found once; from then on `read` refuses other bytes.

        Raises:
            InputError: If an image is gone or cannot be read.
        """
        if self._hashes is None:
            self._hashes = content_hashes(self.root, self.paths, self._cache)
        counts = np.bincount(self.labels, minlength=len(self.classes))
        digest = hashlib.sha256(json.dumps(counts.tolist()).encode())
        digest.update(self._hashes.tobytes())
        return digest.hexdigest()


def _always(image: str) -> bool:
    return True
