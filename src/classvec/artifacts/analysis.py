"""What is found out about clusters and matrices beyond their scores."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts.clusters import Clusterings
from classvec.artifacts.files import Float64

TOLERANCE = 1e-6
"""F1 of many concepts and clusters is computed in float32."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far likeness of class vectors follows one similarity of WordNet, over all pairs of classes.

    Attributes:
        layer: Name of the layer; ``combined`` for all of the run's together.
        similarity: Name of WordNet's similarity.
        spearman: Rank correlation over the upper triangle.
        pearson: Correlation over the upper triangle.
        class_spearman: Mean over classes of the rank correlation of a class's likeness to all others.
        p: Share of permutations of the classes that reach the rank correlation, the observed one among them (Mantel).
    """

    layer: str
    similarity: str
    spearman: float
    pearson: float
    class_spearman: float
    p: float


@dataclass(frozen=True, kw_only=True)
class Accord:
    """How far two layers, networks or halves agree on which classes are alike.

    Attributes:
        one: Name of the first.
        other: Name of the second.
        n_classes: Number of classes that both have.
        mantel: Rank correlation of their likeness over the upper triangle.
        mantel_p: Its p, over permutations of the classes.
        cka: Debiased linear CKA.
        cka_p: Its p.
        ari: k to the adjusted Rand index of their clusterings; empty where there are none.
    """

    one: str
    other: str
    n_classes: int
    mantel: float
    mantel_p: float
    cka: float
    cka_p: float
    ari: Mapping[int, float]


@dataclass(frozen=True, kw_only=True)
class Stability:
    """How far clusters and likeness can be trusted.

    Attributes:
        seeds: k to the mean adjusted Rand index between seeds.
        halves: How far two random halves of each class's images agree; None without halves in the store.
        reliability: Rank correlation that two whole sets of so many images would have, about, by Spearman and Brown's
            formula from that of the halves; NaN without halves, or where these do not agree.
        left_out: Number of classes with one image, which have no halves.
    """

    seeds: Mapping[int, float]
    halves: Accord | None = None
    reliability: float = float("nan")
    left_out: int = 0


@dataclass(frozen=True, kw_only=True)
class ConceptDepth:
    """One concept through the layers.

    Attributes:
        concept: Id of the concept.
        synset: Its synset name.
        name: Its words.
        n_concept: Number of classes under it.
        f1: The best F1 over the clusters of each layer and k, mean over seeds, of shape (n_layers, n_k).
        bar: The largest F1 that a chance draw reached, whatever layer, k and cluster.
    """

    concept: str
    synset: str
    name: str
    n_concept: int
    f1: Float64
    bar: float

    @property
    def by_layer(self) -> Float64:
        """The best F1 over k in each layer, of shape (n_layers,)."""
        best: Float64 = self.f1.max(axis=1)
        return best


@dataclass(frozen=True, kw_only=True)
class Depth:
    """Which concepts become clusters, in which layers.

    Attributes:
        concepts: Those that become a cluster somewhere: in the order of the layer where they first do, then the larger
            extent first.
        layers: Names of the layers, low to top.
        k: Numbers of clusters.
        least: F1 that a concept must reach at least to count as a cluster.
        n_concepts: How many concepts were looked at; those with the same classes count once.
        n_draws: Number of chance draws; of the concepts that are no clusters, n_concepts / (n_draws + 1) at most exceed
            all of them by chance.
        clusterings: Layer to its clusters.
    """

    concepts: tuple[ConceptDepth, ...]
    layers: tuple[str, ...]
    k: tuple[int, ...]
    least: float
    n_concepts: int
    n_draws: int
    clusterings: Mapping[str, Clusterings]

    def is_cluster(self, concept: ConceptDepth) -> NDArray[np.bool_]:
        """Tells in which layers the concept is a cluster: at least ``least``, and above all chance; (n_layers,)."""
        reached = concept.by_layer >= self.least - TOLERANCE
        return np.asarray(reached & (concept.by_layer > concept.bar + TOLERANCE))

    def first_layer(self, concept: ConceptDepth) -> int:
        """Returns the position of the lowest layer in which the concept is a cluster."""
        return int(np.flatnonzero(self.is_cluster(concept))[0])


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Classes that two clusters of successive clusterings share.

    Attributes:
        k: Number of clusters of the first.
        cluster: Cluster of the first.
        next_k: Number of clusters of the second.
        next_cluster: Cluster of the second.
        n_classes: Number of classes in both.
    """

    k: int
    cluster: int
    next_k: int
    next_cluster: int
    n_classes: int


@dataclass(frozen=True, kw_only=True)
class Genealogy:
    """How clusters split from one k to the next, and the tree of the clusters beside WordNet's.

    Attributes:
        flows: Every two clusters of successive k that share classes.
        k: The clustering whose clusters are the leaves of the trees.
        leaves: Names of these clusters, with their numbers of classes.
        network: Average linkage of the clusters by the class vectors, of shape (n_leaves - 1, 4), as SciPy has it.
        wordnet: The same by WordNet's path similarity.
        spearman: Rank correlation of the heights at which two clusters meet in the two trees.
        split: k to the share of classes whose cluster of the next k comes mostly from their own cluster of k: 1 where
            clusters only split.
    """

    flows: tuple[Flow, ...]
    k: int
    leaves: tuple[str, ...]
    network: Float64
    wordnet: Float64
    spearman: float
    split: Mapping[int, float]


@dataclass(frozen=True, kw_only=True)
class SubsetScores:
    """Every subset of some layers, ranked.

    Attributes:
        layers: Names of the layers, low to top.
        members: Which layers each subset has, of shape (n_subsets, n_layers), bool; best subset first.
        k: Numbers of clusters.
        f1: Mean best F1 over seeds, of shape (n_subsets, n_k).
        adjusted: The same with chance taken off, of shape (n_subsets, n_k); 0 where chance leaves less than
            .01 to gain.
        failed: Number of subsets left out because they could not be clustered.
        chosen: Mean adjusted F1, on the classes it was chosen on, of the subset that does best there; mean over splits
            of the classes into two halves.
        held_out: That of the same subset on the other half.
        typical: That of the middle subset on the other half.
        groups: Name of a layer group to its place, from 0.
    """

    layers: tuple[str, ...]
    members: NDArray[np.bool_]
    k: tuple[int, ...]
    f1: Float64
    adjusted: Float64
    failed: int
    chosen: float
    held_out: float
    typical: float
    groups: Mapping[str, int]

    @property
    def mean(self) -> Float64:
        """Mean adjusted F1 over k, by which the subsets are ranked, of shape (n_subsets,)."""
        mean: Float64 = self.adjusted.mean(axis=1)
        return mean

    def name(self, row: int) -> str:
        """Returns the layers of one subset in words."""
        return "+".join(name for name, has in zip(self.layers, self.members[row], strict=True) if has)


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """All that is found out about one run beyond its scores.

    Attributes:
        agreement: Each layer, and all together, against each similarity of WordNet.
        layers: Every two layers against each other.
        stability: How far to trust the clusters.
        genealogy: How they split.
        depth: Which concept becomes a cluster in which layer; None unless asked for.
        subsets: All subsets of the layers; None unless asked for.
    """

    agreement: tuple[Agreement, ...] = ()
    layers: tuple[Accord, ...] = ()
    stability: Stability | None = None
    genealogy: Genealogy | None = None
    depth: Depth | None = None
    subsets: SubsetScores | None = None
