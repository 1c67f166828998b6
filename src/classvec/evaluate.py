"""One job of evaluate.py: from class vectors, made where they are missing, to named and scored clusters."""

from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from classvec import app, build
from classvec.keys import run_settings
from classvec.layer_choice import choose_layers
from classvec.settings import Show
from classvec.signals import keeping

KEPT = "the class vectors, their matrices and finished reconstructions"

if TYPE_CHECKING:
    from classvec.networks.network import Network
    from classvec.ontology.taxonomy import Taxonomy
    from classvec.runs.identity import LockedJob


def evaluate(cfg: DictConfig) -> None:
    """Runs one job, unless it was done before: same settings, same weights and images, same code."""
    from dataclasses import replace

    if cfg.show == Show.layers:
        return show_layers(cfg)
    run = build.build(cfg)
    # heavy: imported once it is known that the tracking store answers
    from classvec import pipeline
    from classvec.data.labelled_images import own_names
    from classvec.extraction.store_files import undamaged
    from classvec.method.clustering import numbers_of_clusters

    taxonomy = run.ontology.taxonomy(run.images.classes).with_names(own_names(run.images))
    run.analyses.check_matrices(taxonomy, run.images.classes)
    if run.reconstructor is not None:
        k = numbers_of_clusters(run.method.clustering.k, len(run.images.classes))
        run.reconstructor.check(run.images.classes, run.extract, taxonomy, k)
    architecture = pipeline.with_weights(
        run.architecture, run.images, run.fitter, run.tracking, lambda: run.job.begin(run.card)
    )

    if not run.is_main_process:
        pipeline.class_vectors(architecture.network(), run.images, run.extractor, run.extract)
        return None
    run = replace(run, architecture=architecture)
    identity = run.job.identity(**what_is_read(run, taxonomy))
    run = replace(run, card=replace(run.card, identity=identity))
    # what is wrong with the weights is said before anything is written
    network = None if run.job.is_marked(identity) else architecture.network()
    with run.job.locked(identity) as job:
        if job.earlier is None:
            said = undamaged(lambda: compute(run, taxonomy, job, network or architecture.network()))
        else:
            said = done_already(run, job, job.earlier)
    print(said)
    table3 = (job.earlier or run.output) / "table3.txt"
    if cfg.show == Show.table3 and table3.exists():  # there is none where all k are larger than the paper's
        print(table3.read_text(encoding="utf-8"))
    return None


def what_is_read(run: build.Experiment, taxonomy: "Taxonomy") -> dict[str, object]:
    """Returns what a job reads beside its settings, by content, and on which devices it computes: last bits differ."""
    import hashlib

    from classvec.artifacts import file_content

    judge = run.reconstructor.judge if run.reconstructor else None
    return {
        "weights": run.architecture.weights_content(),
        "judge": judge.weights_content() if judge else None,
        "images": run.images.fingerprint(),
        "labels": hashlib.sha256(run.images.labels.tobytes()).hexdigest(),
        "classes": list(run.images.classes),
        "concepts": taxonomy.fingerprint,
        "matrices": [(name, file_content(path)) for name, path in run.analyses.matrix_files],
        "devices": {
            "trainer": run.extractor.device(),
            "metric": "gpu" if getattr(run.method.metric, "on_gpu", False) else "cpu",
            "reconstruction": run.reconstructor.device().type if run.reconstructor else None,
        },
    }


def show_layers(cfg: DictConfig) -> None:
    """Prints the layers of a network and their sizes, beside what a paper prints; reads no image."""
    from classvec.extraction.layer_shapes import layer_shapes
    from classvec.report import tables

    network = build.architecture(cfg)
    shapes = layer_shapes(network.outline(), choose_layers(cfg, network).names)
    sizes = {shape.name: (shape.path, shape.n_features) for shape in shapes}
    run = run_settings(cfg)
    print(tables.write_layers(sizes, run.printed, run.title or network.name, build.job_folder()[0]))


def compute(run: build.Experiment, taxonomy: "Taxonomy", job: "LockedJob", network: "Network") -> str:
    """Goes from class vectors, made where they are missing, to similarity, clusters, names and scores.

    Args:
        run: The experiment.
        taxonomy: The concepts above the classes.
        job: The job, which this process holds.
        network: The network with its weights.

    Returns:
        Words for the terminal.
    """
    import time

    from classvec import pipeline
    from classvec.artifacts import Cost
    from classvec.errors import InputError
    from classvec.method.clustering import numbers_of_clusters
    from classvec.report import publish, record

    start = time.monotonic()
    classes = run.images.classes
    k = numbers_of_clusters(run.method.clustering.k, len(classes))
    pipeline.check_reconstruction(run.reconstructor, classes, run.extract, taxonomy, k)
    card = run.job.owned(run.card)
    with keeping(lambda: KEPT), run.tracking.start(record.started(card)) as log:
        run.job.begin(card)
        publication = publish.Publication(card, run.output, log, run.report, run.images)
        vectors = pipeline.class_vectors(network, run.images, run.extractor, run.extract)
        evaluation = pipeline.evaluate(vectors, run.method, taxonomy, run.analyses)
        publication.evaluation(evaluation)
        found = pipeline.analyse(run.analyses, evaluation, run.method, taxonomy, card.name, run.architecture)
        publication.results(found)
        made = pipeline.reconstruct(run.reconstructor, evaluation, taxonomy, run.architecture, run.images)
        publication.reconstructions(made)
        said = publication.finish(Cost.since(start))
        if run.job.identity(**what_is_read(run, taxonomy)) != card.identity:
            raise InputError("a file that this job reads was changed while it was computed: start it again")
        job.finish(run.tracking.address(run.output))
    return "\n".join(filter(None, [said, publish.places(run.output), publish.words(log, run.output)]))


def done_already(run: build.Experiment, job: "LockedJob", earlier: Path) -> str:
    """Ties the run of a job that was done already to this sweep; one that its tracking store lacks is logged there.

    Args:
        run: The experiment.
        job: The job, which this process holds.
        earlier: Folder of its results.

    Returns:
        Words for the terminal: those of the run when it was computed, and where everything is.
    """
    from dataclasses import replace

    from classvec.report import publish, record
    from classvec.runs.card import finished_at

    card = run.job.owned(run.card)
    if (seen := run.tracking.tie(record.started(card))) is None:
        started, content = record.load(earlier)
        with run.tracking.start(replace(started, sweep=card.sweep, owner=card.owner)) as log:
            log.add(content)
        seen = publish.words(log, earlier)
    job.finish(run.tracking.address(run.output))
    when = f"{finished_at(earlier).astimezone():%Y-%m-%d %H:%M}"
    said = f"Done already on {when} (use force=true to recompute): {card.name}"
    return "\n".join(filter(None, [said, publish.printed(earlier), publish.places(earlier), seen]))


main = app.main(evaluate)
