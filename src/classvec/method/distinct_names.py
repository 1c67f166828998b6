"""What tells clusters apart that have the same concept: ``artifact (covering)``, ``artifact (device)``."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import ClusterLabel
from classvec.method.naming import ConceptNaming

CLEAR = 0.1
"""Difference of shares from which on words tell a cluster apart well."""


def tell_apart(naming: ConceptNaming, labels: Sequence[ClusterLabel]) -> tuple[ClusterLabel, ...]:
    """Adds to clusters with the same concept what tells them apart, in `ClusterLabel.apart`.

    It is the concept below theirs whose share of the cluster's classes exceeds its share of the other clusters' classes
    by most. No two get the same words, nor concepts of which one lies below the other while there are others that are
    clear enough. Different concepts with the same words get their synset.

    Args:
        naming: The concepts over the classes.
        labels: The named clusters of one clustering.

    Returns:
        The same clusters, in the same order.
    """
    of_concept: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        of_concept.setdefault(label.best.concept, []).append(place)
    words: dict[int, str] = {}
    for places in of_concept.values():
        if len(places) > 1:
            found = _qualifiers(naming, [labels[place] for place in places])
            words |= {places[i]: name for i, name in found.items()}
    concepts_of: dict[str, set[str]] = {}
    for label in labels:
        concepts_of.setdefault(label.best.name, set()).add(label.best.concept)
    for place, label in enumerate(labels):
        if len(concepts_of[label.best.name]) > 1:
            words[place] = "; ".join(filter(None, [label.best.synset, words.get(place, "")]))
    return tuple(replace(label, apart=words.get(place, "")) for place, label in enumerate(labels))


def _qualifiers(naming: ConceptNaming, labels: Sequence[ClusterLabel]) -> Mapping[int, str]:
    """Finds the concept that sets each of some clusters off from the others; position of the cluster to its words."""
    members = np.zeros((len(naming.extents.classes), len(labels)), dtype=np.float32)
    for column, label in enumerate(labels):
        members[list(label.members), column] = 1.0
    both, sizes = np.asarray(naming.matrix @ members, dtype=np.float64), members.sum(axis=0, dtype=np.float64)
    elsewhere = (both.sum(axis=1, keepdims=True) - both) / (sizes.sum() - sizes)
    theirs = [naming.extents.concepts[leader] for leader in naming.leaders].index(labels[0].best.concept)
    below = (_shared(naming, theirs) == naming.sizes) & (naming.sizes < naming.sizes[theirs])
    ahead = np.where(below[:, None], both / sizes - elsewhere, 0.0)
    names = np.array([naming.extents.names[leader] for leader in naming.leaders])
    found: dict[int, str] = {}
    separate = ahead.copy()  # without what lies above or below the words of another cluster
    for _ in labels:  # the clearest first; the first of equal ones is the most general concept
        chosen = separate if separate.max() >= CLEAR else ahead
        row, column = (int(place) for place in np.unravel_index(chosen.argmax(), chosen.shape))
        if chosen[row, column] <= 0.0:
            break
        found[column] = str(names[row])
        separate[_shared(naming, row) == np.minimum(naming.sizes, naming.sizes[row])] = 0.0
        for table in (separate, ahead):
            table[names == names[row]] = 0.0
            table[:, column] = 0.0
    return found


def _shared(naming: ConceptNaming, row: int) -> NDArray[np.float32]:
    """Counts the classes that every concept shares with one of them, of shape (n_distinct_concepts,), float32."""
    shared: NDArray[np.float32] = naming.matrix @ naming.matrix[[row]].toarray()[0]
    return shared
