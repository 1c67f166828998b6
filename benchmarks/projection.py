"""What a random projection does to the cosines of a store of whole class vectors, and to the clusters found in it.

python -m benchmarks.projection outputs/class_vectors/bvlc_googlenet-0123456789abcdef --dimensions 1024 4096 16384
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from classvec.artifacts import Clusterings, Float64, LayerBlock, Similarity
from classvec.extraction.projection import Projection
from classvec.extraction.store import open_store
from classvec.method.clusterers import Spectral
from classvec.method.clustering import cluster
from classvec.method.naming import ConceptNaming
from classvec.method.pairs import sum_over_blocks
from classvec.ontology import wordnet

K = tuple(range(2, 20))
SEEDS = tuple(range(10))
BATCH = 16


def projected_cosines(block: LayerBlock, projection: Projection) -> Float64:
    """Projects every class as the store's writer does, and returns their cosines, of shape (n_classes, n_classes)."""
    if not projection.shrinks(block.n_features):
        return sum_over_blocks(block.unit, "inner product")
    project = projection.layer(block.path, block.n_features)
    rows = [project(block.unit[start : start + BATCH]) for start in range(0, len(block.unit), BATCH)]
    return sum_over_blocks(np.concatenate(rows), "inner product")


def off(cosines: Float64, exact: Float64) -> dict[str, float]:
    """Returns mean and largest absolute error over pairs of classes."""
    pairs = np.triu_indices(len(exact), 1)
    error = np.abs(cosines - exact)[pairs]
    return {"mean": float(error.mean()), "largest": float(error.max())}


def clusters(cosines: Float64, classes: tuple[str, ...]) -> Clusterings:
    """Clusters the classes as evaluate.py does."""
    values = np.clip((cosines + cosines.T) / 2.0, 0.0, 1.0)
    np.fill_diagonal(values, 1.0)
    similarity = Similarity(values=values, classes=classes, metric="cosine", layers=(), provenance={})
    return cluster(Spectral(k=list(K), seeds=list(SEEDS)), similarity)


def f1(naming: ConceptNaming, found: Clusterings) -> list[float]:
    """Returns the mean best F1 over clusters and seeds, for every k."""
    return [float(np.mean([naming.best_f1(labels).mean() for labels in row])) for row in found.labels]


def between_seeds(found: Clusterings) -> float:
    """Returns the mean agreement of one seed with another: what a projection's agreement is to be compared with."""
    pairs = np.triu_indices(len(found.seeds), 1)
    return float(np.mean([rows[pairs].mean() for rows in found.seeds_ari]))


def agreement(one: Clusterings, other: Clusterings) -> list[float]:
    """Returns the mean adjusted Rand index of equal seeds, for every k."""
    from sklearn.metrics import adjusted_rand_score

    return [
        float(np.mean([adjusted_rand_score(a, b) for a, b in zip(rows, others, strict=True)]))
        for rows, others in zip(one.labels, other.labels, strict=True)
    ]


def measure(store: Path, dimensions: Sequence[int]) -> dict[str, Any]:
    """Compares projections with the whole vectors: cosines of each layer and of all, F1 of the clusters of all.

    Args:
        store: Folder of a store that is not projected.
        dimensions: Numbers of dimensions to try.
    """
    vectors = open_store(store)
    naming = ConceptNaming(wordnet.load(vectors.classes).extents(vectors.classes))
    exact = {name: sum_over_blocks(block.unit, "inner product") for name, block in vectors.layers.items()}
    together = sum(exact.values(), np.zeros(1)) / len(exact)
    whole = clusters(together, vectors.classes)
    found: dict[str, Any] = {"features": vectors.n_features, "f1": f1(naming, whole), "projections": {}}
    found["between_seeds"] = between_seeds(whole)
    for d in dimensions:
        start = time.perf_counter()
        cosines = {name: projected_cosines(block, Projection(d)) for name, block in vectors.layers.items()}
        mean = sum(cosines.values(), np.zeros(1)) / len(cosines)
        projected = clusters(mean, vectors.classes)
        stored = sum(min(d, block.n_features) for block in vectors.layers.values())
        found["projections"][str(d)] = {
            "times_smaller": vectors.n_features / stored,
            "layers": {name: off(values, exact[name]) for name, values in cosines.items()},
            "all": off(mean, together),
            "f1": f1(naming, projected),
            "agreement": agreement(whole, projected),
            "seconds": time.perf_counter() - start,
        }
        print(table({**found, "projections": {str(d): found["projections"][str(d)]}}), flush=True)
    return found


def table(found: Mapping[str, Any]) -> str:
    """Returns a Markdown table."""
    lines = [
        "| d | store | layers: mean, largest | all: mean, largest | F1 off at k = 2..19 | agreement |",
        "|" + "---|" * 6,
    ]
    for d, row in found["projections"].items():
        mean = np.mean([layer["mean"] for layer in row["layers"].values()])
        largest = max(layer["largest"] for layer in row["layers"].values())
        apart = np.abs(np.array(row["f1"]) - found["f1"])
        lines.append(
            f"| {int(d):,} | 1/{row['times_smaller']:.0f} | {mean:.4f}, {largest:.4f} | {row['all']['mean']:.4f}, "
            f"{row['all']['largest']:.4f} | mean {apart.mean():.4f}, at most {apart.max():.4f} | "
            f"{np.mean(row['agreement']):.3f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, help="folder of a store of whole class vectors")
    parser.add_argument("--dimensions", type=int, nargs="+", default=[1024, 4096, 16384])
    parser.add_argument("--out", type=Path, default=Path("outputs/projection.json"))
    options = parser.parse_args()
    found = measure(options.store, options.dimensions)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=2) + "\n")
    print(f"F1 of the whole vectors for k = 2..19: {np.round(found['f1'], 3).tolist()}")
    print(f"agreement of one seed with another: {found['between_seeds']:.3f}\n{options.out}")


if __name__ == "__main__":
    main()
