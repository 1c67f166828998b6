"""What is found out about clusters and matrices beyond their scores."""

from collections.abc import Mapping
from dataclasses import dataclass

from classvec.artifacts.clusters import Clusterings
from classvec.artifacts.files import Float64
from classvec.artifacts.vectors import Similarity


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far likeness of class vectors follows one similarity of WordNet, over all pairs of classes.

    Attributes:
        layer: Name of the layer, or ``combined`` for all of the run's together.
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
        cka: Debiased linear CKA; NaN where likeness is no inner product.
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
class ConceptAtLayer:
    """How well the best cluster of one layer and one k matches a concept; means over seeds.

    Attributes:
        concept: Id of the concept.
        synset: Its synset name.
        name: Its words.
        n_concept: Number of classes under it.
        layer: The layer.
        k: Number of clusters.
        f1: F1 of the cluster that matches best.
        precision: Share of that cluster's classes that lie under the concept.
        recall: Share of the concept's classes that lie in that cluster.
    """

    concept: str
    synset: str
    name: str
    n_concept: int
    layer: str
    k: int
    f1: float
    precision: float
    recall: float


@dataclass(frozen=True, kw_only=True)
class Depth:
    """Which concepts become clusters, in which layers.

    Attributes:
        rows: One for each concept that becomes a cluster somewhere, layer and k.
        layers: Names of the layers, low to top.
        best: Concept id to its best F1 over k in every layer, of shape (n_layers,).
        bars: Concept id to the F1 that it must exceed.
        clusterings: Layer to its clusters.
    """

    rows: tuple[ConceptAtLayer, ...]
    layers: tuple[str, ...]
    best: Mapping[str, Float64]
    bars: Mapping[str, float]
    clusterings: Mapping[str, Clusterings]


@dataclass(frozen=True, kw_only=True)
class Stability:
    """How far clusters can be trusted.

    Attributes:
        seeds: k to the mean adjusted Rand index between seeds.
        halves: How far two random halves of each class's images agree; None unless the class vectors have them.
        spearman_brown: What the correlation of the halves lets expect of two sets of all images; NaN without halves.
        left_out: Number of classes with one image, which have no halves.
    """

    seeds: Mapping[int, float]
    halves: Accord | None = None
    spearman_brown: float = float("nan")
    left_out: int = 0


@dataclass(frozen=True, kw_only=True)
class Split:
    """Classes that go from one cluster to a cluster of the next k.

    Attributes:
        k: Number of clusters before.
        source: Number of the cluster there.
        next_k: Number of clusters after.
        target: Number of the cluster there.
        classes: How many classes go that way.
    """

    k: int
    source: int
    next_k: int
    target: int
    classes: int


@dataclass(frozen=True, kw_only=True)
class SubsetScore:
    """How well concepts describe the clusters of one choice of layers.

    Attributes:
        layers: Names of the layers, low to top.
        adjusted: Mean over k of adjusted F1.
        f1: Mean over k of mean best F1.
        chance: Mean over k of the chance level.
    """

    layers: tuple[str, ...]
    adjusted: float
    f1: float
    chance: float


@dataclass(frozen=True, kw_only=True)
class Subsets:
    """All choices of layers, ranked.

    Attributes:
        scores: The best first.
        everything: Score of all layers together.
        held_out: Adjusted F1, on the half of the classes that was not looked at, of the subset that is best on the
            other half; mean over random halves.
        held_out_all: The same of all layers together, so that the two can be compared.
        looked_at: Adjusted F1 of the chosen subset on the half that it was chosen on.
    """

    scores: tuple[SubsetScore, ...]
    everything: float
    held_out: float
    held_out_all: float
    looked_at: float


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """All that `pipeline.analyse` finds out about one evaluation.

    Attributes:
        agreement: Likeness against WordNet, a row for each layer and similarity; the combined matrix last.
        layers: Every two layers against each other.
        depth: Concepts by layer.
        stability: Of clusters, over seeds and halves.
        splits: How clusters split from k to the next.
        similarity: The combined matrix.
        subsets: All choices of layers; None unless asked for.
    """

    agreement: tuple[Agreement, ...]
    layers: tuple[Accord, ...]
    depth: Depth
    stability: Stability
    splits: tuple[Split, ...]
    similarity: Similarity
    subsets: Subsets | None = None
