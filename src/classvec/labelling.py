"""Clusters named by concepts: F1 of every concept for every cluster, runners-up, and what chance would reach.

The quality of a clustering is the mean over its clusters of the best F1 (paper, section 4.2). Choosing the best among
many concepts inflates it, so it is never given without the level that the same cluster sizes reach with the classes
permuted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classvec.artifacts import (
    Clusterings,
    ClusterLabel,
    ConceptLabels,
    ConceptMatch,
    Extents,
    Float64,
    Score,
    Scores,
)
from classvec.errors import InputError

UNDEFINED_ABOVE = 0.99
"""Chance level above which an adjusted score says nothing (a singleton and the rest reach .9997 at k = 2)."""


@dataclass(frozen=True)
class _Columns:
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
    def of(cls, labels: NDArray[np.int64]) -> "_Columns":
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
        self._sizes = np.array([len(classes) for classes in members], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(self._sizes)])
        ones = np.ones(starts[-1], dtype=np.float32)
        shape = (len(members), len(extents.classes))
        self._matrix = sparse.csr_array((ones, np.concatenate(members), starts), shape=shape)

    def f1(self, labels: NDArray[np.int64]) -> Float64:
        """Computes F1 = 2 |concept and cluster| / (|concept| + |cluster|) for every pair.

        Args:
            labels: Cluster of each class, of shape (n_classes,), numbered from 0 without gaps.

        Returns:
            Of shape (n_distinct_concepts, n_clusters), float64.
        """
        both, sizes = self._overlap(labels)
        f1: Float64 = 2.0 * both / (self._sizes[:, None] + sizes)
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
        f1 = 2.0 * both / (self._sizes[:, None] + sizes)
        named = []
        for cluster, size in enumerate(sizes):
            order = np.argsort(-f1[:, cluster], kind="stable")[: runners_up + 1]
            matches = tuple(
                self._match(int(row), float(f1[row, cluster]), int(both[row, cluster]), int(size)) for row in order
            )
            members = tuple(int(i) for i in np.flatnonzero(labels == cluster))
            named.append(ClusterLabel(cluster=cluster, members=members, matches=matches))
        return tuple(sorted(named, key=lambda label: (-len(label.members), label.members)))

    def chance(self, labels: NDArray[np.int64], n_draws: int, seed: int) -> Float64:
        """Draws the mean best F1 that these cluster sizes reach when the classes are permuted.

        One permutation serves all the clusterings of a draw, so a draw has the statistic's own form: a mean over seeds.

        Args:
            labels: Of shape (n_k, n_seeds, n_classes); every clustering numbered from 0 without gaps.
            n_draws: Number of permutations.
            seed: Seed of the permutations.

        Returns:
            Of shape (n_draws, n_k), float64.
        """
        columns = _Columns.of(labels)
        rng = np.random.default_rng(seed)
        draws = np.empty((n_draws, len(labels)))
        for draw in range(n_draws):
            best = self._f1(columns, rng.permutation(labels.shape[2])).max(axis=0).astype(np.float64)
            draws[draw] = columns.over_seeds(np.add.reduceat(best, columns.starts) / columns.counts)
        return draws

    def best_and_sizes(self, labels: NDArray[np.int64]) -> list[tuple[Float64, NDArray[np.int64]]]:
        """Returns for each clustering the best F1 and the size of each of its clusters; clusters may be empty.

        Args:
            labels: Of shape (n_k, n_seeds, n_classes).

        Returns:
            For each k, and within it for each seed, two arrays over the clusters that have classes.
        """
        columns = _Columns.of(labels)
        best = self._f1(columns, None).max(axis=0).astype(np.float64)
        parts = zip(np.split(best, columns.starts[1:]), np.split(columns.sizes, columns.starts[1:]), strict=True)
        return [(values[sizes > 0], sizes[sizes > 0]) for values, sizes in parts]

    def expected_best_f1(self, n_draws: int, seed: int) -> Float64:
        """Returns the best F1 to expect of a cluster of random classes, by its size: chance knows nothing else of it.

        Args:
            n_draws: Number of permutations of the classes; each gives a cluster of every size.
            seed: Seed of the permutations.

        Returns:
            Of shape (n_classes + 1,), float64; 0 for the empty cluster.
        """
        under = self._matrix.toarray()
        n_classes = under.shape[1]
        scale = 2.0 / (self._sizes[:, None] + np.arange(1.0, n_classes + 1)).astype(np.float32)
        rng = np.random.default_rng(seed)
        total = np.zeros(n_classes + 1)
        for _ in range(n_draws):
            both = under[:, rng.permutation(n_classes)].cumsum(axis=1)
            total[1:] += np.multiply(both, scale, out=both).max(axis=0)
        return total / n_draws

    def concept_f1(self, labels: NDArray[np.int64]) -> Float64:
        """Returns the F1 of each concept with the cluster that matches it best, mean over seeds.

        Args:
            labels: Of shape (n_k, n_seeds, n_classes).

        Returns:
            Of shape (n_k, n_distinct_concepts), float64, in the order of `leaders`.
        """
        return self._of_concepts(_Columns.of(labels), None)

    def concept_chance(self, labels: NDArray[np.int64], n_draws: int, seed: int) -> Float64:
        """Draws what `concept_f1` reaches, over all k, when the classes are permuted.

        Args:
            labels: Of shape (n_k, n_seeds, n_classes).
            n_draws: Number of permutations.
            seed: Seed of the permutations.

        Returns:
            The largest over the draws, of shape (n_distinct_concepts,), float64.
        """
        columns = _Columns.of(labels)
        rng = np.random.default_rng(seed)
        orders = (rng.permutation(labels.shape[2]) for _ in range(n_draws))
        most = np.zeros(len(self.leaders))
        for order in orders:
            np.maximum(most, self._of_concepts(columns, order).max(axis=0), out=most)
        return most

    def _of_concepts(self, columns: "_Columns", order: NDArray[np.intp] | None) -> Float64:
        best = np.maximum.reduceat(self._f1(columns, order), columns.starts, axis=1)
        return columns.over_seeds(best.astype(np.float64).T)

    def _f1(self, columns: "_Columns", order: NDArray[np.intp] | None) -> NDArray[np.float32]:
        """Computes F1 of every concept for every column, with the classes in another order where one is given."""
        both = self._matrix @ (columns.members if order is None else columns.members[order])
        scale = 2.0 / (self._sizes[:, None] + columns.sizes).astype(np.float32)
        f1: NDArray[np.float32] = np.multiply(both, scale, out=both)
        return f1

    def _overlap(self, labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        members = labels[:, None] == np.arange(int(labels.max()) + 1)
        both = np.rint(self._matrix @ members.astype(np.float32)).astype(np.int64)
        return both, members.sum(axis=0).astype(np.int64)

    def _match(self, row: int, f1: float, n_both: int, size: int) -> ConceptMatch:
        concept = int(self.leaders[row])
        n_concept = int(self._sizes[row])
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


def name_clusters(naming: ConceptNaming, clusterings: Clusterings, runners_up: int = 4) -> ConceptLabels:
    """Names the clusters for every k; of several seeds, the one that agrees best with the others is named.

    Args:
        naming: The concepts over the clusterings' classes.
        clusterings: The clusters.
        runners_up: How many further concepts to keep for each cluster.
    """
    _check_classes(naming, clusterings)
    seeds = {k: clusterings.medoid(k) for k in clusterings.k}
    return ConceptLabels(
        clusters={k: naming.name(clusterings.labels[row, seeds[k]], runners_up) for row, k in enumerate(clusterings.k)},
        seeds={k: clusterings.seeds[position] for k, position in seeds.items()},
        classes=clusterings.classes,
        class_names=naming.extents.class_names,
        provenance={**clusterings.provenance, "ontology": naming.extents.source},
    )


def score(naming: ConceptNaming, clusterings: Clusterings, n_draws: int = 100, seed: int = 0) -> Scores:
    """Measures how well concepts describe the clusters, against chance, for every k.

    Args:
        naming: The concepts over the clusterings' classes.
        clusterings: The clusters.
        n_draws: Number of chance draws.
        seed: Seed of the draws.

    Raises:
        InputError: If there are no draws, or the classes differ.
    """
    if n_draws < 1:
        raise InputError(f"the chance level needs at least one draw, found {n_draws}: set chance.draws")
    _check_classes(naming, clusterings)
    draws = naming.chance(clusterings.labels, n_draws, seed)
    rows = [
        _score(
            k,
            [naming.best_f1(labels) for labels in clusterings.labels[row]],
            draws[:, row],
            [np.bincount(labels) for labels in clusterings.labels[row]],
            clusterings.agreement[row],
        )
        for row, k in enumerate(clusterings.k)
    ]
    provenance = {**clusterings.provenance, "ontology": naming.extents.source, "chance_seed": seed}
    return Scores(rows=tuple(rows), n_draws=n_draws, provenance=provenance)


def _score(
    k: int, best: Sequence[Float64], draws: Float64, sizes: Sequence[NDArray[np.intp]], agreement: Float64
) -> Score:
    f1 = [float(values.mean()) for values in best]
    weighted = [float(np.average(values, weights=size)) for values, size in zip(best, sizes, strict=True)]
    mean, chance = float(np.mean(f1)), float(draws.mean())
    low, high = np.percentile(draws, [2.5, 97.5])
    pairs = agreement[np.triu_indices(len(agreement), 1)]
    return Score(
        k=k,
        f1_mean=mean,
        f1_min=min(f1),
        f1_max=max(f1),
        f1_weighted=float(np.mean(weighted)),
        f1_chance=chance,
        f1_chance_low=float(low),
        f1_chance_high=float(high),
        f1_adjusted=adjusted(mean, chance),
        p=(1 + int((draws >= mean - 1e-6).sum())) / (1 + len(draws)),
        smallest=min(int(size.min()) for size in sizes),
        agreement=float(pairs.mean()) if len(pairs) else 1.0,
        agreement_min=float(pairs.min()) if len(pairs) else 1.0,
    )


def adjusted(f1: float, chance: float) -> float:
    """Returns (f1 - chance) / (1 - chance): 0 at chance, 1 for perfect; NaN where chance leaves less than .01."""
    return (f1 - chance) / (1.0 - chance) if chance <= UNDEFINED_ABOVE else float("nan")


def _check_classes(naming: ConceptNaming, clusterings: Clusterings) -> None:
    if naming.extents.classes != clusterings.classes:
        raise InputError("the concepts and the clusterings are about different classes, or in another order")
