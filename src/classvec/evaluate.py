"""One job of evaluate.py: from class vectors, made where they are missing, to named and scored clusters."""

from omegaconf import DictConfig

from classvec import app, build
from classvec.keys import run_settings
from classvec.layer_choice import choose_layers
from classvec.settings import Show


def evaluate(cfg: DictConfig) -> None:
    """Runs one job, unless it was done before: same settings, same weights and images, same code."""
    from dataclasses import replace

    from classvec import pipeline

    if cfg.show == Show.layers:
        return show_layers(cfg)
    run = build.build(cfg)
    architecture = pipeline.with_weights(run.architecture, run.images, run.fitter, run.tracking, run.card)

    if not run.is_main_process:
        pipeline.class_vectors(architecture, run.images, run.extractor, run.extract)
        return None
    judge = run.reconstructor.judge if run.reconstructor else None
    images, seen_by = run.images, judge.weights if judge else None
    identity = run.job.identity(architecture.weights, images.fingerprint(), images.classes, seen_by)
    run = replace(run, architecture=architecture, card=replace(run.card, identity=identity))
    with run.job.once(identity, lambda: run.tracking.tie(run.card)) as earlier:
        if earlier is None:
            compute(run)
        else:
            print(f"Done already (use force=true to recompute): {run.card.name}\nFiles: {earlier}")
    table3 = (earlier or run.output) / "table3.txt"
    if cfg.show == Show.table3 and table3.exists():  # there is none where all k are larger than the paper's
        print(table3.read_text(encoding="utf-8"))
    return None


def show_layers(cfg: DictConfig) -> None:
    """Prints the layers of a network and their sizes, beside what a paper prints; reads no image."""
    from classvec.extraction.layer_shapes import layer_shapes
    from classvec.report import tables

    network = build.architecture(cfg)
    shapes = layer_shapes(network.outline(), choose_layers(cfg, network).names)
    sizes = {shape.name: (shape.path, shape.n_features) for shape in shapes}
    run = run_settings(cfg)
    print(tables.write_layers(sizes, run.printed, run.title or network.name, build.job_folder()[0]))


def compute(run: build.Experiment) -> None:
    """Goes from class vectors, made where they are missing, to similarity, clusters, names and scores."""
    import time

    from classvec import pipeline
    from classvec.artifacts import Cost
    from classvec.method.clustering import numbers_of_clusters
    from classvec.report.publish import Outcome, publish

    start = time.monotonic()
    classes = run.images.classes
    taxonomy = run.ontology.taxonomy(classes)
    k = numbers_of_clusters(run.method.clustering.k, len(classes))
    pipeline.check_reconstruction(run.reconstructor, classes, run.extract, taxonomy, k)
    vectors = pipeline.class_vectors(run.architecture, run.images, run.extractor, run.extract)
    evaluation = pipeline.evaluate(vectors, run.method, taxonomy)
    results = pipeline.analyse(run.analyses, evaluation, run.method, taxonomy, run.card.name, run.architecture)
    reconstructions = pipeline.reconstruct(run.reconstructor, evaluation, taxonomy, run.architecture, run.images)
    outcome = Outcome(run.card, evaluation, results, reconstructions, Cost.since(start))
    print(publish(outcome, run.output, run.tracking, run.report, run.images))


main = app.main(evaluate)
