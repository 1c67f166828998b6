"""Random parts of each class's images, whose means a store keeps beside those of all: two halves, or several folds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

HALVES = 2
"""Number of parts that are called halves."""


@dataclass(frozen=True)
class Parts:
    """How each class's images are split into parts.

    A class of fewer images than parts has as many parts as images, the first ones; the others are empty. A class of one
    image has none.

    Attributes:
        number: Number of parts, 2 or more.
        seed: Seed of the split.
    """

    number: int
    seed: int

    @classmethod
    def chosen(cls, halves: int | None, folds: int | None) -> Self | None:
        """Returns the parts that two keys choose, or None: the seed of halves, and the number of folds instead of two.

        Args:
            halves: Value of ``trainer.halves``.
            folds: Value of ``trainer.folds``; without the other key the seed is 0.
        """
        if halves is None and folds is None:
            return None
        return cls(HALVES if folds is None else folds, halves or 0)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self | None:
        """Returns the parts that a store's content speaks of, or None."""
        seed = content.get("halves_seed")
        return None if seed is None else cls(int(content.get("folds", HALVES)), int(seed))

    @property
    def content(self) -> dict[str, int]:
        """What changes the numbers; two folds are halves."""
        return {"halves_seed": self.seed, **({} if self.number == HALVES else {"folds": self.number})}

    @property
    def words(self) -> str:
        """Words for people, such as ``5 folds``."""
        return f"{self.number} {'halves' if self.number == HALVES else 'folds'}"

    def of_images(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Splits each class's images at random, into parts of `part_sizes`.

        Args:
            labels: Class of each image, of shape (n_images,).

        Returns:
            The part of each image, from 0 on, of shape (n_images,).
        """
        rng = np.random.default_rng(self.seed)
        part = np.empty(len(labels), dtype=np.int64)
        order = np.argsort(labels, kind="stable")
        for members in np.split(order, np.cumsum(np.bincount(labels))[:-1]):
            part[rng.permutation(members)] = np.arange(len(members)) % self.number
        return part


def part_sizes(n_images: NDArray[np.int64], n_parts: int) -> NDArray[np.int64]:
    """Returns how many images each part has: equally many, and one more in the first ones where that does not come out.

    Args:
        n_images: Images of each class, of shape (n_classes,).
        n_parts: Number of parts.

    Returns:
        Of shape (n_parts, n_classes).
    """
    before = np.arange(n_parts)[:, None]
    return (n_images - before + n_parts - 1) // n_parts
