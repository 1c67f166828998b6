"""One job of train.py: from a network and labelled images to class vectors, the first half of the method."""

from typing import TYPE_CHECKING

from omegaconf import DictConfig

from classvec import app, build

if TYPE_CHECKING:
    from classvec.artifacts import ClassVectors


def train(cfg: DictConfig) -> None:
    """Gets a network, fits it if it has no weights, and makes its class vectors, reusing what exists and is whole."""
    from classvec import pipeline
    from classvec.extraction.store_files import undamaged
    from classvec.report.text import vector_table

    run = build.build(cfg)
    architecture = pipeline.with_weights(
        run.architecture, run.images, run.fitter, run.tracking, lambda: run.job.begin(run.card)
    )
    network = architecture.network()

    def whole() -> "ClassVectors":
        made = pipeline.class_vectors(network, run.images, run.extractor, run.extract)
        made.check_all()
        return made

    if run.is_main_process:
        run.job.begin(run.card)
    vectors = undamaged(whole)
    if not run.is_main_process:
        return
    print(vector_table(vectors))
    for path in pipeline.image_vectors(architecture, run.images, run.extract, run.image_vectors, run.output):
        print(f"Image vectors: {path}")


main = app.main(train)
