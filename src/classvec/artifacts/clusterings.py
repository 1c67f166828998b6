"""The cluster of every class."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts.files import Float64, Provenance, load_arrays, save_arrays

TABLE3_K = 8
"""Where the paper's Table 3 ends: more clusters than that are too many to be shown at once."""


def largest_k(k: Iterable[int], most: int = TABLE3_K) -> int:
    """Returns the largest number of clusters up to a limit; the smallest where all are above it."""
    known = list(k)
    return max((value for value in known if value <= most), default=min(known))


@dataclass(frozen=True, kw_only=True)
class Clusterings:
    """The cluster of every class, for every k and seed.

    Attributes:
        labels: Cluster numbers, of shape (n_k, n_seeds, n_classes), int64.
        k: Numbers of clusters, of shape (n_k,).
        seeds: Seeds of the k-means starts, of shape (n_seeds,).
        classes: Synset ids, of shape (n_classes,).
        seeds_ari: Adjusted Rand index between every two seeds, of shape (n_k, n_seeds, n_seeds), float64.
        provenance: That of the similarity, with method and affinity.
        has_seeds: Whether the method starts at random; if not, there is a single clustering for every k.
    """

    labels: NDArray[np.int64]
    k: tuple[int, ...]
    seeds: tuple[int, ...]
    classes: tuple[str, ...]
    seeds_ari: Float64
    provenance: Provenance
    has_seeds: bool = True

    def medoid(self, k: int) -> int:
        """Returns the position of the seed whose clustering agrees best with those of the other seeds."""
        return int(self.seeds_ari[self.k.index(k)].mean(axis=1).argmax())

    def save(self, path: Path) -> None:
        """Writes one ``.npz`` file atomically."""
        save_arrays(
            path,
            {
                "labels": self.labels,
                "k": np.array(self.k),
                "seeds": np.array(self.seeds),
                "classes": np.array(self.classes),
                "seeds_ari": self.seeds_ari,
                "has_seeds": np.array(self.has_seeds),
            },
            self.provenance,
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            InputError: If the file is truncated or foreign.
        """
        arrays, provenance = load_arrays(path, ("labels", "k", "seeds", "classes", "seeds_ari", "has_seeds"))
        return cls(
            labels=arrays["labels"],
            k=tuple(int(k) for k in arrays["k"]),
            seeds=tuple(int(s) for s in arrays["seeds"]),
            classes=tuple(map(str, arrays["classes"])),
            seeds_ari=arrays["seeds_ari"],
            provenance=provenance,
            has_seeds=bool(arrays["has_seeds"]),
        )
