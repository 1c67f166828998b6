"""The stages of the method in their order, from built objects; knows no configuration."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

import numpy as np

from classvec import settings
from classvec.analysis.agreement import FEWEST
from classvec.analysis.analyst import Analyst
from classvec.analysis.subsets import SubsetRanking
from classvec.artifacts import (
    Analysis,
    ClassVectors,
    Evaluation,
    Float64,
    LayerBlock,
    Neighbours,
    Reconstruction,
    Reconstructions,
    RunCard,
    Similarity,
    atomic_write,
    read_array,
)
from classvec.clustering import Clustering, cluster
from classvec.data.labelled_images import LabelledImages
from classvec.errors import InputError
from classvec.extraction.extractor import Extractor
from classvec.extraction.image_vectors import write_image_vectors
from classvec.fitting.fitter import Fitter
from classvec.fitting.recipe import best_epoch
from classvec.labelling import ConceptNaming, name_clusters, score
from classvec.networks.network import Architecture
from classvec.ontology.taxonomy import Taxonomy
from classvec.reconstruction.reconstructor import Reconstructor
from classvec.reconstruction.scorecard import Scorecard, check_judge, noise
from classvec.similarity import Metric, compare, nearest_neighbours
from classvec.sources import source_of
from classvec.tracking import FitRecord, Point, Tracking

log = logging.getLogger(__name__)


def with_weights(
    architecture: Architecture, images: LabelledImages, fitter: Fitter, tracking: Tracking, card: RunCard
) -> Architecture:
    """Fits the architecture to the classes of the images, if it asks for that, or finds the fitted weights.

    Args:
        architecture: The architecture.
        images: The labelled images; those that they set aside for fitting are fitted on.
        fitter: Fits a network.
        tracking: Where the curves of a new fit are logged.
        card: How the run is known.

    Returns:
        The architecture with the path of its fitted weights; the same, if it names other weights than ``fit``.
    """
    if architecture.weights != "fit":
        return architecture
    fitted = fitter(architecture, images.for_fitting())
    if fitted.is_new:
        points: list[Point] = [(k, v, step) for step, row in enumerate(fitted.history) for k, v in row.items()]
        best = fitted.history[best_epoch(fitted.history)]
        points += [(f"summary/{key.replace('/', '_')}", value, 0) for key, value in best.items()]
        record = FitRecord(
            card=card,
            metrics=points,
            settings=fitted.content["settings"],
            images_hash=fitted.content["image_list_hash"],
            weights=fitted.path,
        )
        if seen := tracking.log_fit(record):
            log.info("curves of the fit: %s", seen)
    return replace(architecture, weights=str(fitted.path))


def class_vectors(
    architecture: Architecture, images: LabelledImages, extractor: Extractor, layers: Sequence[str]
) -> ClassVectors:
    """Loads the network and makes its class vectors, or opens those that are there already.

    Args:
        architecture: The architecture and its weights.
        images: The labelled images.
        extractor: Runs the network and keeps the means.
        layers: Layers, low to top.
    """
    network = architecture.network()
    log.info("%s with weights %s (sha256 %s...)", network.name, network.weights, network.weights_hash[:12])
    vectors = extractor(network, images, layers)
    log.info(
        "class vectors: %d classes, %d images, %d layers, %s features",
        len(vectors.classes),
        int(vectors.n_images.sum()),
        len(vectors.layers),
        f"{vectors.n_features:,}",
    )
    return vectors


def image_vectors(
    architecture: Architecture, images: LabelledImages, layers: Sequence[str], classes: Sequence[str], folder: Path
) -> list[Path]:
    """Writes the image vectors of some classes; see `extraction.write_image_vectors`.

    Args:
        architecture: The architecture and its weights.
        images: The labelled images.
        layers: Layers.
        classes: Synset ids; none for nothing to do.
        folder: Where to write, in a folder ``image_vectors``.

    Returns:
        The files.
    """
    if not classes:
        return []
    network = architecture.network()
    return [
        path
        for class_id in classes
        for path in write_image_vectors(network, images, layers, class_id, folder / "image_vectors")
    ]


@dataclass(frozen=True, kw_only=True)
class Method:
    """How class vectors are compared, clustered, named and scored.

    Attributes:
        layers: Layers to compare classes by, low to top.
        layer_weights: Layer name to weight; None for equal weights.
        metric: Compares the classes.
        clustering: Clusters them.
        chance: Draws behind the chance level.
        runners_up: Concepts kept beside the best of each cluster.
        neighbours: Most similar classes to list for each class.
    """

    layers: Sequence[str]
    layer_weights: Mapping[str, float] | None = None
    metric: Metric
    clustering: Clustering
    chance: settings.Chance = field(default_factory=settings.Chance)
    runners_up: int = 4
    neighbours: int = 10

    def compare(
        self, matrices: Mapping[str, Float64], vectors: ClassVectors, layers: Sequence[str] | None = None
    ) -> Similarity:
        """Compares the classes over some of the layers, each with its weight; see `similarity.compare`."""
        names = self.layers if layers is None else layers
        weights = self.layer_weights and {name: self.layer_weights.get(name, 1.0) for name in names}
        return compare(self.metric, {name: matrices[name] for name in names}, vectors, weights)


def evaluate(vectors: ClassVectors, method: Method, taxonomy: Taxonomy) -> Evaluation:
    """Goes from class vectors to named and scored clusters.

    Args:
        vectors: The class vectors.
        method: How they are compared, clustered, named and scored.
        taxonomy: The concepts above the classes.
    """
    similarity = method.compare(layer_matrices(vectors, method.layers, method.metric), vectors)
    index, values = nearest_neighbours(similarity, method.neighbours)
    clusterings = cluster(method.clustering, similarity)
    log.info("clusters for k = %d..%d, %d seeds", min(clusterings.k), max(clusterings.k), len(clusterings.seeds))
    naming = ConceptNaming(taxonomy.extents(vectors.classes))
    return Evaluation(
        vectors=vectors,
        similarity=similarity,
        neighbours=Neighbours(index=index, values=values),
        clusterings=clusterings,
        labels=name_clusters(naming, clusterings, method.runners_up),
        scores=score(naming, clusterings, method.chance.draws, method.chance.seed),
    )


def layer_matrices(vectors: ClassVectors, layers: Sequence[str], metric: Metric) -> dict[str, Float64]:
    """Returns one matrix for each layer, computed or read; see `layer_matrix`."""
    return {name: layer_matrix(vectors.layers[name], metric, vectors.path) for name in layers}


def layer_matrix(block: LayerBlock, metric: Metric, store: Path, part: str = "") -> Float64:
    """Computes one layer's matrix, or reads it where an earlier run has left it beside the class vectors.

    Args:
        block: The layer.
        metric: Computes the matrix.
        store: Folder of the class vectors.
        part: What part of the images the block is about; empty for all.

    Returns:
        Of shape (n_classes, n_classes), float64, memory-mapped: the layers of many classes do not fit into memory.
    """
    path = store / "matrices" / quote(_kept_name(metric), safe="") / part / f"{quote(block.path, safe='')}.npy"
    if path.exists():
        try:
            cached = read_array(path)
            if cached.shape == (len(block.norms), len(block.norms)) and cached.dtype == np.float64:
                return cached
        except InputError:
            pass
        log.warning("%s is truncated; computing it again", path)
    matrix = metric.matrix(block)
    with atomic_write(path) as file:
        np.save(file, matrix, allow_pickle=False)
    return read_array(path)


def analyse(
    analyst: Analyst | None,
    ranking: SubsetRanking | None,
    evaluation: Evaluation,
    method: Method,
    groups: Mapping[str, Sequence[str]],
    taxonomy: Taxonomy,
) -> Analysis:
    """Computes what there is beyond the scores: agreement, stability, depth, genealogy, all subsets of the layers.

    Args:
        analyst: Knows what to ask; None for nothing.
        ranking: Ranks all subsets of the layers; None for none.
        evaluation: What the run found.
        method: How the run compares and clusters classes.
        groups: Name of a layer group to its layers.
        taxonomy: The concepts above the classes.
    """
    vectors = evaluation.vectors
    matrices = layer_matrices(vectors, method.layers, method.metric)
    found = Analysis()
    if analyst is not None:
        wanted = analyst.wants(len(vectors.classes))  # of many classes, one matrix takes gigabytes
        halves = half_similarities(vectors, method) if wanted else None
        alone = {name: compare(method.metric, {name: matrix}, vectors) for name, matrix in matrices.items() if wanted}
        found = analyst(evaluation, alone, halves, method.clustering, taxonomy)
    if ranking is not None:
        scores = ranking(
            lambda names: method.compare(matrices, vectors, names),
            partial(cluster, method.clustering, k=ranking.k, seeds=ranking.seeds),
            layers=method.layers,
            groups=groups,
            extents=taxonomy.extents(vectors.classes),
            provenance={
                "metric": _described(method.metric),
                "weights": method.layer_weights,
                "clustering": _described(method.clustering, without=("k", "seeds")),  # the ranking has its own
            },
            folder=vectors.path / "subsets",
        )
        found = replace(found, subsets=scores)
    return found


def _kept_name(metric: Metric) -> str:
    """Returns the name under which a metric's matrices are kept; one of the user's may change its code or arguments."""
    if not source_of(metric):
        return metric.keeps
    digest = hashlib.sha256(json.dumps(_described(metric), sort_keys=True).encode()).hexdigest()
    return f"{metric.keeps} {digest[:12]}"


def _described(part: Metric | Clustering, without: Sequence[str] = ()) -> dict[str, str]:
    """Returns what identifies a part of the method: its name, its arguments and its code if that is not ours."""
    arguments = {key: repr(value) for key, value in vars(part).items() if key not in without}
    return {**arguments, "name": part.name, "source": source_of(part)}


def half_similarities(vectors: ClassVectors, method: Method) -> tuple[Similarity, Similarity] | None:
    """Compares the classes by each of two halves of their images.

    Args:
        vectors: The class vectors.
        method: How the classes are compared.

    Returns:
        The similarity by each half, of the classes that have two images or more; None where the store has no halves,
        too few classes have them, or the metric cannot compare them.
    """
    blocks = [vectors.layers[name] for name in method.layers]
    if any(block.halves is None or block.half_norms is None for block in blocks):
        return None
    rows = np.flatnonzero(vectors.n_images > 1)
    if len(rows) < FEWEST:
        log.warning("no halves to compare: %d classes have two images or more, wanted %d", len(rows), FEWEST)
        return None
    classes = tuple(vectors.classes[row] for row in rows)

    def likeness(half: int) -> Similarity:
        matrices, of_half = {}, {}
        for block in blocks:
            assert block.halves is not None
            assert block.half_norms is not None
            unknown_sums = np.full_like(block.sums, np.nan)  # the store keeps those of whole sets of images
            part = replace(block, unit=block.halves[half], norms=block.half_norms[half], sums=unknown_sums)
            matrices[block.name] = layer_matrix(part, method.metric, vectors.path, f"half {half}")[np.ix_(rows, rows)]
            of_half[block.name] = replace(part, norms=part.norms[rows])
        return method.compare(matrices, replace(vectors, classes=classes, layers=of_half))

    try:
        return likeness(0), likeness(1)
    except InputError as error:
        log.warning("no halves to compare: %s", error)
        return None


def check_reconstruction(
    reconstructor: Reconstructor | None,
    classes: Sequence[str],
    layers: Sequence[str],
    taxonomy: Taxonomy,
    k: Sequence[int],
) -> None:
    """Validates the reconstruction targets and the judge before the work begins.

    Args:
        reconstructor: Makes images; None for none.
        classes: Synset ids of the data set.
        layers: Names of the layers that the class vectors will have.
        taxonomy: The concepts above the classes.
        k: Numbers of clusters there will be.

    Raises:
        InputError: If a class, a layer or a number of clusters is unknown, or the judge has other classes or no
            weights.
    """
    if reconstructor is None:
        return
    shown = reconstructor.check(classes, layers, taxonomy, k)
    if reconstructor.judge is not None:
        check_judge(reconstructor.judge.network(), shown)


def reconstruct(
    reconstructor: Reconstructor | None,
    evaluation: Evaluation,
    taxonomy: Taxonomy,
    architecture: Architecture,
    images: LabelledImages,
) -> Reconstructions | None:
    """Makes images of class vectors, and asks how well they stand for their classes.

    Args:
        reconstructor: Chooses what to make images of, and makes them; None for no images.
        evaluation: The class vectors and their clusters.
        taxonomy: The concepts above the classes.
        architecture: The architecture and weights behind the class vectors.
        images: The labelled images, for a real one beside each.
    """
    if reconstructor is None:
        return None
    judge = reconstructor.judge
    top = architecture.layer_groups.get("top") or list(evaluation.vectors.layers)
    targets = reconstructor.targets(evaluation, taxonomy, top)
    network = architecture.network()
    scorecard = Scorecard(network, evaluation.vectors, None if judge is None else judge.network())
    beside = noise(network.transform.crop, reconstructor.seed)
    items = []
    for target, snapshots in zip(targets, reconstructor.pictures(network, targets), strict=True):
        seen = [scorecard.of_picture("reconstruction", snapshots[-1], target)]
        real = None
        if target.index is not None:
            real, appraisal = scorecard.nearest_image(images, target)
            seen.append(appraisal)
        seen.append(scorecard.of_picture("noise", beside, target))
        items.append(
            Reconstruction(target=target, picture=snapshots[-1], snapshots=snapshots, real=real, appraisals=tuple(seen))
        )
    return Reconstructions(
        items=tuple(items),
        layers=tuple(dict.fromkeys(layer for target in targets for layer in target.means)),
        by_layer=reconstructor.by_layer,
        judge=None if judge is None else judge.name,
        provenance={**evaluation.vectors.provenance, **reconstructor.settings()},
    )
