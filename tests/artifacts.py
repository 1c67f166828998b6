"""Made-up artifacts for all tests: matrices, clusterings, class vectors, and runs with a structure that was planted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classvec import settings
from classvec.analyses.analysis import AnalysisInput
from classvec.analyses.standard import Analyses
from classvec.artifacts import ClassVectors, Clusterings, Float64, LayerBlock, Similarity
from classvec.extraction.extractor import Extractor
from classvec.method.clusterers import Spectral
from classvec.method.clustering import Clustering, cluster
from classvec.method.method import Method
from classvec.method.metrics import Cosine
from classvec.ontology.taxonomy import Taxonomy
from classvec.pipeline import evaluate
from classvec.settings import Accelerator

CLASSES = ["dog", "cat", "saw", "axe", "robodog"]
"""Classes of the fixture ``taxonomy``."""
N = 24
"""Number of classes of the fixture ``kingdoms``."""
HALVES = [range(12), range(12, 24)]
"""Its animals and its tools."""
QUARTERS = [range(i, i + 6) for i in range(0, 24, 6)]
"""Its fish, birds, saws and axes."""
SPECTRAL = Spectral(k=[2, 3, 4], seeds=[0, 1])
spectral = partial(cluster, SPECTRAL)


def class_ids(n: int = N) -> tuple[str, ...]:
    return tuple(f"n{i:08d}" for i in range(n))


def similarity(values: Float64, power: int | None = None) -> Similarity:
    """Similarities, or distances if there is a power."""
    kind = "similarity" if power is None else "distance"
    return Similarity(
        values=values, classes=class_ids(len(values)), metric="hand-made", layers=("a",), provenance={}, kind=kind,
        power=power,
    )  # fmt: skip


def of_network(
    values: Float64, layers: Sequence[str], network: str = "net", weights: Mapping[str, float] | None = None
) -> Similarity:
    """Similarities that say which modules of which network are behind them: the path of a layer is its name."""
    return replace(
        similarity(values), layers=tuple(layers),
        provenance={"network": network, "weights_hash": f"of {network}", "made_by": network,
                    "paths": {name: name.removeprefix("also_") for name in layers}, "layer_weights": weights},
    )  # fmt: skip


def cosines(n: int, width: int, seed: int) -> Float64:
    """Cosines between random directions."""
    points = np.random.default_rng(seed).normal(size=(n, width))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    values: Float64 = points @ points.T
    np.fill_diagonal(values, 1.0)
    return values


def related(n: int, seed: int = 0) -> tuple[Float64, Float64]:
    """Two matrices that have something in common."""
    shared = cosines(n, 5, seed)
    return shared + 0.5 * cosines(n, 5, seed + 1), shared + 0.5 * cosines(n, 5, seed + 2)


def planted(groups: Sequence[Sequence[int]], strength: float, seed: int = 0, n: int = N) -> Similarity:
    """Classes that are alike within groups, with noise."""
    values = np.random.default_rng(seed).uniform(0.0, 0.2, size=(n, n))
    for members in groups:
        values[np.ix_(members, members)] += strength
    values = (values + values.T) / 2.0
    np.fill_diagonal(values, 1.0)
    return similarity(values)


def clusterings(labels: Sequence[Sequence[Sequence[int]]], classes: Sequence[str] = CLASSES) -> Clusterings:
    """Clusterings from labels of shape (n_k, n_seeds, n_classes); seeds agree."""
    array = np.array(labels)
    n_seeds = array.shape[1]
    return Clusterings(
        labels=array,
        k=tuple(int(rows.max()) + 1 for rows in array),
        seeds=tuple(range(n_seeds)),
        classes=tuple(classes),
        seeds_ari=np.ones((len(array), n_seeds, n_seeds)),
        provenance={},
    )


def vectors(sizes: Mapping[str, int], n: int = 12, seed: int = 0) -> ClassVectors:
    """Random class vectors with so many features in each layer."""
    rng = np.random.default_rng(seed)
    layers = {}
    for name, size in sizes.items():
        values = np.abs(rng.normal(size=(n, size)))
        norms = np.linalg.norm(values, axis=1)
        unit = (values / norms[:, None]).astype(np.float32)
        layers[name] = LayerBlock(name=name, path=name, unit=unit, norms=norms, sums=values.sum(axis=1))
    return ClassVectors(
        classes=class_ids(n), n_images=np.ones(n, dtype=np.int64), layers=layers, provenance={}, path=Path()
    )


def rows_of(name: str, means: NDArray[np.float32]) -> LayerBlock:
    """A block without sums, such as that of parts."""
    norms = np.linalg.norm(means.astype(np.float64), axis=1)
    unit = np.divide(means, norms[:, None], out=np.zeros_like(means), where=norms[:, None] > 0.0, casting="same_kind")
    return LayerBlock(name=name, path=name, unit=unit, norms=norms, sums=np.full_like(norms, np.nan))


def vectors_of(
    layers: Mapping[str, Similarity], store: Path, halves: Sequence[Similarity] | None = None
) -> ClassVectors:
    """Class vectors whose cosines are those of the matrices, one for each layer; the halves are those of all layers.

    More than two are folds, of an image each.
    """

    def points(similarity: Similarity) -> NDArray[np.float32]:
        return np.linalg.cholesky(similarity.values).astype(np.float32)

    ones = np.ones(len(next(iter(layers.values())).classes))
    blocks = {
        name: LayerBlock(
            name=name, path=name, unit=points(similarity), norms=ones, sums=ones,
            parts=None if halves is None else rows_of(name, np.concatenate([points(half) for half in halves])),
        )
        for name, similarity in layers.items()
    }  # fmt: skip
    n_images = np.full(len(ones), 2 if halves is None else len(halves))
    return ClassVectors(classes=class_ids(len(ones)), n_images=n_images, layers=blocks, provenance={}, path=store)


def analysed(
    taxonomy: Taxonomy,
    layers: Mapping[str, Similarity],
    store: Path,
    *,
    halves: Sequence[Similarity] | None = None,
    clustering: Clustering = SPECTRAL,
    groups: Mapping[str, Sequence[str]] | None = None,
    analyses: settings.Analysis | None = None,
) -> AnalysisInput:
    """An evaluated run whose layers have these cosines."""
    method = Method(
        layers=list(layers), metric=Cosine(gpu=False), clustering=clustering, chance=settings.Chance(draws=5)
    )
    asked = analyses or Analyses(permutations=9, draws=5)
    return AnalysisInput(
        name="run",
        evaluation=evaluate(vectors_of(layers, store, halves), method, taxonomy, asked),
        method=method,
        taxonomy=taxonomy,
        layer_groups=groups or {},
        settings=asked,
    )


def extractor(store: Path, **options: object) -> Extractor:
    return replace(Extractor(store=store, accelerator=Accelerator.cpu, batch_size=4, workers=0), **options)  # type: ignore[arg-type]


def files(vectors: ClassVectors) -> dict[str, bytes]:
    """Every file of a store by its name."""
    return {str(p.relative_to(vectors.path)): p.read_bytes() for p in sorted(vectors.path.rglob("*")) if p.is_file()}
