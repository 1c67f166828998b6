"""How time and memory grow with classes, features and images, past what one data set of today has.

python -m benchmarks.scale
python -m benchmarks.scale --classes 1000 5000 21841 --features 1024 --images 100000 10000000 --out outputs/scale.json

Each row runs in a process of its own, on synthetic data: classes are noun synsets of WordNet, chosen at random, and the
class vectors of a random store follow their hypernyms, so that there is something to find. Images are links to a few
empty files: what is measured is the bookkeeping about them.
"""

import argparse
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from classvec.app import tune

LAYERS = 2
K = tuple(range(2, 20))
SEEDS = tuple(range(10))
CLASSES_21K = 21_841
SETTLE_SECONDS = 2.1
"""Hashes of younger files are not kept."""


class Stages:
    """Seconds and peak of the anonymous memory of each stage, by a thread that looks twenty times a second."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, float]] = {}
        self._peak = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self._peak = max(self._peak, anonymous_gb())
            time.sleep(0.05)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Measures one stage."""
        self._peak = anonymous_gb()
        start = time.perf_counter()
        yield
        self.found[name] = {"seconds": round(time.perf_counter() - start, 2), "gb": round(self._peak, 2)}
        print(f"  {name}: {self.found[name]}", file=sys.stderr, flush=True)


def anonymous_gb() -> float:
    """Returns the anonymous memory of this process in GB, without the pages of files."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:")) / 1e6


def evaluation(n_classes: int, n_features: int, folder: Path, stages: Stages) -> dict[str, Any]:
    """Goes from a random store to named clusters and files, stage by stage as `pipeline.evaluate` does.

    Args:
        n_classes: Number of classes.
        n_features: Features of each layer.
        folder: Where to work.
        stages: Where time and memory are noted.
    """
    import numpy as np

    from classvec.artifacts import Evaluation, Neighbours
    from classvec.method.clusterers import Spectral
    from classvec.method.clustering import cluster
    from classvec.method.labels import name_clusters
    from classvec.method.matrix_cache import layer_matrix
    from classvec.method.metrics import Cosine
    from classvec.method.naming import ConceptNaming
    from classvec.method.pairs import nearest_neighbours
    from classvec.method.scores import score
    from classvec.method.similarity import compare
    from classvec.ontology import wordnet
    from classvec.ontology.dictionary import open_dictionary
    from classvec.report import evaluation as pictures
    from classvec.runs import files

    with stages("full noun WordNet"):
        dictionary = open_dictionary()
        nouns = [wordnet.synset_id(synset) for synset in dictionary.all_synsets("n")]
        taxonomy = wordnet.from_dictionary(nouns, dictionary)
        chosen = np.random.default_rng(0).choice(len(nouns), n_classes, replace=False)
        classes = tuple(sorted(nouns[i] for i in chosen))
    with stages("concepts above the classes"):
        extents = taxonomy.extents(classes)
        naming = ConceptNaming(extents)
    with stages("random store"):
        vectors = random_store(extents, n_features, folder)
    metric = Cosine(gpu=False)
    with stages("matrices"):
        matrices = {name: layer_matrix(block, metric, vectors) for name, block in vectors.layers.items()}
    with stages("combined"):
        similarity = compare(metric, matrices, vectors)
    with stages("neighbours"):
        index, values = nearest_neighbours(similarity, 10)
    with stages("clusters"):
        clusterings = cluster(Spectral(k=list(K), seeds=list(SEEDS)), similarity)
    with stages("names"):
        labels = name_clusters(naming, clusterings)
    with stages("scores and chance"):
        scores = score(naming, clusterings)
    with stages("files and pictures"):
        found = Evaluation(
            vectors=vectors,
            similarity=similarity,
            neighbours=Neighbours(index=index, values=values),
            clusterings=clusterings,
            labels=labels,
            scores=scores,
        )
        files.write(found, "", folder / "run")
        pictures.write(found, "scale", folder / "run")
    return {
        "nouns": len(nouns),
        "concepts": len(extents.concepts),
        "disk_gb": round(sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file()) / 1e9, 2),
        "f1": {k: round(scores.at(k).f1_mean, 3) for k in (2, 5, 19)},
        "chance": {k: round(scores.at(k).f1_chance, 3) for k in (2, 5, 19)},
    }


def random_store(extents: Any, n_features: int, folder: Path) -> Any:
    """Writes class vectors in which classes are alike that share concepts: a sum of random vectors, one per concept.

    Args:
        extents: The concepts and the classes under each.
        n_features: Features of each layer.
        folder: Folder of the store.
    """
    import numpy as np
    import torch
    from scipy import sparse

    from classvec.extraction.mean import ClassMean
    from classvec.extraction.store import ClassVectorStore

    n_classes = len(extents.classes)
    under = [(concept, label) for concept, labels in enumerate(extents.under) for label in labels]
    concepts, labels = np.array(under).T
    above = sparse.csr_array((np.ones(len(under), dtype=np.float32), (labels, concepts)))
    content = {"network": "random", "features": n_features}
    store = ClassVectorStore(folder / "store", content, extents.classes, np.ones(n_classes, dtype=np.int64))
    layers = {f"layer{number}": f"layer{number}" for number in range(LAYERS)}
    store.prepare(dict.fromkeys(layers, n_features))
    rng = np.random.default_rng(1)
    parts = {name: rng.standard_normal((above.shape[1], n_features), dtype=np.float32) for name in layers}
    with store.writer(layers) as writer:
        for label in range(n_classes):
            image = {}
            for name, part in parts.items():
                noise = rng.standard_normal(n_features, dtype=np.float32)
                image[name] = torch.from_numpy(np.maximum((above[[label]] @ part) + noise, 0.0))
            mean = ClassMean()
            mean.add(image)
            writer.put(label, extents.classes[label], [mean.finished()])
    return store.read(layers)


def bookkeeping(n_images: int, folder: Path, stages: Stages) -> dict[str, Any]:
    """Lists images, takes their fingerprint, counts and shares them out, as an extraction does before it begins.

    Args:
        n_images: Number of images, over the classes of ImageNet-21k.
        folder: Where to make folders of links.
        stages: Where time and memory are noted.
    """
    import numpy as np

    from classvec import settings
    from classvec.artifacts import Parts
    from classvec.data.image_folder import ImageFolder
    from classvec.extraction.processes import shares

    with stages("links"):
        per_class = -(-n_images // CLASSES_21K)
        (folder / "files").mkdir(parents=True)
        for number in range(per_class):
            (folder / "files" / f"{number:05d}.jpg").touch()
        (folder / "images").mkdir()
        for label in range(CLASSES_21K):
            (folder / "images" / f"n{label:08d}").symlink_to(folder.absolute() / "files")
    with stages("list of images"):
        images = ImageFolder(settings.ImageFolder(root=folder / "images", hashes=folder / "hashes"))
    time.sleep(SETTLE_SECONDS)
    with stages("first fingerprint"):
        images.fingerprint()
    images = ImageFolder(settings.ImageFolder(root=folder / "images", hashes=folder / "hashes"))
    with stages("fingerprint"):
        images.fingerprint()
    with stages("counts, halves, shares"):
        counts = np.bincount(images.labels, minlength=len(images.classes))
        Parts(2, 0).of_images(images.labels)
        found = shares(counts, range(len(counts)), 64)
        np.flatnonzero(np.isin(images.labels, found[0]))
    return {"images": len(images.labels), "classes": len(images.classes)}


def row(case: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Runs one case in a process of its own.

    Args:
        case: ``classes`` and ``features``, or ``images``.
        folder: Where it works; removed afterwards.
    """
    print(f"{case}", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "benchmarks.scale", "--case", json.dumps(case), "--folder", str(folder)]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run_case(case: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Runs one case here, and returns what was measured."""
    stages = Stages()
    begin = time.perf_counter()
    if "images" in case:
        facts = bookkeeping(case["images"], folder, stages)
    else:
        facts = evaluation(case["classes"], case["features"], folder, stages)
    return {
        "case": dict(case),
        **facts,
        "stages": stages.found,
        "seconds": round(time.perf_counter() - begin, 1),
        "peak_gb": max(stage["gb"] for stage in stages.found.values()),
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Returns Markdown tables: a row for each case, a column for each stage, as seconds / GB."""
    lines: list[str] = []
    for kind in ("classes", "images"):
        chosen = [found for found in rows if kind in found["case"]]
        if not chosen:
            continue
        stages = list(chosen[0]["stages"])
        heads = [*chosen[0]["case"], *stages, "all"]
        lines += ["", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
        for found in chosen:
            measured = [found["stages"][stage] for stage in stages]
            cells = [f"{value:,}" for value in found["case"].values()]
            cells += [f"{stage['seconds']:.0f} / {stage['gb']:.1f}" for stage in measured]
            cells += [f"{found['seconds']:.0f} / {found['peak_gb']:.1f}"]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, nargs="*", default=[1000, 5000, CLASSES_21K])
    parser.add_argument("--features", type=int, nargs="*", default=[1024], help="of each layer")
    parser.add_argument("--images", type=int, nargs="*", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--folder", type=Path, default=Path("outputs/scale"), help="where to work; 15 GB at 21,841")
    parser.add_argument("--out", type=Path, default=Path("outputs/scale.json"))
    parser.add_argument("--case", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    tune()  # as evaluate.py does: threads that spin make the many small k-means slow on a busy machine
    if options.case is not None:
        print(json.dumps(run_case(options.case, options.folder)))
        return
    cases = [{"classes": n, "features": width} for n in options.classes for width in options.features]
    cases += [{"images": n} for n in options.images]
    rows: list[dict[str, Any]] = []
    for case in cases:
        rows.append(row(case, options.folder))
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(rows, indent=2) + "\n")  # what is measured is kept, whatever comes next
    print(table(rows))
    print(f"\n{options.out}")


if __name__ == "__main__":
    main()
