"""What does a network know? Clusters its class vectors and names the clusters in WordNet's words.

python evaluate.py
python evaluate.py -m layers=low,mid,top,all
python evaluate.py architecture=bvlc_googlenet architecture.weights=FILE data=image_folder data.root=DIR layers=top
"""

from omegaconf import DictConfig

from classvec import config


def evaluate(cfg: DictConfig) -> None:
    """Runs one job, unless it was done before: same settings, same weights and images, same code."""
    from dataclasses import replace

    from classvec import pipeline

    if cfg.show == "layers":
        return show_layers(cfg)
    run = config.build(cfg)
    run.stages["clustering"].check(len(run.images.classes))
    architecture = pipeline.with_weights(run.architecture, run.images, run.fitter, run.tracking, run.card)

    if not run.leads:  # one of several processes, whose first goes on from the class vectors
        pipeline.class_vectors(architecture, run.images, run.extractor, run.extract)
        return None
    identity = run.job.identity(
        architecture.weights, run.images.fingerprint(), run.judge.weights if run.judge else None
    )
    run = replace(run, architecture=architecture, card=replace(run.card, identity=identity))
    with run.job.once(identity, lambda: run.tracking.tie(run.card)) as earlier:
        if earlier is None:
            compute(run, cfg.show)
        else:
            print(f"Done already (force=true would do it anew): {run.card.name}\nFiles: {earlier}")
    return None


def show_layers(cfg: DictConfig) -> None:
    """Prints the layers of a network and their sizes, beside what a paper prints; looks at no image."""
    from classvec import tables
    from classvec.extraction import layer_shapes

    shapes = layer_shapes(config.architecture(cfg).outline(), list(cfg.layers.names))
    sizes = {shape.name: (shape.path, shape.n_features) for shape in shapes}
    print(tables.write_layers(sizes, dict(cfg.printed or {}), cfg.title or cfg.architecture.name, config.output()))


def compute(run: config.Experiment, show: str) -> None:
    """Goes from class vectors, made where they are missing, to similarity, clusters, names and scores."""
    import time

    from classvec import pipeline
    from classvec.artifacts import Cost
    from classvec.publishing import publish

    start = time.monotonic()
    taxonomy = run.taxonomy(run.images.classes)
    k = run.stages["clustering"].k
    pipeline.check_reconstruction(run.reconstructor, run.judge, run.images.classes, run.extract, taxonomy, k)
    vectors = pipeline.class_vectors(run.architecture, run.images, run.extractor, run.extract)
    evaluation = pipeline.evaluate(vectors, taxonomy=taxonomy, **run.stages, **run.scoring)

    groups = run.architecture.groups
    analysis = pipeline.analyse(run.analyst, run.ranking, evaluation, groups=groups, taxonomy=taxonomy, **run.stages)
    reconstructions = pipeline.reconstruct(
        run.reconstructor, evaluation, taxonomy, run.architecture, run.images, run.judge
    )
    words = publish(
        evaluation,
        analysis,
        reconstructions,
        card=run.card,
        cost=Cost.since(start),
        folder=run.output,
        tracking=run.tracking,
        page=run.page,
        thumbnails=run.images if run.thumbnails else None,
    )
    print(words)
    if show == "table3":
        print((run.output / "table3.txt").read_text(encoding="utf-8"))


if __name__ == "__main__":
    config.main(evaluate)()
