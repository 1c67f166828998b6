"""What does a network know? Clusters its class vectors and names the clusters in WordNet's words.

python evaluate.py
python evaluate.py -m layers=low,mid,top,all
python evaluate.py architecture=bvlc_googlenet architecture.weights=FILE data=image_folder data.root=DIR layers=top
"""

from omegaconf import DictConfig

from classvec import config


def evaluate(cfg: DictConfig) -> None:
    """Runs one job: weights and class vectors, made where they are missing; similarity; clusters; names; scores."""
    from classvec import pipeline, report
    from classvec.tracking import Record

    run = config.build(cfg)
    run.stages["clustering"].check(len(run.images.classes))
    taxonomy = run.taxonomy(run.images.classes)

    architecture = pipeline.with_weights(run.architecture, run.images, run.fitter, run.tracking, run.card)
    vectors = pipeline.class_vectors(architecture, run.images, run.extractor, run.extract)
    if not run.leads:
        return
    evaluation = pipeline.evaluate(vectors, taxonomy=taxonomy, **run.stages)

    pictures = report.write(evaluation, run.card, run.output)
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
