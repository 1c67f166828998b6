"""Clusters, and the concepts that name them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts.files import Float64, Provenance, load_arrays, save_arrays, write_json
from classvec.errors import InputError

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
