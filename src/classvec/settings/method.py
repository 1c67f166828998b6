"""Keys of the method: extraction, fitting, metrics, clustering and analyses."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from classvec.errors import InputError
from classvec.settings.key import REQUIRED, Settings, each_once, key, seed_key
from classvec.settings.words import Accelerator, Affinity, Precision

CLASSES_PER_CLUSTER = 10
"""Classes for each cluster that an interval needs.

With fewer, F1 of half of the classes no longer varies as that of all does, since most clusters are of one or two
classes: in simulations of 40 to 200 classes the standard error of F1 came out as .39 to .9 of the true one, and that of
adjusted F1 as up to twice as large.
"""
FEWEST_HALF_SAMPLES = 10
"""Half-samples from which on a standard deviation is worth printing."""


@dataclass(frozen=True, kw_only=True)
class Trainer(Settings):
    """Keys of ``trainer``: how class vectors are made."""

    group: ClassVar[str] = "trainer"
    store: str | Path = key(REQUIRED, "folder of the class vectors", affects_results=False)
    own: str | Path | None = key(
        None, "folder for what is missing in a store that cannot be written; null: an error", affects_results=False
    )
    accelerator: Accelerator = key(Accelerator.auto, "auto for a GPU if there is one, cpu, gpu")
    batch_size: int = key(
        32, "images in a forward pass; the last batch is padded to this size", at_least=1, at_most=65_536
    )
    workers: int | None = key(
        None,
        "processes that decode images ahead; 0: threads between batches; null: 0 on a CPU, else up to 8",
        at_least=0,
        at_most=256,
        affects_results=False,
    )
    halves: int | None = seed_key(None, "seed to keep the means of two random halves of each class's images")
    folds: int | None = key(
        None,
        "keep the means of so many random folds instead, of up to 200 classes; seed: trainer.halves, or 0",
        at_least=2,
        at_most=20,
    )
    precision: Precision = key(Precision.float32, "number format of the network; sums are float64")
    channels_last: bool = key(True, "memory layout in which most networks are faster; it changes the last bits")
    processes: int | str = key(
        1,
        "processes that share the classes; auto: one for each GPU, or those of torchrun or srun",
        affects_results=False,
    )
    projection: int | None = key(
        None, "dimensions of a random projection of each layer; null for none", at_least=1, at_most=10**7
    )
    projection_seed: int = seed_key(0, "seed of the projection")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.processes != "auto" and not (isinstance(self.processes, int) and 1 <= self.processes <= 1024):
            raise InputError(f"trainer.processes={self.processes}: expected auto or a number from 1 to 1024")


@dataclass(frozen=True, kw_only=True)
class Fit(Settings):
    """Keys of ``fit``: how a network without weights is fitted.

    Cross entropy, AdamW, a learning rate that warms up and falls along a cosine, early stopping.
    """

    group: ClassVar[str] = "fit"
    store: str | Path = key(REQUIRED, "folder of fitted weights", affects_results=False)
    start: str | Path = key("random", "weights to begin with: random, imagenet, shipped, or a PATH")
    epochs: int = key(15, "largest number of epochs", at_least=1, at_most=100_000)
    learning_rate: float = key(3e-3, "highest learning rate", above=0)
    warm_up: float = key(0.1, "share of the steps in which the learning rate rises", at_least=0, below=1)
    weight_decay: float = key(0.05, "AdamW's weight decay; none for biases and norms", at_least=0, at_most=1000)
    label_smoothing: float = key(
        0.0, "share of the target spread over all classes; it removes similarity between classes", at_least=0, below=1
    )
    batch_size: int = key(64, "images in a step (batch norm needs two)", at_least=2, at_most=65_536)
    smallest_crop: float = key(0.7, "smallest random crop, as a share of the shorter side; 1: none", above=0, at_most=1)
    mirror: bool = key(True, "whether half of the pictures are mirrored")
    validation: float = key(0.1, "share of each class's images for validation; 0 for none", at_least=0, below=1)
    patience: int | None = key(
        6, "epochs without a better accuracy before stopping; null: never stop early", at_least=1
    )
    freeze_all_but_head: bool = key(False, "whether only the classifier is fitted")
    seed: int = seed_key(0, "seed of split, order, variations, dropout and a new classifier")
    accelerator: Accelerator = key(Accelerator.auto, "auto for a GPU if there is one, cpu, gpu")
    workers: int = key(1, "processes that decode images ahead", at_least=0, at_most=256, affects_results=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start == "fit":
            raise InputError("fit.start=fit: expected random, imagenet, shipped, or the PATH of weights to begin with")


@dataclass(frozen=True, kw_only=True)
class Metric(Settings):
    """Keys of ``metric``."""

    group: ClassVar[str] = "metric"
    gpu: bool | None = key(None, "whether FAISS computes on a GPU; null: if there is one")


@dataclass(frozen=True, kw_only=True)
class Clustering(Settings):
    """Keys of every clustering."""

    group: ClassVar[str] = "clustering"
    k: list[int] | None = key(None, "numbers of clusters; null for 2 to 19, below the number of classes", at_least=2)

    def __post_init__(self) -> None:
        super().__post_init__()
        each_once(self, "k")
        if self.k is not None:
            object.__setattr__(self, "k", sorted(self.k))


@dataclass(frozen=True, kw_only=True)
class SeededClustering(Clustering):
    """Keys of clusterings that start at random: ``clustering=spectral`` and ``clustering=kmeans``."""

    seeds: list[int] = seed_key(list(range(10)), "seeds of k-means; each gives a clustering for every k")
    n_init: int = key(10, "k-means starts of each clustering; the best one counts", at_least=1, at_most=10_000)

    def __post_init__(self) -> None:
        super().__post_init__()
        each_once(self, "seeds")


@dataclass(frozen=True, kw_only=True)
class SpectralClustering(SeededClustering):
    """Keys of ``clustering=spectral``."""

    affinity: Affinity | None = key(
        None,
        "links between classes: similarity, knn, gaussian; null: gaussian for distances, similarity for others "
        "(centred ones clipped at 0), or knn if one is negative",
    )
    neighbours: int = key(
        10,
        "with knn, most similar other classes to link each class to; at most all, or half of them with affinity=null",
        at_least=1,
    )


@dataclass(frozen=True, kw_only=True)
class Subsets(Settings):
    """Keys of ``layers.subsets``: how all subsets of some layers are ranked."""

    group: ClassVar[str] = "layers.subsets"
    k: list[int] = key(list(range(2, 9)), "numbers of clusters; subsets are ranked by the mean over them", at_least=2)
    seeds: list[int] = seed_key([0, 1, 2], "seeds of the clusterings; halves have the first")
    draws: int = key(100, "permutations of the classes behind the chance level", at_least=1, at_most=10**6)
    splits: int = key(
        10, "splits of the classes into halves, each clustered alone: choose on one, measure on the other", at_least=1
    )
    seed: int = seed_key(0, "seed of draws and splits")

    def __post_init__(self) -> None:
        super().__post_init__()
        each_once(self, "k", "seeds")


@dataclass(frozen=True, kw_only=True)
class Analysis(Settings):
    """Keys of ``analysis``, which all analyses can read."""

    group: ClassVar[str] = "analysis"
    standard: bool = key(True, "whether the analyses that come with the package run")
    more: dict[str, Any] = key({}, "further analyses: any name to what its _target_ makes")
    depth: bool = key(False, "whether to cluster every layer alone, to see which concept is a cluster at which depth")
    seeds: list[int] = seed_key([0, 1, 2], "seeds of the clusterings of single layers and of halves of the images")
    permutations: int = key(199, "permutations of the classes behind each p", at_least=1, at_most=10**6)
    draws: int = key(100, "permutations behind the F1 that a concept must exceed", at_least=1, at_most=10**6)
    seed: int = seed_key(0, "seed of permutations, draws, half-samples and splits of images")
    half_samples: int = key(
        0, "half-samples of the classes behind each 95% interval, such as 50; 0: none", at_least=0, at_most=1000
    )
    least: float = key(0.5, "F1 that a concept must reach to count as a cluster", above=0, at_most=1)
    information: str | Path | None = key(
        None, "counts for res, jcn and lin (NLTK's wordnet_ic); null: from WordNet alone"
    )
    reference: Any = key(
        None, "own similarities or distances of the classes to correlate with: FILE or [FILE, ...], .csv or .npy"
    )
    partial_out: Any = key(
        None, "what to take out of both sides of these correlations: folders of runs, or files as for reference"
    )
    most_classes: int = key(3000, "number of classes above which matrices are not compared", at_least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        each_once(self, "seeds")
        for name in ("reference", "partial_out"):
            object.__setattr__(self, name, self._paths(name))
        if 0 < self.half_samples < FEWEST_HALF_SAMPLES:
            raise InputError(
                f"analysis.half_samples={self.half_samples}: expected 0, or {FEWEST_HALF_SAMPLES} or more, since the "
                "spread of fewer values is hardly known"
            )
        if self.information is not None and not Path(self.information).is_file():
            raise InputError(
                f"analysis.information={self.information}: no such file; expected counts in the format of NLTK's "
                "wordnet_ic, or null for the information content that follows from WordNet alone"
            )

    def _paths(self, name: str) -> tuple[Path, ...]:
        """Returns the paths that a key names: none, one, or a list.

        Raises:
            InputError: If one is missing, or the analyses that read it are left out.
        """
        value = getattr(self, name)
        found = value if isinstance(value, list | tuple) else [] if value is None else [value]
        if not all(isinstance(path, str | Path) for path in found):
            raise InputError(f"{self.key_name(name)}={value!r}: expected a path, or a list of paths")
        if found and not self.standard:
            raise InputError(f"{self.key_name(name)} needs the analyses that come with the package: standard=true")
        paths = tuple(Path(path).expanduser() for path in found)
        if missing := [path for path in paths if not path.exists()]:
            raise InputError(f"{self.key_name(name)}={missing[0]}: no such file or folder")
        return paths
