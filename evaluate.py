"""What does a network know? Clusters its class vectors and names the clusters in WordNet's words.

python evaluate.py
python evaluate.py -m layers=low,mid,top,all
python evaluate.py architecture=bvlc_googlenet architecture.weights=FILE data=image_folder data.root=DIR layers=top
"""

from omegaconf import DictConfig

from classvec import config


def evaluate(cfg: DictConfig) -> None:
    """Runs one job: weights and class vectors, made where they are missing; similarity; clusters; names; scores."""
    import time

    from classvec import pipeline, report
    from classvec.artifacts import Cost
    from classvec.page import run_page
    from classvec.tracking import Record

    start = time.monotonic()
    run = config.build(cfg)
    run.stages["clustering"].check(len(run.images.classes))
    taxonomy = run.taxonomy(run.images.classes)

    architecture = pipeline.with_weights(run.architecture, run.images, run.fitter, run.tracking, run.card)
    vectors = pipeline.class_vectors(architecture, run.images, run.extractor, run.extract)
    evaluation = pipeline.evaluate(vectors, taxonomy=taxonomy, **run.stages)

    pictures = report.write(evaluation, run.card, run.output, Cost.since(start))
    if run.page:
        run_page.write(run.output, run.images if run.thumbnails else None)
    print(report.summary(evaluation, run.card, run.output))
    seen = run.tracking.log(
        Record(
            evaluation=evaluation,
            card=run.card,
            metrics=report.metrics(evaluation),
            pictures=pictures,
            files=report.plain_files(run.output),
        )
    )
    print(seen or "")


if __name__ == "__main__":
    config.main(evaluate)()
