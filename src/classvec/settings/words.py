"""The words that a key can take, for keys that take one of a few words."""

from enum import StrEnum


class Accelerator(StrEnum):
    """Device to compute on: ``auto`` is a GPU if there is one, else the CPU."""

    auto = "auto"
    cpu = "cpu"
    gpu = "gpu"


class Precision(StrEnum):
    """Number format of convolutions and matrix products."""

    float32 = "float32"
    bfloat16 = "bfloat16"


class Pool(StrEnum):
    """Features of a feature map: the value at every position, or the global average of each channel."""

    none = "none"
    gap = "gap"


class OnError(StrEnum):
    """Treatment of an image that cannot be read."""

    error = "error"
    skip = "skip"


class OnSameSynset(StrEnum):
    """Treatment of two folders with the same synset."""

    error = "error"
    merge = "merge"


class CifarVariant(StrEnum):
    """CIFAR data set."""

    cifar10 = "cifar10"
    cifar100 = "cifar100"


class CifarSplit(StrEnum):
    """Split of CIFAR's official files."""

    test = "test"
    train = "train"


class SketchSplit(StrEnum):
    """Split of the sketches: images for class vectors, and images to fit a network on. No image is in both."""

    describe = "describe"
    fit = "fit"


class WordNetSource(StrEnum):
    """Where WordNet's concepts are read."""

    auto = "auto"
    embedded = "embedded"
    nltk = "nltk"


class ClusterTarget(StrEnum):
    """Vector that represents a cluster: that of the class nearest to its centre, or the mean over its classes."""

    medoids = "medoids"
    means = "means"


class Show(StrEnum):
    """What ``evaluate.py`` prints at the end. With ``layers`` it computes nothing else."""

    summary = "summary"
    table3 = "table3"
    layers = "layers"
