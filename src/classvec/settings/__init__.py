"""Every key of conf/, declared once: the schemas of Hydra's groups and the arguments of what they configure.

A YAML file of conf/ asks for its schema in its defaults list, as ``/schema_NAME@_here_``, and holds only what differs.
A file of the user's own needs none: then the arguments of its ``_target_`` are its keys.
"""

# fmt: off
from classvec.settings.inputs import (  # noqa: I001
    Architecture, Cifar, ImageChoice, ImageFolder, ImageNet, Layers, Sketches, WordNet,
)
from classvec.settings.key import (
    REQUIRED, Settings, check_path, default, expected, key, meaning, without_effect,
)
from classvec.settings.method import (
    CLASSES_PER_CLUSTER, FEWEST_HALF_SAMPLES, Analysis, Clustering, Fit, Metric, SeededClustering, SpectralClustering,
    Subsets, Trainer,
)
from classvec.settings.reconstruction import (
    PixelReconstruction, Reconstruction, SpectrumReconstruction,
)
from classvec.settings.run import (
    GROUP, Chance, MLflow, Report, Run, check_no_password,
)
from classvec.settings.words import (
    Accelerator, Affinity, CifarSplit, CifarVariant, ClusterTarget, OnError, OnSameSynset, OnUnreachable, Pool,
    Precision, Show, SketchSplit, WordNetSource,
)
# fmt: on

SCHEMAS: dict[str, type[Settings]] = {
    "run": Run,
    "architecture": Architecture,
    "layers": Layers,
    "image_folder": ImageFolder,
    "imagenet": ImageNet,
    "cifar": Cifar,
    "sketches": Sketches,
    "metric": Metric,
    "clustering": Clustering,
    "seeded_clustering": SeededClustering,
    "spectral_clustering": SpectralClustering,
    "wordnet": WordNet,
    "trainer": Trainer,
    "fit": Fit,
    "subsets": Subsets,
    "analysis": Analysis,
    "spectrum": SpectrumReconstruction,
    "pixels": PixelReconstruction,
    "mlflow": MLflow,
    "chance": Chance,
    "report": Report,
}
"""Names under which YAML files ask for a schema."""

__all__ = [
    "CLASSES_PER_CLUSTER", "FEWEST_HALF_SAMPLES", "GROUP", "REQUIRED", "SCHEMAS", "Accelerator", "Affinity",
    "Analysis", "Architecture", "Chance", "Cifar", "CifarSplit", "CifarVariant", "ClusterTarget", "Clustering",
    "Fit", "ImageChoice", "ImageFolder", "ImageNet", "Layers", "MLflow", "Metric", "OnError", "OnSameSynset",
    "OnUnreachable", "PixelReconstruction", "Pool", "Precision", "Reconstruction", "Report", "Run",
    "SeededClustering", "Settings", "Show", "SketchSplit", "Sketches", "SpectralClustering",
    "SpectrumReconstruction", "Subsets", "Trainer", "WordNet", "WordNetSource", "check_no_password",
    "check_path", "default", "expected", "key", "meaning", "without_effect",
]  # fmt: skip
