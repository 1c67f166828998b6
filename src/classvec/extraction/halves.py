"""How many images each class has, and their split into two random halves."""

import numpy as np
from numpy.typing import NDArray


def image_counts(labels: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    """Returns the number of images of each class, of shape (n_classes,)."""
    return np.bincount(labels, minlength=n_classes).astype(np.int64)


def half_of(labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Splits each class's images into two halves at random; of an odd number the first half gets one more.

    Args:
        labels: Class of each image, of shape (n_images,).
        seed: Seed of the split.

    Returns:
        0 or 1 for each image, of shape (n_images,).
    """
    rng = np.random.default_rng(seed)
    half = np.empty(len(labels), dtype=np.int64)
    order = np.argsort(labels, kind="stable")
    for members in np.split(order, np.cumsum(np.bincount(labels))[:-1]):
        half[rng.permutation(members)] = np.arange(len(members)) % 2
    return half
