"""Clusters named by concepts: F1 of every concept for every cluster, and the best as the name (paper, section 4.2)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classvec.artifacts import Clusterings, ClusterLabel, ConceptMatch, Extents, Float64
from classvec.errors import InputError


@dataclass(frozen=True)
class ClusterColumns:
    """Several clusterings as one matrix, with a column for each cluster.

    Attributes:
        members: Whether each class is in each cluster, of shape (n_classes, n_clusters of all), float32.
        sizes: Number of classes in each cluster, of shape (n_clusters of all,).
        starts: First column of each clustering, of shape (n_k * n_seeds,).
        counts: Number of columns of each clustering.
        n_seeds: Number of clusterings for each k.
    """

    members: NDArray[np.float32]
    sizes: NDArray[np.int64]
    starts: NDArray[np.intp]
    counts: NDArray[np.int64]
    n_seeds: int

    @classmethod
    def of(cls, labels: NDArray[np.int64]) -> "ClusterColumns":
        """Builds the matrix from labels of shape (n_k, n_seeds, n_classes)."""
        _, n_seeds, n_classes = labels.shape
        counts = labels.max(axis=2).ravel() + 1
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        members = np.zeros((n_classes, int(counts.sum())), dtype=np.float32)
        for start, row in zip(starts, labels.reshape(-1, n_classes), strict=True):
            members[np.arange(n_classes), start + row] = 1.0
        return cls(members, members.sum(axis=0).astype(np.int64), starts, counts, n_seeds)

    def over_seeds(self, values: Float64) -> Float64:
        """Returns the mean over the seeds of what there is for each clustering, of shape (n_k, ...)."""
        mean: Float64 = values.reshape(-1, self.n_seeds, *values.shape[1:]).mean(axis=1)
        return mean


class ConceptNaming:
    """The concepts over one list of classes, ready to name clusterings of these classes.

    Concepts with equal extents cannot be told apart by F1; they count once, under the most general of them.

    Args:
        extents: The concepts and the classes under each, the most general concept first.
    """

    def __init__(self, extents: Extents) -> None:
        self.extents = extents
        first: dict[bytes, int] = {}
        same: dict[int, list[int]] = {}
        for row, extent in enumerate(extents.under):
            leader = first.setdefault(extent.tobytes(), row)
            same.setdefault(leader, []).append(row)
        self.leaders = np.fromiter(same, dtype=np.intp)
        """Position in the extents of each distinct concept, of shape (n_distinct_concepts,)."""
        self._same = {leader: tuple(extents.names[row] for row in rows[1:]) for leader, rows in same.items()}
        members = [extents.under[leader] for leader in self.leaders]
        self.sizes = np.array([len(classes) for classes in members], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(self.sizes)])
        ones = np.ones(starts[-1], dtype=np.float32)
        shape = (len(members), len(extents.classes))
        self.matrix = sparse.csr_array((ones, np.concatenate(members), starts), shape=shape)

    def f1(self, labels: NDArray[np.int64]) -> Float64:
        """Computes F1 = 2 |concept and cluster| / (|concept| + |cluster|) for every pair.

        Args:
            labels: Cluster of each class, of shape (n_classes,), numbered from 0 without gaps.

        Returns:
            Of shape (n_distinct_concepts, n_clusters), float64.
        """
        both, sizes = self._overlap(labels)
        f1: Float64 = 2.0 * both / (self.sizes[:, None] + sizes)
        return f1

    def best_f1(self, labels: NDArray[np.int64]) -> Float64:
        """Returns the best F1 of each cluster, of shape (n_clusters,)."""
        best: Float64 = self.f1(labels).max(axis=0)
        return best

    def name(self, labels: NDArray[np.int64], runners_up: int = 4) -> tuple[ClusterLabel, ...]:
        """Names every cluster of one clustering.

        Args:
            labels: Cluster of each class, of shape (n_classes,).
            runners_up: How many further concepts to keep for each cluster.

        Returns:
            The clusters, largest first. Ties in F1 go to the most general concept (larger extent, smaller depth),
            then to the name.
        """
        both, sizes = self._overlap(labels)
        f1 = 2.0 * both / (self.sizes[:, None] + sizes)
        named = []
        for cluster, size in enumerate(sizes):
            order = np.argsort(-f1[:, cluster], kind="stable")[: runners_up + 1]
            matches = tuple(
                self._match(int(row), float(f1[row, cluster]), int(both[row, cluster]), int(size)) for row in order
            )
            members = tuple(int(i) for i in np.flatnonzero(labels == cluster))
            named.append(ClusterLabel(cluster=cluster, members=members, matches=matches))
        return tuple(sorted(named, key=lambda label: (-len(label.members), label.members)))

    def best_and_sizes(self, labels: NDArray[np.int64]) -> list[tuple[Float64, NDArray[np.int64]]]:
        """Returns for each clustering the best F1 and the size of each of its clusters; clusters may be empty.

        Args:
            labels: Of shape (n_k, n_seeds, n_classes).

        Returns:
            For each k, and within it for each seed, two arrays over the clusters that have classes.
        """
        columns = ClusterColumns.of(labels)
        best = self.f1_of_columns(columns, None).max(axis=0).astype(np.float64)
        parts = zip(np.split(best, columns.starts[1:]), np.split(columns.sizes, columns.starts[1:]), strict=True)
        return [(values[sizes > 0], sizes[sizes > 0]) for values, sizes in parts]

    def concept_f1(self, labels: NDArray[np.int64]) -> Float64:
        """Returns the F1 of each concept with the cluster that matches it best, mean over seeds.

        Args:
            labels: Of shape (n_k, n_seeds, n_classes).

        Returns:
            Of shape (n_k, n_distinct_concepts), float64, in the order of `leaders`.
        """
        return self.of_concepts(ClusterColumns.of(labels), None)

    def of_concepts(self, columns: ClusterColumns, order: NDArray[np.intp] | None) -> Float64:
        """Computes `concept_f1` with the classes in another order, where one is given."""
        best = np.maximum.reduceat(self.f1_of_columns(columns, order), columns.starts, axis=1)
        return columns.over_seeds(best.astype(np.float64).T)

    def f1_of_columns(self, columns: ClusterColumns, order: NDArray[np.intp] | None) -> NDArray[np.float32]:
        """Computes F1 of every concept for every column, with the classes in another order where one is given."""
        both = self.matrix @ (columns.members if order is None else columns.members[order])
        scale = 2.0 / (self.sizes[:, None] + columns.sizes).astype(np.float32)
        f1: NDArray[np.float32] = np.multiply(both, scale, out=both)
        return f1

    def _overlap(self, labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        members = labels[:, None] == np.arange(int(labels.max()) + 1)
        both = np.rint(self.matrix @ members.astype(np.float32)).astype(np.int64)
        return both, members.sum(axis=0).astype(np.int64)

    def _match(self, row: int, f1: float, n_both: int, size: int) -> ConceptMatch:
        concept = int(self.leaders[row])
        n_concept = int(self.sizes[row])
        return ConceptMatch(
            concept=self.extents.concepts[concept],
            synset=self.extents.synsets[concept],
            name=self.extents.names[concept],
            f1=f1,
            precision=n_both / size,
            recall=n_both / n_concept,
            n_concept=n_concept,
            n_both=n_both,
            same_extent=self._same[concept],
        )


def check_classes(naming: ConceptNaming, clusterings: Clusterings) -> None:
    """Refuses concepts and clusterings that are about different classes.

    Raises:
        InputError: If they are.
    """
    if naming.extents.classes != clusterings.classes:
        raise InputError("the concepts and the clusterings are about different classes, or in another order")
