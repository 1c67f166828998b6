"""Do two matrices agree on which classes are alike? WordNet against layers, layers and networks against each other.

Every measure here is the inner product of two matrices, off the diagonal, after each was prepared in its own way: the
Pearson correlation of values or of ranks (Mantel: The detection of disease clustering and a generalized regression
approach, Cancer Research 1967), and linear CKA with the unbiased HSIC (Kornblith et al., ICML 2019; Song et al.,
Feature selection via dependence maximization, JMLR 2012), whose biased form is far from 0 for networks with nothing in
common. Pairs of classes are not independent, so p comes from permuting the classes of one side, one-sided: of all
permutations and the observed order, the share that agrees as well.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from classvec.artifacts import Accord, Agreement, Clusterings, Float64, Similarity
from classvec.clustering import adjusted_rand_index
from classvec.errors import InputError
from classvec.progress import ImageBar

log = logging.getLogger(__name__)

FEWEST = 4
"""Number of classes below which the unbiased HSIC does not exist."""
MANY = 1500
"""Classes from which on permutations take so long that one wants to see how far they are."""
UNBOUNDED = 1e299
"""Values from here on mean "as like as can be" (NLTK's jcn); a correlation takes them as the largest value below."""
TOLERANCE = 1e-6


def values(matrix: Float64) -> Float64:
    """Prepares a matrix for Pearson's correlation over the pairs of classes.

    Args:
        matrix: Of shape (n, n), symmetric; the upper triangle counts.

    Returns:
        Of shape (n, n), mean 0 and norm 1 off the diagonal, 0 on it; zeros where all pairs are equal.
    """
    return _from_pairs(_bounded(_pairs(matrix)), len(matrix))


def ranks(matrix: Float64) -> Float64:
    """Prepares a matrix for Spearman's correlation over the pairs of classes; see `values`."""
    return _from_pairs(rankdata(_pairs(matrix)), len(matrix))


def centred_gram(gram: Float64) -> Float64:
    """Prepares inner products for debiased linear CKA: centred over rows and columns, off the diagonal alone.

    The inner product of two such matrices is n (n - 3) times Song's estimator (Székely and Rizzo 2014, U-centring).

    Args:
        gram: Inner products of the classes, of shape (n, n); the diagonal does not count.

    Returns:
        Of shape (n, n), norm 1, 0 on the diagonal; zeros where the classes cannot be told apart.
    """
    n = len(gram)
    off = gram.copy()
    np.fill_diagonal(off, 0.0)
    rows = off.sum(axis=0) / (n - 2)
    centred = off - rows - rows[:, None] + rows.sum() / (n - 1)
    np.fill_diagonal(centred, 0.0)
    return _unit(centred, np.abs(off).max())


def correlation(one: Float64, other: Float64) -> float:
    """Correlates two matrices that were prepared alike."""
    return float(np.vdot(one, other))


def permuted(left: Sequence[Float64], right: Sequence[Float64], n_permutations: int, seed: int) -> Float64:
    """Correlates prepared matrices with others whose classes are permuted; one permutation serves all pairs.

    Args:
        left: Matrices of shape (n, n).
        right: Matrices of shape (n, n).
        n_permutations: How often.
        seed: Seed of the permutations.

    Returns:
        Of shape (n_permutations, n_left, n_right), float64.
    """
    n = len(left[0])
    rows, columns = np.triu_indices(n, 1)
    fixed = 2.0 * np.stack([matrix[rows, columns] for matrix in left]).astype(np.float32)  # twice: both triangles
    moved = np.stack([m.ravel() for m in right], axis=-1).astype(np.float32)  # the values of a pair move together
    rng = np.random.default_rng(seed)
    found = np.empty((n_permutations, len(left), len(right)))
    with ImageBar("permuted classes", n_permutations, "permutations") if n >= MANY else nullcontext() as bar:
        for draw in range(n_permutations):
            order = rng.permutation(n)
            found[draw] = fixed @ moved.take(order[rows] * n + order[columns], axis=0)
            if bar is not None:
                bar.advance(1)
    return found


def _p(draws: Float64, observed: Float64) -> Float64:
    reached: NDArray[np.intp] = (draws >= observed - TOLERANCE).sum(axis=0)
    return np.asarray((1.0 + reached) / (1.0 + len(draws)))


def against(
    likeness: Mapping[str, Float64], references: Mapping[str, Float64], n_permutations: int = 199, seed: int = 0
) -> tuple[Agreement, ...]:
    """Compares the likeness of classes in several layers with several similarities of an ontology.

    Args:
        likeness: Layer to values that grow with likeness, of shape (n_classes, n_classes).
        references: Name of a similarity to its matrix, of the same classes in the same order.
        n_permutations: Permutations behind p.
        seed: Their seed.

    Returns:
        A row for each layer and similarity.
    """
    left, right = [ranks(m) for m in likeness.values()], [ranks(m) for m in references.values()]
    observed = np.array([[correlation(one, other) for other in right] for one in left])
    p = _p(permuted(left, right, n_permutations, seed), observed)
    plain_left, plain_right = [values(m) for m in likeness.values()], [values(m) for m in references.values()]
    rows_left, rows_right = [_class_ranks(m) for m in likeness.values()], [_class_ranks(m) for m in references.values()]
    return tuple(
        Agreement(
            layer=layer,
            similarity=name,
            spearman=float(observed[i, j]),
            pearson=correlation(plain_left[i], plain_right[j]),
            class_spearman=float((rows_left[i] * rows_right[j]).sum(axis=1).mean()),
            p=float(p[i, j]),
        )
        for i, layer in enumerate(likeness)
        for j, name in enumerate(references)
    )


def between(
    similarities: Mapping[str, Similarity],
    clusterings: Mapping[str, Clusterings] | None = None,
    n_permutations: int = 199,
    seed: int = 0,
) -> tuple[Accord, ...]:
    """Compares every two layers or networks with each other, over the classes that both have.

    Args:
        similarities: Name to likeness or distances of classes, which are matched by synset id.
        clusterings: The same names to their clusterings, for those that have some.
        n_permutations: Permutations behind p.
        seed: Their seed.

    Returns:
        A row for each two; two that have fewer than four classes in common are left out, with a warning.

    Raises:
        InputError: If no two have four classes in common.
    """
    found = {}
    for classes, pairs in _by_common_classes(similarities).items():
        names = list(dict.fromkeys(name for pair in pairs for name in pair))
        parts = [of_classes(similarities[name], classes) for name in names]
        mantel, mantel_p = _all_pairs([ranks(part.likeness) for part in parts], n_permutations, seed)
        cka, cka_p = _all_pairs([centred_gram(part.gram) for part in parts], n_permutations, seed)
        for one, other in pairs:
            at = names.index(one), names.index(other)
            found[one, other] = Accord(
                one=one,
                other=other,
                n_classes=len(classes),
                mantel=float(mantel[at]),
                mantel_p=float(mantel_p[at]),
                cka=float(cka[at]),
                cka_p=float(cka_p[at]),
                ari=agreement_of_clusters(clusterings or {}, one, other),
            )
    return tuple(found[pair] for pair in combinations(similarities, 2) if pair in found)


def _all_pairs(prepared: Sequence[Float64], n_permutations: int, seed: int) -> tuple[Float64, Float64]:
    """Correlates matrices that were prepared alike; returns correlations and p, each of shape (n, n)."""
    observed = np.array([[correlation(one, other) for other in prepared] for one in prepared])
    return observed, _p(permuted(prepared, prepared, n_permutations, seed), observed)


def _by_common_classes(similarities: Mapping[str, Similarity]) -> dict[tuple[str, ...], list[tuple[str, str]]]:
    """Groups the pairs of names by the classes that both have: those of a group share their permutations."""
    groups: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    few = ""
    for one, other in combinations(similarities, 2):
        common = set(similarities[one].classes) & set(similarities[other].classes)
        if len(common) < FEWEST:
            few = f"{one} and {other} have {len(common)} classes in common: wanted {FEWEST} or more"
            log.warning("not compared: %s", few)
            continue
        groups.setdefault(tuple(sorted(common)), []).append((one, other))
    if few and not groups:
        raise InputError(few)
    return groups


def agreement_of_clusters(clusterings: Mapping[str, Clusterings], one: str, other: str) -> dict[int, float]:
    """Compares the clusterings of two, for every k that both have, over the classes that both have.

    Args:
        clusterings: Name to clusterings.
        one: Name of the first.
        other: Name of the second.

    Returns:
        k to the adjusted Rand index of the seeds that agree best with the others; empty where one has no clusterings.
    """
    if one not in clusterings or other not in clusterings:
        return {}
    a, b = clusterings[one], clusterings[other]
    common = sorted(set(a.classes) & set(b.classes))
    rows = [[c.classes.index(class_id) for class_id in common] for c in (a, b)]
    return {
        k: adjusted_rand_index(*(c.labels[c.k.index(k), c.medoid(k)][row] for c, row in zip((a, b), rows, strict=True)))
        for k in a.k
        if k in b.k
    }


def of_classes(similarity: Similarity, classes: Sequence[str]) -> Similarity:
    """Returns the part of a matrix that is about some of its classes, in the order given."""
    position = {class_id: i for i, class_id in enumerate(similarity.classes)}
    rows = np.array([position[class_id] for class_id in classes])
    return replace(similarity, values=similarity.values[np.ix_(rows, rows)], classes=tuple(classes))


def _pairs(matrix: Float64) -> Float64:
    return matrix[np.triu_indices(len(matrix), 1)]


def _bounded(pairs: Float64) -> Float64:
    finite = pairs < UNBOUNDED
    return pairs if finite.all() else np.minimum(pairs, pairs[finite].max(initial=0.0))


def _from_pairs(pairs: Float64, n: int) -> Float64:
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n, 1)] = pairs - pairs.mean()
    return _unit(matrix + matrix.T, np.abs(pairs).max())


def _unit(matrix: Float64, scale: float) -> Float64:
    """Brings a centred matrix to norm 1; rounding of values of some scale, left where all were equal, becomes 0."""
    norm = float(np.linalg.norm(matrix))
    return matrix / norm if norm > 1e-12 * scale * len(matrix) else np.zeros_like(matrix)


def _class_ranks(matrix: Float64) -> Float64:
    """Ranks each class's likeness to all others, centred, norm 1; zeros for a class that is alike to all.

    Returns:
        Of shape (n_classes, n_classes - 1).
    """
    n = len(matrix)
    others = matrix[~np.eye(n, dtype=bool)].reshape(n, n - 1)
    ranked = rankdata(others, axis=1) - n / 2.0
    norms = np.linalg.norm(ranked, axis=1, keepdims=True)
    unit: Float64 = np.divide(ranked, norms, out=np.zeros_like(ranked), where=norms > 0.0)
    return unit
