"""From a network and labelled images to class vectors: the first half of the method, for `evaluate.py` to go on from.

python train.py architecture=bvlc_googlenet architecture.weights=FILE data.root=DIR
"""

from omegaconf import DictConfig

from classvec import config


def train(cfg: DictConfig) -> None:
    """Gets a network and makes its class vectors; what is there already is not made again."""
    from classvec import pipeline, report

    run = config.build(cfg)
    vectors = pipeline.class_vectors(run.architecture, run.images, run.extractor, run.extract)
    print(report.vector_table(vectors))


if __name__ == "__main__":
    config.main(train)()
