"""Keys of the images, the network and the ontology."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from classvec.settings.key import REQUIRED, Settings, check_name, key, seed_key
from classvec.settings.words import CifarSplit, CifarVariant, OnError, OnSameSynset, Pool, SketchSplit, WordNetSource


@dataclass(frozen=True, kw_only=True)
class ImageChoice(Settings):
    """Keys that all data sets of image files share."""

    group: ClassVar[str] = "data"
    root: str | Path = key(REQUIRED, "folder of the images", affects_results=False)
    name: str | None = key(None, "name of the data set in tables and plots; null for a default")
    classes: list[str] | None = key(None, "classes to use, by synset id, synset name or name; null for all")
    images_per_class: int | None = key(None, "largest number of images of each class; null for all", at_least=1)
    images_seed: int | None = seed_key(None, "seed to draw these images at random; null for the first by name")
    hashes: str | Path | None = key(None, "folder of cached image hashes; null for none", affects_results=False)
    on_error: OnError = key(OnError.error, "error: a broken image stops the run; skip: broken images are left out")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name(self, "name")


@dataclass(frozen=True, kw_only=True)
class ImageFolder(ImageChoice):
    """Keys of ``data=image_folder``."""

    mapping: str | Path | None = key(None, "table (folder,synset) or JSON file; null if folders are named by synset")
    on_same_synset: OnSameSynset = key(OnSameSynset.error, "whether two folders may be merged into one class")


@dataclass(frozen=True, kw_only=True)
class ImageNet(ImageChoice):
    """Keys of ``data=imagenet``."""

    truth: str | Path | None = key(None, "flat folder: Kaggle's or the development kit's labels; null to search nearby")
    synsets: str | Path | None = key(
        None, "development kit: meta.mat, or synset ids in its order; null to search nearby"
    )


@dataclass(frozen=True, kw_only=True)
class Cifar(ImageChoice):
    """Keys of ``data=cifar10`` and ``data=cifar100``."""

    variant: CifarVariant = key(CifarVariant.cifar10, "cifar10, or cifar100 with its 100 fine classes")
    split: CifarSplit = key(CifarSplit.test, "split of the official files")
    download: bool = key(False, "whether to download the official files (170 MB) into root")


@dataclass(frozen=True, kw_only=True)
class Sketches(Settings):
    """Keys of ``data=sketches``."""

    group: ClassVar[str] = "data"
    name: str = key("sketches", "name of the data set in tables and plots")
    images_per_class: int = key(20, "images of each class, for class vectors", at_least=1, at_most=100_000)
    fit_images_per_class: int = key(
        60, "images of each class, for architecture.weights=fit", at_least=1, at_most=100_000
    )
    split: SketchSplit = key(SketchSplit.describe, "describe for class vectors, fit for fitting a network")
    classes: list[str] | None = key(None, "synset ids of the classes to draw; null for all")
    seed: int = seed_key(0, "another seed gives other images")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name(self, "name")


@dataclass(frozen=True, kw_only=True)
class Architecture(Settings):
    """Keys of ``architecture``: a network, its layers and its weights."""

    group: ClassVar[str] = "architecture"
    name: str = key(REQUIRED, "name of the architecture")
    make: Any = key(REQUIRED, "builds the module: a function without arguments, _target_ with _partial_: true")
    transform: Any = key(REQUIRED, "input transform, unless the weights file states its own")
    released: Any = key(None, "returns the set of published weights; null if there is none")
    training_only: str | None = key(None, "prefix of tensors in a weights file that only training uses")
    weights: str | Path | None = key(None, "imagenet, shipped, random, fit, or a PATH", affects_results=False)
    seed: int = seed_key(0, "seed of random weights")
    pool: Pool = key(Pool.none, "gap: the global average of each channel instead of the value at every position")
    layers: dict[str, str] = key({}, "layer name to module path, low to top; empty to propose the ends of the stages")
    groups: dict[str, list[str]] = key({}, "group (low, mid, top) to layer names; empty for thirds of the layers")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name(self, "name")


@dataclass(frozen=True, kw_only=True)
class Layers(Settings):
    """Keys of ``layers``: the layers to compare classes by."""

    group: ClassVar[str] = "layers"
    name: str = key("chosen", "group of the architecture's layers: all, low, mid or top")
    names: list[str] | None = key(None, "layers by name or module path; null for those of the group")
    weights: Any = key(None, "layer name to weight, {inception_5b:2,...}; null for equal weights")
    subsets: Any = key(None, "ranking of all subsets of the layers; see layers=subsets")


@dataclass(frozen=True, kw_only=True)
class WordNet(Settings):
    """Keys of ``ontology=wordnet``."""

    group: ClassVar[str] = "ontology"
    source: WordNetSource = key(
        WordNetSource.auto, "embedded concepts, nltk (full WordNet 3.0), auto for the first that fits"
    )
    path: str | Path | None = key(None, "folder of the full dictionary; null for the usual places")
