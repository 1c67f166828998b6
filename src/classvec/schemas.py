"""The schema of conf/: a type for every key, so that a typo or a wrong type fails at once."""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING


@dataclass
class ArchitectureSchema:
    """A file of conf/architecture."""

    _target_: str = MISSING
    name: str = MISSING
    make: dict[str, Any] = MISSING
    transform: dict[str, Any] = MISSING
    released: dict[str, Any] | None = None
    training_only: str | None = None
    weights: str | None = None
    seed: int = 0
    pool: str = "none"
    layers: dict[str, str] = MISSING
    groups: dict[str, list[str]] = MISSING


@dataclass
class SubsetsSchema:
    """How all subsets of some layers are ranked."""

    _target_: str = MISSING
    k: list[int] = MISSING
    seeds: list[int] = MISSING
    draws: int = 100
    splits: int = 10
    seed: int = 0


@dataclass
class LayersSchema:
    """A file of conf/layers."""

    name: str = "chosen"
    names: list[str] = MISSING
    weights: Any = None  # a dict; OmegaConf cannot put one in the place of an optional dict
    subsets: SubsetsSchema | None = None


@dataclass
class DataSchema:
    """What every file of conf/data has; one with more keys names its own schema, below, in its defaults list."""

    _target_: str = MISSING
    name: str | None = None


@dataclass
class ChoiceSchema(DataSchema):
    """Keys that every data set of files shares: which classes and images, and what about broken ones."""

    root: str = MISSING
    classes: list[str] | None = None
    images_per_class: int | None = None
    images_seed: int | None = None
    on_error: str = "error"
    resolve: dict[str, Any] = MISSING


@dataclass
class ImageFolderSchema(ChoiceSchema):
    """conf/data/image_folder.yaml."""

    mapping: str | None = None
    on_same_synset: str = "error"


@dataclass
class ImageNetSchema(ChoiceSchema):
    """conf/data/imagenet.yaml."""

    truth: str | None = None
    synsets: str | None = None


@dataclass
class CifarSchema(ChoiceSchema):
    """conf/data/cifar10.yaml and cifar100.yaml."""

    variant: str = MISSING
    split: str = "test"
    download: bool = False


@dataclass
class SketchesSchema(DataSchema):
    """conf/data/sketches.yaml."""

    images_per_class: int = 20
    fit_images_per_class: int = 60
    split: str = "describe"
    classes: list[str] | None = None
    seed: int = 0


DATA_SCHEMAS = {
    "image_folder": ImageFolderSchema,
    "imagenet": ImageNetSchema,
    "cifar": CifarSchema,
    "sketches": SketchesSchema,
}
"""Asked for by the files of conf/data in their defaults lists, as /schema_NAME."""


@dataclass
class MetricSchema:
    """A file of conf/metric."""

    _target_: str = MISSING
    gpu: bool | None = None


@dataclass
class ClusteringSchema:
    """A file of conf/clustering."""

    _target_: str = MISSING
    k: list[int] = MISSING
    seeds: list[int] | None = None
    n_init: int | None = None


@dataclass
class OntologySchema:
    """A file of conf/ontology."""

    _target_: str = MISSING
    _partial_: bool = True
    source: str = "auto"
    path: str | None = None


@dataclass
class TrainerSchema:
    """A file of conf/trainer."""

    _target_: str = MISSING
    store: str = MISSING
    accelerator: str = "auto"
    batch_size: int = 32
    workers: int | None = None
    halves: int | None = None
    precision: str = "float32"
    channels_last: bool = True
    processes: Any = 1  # a number or auto; OmegaConf cannot merge a union of the two
    projection: int | None = None
    projection_seed: int = 0


@dataclass
class FitSchema:
    """A file of conf/fit."""

    _target_: str = MISSING
    store: str = MISSING
    start: str = MISSING
    epochs: int = MISSING
    learning_rate: float = MISSING
    warm_up: float = 0.1
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    batch_size: int = 64
    smallest_crop: float = 0.7
    mirror: bool = True
    validation: float = 0.1
    patience: int | None = None
    freeze_all_but_head: bool = False
    seed: int = 0
    accelerator: str = "auto"
    workers: int = 1


@dataclass
class ReconstructionSchema:
    """What every file of conf/reconstruction has; one that makes images names its own schema in its defaults list."""

    _target_: str = MISSING


@dataclass
class ImagesSchema(ReconstructionSchema):
    """Keys that both ways to an image share: what to make images of, and how long to try."""

    store: str = MISSING
    classes: list[str] = field(default_factory=list)
    clusters: int | None = None
    of: str = "medoids"
    layers: list[str] | None = None
    by_layer: bool = False
    steps: int = 256
    starts: int = 1
    seed: int = 0
    snapshots: int = 8
    judge: str | None = None
    accelerator: str = "auto"


@dataclass
class SpectrumSchema(ImagesSchema):
    """conf/reconstruction/spectrum.yaml."""

    batch: int = 8
    learning_rate: float = 0.05
    spread: float = 0.05
    falloff: float = 1.3
    shift: float = 0.036
    zoom: float = 0.0
    noise: float = 0.04
    coarse_to_fine: float = 0.6
    total_variation: float = 20.0


@dataclass
class PixelsSchema(ImagesSchema):
    """conf/reconstruction/pixels.yaml."""

    history: int = 10


OWN_SCHEMAS = {"data": DATA_SCHEMAS, "reconstruction": {"spectrum": SpectrumSchema, "pixels": PixelsSchema}}
"""Groups whose files have keys of their own: they ask for their schema in their defaults list, as /schema_NAME."""


@dataclass
class AnalysisSchema:
    """A file of conf/analysis."""

    _target_: str = MISSING
    depth: bool = False
    seeds: list[int] = field(default_factory=lambda: [0, 1, 2])
    permutations: int = 199
    draws: int = 100
    seed: int = 0
    least: float = 0.5
    information: str | None = None
    most_classes: int = 3000


@dataclass
class TrackingSchema:
    """A file of conf/tracking."""

    _target_: str = MISSING
    uri: str | None = None
    experiment: str | None = None
    artifacts: str | None = None


@dataclass
class ChanceSchema:
    """The draws behind the chance level."""

    draws: int = 100
    seed: int = 0


@dataclass
class ReportSchema:
    """The page of a run."""

    page: bool = True
    thumbnails: bool = True


@dataclass
class Schema:
    """Types of all keys: a typo or a wrong type fails at once."""

    architecture: ArchitectureSchema = MISSING
    layers: LayersSchema = MISSING
    data: DataSchema = MISSING
    metric: MetricSchema = MISSING
    clustering: ClusteringSchema = MISSING
    ontology: OntologySchema = MISSING
    trainer: TrainerSchema = MISSING
    fit: FitSchema = MISSING
    analysis: AnalysisSchema = MISSING
    reconstruction: ReconstructionSchema = MISSING
    tracking: TrackingSchema = MISSING
    outputs: str = MISSING
    store: str = MISSING
    weights: dict[str, str | None] = MISSING
    chance: ChanceSchema = field(default_factory=ChanceSchema)
    report: ReportSchema = field(default_factory=ReportSchema)
    runners_up: int = 4
    neighbours: int = 10
    image_vectors: list[str] = field(default_factory=list)
    force: bool = False
    title: str | None = None
    show: str = "summary"
    printed: dict[str, str] | None = None
