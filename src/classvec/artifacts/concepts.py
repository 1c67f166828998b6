"""Concepts, and the clusters that they name."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts.files import Provenance, write_json
from classvec.errors import InputError


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


@dataclass(frozen=True, kw_only=True)
class ConceptMatch:
    """How well one concept describes one cluster (paper, section 4.2).

    Attributes:
        concept: Id of the concept.
        synset: Its synset name.
        name: Its words.
        f1: Harmonic mean of precision and recall.
        precision: Share of the cluster's classes that lie under the concept.
        recall: Share of the concept's classes that lie in the cluster.
        n_concept: Number of classes under the concept.
        n_both: Number of classes under the concept and in the cluster.
        same_extent: Words of the concepts that hold exactly the same classes and therefore have the same F1.
    """

    concept: str
    synset: str
    name: str
    f1: float
    precision: float
    recall: float
    n_concept: int
    n_both: int
    same_extent: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClusterLabel:
    """A cluster and the concepts that describe it.

    Attributes:
        cluster: Number of the cluster within its clustering.
        members: Indices of its classes, ascending.
        matches: Concepts by falling F1; the first is the cluster's name, the others are the runners-up.
    """

    cluster: int
    members: tuple[int, ...]
    matches: tuple[ConceptMatch, ...]

    @property
    def best(self) -> ConceptMatch:
        """The concept with the best F1."""
        return self.matches[0]


@dataclass(frozen=True, kw_only=True)
class ConceptLabels:
    """Names for the clusters, for every k; of several seeds the one that agrees best with the others is named.

    Attributes:
        clusters: k to the labels of its clusters, largest cluster first.
        seeds: k to the seed of its clustering.
        classes: Synset ids of the classes.
        class_names: Their words.
        provenance: That of the clusterings, with the ontology.
    """

    clusters: Mapping[int, tuple[ClusterLabel, ...]]
    seeds: Mapping[int, int]
    classes: tuple[str, ...]
    class_names: tuple[str, ...]
    provenance: Provenance

    def rows(self) -> list[dict[str, Any]]:
        """Returns one row per k, cluster and concept: rank 1 is the label, the rest are runners-up."""
        return [
            {"k": k, "cluster": label.cluster, "size": len(label.members), "rank": rank, **asdict(match)}
            for k, labels in self.clusters.items()
            for label in labels
            for rank, match in enumerate(label.matches, start=1)
        ]

    def save(self, path: Path) -> None:
        """Writes one JSON file atomically."""
        clusters = {
            str(k): [{**asdict(label), "classes": [self.classes[i] for i in label.members]} for label in labels]
            for k, labels in self.clusters.items()
        }
        seeds = {str(k): seed for k, seed in self.seeds.items()}
        value = {"clusters": clusters, "seeds": seeds, "classes": self.classes, "class_names": self.class_names}
        write_json(path, {**value, "provenance": dict(self.provenance)})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote.

        Raises:
            InputError: If the file is truncated or foreign.
        """
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            clusters = {
                int(k): tuple(
                    ClusterLabel(
                        cluster=label["cluster"],
                        members=tuple(label["members"]),
                        matches=tuple(
                            ConceptMatch(**{**match, "same_extent": tuple(match["same_extent"])})
                            for match in label["matches"]
                        ),
                    )
                    for label in labels
                )
                for k, labels in value["clusters"].items()
            }
            return cls(
                clusters=dict(sorted(clusters.items())),
                seeds={int(k): seed for k, seed in value["seeds"].items()},
                classes=tuple(value["classes"]),
                class_names=tuple(value["class_names"]),
                provenance=value["provenance"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is no file of concept labels ({error})") from error
