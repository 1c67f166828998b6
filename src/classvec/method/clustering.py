"""The protocol of a clustering: a similarity matrix becomes the cluster of every class, for every k."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import Clusterings, Float64, Similarity
from classvec.errors import InputError

log = logging.getLogger(__name__)


class Clustering(Protocol):
    """A way to cluster classes; any object with these members is one."""

    @property
    def name(self) -> str:
        """Its name, in tables and provenance."""

    @property
    def k(self) -> Sequence[int] | None:
        """Numbers of clusters; None for 2 to 19, as far as there are more classes."""

    @property
    def seeds(self) -> Sequence[int]:
        """Seeds of its random starts; empty for a method that has none."""

    def labels(
        self, similarity: Similarity, k: Sequence[int], seeds: Sequence[int]
    ) -> tuple[NDArray[np.int64], Mapping[str, str]]:
        """Clusters the classes.

        Args:
            similarity: Similarities or distances, finite, of shape (n_classes, n_classes).
            k: Numbers of clusters.
            seeds: Seeds; a single 0 for a method without random starts.

        Returns:
            Cluster numbers from 0 to k - 1, of shape (n_k, n_seeds, n_classes), int64; and what provenance should say
            and the log should say beside the name of the method. Under ``warning`` stands what the user should be told,
            under ``affinity`` the rule behind the graph of a spectral clustering, in words.

        Raises:
            InputError: If the matrix cannot be clustered.
        """
        ...


def cluster(
    method: Clustering,
    similarity: Similarity,
    *,
    k: Sequence[int] | None = None,
    seeds: Sequence[int] | None = None,
    quiet: bool = False,
) -> Clusterings:
    """Clusters the classes for every k and seed.

    Args:
        method: How.
        similarity: Similarities or distances of shape (n_classes, n_classes).
        k: Numbers of clusters; None for those of the method.
        seeds: Seeds; None for those of the method. Ignored for a method that has none.
        quiet: Whether what the method says of itself is left to the provenance, and not logged.

    Raises:
        InputError: If a k does not fit the number of classes, a value is not finite, or the method refuses the matrix.
    """
    chosen = numbers_of_clusters(method.k if k is None else k, len(similarity.classes))
    if not np.isfinite(similarity.values).all():
        raise InputError("the similarity matrix has values that are not finite numbers")
    drawn = tuple(method.seeds if seeds is None else seeds) if method.seeds else (0,)
    if not drawn or len(set(drawn)) < len(drawn):
        raise InputError(f"seeds {list(drawn)} of clustering={method.name}: expected one or more, each once")
    labels, details = method.labels(similarity, chosen, drawn)
    if not quiet:
        _say(method.name, details)
    shape = (len(chosen), len(drawn), len(similarity.classes))
    if labels.shape != shape or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(
            f"clustering={method.name} returned labels of shape {labels.shape}, {labels.dtype}: expected whole numbers "
            f"of shape {shape}, (n_k, n_seeds, n_classes)"
        )
    return Clusterings(
        labels=labels,
        k=chosen,
        seeds=drawn,
        classes=similarity.classes,
        seeds_ari=np.stack([_seeds_ari(rows) for rows in labels]),
        provenance={**similarity.provenance, "clustering": method.name, **details},
        has_seeds=bool(method.seeds),
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Lets clusterings in this block compute in one thread: hundreds of small ones are done sooner so."""
    import scipy.linalg  # noqa: F401 (only libraries that are loaded already are limited)
    import sklearn.cluster  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


def numbers_of_clusters(k: Sequence[int] | None, n_classes: int) -> tuple[int, ...]:
    """Returns the numbers of clusters to make of some classes, ascending.

    Args:
        k: Those asked for; None for 2 to 19, as far as there are more classes (for two classes, 2).
        n_classes: Number of classes.

    Raises:
        InputError: If one does not fit the number of classes.
    """
    largest = max(2, n_classes - 1)
    if k is None:
        return tuple(range(2, min(19, largest) + 1))
    if not k or min(k) < 2 or max(k) > largest or len(set(k)) < len(k):
        raise InputError(
            f"clustering.k={list(k)} does not fit {n_classes} classes: expected numbers from 2 to {largest}, each once"
        )
    return tuple(sorted(k))


def adjusted_rand_index(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Computes how far two clusterings agree: 1 for equal, 0 on average by chance (Hubert and Arabie 1985)."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(one, other))


def warn_of_affinities(what: str, rules: Iterable[str]) -> None:
    """Warns where what is to be compared was clustered by affinities of more than one kind.

    Args:
        what: Things that were clustered, such as ``layers``.
        rules: The affinity of each, in words.
    """
    if len(found := sorted(set(rules))) > 1:
        log.warning(
            "%s were clustered by different affinities (%s): set clustering.affinity to compare like with like",
            what, "; ".join(found),
        )  # fmt: skip


def _say(name: str, details: Mapping[str, str]) -> None:
    """Logs what a method says of itself: its warning as such, the rest in one line."""
    if rules := [f"{key.replace('_', ' ')}: {words}" for key, words in details.items() if key != "warning"]:
        log.info("clustering=%s, %s", name, "; ".join(rules))
    if "warning" in details:
        log.warning("clustering=%s: %s", name, details["warning"])


def _seeds_ari(labels: NDArray[np.int64]) -> Float64:
    """Computes the adjusted Rand index between every two clusterings, of shape (n_seeds, n_seeds)."""
    seeds_ari = np.eye(len(labels))
    for i, one in enumerate(labels):
        for j in range(i):
            seeds_ari[i, j] = seeds_ari[j, i] = adjusted_rand_index(one, labels[j])
    return seeds_ari
