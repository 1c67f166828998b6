"""Concepts, and the classes under each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Extents:
    """Which classes lie under which concept.

    Attributes:
        under: For each concept the indices of its classes, ascending; the most general concept first.
        concepts: Ids of the concepts, of shape (n_concepts,).
        synsets: Their synset names, such as ``dog.n.01``.
        names: Their words, such as ``dog``.
        classes: Synset ids of the classes, of shape (n_classes,).
        class_names: Their words; not unique (WordNet has two cranes among the ILSVRC classes).
        source: The ontology and its version.
    """

    under: tuple[NDArray[np.intp], ...]
    concepts: tuple[str, ...]
    synsets: tuple[str, ...]
    names: tuple[str, ...]
    classes: tuple[str, ...]
    class_names: tuple[str, ...]
    source: str

    def of_classes(self, rows: NDArray[np.intp]) -> "Extents":
        """Returns what lies under each concept among some of the classes; concepts without any are left out.

        Args:
            rows: Positions of the classes, ascending.
        """
        place = np.full(len(self.classes), -1)
        place[rows] = np.arange(len(rows))
        under = [found[found >= 0] for found in (place[members] for members in self.under)]
        kept = [i for i, members in enumerate(under) if len(members)]
        return Extents(
            under=tuple(under[i] for i in kept),
            concepts=tuple(self.concepts[i] for i in kept),
            synsets=tuple(self.synsets[i] for i in kept),
            names=tuple(self.names[i] for i in kept),
            classes=tuple(self.classes[i] for i in rows),
            class_names=tuple(self.class_names[i] for i in rows),
            source=self.source,
        )

    @property
    def matrix(self) -> NDArray[np.bool_]:
        """Whether each class is under each concept, of shape (n_concepts, n_classes), bool: large for many classes."""
        matrix = np.zeros((len(self.under), len(self.classes)), dtype=bool)
        for row, members in zip(matrix, self.under, strict=True):
            row[members] = True
        return matrix
