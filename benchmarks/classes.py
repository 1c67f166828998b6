"""What comes after the class vectors, on ILSVRC's thousand classes: matrices, clusters, names, similarities."""

import math
import random
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Row, fastest
from classvec.artifacts import Float64, LayerBlock, Similarity, row_hash
from classvec.data.class_ids import ilsvrc_classes
from classvec.method.clusterers import Spectral
from classvec.method.clustering import cluster
from classvec.method.metrics import Cosine
from classvec.method.naming import ConceptNaming
from classvec.ontology import wordnet
from classvec.ontology.dictionary import open_dictionary
from classvec.ontology.similarities import intrinsic_information, similarities

K = tuple(range(2, 20))


def matrices(options: Namespace) -> list[Row]:
    """Measures a layer's matrix against one bare SYRK of the same array, and the check of its units against it."""
    from scipy.linalg.blas import ssyrk

    n, width = options.classes, options.features
    unit = np.random.default_rng(0).random((n, width), dtype=np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    ones = np.ones(n)
    block = LayerBlock(name="layer", path="layer", unit=unit, norms=ones, sums=ones)
    metric = Cosine(gpu=options.accelerator == "gpu")
    seconds = fastest(
        {
            "ours": lambda: metric.matrix(block),
            "SYRK": lambda: ssyrk(1.0, unit.T, trans=1),
            "checks": lambda: [row_hash(row) for row in unit],
        },
        options.repeats,
    )
    exact = unit[:50].astype(np.float64) @ unit[:50].astype(np.float64).T
    error = float(np.abs(metric.matrix(block)[:50, :50] - exact).max())
    return [
        Row(
            name=f"cosines of {n:,} classes, {width:,} features in memory",
            ours=seconds["ours"],
            other=seconds["SYRK"],
            against="one bare SYRK (BLAS)",
            ratio=seconds["ours"] / seconds["SYRK"],
            target="<= 1.6" if options.accelerator == "cpu" else "",
            details={"largest error against float64": error},
        ),
        Row(
            name=f"checksums of {n:,} classes, {width:,} features in memory",
            ours=seconds["checks"],
            other=seconds["ours"],
            against="their cosines",
            ratio=seconds["checks"] / seconds["ours"],
            target="<= 0.05",
        ),
    ]


def clusters(options: Namespace) -> list[Row]:
    """Measures the clusterings for all k against scikit-learn's, made one k after another."""
    from sklearn.cluster import SpectralClustering
    from sklearn.metrics import adjusted_rand_score

    similarity = _similarity(ilsvrc_classes()[: options.classes])
    k = [value for value in K if value < len(similarity.classes)]
    spectral = Spectral(k=k, seeds=[0])
    found: dict[str, Any] = {}

    def ours() -> None:
        found["ours"] = [rows[0] for rows in cluster(spectral, similarity).labels]

    def theirs() -> None:
        found["theirs"] = [
            SpectralClustering(value, affinity="precomputed", random_state=0).fit(similarity.values).labels_
            for value in k
        ]

    seconds = fastest({"ours": ours, "theirs": theirs}, options.repeats)
    same = [bool(np.array_equal(a, b)) for a, b in zip(found["ours"], found["theirs"], strict=True)]
    rand = [float(adjusted_rand_score(a, b)) for a, b in zip(found["ours"], found["theirs"], strict=True)]
    return [
        Row(
            name=f"spectral clusters of {len(similarity.classes):,} classes, k = {k[0]}..{k[-1]}, one seed; "
            f"{sum(same)} of {len(same)} labellings equal",
            ours=seconds["ours"],
            other=seconds["theirs"],
            against="scikit-learn's SpectralClustering for each k",
            ratio=seconds["theirs"] / seconds["ours"],
            target=">= 3.5",
            details={"equal": same, "adjusted Rand index": rand},
        )
    ]


def names(options: Namespace) -> list[Row]:
    """Measures naming all clusters against two loops: one that asks NLTK whenever it needs to, one that keeps sets."""
    classes = ilsvrc_classes()[: options.classes]
    dictionary = open_dictionary()
    synsets = [dictionary.synset_from_pos_and_offset("n", int(class_id[1:])) for class_id in classes]
    k = [value for value in K if value < len(classes)]
    labels = [np.random.default_rng(value).permutation(np.arange(len(classes)) % value) for value in k]
    found: dict[str, list[Float64]] = {}

    def ours() -> None:
        naming = ConceptNaming(wordnet.load(classes).extents(classes))
        found["ours"] = [naming.best_f1(of_k) for of_k in labels]

    def asking() -> None:
        found["asking"] = [_best_f1(synsets, of_k) for of_k in labels]

    def keeping() -> None:
        found["keeping"] = _best_f1_from_sets(synsets, labels)

    seconds = fastest({"ours": ours, "keeping": keeping}, options.repeats) | fastest({"asking": asking}, 1)
    name = f"names of the clusters of {len(classes):,} classes, k = {k[0]}..{k[-1]}, concepts read included"
    words = {"asking": "a loop that asks NLTK for each cluster", "keeping": "a loop over sets kept from NLTK"}
    return [
        Row(
            name=name,
            ours=seconds["ours"],
            other=seconds[other],
            against=against,
            ratio=seconds[other] / seconds["ours"],
            target=">= 100" if other == "asking" else "",
            details={"largest difference in F1": _apart(found["ours"], found[other])},
        )
        for other, against in words.items()
    ]


def _apart(one: list[Float64], other: list[Float64]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


def _best_f1(synsets: list[Any], labels: NDArray[np.int64]) -> Float64:
    """Finds each cluster's best F1 as one writes it first: counts of the concepts above its classes and above all."""
    best = []
    for number in range(int(labels.max()) + 1):
        inside: Counter[Any] = Counter()
        total: Counter[Any] = Counter()
        for synset, label in zip(synsets, labels, strict=True):
            above = _above(synset)
            total.update(above)
            if label == number:
                inside.update(above)
        size = int((labels == number).sum())
        best.append(max(2 * n / (size + total[concept]) for concept, n in inside.items()))
    return np.array(best)


def _best_f1_from_sets(synsets: list[Any], labels: list[NDArray[np.int64]]) -> list[Float64]:
    """Finds the best F1 of each cluster from sets of the classes under each concept, and their overlaps."""
    under: dict[Any, set[int]] = {}
    for position, synset in enumerate(synsets):
        for concept in _above(synset):
            under.setdefault(concept, set()).add(position)
    found = []
    for of_k in labels:
        clusters = [set(np.flatnonzero(of_k == cluster).tolist()) for cluster in range(int(of_k.max()) + 1)]
        found.append(
            np.array(
                [
                    max(2 * len(classes & cluster) / (len(classes) + len(cluster)) for classes in under.values())
                    for cluster in clusters
                ]
            )
        )
    return found


def _above(synset: Any) -> set[Any]:
    return {synset, *synset.closure(lambda s: s.hypernyms() + s.instance_hypernyms())}


def wordnet_similarities(options: Namespace) -> list[Row]:
    """Measures all six similarities of all pairs against NLTK's, called for a sample of the pairs."""
    classes = ilsvrc_classes()[: options.classes]
    dictionary = open_dictionary()
    taxonomy = wordnet.load(classes)
    dictionary._max_depth[("n", False)] = wordnet.NOUN_DEPTH  # NLTK takes long to find it
    information = intrinsic_information(taxonomy)
    counts = {"n": {0: 1.0, **{int(c[1:]): math.exp(-value) for c, value in information.items()}}}
    synsets = [dictionary.synset_from_pos_and_offset("n", int(class_id[1:])) for class_id in classes]
    draw = random.Random(0)
    pairs = [(draw.randrange(len(classes)), draw.randrange(len(classes))) for _ in range(options.pairs)]

    def theirs() -> float:
        start = time.perf_counter()
        for i, j in pairs:
            one, other = synsets[i], synsets[j]
            for measure in (one.path_similarity, one.wup_similarity, one.lch_similarity):
                measure(other)
            for measure in (one.res_similarity, one.jcn_similarity, one.lin_similarity):
                measure(other, counts)
        return (time.perf_counter() - start) * len(classes) ** 2 / 2 / len(pairs)

    competitors: dict[str, Callable[[], object]] = {"ours": lambda: similarities(taxonomy, classes), "theirs": theirs}
    seconds = fastest(competitors, options.repeats)
    return [
        Row(
            name=f"six WordNet similarities of all pairs of {len(classes):,} classes",
            ours=seconds["ours"],
            other=seconds["theirs"],
            against=f"NLTK, from {len(pairs):,} pairs",
            ratio=seconds["theirs"] / seconds["ours"],
            target=">= 50",
        )
    ]


def _similarity(classes: list[str]) -> Similarity:
    """Makes class vectors that follow WordNet's hypernyms, with noise, and their cosines."""
    taxonomy = wordnet.load(classes)
    rng = np.random.default_rng(0)
    vectors = np.abs(rng.normal(0.0, 1.0, (len(classes), 64)))
    for extent in taxonomy.extents(classes).under:
        vectors[extent] += np.abs(rng.normal(0.0, 0.6, 64))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Similarity(
        values=vectors @ vectors.T, classes=tuple(classes), metric="cosine", layers=("layer",), provenance={}
    )
