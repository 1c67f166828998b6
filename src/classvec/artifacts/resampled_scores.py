"""Scores over half-samples of the classes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from classvec.artifacts.files import Float64, Provenance, load_arrays, save_arrays


@dataclass(frozen=True, kw_only=True)
class ResampledScores:
    """F1 of the clusters of each half-sample of the classes, which runs about the same classes have in common.

    Attributes:
        k: Numbers of clusters.
        f1: Mean best F1, of shape (n_samples, n_k), float64; NaN where the classes are too few for k clusters,
            or half of them could not be clustered.
        f1_adjusted: The same adjusted for chance; NaN also where chance leaves less than .01 to gain.
        classes: Ids of all classes.
        seed: Seed of the half-samples.
        provenance: That of the similarity, with the clustering.
    """

    k: tuple[int, ...]
    f1: Float64
    f1_adjusted: Float64
    classes: tuple[str, ...]
    seed: int
    provenance: Provenance

    def save(self, path: Path) -> None:
        """Writes one ``.npz`` file atomically."""
        arrays = {"k": np.array(self.k), "f1": self.f1, "f1_adjusted": self.f1_adjusted}
        save_arrays(path, {**arrays, "classes": np.array(self.classes), "seed": np.array(self.seed)}, self.provenance)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            InputError: If the file is truncated or foreign.
        """
        arrays, provenance = load_arrays(path, ("k", "f1", "f1_adjusted", "classes", "seed"))
        return cls(
            k=tuple(int(k) for k in arrays["k"]),
            f1=arrays["f1"],
            f1_adjusted=arrays["f1_adjusted"],
            classes=tuple(map(str, arrays["classes"])),
            seed=int(arrays["seed"]),
            provenance=provenance,
        )
