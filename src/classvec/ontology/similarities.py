"""Six similarities of concepts, for all pairs of classes at once: path, wup, lch; res, jcn, lin.

They equal NLTK's, also where a concept has several parents, so that an ancestor may be reached in several ways.

- path: 1 / (1 + d), d the shortest way between two concepts over one above both (Rada et al. 1989).
- wup: twice the depth of the subsumer over the sum of both depths (Wu and Palmer 1994).
- lch: -log((1 + d) / 2D), D the depth of the whole hierarchy (Leacock and Chodorow 1998).
- res: information content of the most informative concept above both (Resnik 1995).
- jcn: 1 / (ic + ic - 2 res) (Jiang and Conrath 1997).
- lin: 2 res / (ic + ic) (Lin 1998).

Every matrix is filled concept by concept, from the one that counts least to the one that counts most, at the pairs of
classes below it: as many steps as there are pairs of classes under concepts, a few million for a thousand classes.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts import Float64
from classvec.errors import InputError
from classvec.ontology.taxonomy import Taxonomy

NAMES = ("path", "wup", "lch", "res", "jcn", "lin")
UNBOUNDED = 1e300
"""NLTK's infinity: the information content of a concept never seen, and jcn of concepts with nothing between them."""


def similarities(
    taxonomy: Taxonomy, classes: Sequence[str], information: Mapping[str, float] | None = None
) -> dict[str, Float64]:
    """Computes all six similarities between all classes.

    Args:
        taxonomy: The concepts above the classes.
        classes: Synset ids, of shape (n_classes,).
        information: Id of every concept to its information content, in nats; None for `intrinsic_information`.

    Returns:
        Name of each to its matrix, of shape (n_classes, n_classes), float64. The diagonal is what NLTK says of a
        concept and itself, 1e300 for jcn. Wup of (i, j) may differ from that of (j, i), as NLTK's does, where a class
        lies above another and ties with a further concept above both. All are 0 for classes with nothing above both.
    """
    information = intrinsic_information(taxonomy) if information is None else information
    below = _rows_below(taxonomy, classes)
    steps = shortest_ways(taxonomy)
    index = _positions(taxonomy, classes)
    ways = steps[np.ix_(index, index)]
    return {
        "path": _path(ways),
        "wup": _wu_palmer(taxonomy, classes, below, steps[index]),
        "lch": -np.log(np.where(np.isinf(ways), 1.0, (ways + 1.0) / (2.0 * max(taxonomy.whole_depth, 1)))),
        **_by_information(classes, below, information),
    }


def path_similarity(taxonomy: Taxonomy, classes: Sequence[str]) -> Float64:
    """Computes path similarity alone, of shape (n_classes, n_classes); see `similarities`."""
    index = _positions(taxonomy, classes)
    return _path(shortest_ways(taxonomy)[np.ix_(index, index)])


def _path(ways: Float64) -> Float64:
    return 1.0 / (ways + 1.0)


def _positions(taxonomy: Taxonomy, classes: Sequence[str]) -> NDArray[np.intp]:
    place = {concept: i for i, concept in enumerate(taxonomy.concepts)}
    return np.array([place[class_id] for class_id in classes])


def shortest_ways(taxonomy: Taxonomy) -> Float64:
    """Counts the steps of the shortest way between every two concepts that goes up and then down.

    Returns:
        Of shape (n_concepts, n_concepts), in the order of `taxonomy.concepts`; inf where nothing lies above both.
    """
    position = {concept: i for i, concept in enumerate(taxonomy.concepts)}
    reached: dict[str, dict[str, float]] = {}  # concept -> descendant -> steps up from the descendant
    for concept in taxonomy.concepts:
        for above, steps in _steps_up(taxonomy, concept).items():
            reached.setdefault(above, {})[concept] = steps
    ways = np.full((len(position), len(position)), np.inf)
    for under in reached.values():
        rows = np.array([position[concept] for concept in under])
        steps_up = np.array(list(under.values()))
        block = np.ix_(rows, rows)
        ways[block] = np.minimum(ways[block], steps_up[:, None] + steps_up)
    return ways


def _steps_up(taxonomy: Taxonomy, concept: str) -> dict[str, float]:
    """Returns the shortest number of steps from a concept to everything above it, breadth first."""
    steps, level = {concept: 0.0}, [concept]
    while level:
        parents = dict.fromkeys(p for c in level for p in taxonomy[c].parents if p not in steps)
        steps |= dict.fromkeys(parents, steps[level[0]] + 1.0)
        level = list(parents)
    return steps


def _rows_below(taxonomy: Taxonomy, classes: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """Returns the positions of the classes under every concept."""
    rows: dict[str, list[int]] = {}
    for row, class_id in enumerate(classes):
        for concept in taxonomy.closure(class_id):
            rows.setdefault(concept, []).append(row)
    return {concept: np.array(found) for concept, found in rows.items()}


def _wu_palmer(
    taxonomy: Taxonomy, classes: Sequence[str], below: Mapping[str, NDArray[np.intp]], steps: Float64
) -> Float64:
    """Computes wup; the subsumer has the largest least depth, then comes first by name, unless it is the class itself.

    Args:
        taxonomy: The concepts.
        classes: Synset ids.
        below: Concept to the positions of the classes below it.
        steps: Shortest ways from the classes to all concepts, of shape (n_classes, n_concepts).
    """
    position = {concept: i for i, concept in enumerate(taxonomy.concepts)}
    least = np.array([taxonomy.least_depth[c] for c in taxonomy.concepts])
    depth = np.array([taxonomy.depth[c] + 1.0 for c in taxonomy.concepts])
    subsumer = np.full((len(classes), len(classes)), -1)
    by_name = sorted(below, key=lambda c: taxonomy[c].synset, reverse=True)
    for concept in sorted(by_name, key=taxonomy.least_depth.__getitem__):
        subsumer[np.ix_(below[concept], below[concept])] = position[concept]
    for row, class_id in enumerate(classes):
        tied = below[class_id][least[subsumer[row, below[class_id]]] == least[position[class_id]]]
        subsumer[row, tied] = position[class_id]
    found = subsumer >= 0
    one = np.take_along_axis(steps, subsumer, axis=1)
    other = steps[np.arange(len(classes))[None, :], subsumer]
    deep = depth[subsumer]
    return np.where(found, 2.0 * deep / (one + deep + (other + deep)), 0.0)


def _by_information(
    classes: Sequence[str], below: Mapping[str, NDArray[np.intp]], information: Mapping[str, float]
) -> dict[str, Float64]:
    res = np.zeros((len(classes), len(classes)))
    for concept in sorted(below, key=information.__getitem__):
        res[np.ix_(below[concept], below[concept])] = information[concept]
    own = np.array([information[class_id] for class_id in classes])
    total = own[:, None] + own
    between = total - 2.0 * res
    with np.errstate(divide="ignore", invalid="ignore"):
        jcn = np.where(between == 0.0, UNBOUNDED, 1.0 / between)
        lin = np.where(total == 0.0, 0.0, 2.0 * res / total)
    jcn[(own == 0.0)[:, None] | (own == 0.0)] = 0.0
    np.fill_diagonal(jcn, UNBOUNDED)
    return {"res": res, "jcn": jcn, "lin": lin}


def intrinsic_information(taxonomy: Taxonomy) -> dict[str, float]:
    """Tells how specific each concept is from the hierarchy alone: 1 - log(1 + n_below) / log(n_concepts).

    Seco, Veale, Hayes: An intrinsic information content metric for semantic similarity in WordNet, ECAI 2004. Instances
    count as hyponyms.

    Returns:
        Id of every concept to a number from 0 (everything lies below it) to 1 (nothing does).
    """
    total = math.log(max(taxonomy.whole_size, 2))
    return {concept: 1.0 - math.log(1 + n) / total for concept, n in taxonomy.n_below.items()}


def corpus_information(path: Path, taxonomy: Taxonomy) -> dict[str, float]:
    """Reads information content from a file of counts in the format of NLTK's ``wordnet_ic``, as NLTK does.

    The first line is a heading; each of the others holds an offset with its part of speech, a count that includes the
    concepts below, and ``ROOT`` for a root: ``1740n 1915712 ROOT``.

    Args:
        path: The file.
        taxonomy: The concepts to look up.

    Returns:
        Id of every concept to -log(count / count of the roots); 1e300 where the corpus never has it.

    Raises:
        InputError: If it is no such file.
        FileNotFoundError: If there is none.
    """
    counts: dict[str, float] = {}
    roots = 0.0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[1:], start=2):
        fields = line.split()
        try:
            offset, count, is_noun = int(fields[0][:-1]), float(fields[1]), fields[0].endswith("n")
        except (ValueError, IndexError):
            raise InputError(
                f"{path}, line {number} is {line!r}: wanted an offset and a count, like '1740n 1915712 ROOT'"
            ) from None
        if is_noun:
            counts[f"n{offset:08d}"] = count
            roots += count if fields[2:] == ["ROOT"] else 0.0
    if roots <= 0.0:
        raise InputError(f"{path} counts no root of the nouns: wanted a line like '1740n 1915712 ROOT'")
    seen = {concept: counts.get(concept, 0.0) for concept in taxonomy.concepts}
    return {concept: -math.log(n / roots) if n else UNBOUNDED for concept, n in seen.items()}
