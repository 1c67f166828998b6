"""The stages of the method in their order, from built objects; knows no configuration."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from classvec import settings
from classvec.analyses.analysis import AnalysisInput, Result
from classvec.analyses.standard import Analyses
from classvec.artifacts import (
    ClassVectors,
    Evaluation,
    Neighbours,
    Reconstruction,
    Reconstructions,
    RunCard,
)
from classvec.data.image_files import ImageFiles
from classvec.data.labelled_images import LabelledImages
from classvec.extraction.extractor import Extractor
from classvec.extraction.image_vectors import write_image_vectors
from classvec.fitting.fitter import Fitter
from classvec.method.clustering import cluster
from classvec.method.labels import name_clusters
from classvec.method.matrix_cache import layer_matrices
from classvec.method.method import Method
from classvec.method.naming import ConceptNaming
from classvec.method.pairs import nearest_neighbours
from classvec.method.references import with_references
from classvec.method.scores import score
from classvec.networks.network import Architecture, Network
from classvec.ontology.taxonomy import Taxonomy
from classvec.reconstruction.reconstructor import Reconstructor
from classvec.reconstruction.scorecard import Scorecard, check_judge, noise
from classvec.report.fit import tied, tracked
from classvec.report.tracking import Tracking

log = logging.getLogger(__name__)


def with_weights(
    architecture: Architecture,
    images: LabelledImages,
    fitter: Fitter,
    tracking: Tracking,
    begin: Callable[[], RunCard],
) -> Architecture:
    """Fits the architecture to the classes of the images, if it asks for that, or finds the fitted weights.

    Args:
        architecture: The architecture.
        images: The labelled images; those that they set aside for fitting are fitted on.
        fitter: Fits a network.
        tracking: Where the curves of a new fit are logged.
        begin: Called before a network is fitted; returns how the run is known.

    Returns:
        The architecture with the path of its fitted weights; the same, if it names other weights than ``fit``.
    """
    if architecture.weights != "fit":
        return architecture
    fitted = fitter(architecture, images.for_fitting(), lambda unfinished: tracked(unfinished, tracking, begin()))
    _report_flaws(images)
    if not fitted.is_new:
        tied(fitted, tracking, begin())
    return replace(architecture, weights=str(fitted.path))


def class_vectors(
    network: Network, images: LabelledImages, extractor: Extractor, layers: Sequence[str]
) -> ClassVectors:
    """Makes the class vectors of a network, or opens those that are there already.

    Args:
        network: The network.
        images: The labelled images.
        extractor: Runs the network and keeps the means.
        layers: Layers, low to top.
    """
    log.info("%s with weights %s (sha256 %s...)", network.name, network.weights, network.weights_hash[:12])
    vectors = extractor(network, images, layers)
    _report_flaws(images)
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
    files = [
        path
        for class_id in classes
        for path in write_image_vectors(network, images, layers, class_id, folder / "image_vectors")
    ]
    _report_flaws(images)
    return files


def _report_flaws(images: LabelledImages) -> None:
    if isinstance(images, ImageFiles):
        images.report_flaws()


def evaluate(vectors: ClassVectors, method: Method, taxonomy: Taxonomy, asked: settings.Analysis) -> Evaluation:
    """Goes from class vectors to named and scored clusters.

    Args:
        vectors: The class vectors.
        method: How they are compared, clustered, named and scored.
        taxonomy: The concepts above the classes.
        asked: Whether the scores get intervals, and what is too many classes for that.
    """
    similarity = method.compare(layer_matrices(vectors, method.layers, method.metric), vectors)
    index, values = nearest_neighbours(similarity, method.neighbours)
    clusterings = cluster(method.clustering, similarity)
    log.info("clusters for k = %d..%d, %d seeds", min(clusterings.k), max(clusterings.k), len(clusterings.seeds))
    naming = ConceptNaming(taxonomy.extents(vectors.classes))
    scores = score(naming, clusterings, method.chance.draws, method.chance.seed)
    scores, resampled = with_references(scores, similarity, method.clustering, naming, taxonomy, asked)
    return Evaluation(
        vectors=vectors,
        similarity=similarity,
        neighbours=Neighbours(index=index, values=values),
        clusterings=clusterings,
        labels=name_clusters(naming, clusterings, method.runners_up, method.chance),
        scores=scores,
        resampled=resampled,
    )


def analyse(
    analyses: Analyses,
    evaluation: Evaluation,
    method: Method,
    taxonomy: Taxonomy,
    name: str,
    architecture: Architecture,
) -> list[Result]:
    """Runs the analyses of a run; see `analyses.Analysis`.

    Args:
        analyses: What to ask.
        evaluation: The evaluation.
        method: How classes are compared and clustered.
        taxonomy: The concepts above the classes.
        name: Name of the run, for titles.
        architecture: Has the groups of layers.
    """
    run = AnalysisInput(
        name=name,
        evaluation=evaluation,
        method=method,
        taxonomy=taxonomy,
        layer_groups=architecture.layer_groups,
        settings=analyses,
    )
    return list(analyses(run))


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
