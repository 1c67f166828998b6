"""From a network and labelled images to class vectors: the first half of the method, for `evaluate.py` to go on from.

python train.py architecture=bvlc_googlenet architecture.weights=FILE data=image_folder data.root=DIR
python train.py architecture=small_inception architecture.weights=fit data=image_folder data.root=DIR
"""

from omegaconf import DictConfig

from classvec import config


def train(cfg: DictConfig) -> None:
    """Gets a network, fits it where its weights are to be fitted, and makes its class vectors; none of it twice."""
    from classvec import pipeline, report

    run = config.build(cfg)
    architecture = pipeline.with_weights(run.architecture, run.images, run.fitter, run.tracking, run.card)
    vectors = pipeline.class_vectors(architecture, run.images, run.extractor, run.extract)
    if not run.leads:
        return
    print(report.vector_table(vectors))
    for path in pipeline.image_vectors(architecture, run.images, run.extract, run.image_vectors, run.output):
        print(f"Image vectors: {path}")


if __name__ == "__main__":
    config.main(train)()
