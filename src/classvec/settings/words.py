"""The words that a key can take, for keys that take one of a few words."""

from enum import StrEnum

Accelerator = StrEnum("Accelerator", ["auto", "cpu", "gpu"])
"""Device to compute on: ``auto`` is a GPU if there is one, else the CPU."""

Precision = StrEnum("Precision", ["float32", "bfloat16"])
"""Number format of convolutions and matrix products."""

Pool = StrEnum("Pool", ["none", "gap"])
"""Features of a feature map: the value at every position, or the global average of each channel."""

OnError = StrEnum("OnError", ["error", "skip"])
"""Treatment of an image that cannot be read."""

OnSameSynset = StrEnum("OnSameSynset", ["error", "merge"])
"""Treatment of two folders with the same synset."""

CifarVariant = StrEnum("CifarVariant", ["cifar10", "cifar100"])
"""CIFAR data set."""

CifarSplit = StrEnum("CifarSplit", ["test", "train"])
"""Split of CIFAR's official files."""

SketchSplit = StrEnum("SketchSplit", ["describe", "fit"])
"""Split of the sketches: images for class vectors, and images to fit a network on. No image is in both."""

WordNetSource = StrEnum("WordNetSource", ["auto", "embedded", "nltk"])
"""Where WordNet's concepts are read."""

Affinity = StrEnum("Affinity", ["similarity", "knn", "gaussian"])
"""Links of the graph that spectral clustering cuts: the similarities themselves, each class's nearest neighbours, or a
Gaussian of the distances."""

ClusterTarget = StrEnum("ClusterTarget", ["medoids", "means"])
"""Vector that represents a cluster: that of the class nearest to its centre, or the mean over its classes."""

Show = StrEnum("Show", ["summary", "table3", "layers"])
"""What ``evaluate.py`` prints at the end. With ``layers`` it computes nothing else."""

OnUnreachable = StrEnum("OnUnreachable", ["error", "later"])
"""Treatment of a tracking store that does not answer when a job starts."""
