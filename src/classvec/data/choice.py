"""Which classes and images of a data set to use, and what to do about images that cannot be read."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from classvec.data.class_ids import SYNSET_NAME, Resolve, id_in_front, own_names
from classvec.data.folders import readable
from classvec.data.picture import BrokenImage
from classvec.errors import InputError, unknown
from classvec.settings import ImageChoice

T = TypeVar("T")
log = logging.getLogger(__name__)
REPORT_SECONDS = 30.0


def chosen_classes(choice: ImageChoice, ids: Mapping[str, str], resolve: Resolve) -> dict[str, str]:
    """Keeps the classes asked for.

    Args:
        choice: Which classes.
        ids: Name in the data set (a folder's, say) to synset id.
        resolve: Turns a synset's name into its id.

    Returns:
        What is kept of ``ids``.

    Raises:
        InputError: If a class asked for is not there (it offers the nearest names).
    """
    if choice.classes is None:
        return dict(ids)
    kept = set(named_classes("data.classes", choice.classes, ids, own_names(ids), resolve))
    return {name: synset for name, synset in ids.items() if name in kept}


def named_classes(
    key: str, names: Sequence[str], ids: Mapping[str, str], own: Mapping[str, Sequence[str]], resolve: Resolve
) -> list[str]:
    """Finds the classes that a key names: by name in the data set, synset id, synset name, or a person's own words.

    Args:
        key: The key, for errors.
        names: What it holds.
        ids: Name in the data set to synset id.
        own: Synset id to the words of a person's own for it.
        resolve: Turns a synset's name into its id.

    Returns:
        Their names in the data set, in the order asked for; a synset's may be several.

    Raises:
        InputError: If a class asked for is not there (it offers the nearest names), or several have that name.
    """
    by_name: dict[str, list[str]] = {}
    by_synset: dict[str, list[str]] = {}
    for name, synset in ids.items():
        by_name.setdefault(readable(name), []).append(name)
        by_synset.setdefault(synset, []).append(name)
    found: list[str] = []
    for name in names:
        called = [synset for synset, words in own.items() if readable(name) in words]
        if len(called) > 1 and readable(name) not in by_name:
            raise InputError(f"{len(called)} classes are called {name!r}: name one in {key} by its id, {called[0]}")
        meant = by_name.get(readable(name)) or by_synset.get(called[0] if called else _resolved(name, resolve))
        if not meant:
            raise unknown(f"class in {key}", name, sorted({*ids, *ids.values()}))
        found += meant
    return found


def _resolved(name: str, resolve: Resolve) -> str:
    try:
        return id_in_front(name) or resolve(name)
    except (InputError, FileNotFoundError):
        if SYNSET_NAME.fullmatch(name):
            raise
        return name


def chosen_images(choice: ImageChoice, items: Sequence[T], synset: str, usable: Callable[[T], bool]) -> list[T]:
    """Keeps the images asked for.

    Args:
        choice: How many images, and how they are chosen.
        items: The images of a class, sorted by name.
        synset: Id of the class; with the seed it decides which images are drawn, whatever other classes there are.
        usable: Whether an image can be read; asked of no more images than needed.

    Returns:
        The images kept, in the order given; ``images_per_class`` usable ones if there are that many.
    """
    wanted = len(items) if choice.images_per_class is None else min(choice.images_per_class, len(items))
    order = np.arange(len(items))
    if choice.images_seed is not None:
        order = np.random.default_rng([choice.images_seed, *synset.encode()]).permutation(len(items))
    kept: list[int] = []
    for index in order.tolist():
        if len(kept) == wanted:
            break
        if usable(items[index]):
            kept.append(index)
    return [items[index] for index in sorted(kept)]


@dataclass
class Check:
    """Reads images once, before the list of images is fixed, and keeps account of those that cannot be read.

    Attributes:
        read: Reads an image, or raises `BrokenImage`.
        left_out: Why each image that cannot be read cannot, in the order met.
    """

    read: Callable[[str], object]
    left_out: list[str] = field(default_factory=list)
    _done: int = 0
    _reported: float = field(default_factory=time.monotonic)

    def __call__(self, image: str) -> bool:
        """Returns whether an image can be read."""
        self._done += 1
        if time.monotonic() - self._reported > REPORT_SECONDS:
            self._reported = time.monotonic()
            log.info("%d images checked, %d left out", self._done, len(self.left_out))
        try:
            self.read(image)
        except BrokenImage as error:
            self.left_out.append(str(error))
            log.warning("left out: %s", error)
            return False
        return True

    def report(self) -> None:
        """Logs how many images were checked and left out."""
        log.info("data.on_error=skip: %d images checked, %d left out", self._done, len(self.left_out))
