"""From similarities or distances to affinities: the links of the graph that spectral clustering cuts.

von Luxburg: A tutorial on spectral clustering, Statistics and Computing 2007, section 2.2 (kinds of graphs).
"""

import numpy as np

from classvec.artifacts import Float64, Similarity
from classvec.errors import InputError
from classvec.method.pairs import nearest_neighbours
from classvec.settings import Affinity

NEGATIVE = -1e-9
"""Below this a similarity is negative, and not 0 but for rounding."""
CLIPPED = "centred similarity, clipped at 0"
"""Rule of a centred similarity, in words."""


def affinity(
    similarity: Similarity, choice: Affinity | None = None, neighbours: int = 10
) -> tuple[Float64, dict[str, str]]:
    """Turns similarities or distances into what spectral clustering can use.

    Args:
        similarity: Similarities or distances, finite.
        choice: Kind of link; None for `default_affinity`.
        neighbours: Most similar other classes that a class is linked to in a graph of nearest neighbours: at most all
            others, and at most half of them where the choice is None.

    Returns:
        Affinities of shape (n_classes, n_classes), float64, symmetric, not negative; and what provenance says of them:
        under ``affinity`` the rule in words, the same for all matrices that it was used on, its parameters, and under
        ``warning`` what the user should be told.

    Raises:
        InputError: If the values do not fit the choice.
    """
    others = len(similarity.classes) - 1
    match default_affinity(similarity) if choice is None else choice:
        case Affinity.knn:
            # Nobody chose a graph by default, so it must say something of few classes too.
            most = others if choice else max(1, others // 2)
            links, rule = _nearest(similarity, min(neighbours, most))
            why = "" if choice else ", since some similarities are negative"
            return links, {**rule, "affinity": f"{rule['affinity']}{why}"}
        case Affinity.gaussian:
            return _gaussian(similarity)
    return _as_they_are(similarity)


def default_affinity(similarity: Similarity) -> Affinity:
    """Returns what ``clustering.affinity=null`` stands for.

    A Gaussian of distances; similarities themselves (a centred one is clipped at 0), and nearest neighbours where a
    similarity that is not centred is negative: its zero has no meaning at which it could be clipped.
    """
    if similarity.kind == "distance":
        return Affinity.gaussian
    signed = similarity.kind == "similarity" and similarity.values.min() < NEGATIVE
    return Affinity.knn if signed else Affinity.similarity


def check_affinity(choice: Affinity | None, metric: str, kind: str) -> None:
    """Refuses distances as affinities: they grow where links should fall.

    Args:
        choice: Kind of link.
        metric: Name of the metric.
        kind: What its values are.

    Raises:
        InputError: If it gives distances and similarities are asked for.
    """
    if choice == Affinity.similarity and kind == "distance":
        raise InputError(
            f"clustering.affinity=similarity needs similarities, and metric={metric} gives distances: use "
            "clustering.affinity=gaussian or knn"
        )


def _as_they_are(similarity: Similarity) -> tuple[Float64, dict[str, str]]:
    values, metric = similarity.values, similarity.metric
    check_affinity(Affinity.similarity, metric, similarity.kind)
    if similarity.kind == "centred":
        return np.maximum(values, 0.0), {"affinity": CLIPPED}
    if (least := float(values.min())) < NEGATIVE:
        raise InputError(
            f"clustering.affinity=similarity needs similarities that are not negative, and metric={metric} gives "
            f"{least:.3f}: use clustering.affinity=knn or metric=centred"
        )
    return np.maximum(values, 0.0) if least < 0.0 else values, {"affinity": "similarity as it is"}


def _nearest(similarity: Similarity, neighbours: int) -> tuple[Float64, dict[str, str]]:
    """Links classes that are among each other's most similar: by 1, or by 1/2 where one of the two is not.

    The graph is that of scikit-learn's ``affinity="nearest_neighbors"``, which counts the class itself as one of its
    neighbours: 10 there are 9 here.
    """
    n_classes = len(similarity.classes)
    order = np.argsort(similarity.classes)  # of equally similar classes the ids decide, whatever their order
    ordered = bool((np.diff(order) > 0).all())
    by_id = similarity if ordered else similarity.of_classes(sorted(similarity.classes))
    rows, links = order[:, None], np.zeros((n_classes, n_classes))
    index = order[nearest_neighbours(by_id, neighbours)[0]]
    links[rows, index] += 0.5
    links[index, rows] += 0.5
    rule = {"affinity": f"graph of {neighbours} nearest neighbour{'s' * (neighbours > 1)}"}
    if 2 < n_classes <= neighbours + 1:
        rule["warning"] = (
            f"each of the {n_classes} classes is linked with all others, so the graph says nothing, and clusters "
            f"follow from the order of the classes: set clustering.neighbours to at most {(n_classes - 1) // 2}"
        )
    return links, rule


def _gaussian(similarity: Similarity) -> tuple[Float64, dict[str, str]]:
    """Returns exp(-d^2 / median(d)^2), the median over all pairs; of a similarity s the distance is sqrt(2 - 2 s)."""
    distances, words = similarity.values, "exp(-d^2 / median(d)^2)"
    if similarity.kind != "distance":
        distances, words = similarity.squared_distances, f"{words} of d = sqrt(2 - 2 s)"
        np.sqrt(np.maximum(distances, 0.0, out=distances), out=distances)
    pairs = np.concatenate([row[i + 1 :] for i, row in enumerate(distances)])
    median = float(np.median(pairs, overwrite_input=True))
    del pairs
    if median == 0.0:
        raise InputError("more than half of the classes have a distance of 0: there is nothing to cluster")
    gaussian = np.square(distances / median)
    np.exp(np.negative(gaussian, out=gaussian), out=gaussian)
    return gaussian, {"affinity": words, "median_distance": f"{median:.6g}"}
