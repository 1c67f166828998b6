"""Which images to make: of classes, of the class nearest to each cluster's centre, of whole clusters."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import ClassVectors, ClusterLabel, Evaluation, Float64, Target
from classvec.errors import InputError, unknown
from classvec.ontology.taxonomy import Taxonomy, plain

UNFIT = r"[^A-Za-z0-9_.]+"
"""What a layer's name may have and a file's name, an address or a key of MLflow had better not."""


def of_classes(names: Sequence[str], vectors: ClassVectors, layers: Sequence[str], taxonomy: Taxonomy) -> list[Target]:
    """Makes targets of classes.

    Args:
        names: Synset ids, synset names such as ``barn.n.01``, or class names such as ``barn``, own ones too.
        vectors: The class vectors.
        layers: Layers to match.
        taxonomy: Knows the classes' names.

    Raises:
        InputError: If there is no such class, or several of that name.
    """
    indices = [class_index(name, vectors.classes, taxonomy) for name in names]
    if len(set(indices)) < len(indices):
        raise InputError(f"reconstruction.classes names a class twice: {', '.join(names)}")
    return [_of_class(index, vectors, layers, taxonomy.class_name(vectors.classes[index])) for index in indices]


def class_index(name: str, classes: Sequence[str], taxonomy: Taxonomy) -> int:
    """Finds a class by its synset id, synset name or words.

    Raises:
        InputError: If there is no such class, or several of that name.
    """
    found = [
        index
        for index, class_id in enumerate(classes)
        if name in (class_id, taxonomy[class_id].synset) or plain(name) in taxonomy.class_words(class_id)
    ]
    if not found:
        raise unknown("class in reconstruction.classes", name, [taxonomy.class_name(c) for c in classes])
    if len(found) > 1:
        several = ", ".join(f"{classes[i]} ({taxonomy[classes[i]].synset})" for i in found)
        raise InputError(f"{len(found)} classes are called {name!r}: {several}; name one by its id")
    return found[0]


def of_clusters(evaluation: Evaluation, k: int, layers: Sequence[str], *, means: bool) -> list[Target]:
    """Makes targets of the clusters with k clusters, largest first.

    Args:
        evaluation: The clusters and the class vectors.
        k: Number of clusters.
        layers: Layers to match.
        means: True for the mean vector of each whole cluster, False for the class nearest to each cluster's centre.
    """
    labels, vectors = evaluation.labels, evaluation.vectors
    if not means:
        centres = [_centre(label, evaluation.similarity.likeness) for label in labels.clusters[k]]
        return [_of_class(index, vectors, layers, labels.class_names[index]) for index in centres]
    return [
        Target(
            key=f"k{k:02d}-cluster{label.cluster}",
            name=f"{label.shown}, mean of {len(label.members)}",
            means={layer: _mean(vectors, layer, label.members) for layer in layers},
            index=None,
        )
        for label in labels.clusters[k]
    ]


def by_layer(targets: Sequence[Target]) -> list[Target]:
    """Splits each target into one for each of its layers, low to top."""
    return [
        replace(target, key=f"{target.key}-{re.sub(UNFIT, '-', layer)}", means={layer: mean})
        for target in targets
        for layer, mean in target.means.items()
    ]


def _centre(label: ClusterLabel, likeness: Float64) -> int:
    """Returns the class most like its cluster's members on the mean: with cosines, the nearest to their sum."""
    members = np.array(label.members, dtype=np.intp)
    return int(members[likeness[np.ix_(members, members)].mean(axis=1).argmax()])


def _of_class(index: int, vectors: ClassVectors, layers: Sequence[str], name: str) -> Target:
    means = {layer: _mean(vectors, layer, [index]) for layer in layers}
    return Target(key=vectors.classes[index], name=name, means=means, index=index)


def _mean(vectors: ClassVectors, layer: str, members: Sequence[int]) -> NDArray[np.float32]:
    """Returns the mean over classes of what was divided by its norm in the store, multiplied by it again."""
    block = vectors.layers[layer]
    block.require_features("a reconstruction")
    vectors.check(block, members)
    total = np.zeros(block.n_features)
    for index in members:
        total += block.unit[index].astype(np.float64) * block.norms[index]
    return (total / len(members)).astype(np.float32)
