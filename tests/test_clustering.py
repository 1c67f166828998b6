"""Spectral clustering against scikit-learn's own, label by label."""

import logging
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from classvec.artifacts import Clusterings, Float64, Similarity
from classvec.errors import InputError
from classvec.method.affinities import affinity
from classvec.method.clusterers import Agglomerative, KMeans, Spectral
from classvec.method.clustering import cluster, numbers_of_clusters
from classvec.method.embedding import graph_pieces, spectral_embedding
from classvec.scaling import classical_scaling
from classvec.settings import Affinity

SIGNED = "since some similarities are negative"
"""Why the default makes a graph of neighbours."""


def similarity(values: Float64, kind: str = "similarity", power: int = 2) -> Similarity:
    """Similarities, or distances: Euclidean, or whose square roots are with a power of 1."""
    classes = tuple(f"n{i:08d}" for i in range(len(values)))
    return Similarity(
        values=values, classes=classes, metric="m", layers=("a",), provenance={"x": 1}, kind=kind,
        power=power if kind == "distance" else None,
    )  # fmt: skip


def cosines(n: int, seed: int, groups: int = 4) -> Float64:
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 1, (groups, 30))
    vectors = np.abs(centres[rng.integers(0, groups, n)] + rng.normal(0, 0.35, (n, 30)))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    values: Float64 = vectors @ vectors.T
    return values


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_labels_equal_those_of_scikit_learn(seed: int) -> None:
    from sklearn.cluster import SpectralClustering

    values = cosines(120, seed)
    found = cluster(Spectral(k=[2, 3, 5, 11], seeds=[seed]), similarity(values))
    for row, k in enumerate(found.k):
        reference = SpectralClustering(k, affinity="precomputed", assign_labels="kmeans", random_state=seed).fit(values)
        np.testing.assert_array_equal(found.labels[row, 0], reference.labels_)


def test_separate_groups_are_found() -> None:
    values = np.array(np.kron(np.eye(3), np.ones((5, 5))) * 0.9 + 0.01, dtype=np.float64)
    found = cluster(Spectral(k=[3], seeds=[0, 1]), similarity(values))
    assert {tuple(np.flatnonzero(found.labels[0, 0] == c)) for c in range(3)} == {
        tuple(range(start, start + 5)) for start in (0, 5, 10)
    }
    np.testing.assert_array_equal(found.seeds_ari[0], np.ones((2, 2)))


def test_a_smaller_embedding_is_a_prefix_and_an_eigenvector() -> None:
    values = cosines(60, 3)
    large = spectral_embedding(values, 9)
    np.testing.assert_allclose(spectral_embedding(values, 4), large[:, :4], atol=1e-9)
    without = values - np.diag(np.diag(values))
    walk = without / without.sum(axis=1, keepdims=True)  # D^-1 A has the eigenvectors of D^-1/2 A D^-1/2 times D^-1/2
    for column in large.T:
        image = walk @ column
        eigenvalue = image @ column / (column @ column)
        np.testing.assert_allclose(image, eigenvalue * column, atol=1e-10)


def test_the_iterative_solver_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    values = cosines(150, 5)
    dense = spectral_embedding(values, 6)
    monkeypatch.setattr("classvec.method.embedding.DENSE_UP_TO", 10)
    np.testing.assert_allclose(spectral_embedding(values, 6), dense, atol=1e-8)


def blocks(sizes: Sequence[int], between: Mapping[tuple[int, int], float], within: float = 0.8) -> Float64:
    """Returns a matrix of groups of classes: one value within a group, and one between every two, 0 if not given."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    means = np.eye(len(sizes)) * within
    for (one, other), value in between.items():
        means[one, other] = means[other, one] = value
    values: Float64 = means[group][:, group]
    np.fill_diagonal(values, 1.0)
    return values


def groups(labels: NDArray[np.int64]) -> set[tuple[int, ...]]:
    return {tuple(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)}


def separate_groups(seed: int, n: int = 6, size: int = 5) -> Similarity:
    """Groups of classes that are tight and all equally far apart, centred: none has a similarity above 0 to another."""
    vectors = np.random.default_rng(seed).normal(0, 0.1, (n * size, 40))
    vectors[np.arange(n * size), np.repeat(np.arange(n), size)] += 2.0
    vectors -= vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return similarity((vectors @ vectors.T + (vectors @ vectors.T).T) / 2.0, "centred")


def permuted(given: Similarity, order: NDArray[np.intp]) -> Similarity:
    return given.of_classes([given.classes[i] for i in order])


FAR = {(0, 1): 50.0, (0, 2): 90.0, (1, 2): 70.0, (0, 3): 80.0, (1, 3): 60.0, (2, 3): 40.0}
"""Four groups whose Gaussian affinities underflow, since nearly all pairs of classes have a distance of about 1."""


@pytest.mark.parametrize(
    ("given", "n_pieces"),
    [
        (separate_groups(1), 6),
        (separate_groups(2, n=4, size=3), 4),
        (similarity(np.eye(7)), 7),
        (similarity(blocks([4, 1, 3, 1], {})), 4),
        (similarity(blocks([4, 3, 2], {(0, 1): 1e-14})), 3),
        (similarity(blocks([12, 2, 1, 1], FAR, within=1.0) - np.eye(16), "distance"), 4),
    ],
    ids=["six groups", "four groups", "no link at all", "classes without a link", "a link of 1e-14", "distances"],
)
def test_fewer_clusters_than_pieces_do_not_follow_the_order_of_the_classes(given: Similarity, n_pieces: int) -> None:
    k = tuple(range(2, n_pieces))
    pieces = graph_pieces(affinity(given)[0])
    assert pieces.max() == n_pieces - 1
    found = cluster(Spectral(seeds=[0, 1, 2]), given, k=k)
    assert found.provenance["pieces"] == str(n_pieces)
    for row, n_clusters in enumerate(k):
        (labels,) = np.unique(found.labels[row], axis=0)
        assert len(np.unique(labels)) == n_clusters
        assert len({*zip(pieces, labels, strict=True)}) == n_pieces, "pieces are joined whole"
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(given.classes))
        again = cluster(Spectral(seeds=[0, 1, 2]), permuted(given, order), k=k)
        for one, other in zip(found.labels[:, 0], again.labels[:, 0], strict=True):
            assert groups(one) == groups(other[np.argsort(order)])


def test_pieces_are_joined_by_the_mean_of_their_classes() -> None:
    # First 1 and 2 join. Then 0 has -0.3 to 3, and to 1 and 2 together (2 * 2 * -0.05 + 2 * 3 * -0.5) / 10 = -0.32; the
    # mean of the two means, -0.275, would count pieces instead of classes.
    means = {(0, 1): -0.05, (0, 2): -0.5, (0, 3): -0.3, (1, 2): -0.04, (1, 3): -0.9, (2, 3): -0.9}
    given = similarity(blocks([2, 2, 3, 1], means), "centred")
    found = cluster(Spectral(seeds=[0, 1]), given, k=[2, 3, 4])
    assert groups(found.labels[2, 0]) == {(0, 1), (2, 3), (4, 5, 6), (7,)}
    assert groups(found.labels[1, 0]) == {(0, 1), (2, 3, 4, 5, 6), (7,)}
    assert groups(found.labels[0, 0]) == {(0, 1, 7), (2, 3, 4, 5, 6)}
    np.testing.assert_array_equal(found.labels[:2, 0], found.labels[:2, 1])


def test_the_user_is_told_of_a_graph_in_pieces(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    given = separate_groups(1)
    found = cluster(Spectral(seeds=[0, 1]), given, k=[2, 5, 6, 8])
    words = (
        "the graph of the classes is not connected, it has 6 pieces: for k = 2, 5 pieces are joined by average linkage "
        "of the centred similarity, not clipped, and no seed changes that"
    )
    assert found.provenance["warning"] == words
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, f"clustering=spectral: {words}")
    ]
    assert groups(found.labels[2, 0]) == {tuple(range(start, start + 5)) for start in range(0, 30, 5)}
    assert [len(np.unique(labels)) for labels in found.labels[:, 0]] == [2, 5, 6, 8]
    caplog.clear()
    cluster(Spectral(seeds=[0]), given, k=[2], quiet=True)
    whole = cluster(Spectral(seeds=[0]), given, k=[6])
    assert whole.provenance["pieces"] == "6"
    assert "warning" not in whole.provenance
    connected = cluster(Spectral(seeds=[0]), similarity(cosines(30, 0)))
    assert not {"pieces", "warning"} & set(connected.provenance)
    assert caplog.records == []


def test_as_many_clusters_as_pieces_are_the_pieces() -> None:
    # a class without a link has no eigenvalue of its own in scikit-learn's matrix, and shares a cluster there
    rng = np.random.default_rng(3)
    values = blocks([6, 7, 1, 1], {})
    values[:6, :6] = cosines(6, 1)
    values[6:13, 6:13] = cosines(7, 2)
    order = rng.permutation(15)
    found = cluster(Spectral(seeds=[0, 1, 2]), permuted(similarity(values), order), k=[4])
    for labels in found.labels[0]:
        assert groups(labels[np.argsort(order)]) == {tuple(range(6)), tuple(range(6, 13)), (13,), (14,)}


def test_pieces_are_scipys_connected_components() -> None:
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    for seed, density in product(range(5), (0.02, 0.05, 0.1, 0.5)):
        rng = np.random.default_rng(seed)
        values = rng.uniform(0.1, 1.0, (40, 40)) * (rng.uniform(size=(40, 40)) < density)
        values = values + values.T
        n_pieces, reference = connected_components(csr_matrix(values), directed=False)
        pieces = graph_pieces(values)
        assert pieces.max() + 1 == n_pieces
        assert groups(pieces) == groups(reference)


def test_permuted_classes_give_permuted_clusters() -> None:
    from sklearn.metrics import adjusted_rand_score

    values = cosines(80, 2, groups=3)
    order = np.random.default_rng(0).permutation(80)
    one = cluster(Spectral(k=[3], seeds=[0]), similarity(values)).labels[0, 0]
    other = cluster(Spectral(k=[3], seeds=[0]), similarity(values[np.ix_(order, order)])).labels[0, 0]
    assert adjusted_rand_score(one[order], other) == 1.0


@pytest.mark.parametrize(
    ("k", "seeds", "message"),
    [
        ([2, 10], [0], r"clustering\.k=\[2, 10\] does not fit 10 classes: expected numbers from 2 to 9"),
        ([1], [0], r"clustering\.k=\[1\]: expected at least 2"),
        ([], [0], r"clustering\.k=\[\]: expected one or more values, each once"),
        ([2], [], r"clustering\.seeds=\[\]: expected one or more values, each once"),
        ([2, 2], [0], r"clustering\.k=\[2, 2\]: expected one or more values, each once"),
        ([2], [3, 3], r"clustering\.seeds=\[3, 3\]: expected one or more values, each once"),
    ],
)
def test_k_that_does_not_fit_is_an_error(k: list[int], seeds: list[int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        cluster(Spectral(k=k, seeds=seeds), similarity(cosines(10, 0)))


def test_k_that_does_not_fit_is_an_error_for_every_method() -> None:
    for method in (KMeans(k=[2, 10]), Agglomerative(k=[2, 10])):
        with pytest.raises(InputError, match="does not fit 10 classes: expected numbers from 2 to 9"):
            cluster(method, similarity(cosines(10, 0)))
        for k in ([], [1], [10]):
            with pytest.raises(InputError, match=r"clustering\.k=\[.*\] does not fit 10 classes"):
                cluster(method, similarity(cosines(10, 0)), k=k)


def test_numbers_of_clusters_follow_the_number_of_classes() -> None:
    assert numbers_of_clusters(None, 2) == (2,)
    assert numbers_of_clusters(None, 3) == (2,)
    assert numbers_of_clusters(None, 10) == tuple(range(2, 10))
    assert numbers_of_clusters(None, 20) == numbers_of_clusters(None, 1000) == tuple(range(2, 20))
    assert numbers_of_clusters([5, 2], 10) == (2, 5)
    assert numbers_of_clusters([2], 2) == (2,)
    with pytest.raises(InputError, match=r"clustering\.k=\[3\] does not fit 2 classes: expected numbers from 2 to 2"):
        numbers_of_clusters([3], 2)


def test_k_and_seeds_of_the_method_count_unless_others_are_given() -> None:
    values = similarity(cosines(10, 0))
    method = Spectral(seeds=[4, 0])
    found = cluster(method, values)
    assert (found.k, found.seeds) == (tuple(range(2, 10)), (4, 0))
    assert found.labels.shape == (8, 2, 10)
    other = cluster(method, values, k=[3], seeds=[0])
    assert (other.k, other.seeds) == ((3,), (0,))
    np.testing.assert_array_equal(other.labels[0, 0], found.labels[1, 1])
    assert found.provenance == {"x": 1, "clustering": "spectral", "affinity": "similarity as it is"}


@pytest.mark.parametrize("method", [Spectral(), KMeans(), Agglomerative()])
def test_two_classes_are_two_clusters(method: Spectral | KMeans | Agglomerative) -> None:
    found = cluster(method, similarity(np.array([[1.0, 0.3], [0.3, 1.0]])))
    assert found.k == (2,)
    assert (np.sort(found.labels, axis=2) == [0, 1]).all()


def test_negative_and_infinite_similarities_are_errors() -> None:
    values = cosines(10, 0)
    values[0, 1] = values[1, 0] = -0.2
    message = (
        r"clustering\.affinity=similarity needs similarities that are not negative, and metric=m gives -0\.200: use "
        r"clustering\.affinity=knn or metric=centred"
    )
    with pytest.raises(InputError, match=message):
        cluster(Spectral(k=[2], seeds=[0], affinity=Affinity.similarity), similarity(values))
    values[0, 1] = np.nan
    for method in (Spectral(k=[2], seeds=[0]), KMeans(k=[2], seeds=[0]), Agglomerative(k=[2])):
        with pytest.raises(InputError, match="not finite"):
            cluster(method, similarity(values))


def test_affinities_follow_the_kind_of_the_matrix() -> None:
    raw, rule = affinity(similarity(np.array([[1.0, 0.2], [0.2, 1.0]])))
    np.testing.assert_array_equal(raw, [[1.0, 0.2], [0.2, 1.0]])
    assert rule == {"affinity": "similarity as it is"}
    clipped, rule = affinity(similarity(np.array([[1.0, -0.4], [-0.4, 1.0]]), "centred"))
    np.testing.assert_array_equal(clipped, np.eye(2))
    assert rule == {"affinity": "centred similarity, clipped at 0"}
    distances = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 3.0], [2.0, 3.0, 0.0]])
    gaussian, rule = affinity(similarity(distances, "distance"))
    np.testing.assert_allclose(gaussian, np.exp(-((distances / 2.0) ** 2)))
    assert rule == {"affinity": "exp(-d^2 / median(d)^2)", "median_distance": "2"}
    signed = similarity(np.array([[1.0, 0.4, -0.1], [0.4, 1.0, -0.2], [-0.1, -0.2, 1.0]]))
    nearest, rule = affinity(signed)
    np.testing.assert_array_equal(nearest, [[0.0, 1.0, 0.5], [1.0, 0.0, 0.0], [0.5, 0.0, 0.0]])
    assert rule == {"affinity": f"graph of 1 nearest neighbour, {SIGNED}"}
    with pytest.raises(InputError, match="a distance of 0"):
        affinity(similarity(np.zeros((3, 3)), "distance"))


@pytest.mark.parametrize("kind", ["similarity", "centred", "distance"])
def test_every_kind_of_matrix_has_a_graph_and_a_gaussian(kind: str) -> None:
    cosine = cosines(40, 8)
    values = {"similarity": cosine, "centred": cosine - 0.9 * (1.0 - np.eye(40)), "distance": 1.0 - cosine}[kind]
    given = similarity(values, kind)
    distances = values if kind == "distance" else np.sqrt(np.maximum(2.0 - 2.0 * values, 0.0))
    median = np.median(distances[np.triu_indices(40, 1)])
    gaussian, rule = affinity(given, Affinity.gaussian)
    np.testing.assert_allclose(gaussian, np.exp(-((distances / median) ** 2)), rtol=1e-12)
    words = "exp(-d^2 / median(d)^2)" + ("" if kind == "distance" else " of d = sqrt(2 - 2 s)")
    assert rule == {"affinity": words, "median_distance": f"{median:.6g}"}
    linked = np.zeros((40, 40))
    for row, likeness in enumerate(given.likeness):
        linked[row, [j for j in np.argsort(-likeness) if j != row][:7]] = 1.0
    graph, rule = affinity(given, Affinity.knn, 7)
    np.testing.assert_array_equal(graph, (linked + linked.T) / 2.0)
    assert rule == {"affinity": "graph of 7 nearest neighbours"}
    order = np.random.default_rng(0).permutation(40)
    np.testing.assert_array_equal(affinity(permuted(given, order), Affinity.knn, 7)[0], graph[np.ix_(order, order)])


def test_distances_as_they_are_have_no_affinity() -> None:
    message = r"metric=m gives distances: use clustering\.affinity=gaussian or knn"
    with pytest.raises(InputError, match=message):
        affinity(similarity(1.0 - cosines(6, 0), "distance"), Affinity.similarity)


@pytest.mark.parametrize("n", [2, 3, 4, 9, 10])
def test_the_default_does_not_link_few_classes_all_with_all(n: int) -> None:
    values = cosines(n, 1) - 2.0 * (1.0 - np.eye(n))  # negative off the diagonal
    graph, rule = affinity(similarity(values), None, 10)
    n_neighbours = max(1, (n - 1) // 2)
    assert rule == {"affinity": f"graph of {n_neighbours} nearest neighbour{'s' * (n_neighbours > 1)}, {SIGNED}"}
    assert graph.sum() == n * n_neighbours
    assert n == 2 or (graph + np.eye(n) == 0.0).any()


def test_a_graph_of_all_with_all_is_made_where_it_is_asked_for_with_a_warning() -> None:
    graph, rule = affinity(similarity(cosines(6, 1)), Affinity.knn, 10)
    np.testing.assert_array_equal(graph, 1.0 - np.eye(6))
    assert rule["affinity"] == "graph of 5 nearest neighbours"
    assert "set clustering.neighbours to at most 2" in rule["warning"]
    assert "warning" not in affinity(similarity(cosines(6, 1)), Affinity.knn, 4)[1]


def test_of_equally_similar_classes_the_ids_decide() -> None:
    values = np.full((40, 40), 0.25)  # two sets of twenty classes that are all alike
    values[:20, :20] = values[20:, 20:] = 0.75
    np.fill_diagonal(values, 1.0)
    given, order = similarity(values), np.random.default_rng(3).permutation(40)
    graph = affinity(given, Affinity.knn, 5)[0]
    np.testing.assert_array_equal(affinity(permuted(given, order), Affinity.knn, 5)[0], graph[np.ix_(order, order)])


def test_rounding_makes_no_similarity_negative() -> None:
    values = np.array([[1.0, 0.5, -1e-12], [0.5, 1.0, 0.3], [-1e-12, 0.3, 1.0]])
    found, rule = affinity(similarity(values))
    assert rule == {"affinity": "similarity as it is"}
    assert found.min() == 0.0
    assert values.min() < 0.0  # the similarity itself stays


@pytest.mark.parametrize(("include_self", "neighbours"), [(False, 10), (True, 9)])
def test_labels_of_the_graph_equal_those_of_scikit_learn(include_self: bool, neighbours: int) -> None:
    from sklearn.cluster import SpectralClustering
    from sklearn.neighbors import kneighbors_graph

    values = cosines(120, 3)
    distances = np.maximum(1.0 - values, 0.0)
    np.fill_diagonal(distances, 0.0)
    graph = kneighbors_graph(distances, 10, metric="precomputed", include_self=include_self).toarray()
    found = cluster(Spectral(k=[2, 3, 5], seeds=[4], affinity=Affinity.knn, neighbours=neighbours), similarity(values))
    assert "pieces" not in found.provenance, "scikit-learn has no rule of its own for those"
    for row, k in enumerate(found.k):
        method = SpectralClustering(k, affinity="precomputed", assign_labels="kmeans", random_state=4)
        np.testing.assert_array_equal(found.labels[row, 0], method.fit((graph + graph.T) / 2.0).labels_)


def test_signed_similarities_are_clustered_by_default() -> None:
    vectors = np.random.default_rng(5).normal(0, 0.5, (40, 12))
    vectors[:20, 0] += 2.0
    vectors[20:, 0] -= 2.0
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    values = vectors @ vectors.T
    assert values.min() < -0.5
    found = cluster(Spectral(seeds=[0]), similarity(values), k=[2])
    assert found.provenance["affinity"] == f"graph of 10 nearest neighbours, {SIGNED}"
    assert groups(found.labels[0, 0]) == {tuple(range(20)), tuple(range(20, 40))}


def test_a_graph_of_neighbours_in_pieces_says_what_joined_them() -> None:
    given = separate_groups(1)
    found = cluster(Spectral(seeds=[0, 1], affinity=Affinity.knn, neighbours=4), given, k=[2, 6])
    assert found.provenance["pieces"] == "6"
    assert (
        "for k = 2 pieces are joined by average linkage of the centred similarity, and no"
        in (found.provenance["warning"])
    )
    assert groups(found.labels[1, 0]) == {tuple(range(start, start + 5)) for start in range(0, 30, 5)}


def test_the_affinity_is_logged_once_unless_there_are_hundreds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    values = similarity(1.0 - cosines(30, 0), "distance")
    cluster(Spectral(seeds=[0]), values, k=[2, 3, 4])
    (words,) = caplog.messages
    assert words.startswith("clustering=spectral, affinity: exp(-d^2 / median(d)^2); median distance: 0.")
    cluster(Spectral(seeds=[0]), values, k=[2], quiet=True)
    cluster(Spectral(seeds=[0]), similarity(cosines(30, 0)), k=[2])
    assert caplog.messages[1:] == ["clustering=spectral, affinity: similarity as it is"]


def test_agglomerative_labels_are_scikit_learns_up_to_numbering() -> None:
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.metrics import adjusted_rand_score

    values = cosines(70, 4)
    found = cluster(Agglomerative(k=[2, 5, 9]), similarity(values))
    assert found.labels.shape == (3, 1, 70)
    for row, k in enumerate(found.k):
        reference = AgglomerativeClustering(k, metric="precomputed", linkage="average").fit(1.0 - values)
        assert adjusted_rand_score(found.labels[row, 0], reference.labels_) == 1.0
        assert len(np.unique(found.labels[row, 0])) == k
    distances = similarity(1.0 - values, "distance")
    np.testing.assert_array_equal(cluster(Agglomerative(k=[2, 5, 9]), distances).labels, found.labels)


def test_points_of_classical_scaling_have_the_given_distances() -> None:
    points = np.random.default_rng(0).normal(size=(20, 3))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    found = classical_scaling(similarity(distances, "distance"))
    assert found.shape == (20, 3)
    np.testing.assert_allclose(np.linalg.norm(found[:, None] - found[None], axis=2), distances, atol=1e-9)


def test_distances_are_squared_as_their_power_says() -> None:
    points = np.random.default_rng(0).uniform(size=(20, 30))
    manhattan = np.abs(points[:, None] - points[None]).sum(axis=2)
    found = classical_scaling(similarity(manhattan, "distance", power=1))
    squared = ((found[:, None] - found[None]) ** 2).sum(axis=2)
    np.testing.assert_allclose(squared, manhattan, atol=1e-9)


def test_similarities_and_their_distances_are_one_fact() -> None:
    vectors = np.random.default_rng(0).normal(size=(20, 30))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    distances = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    one, other = similarity(vectors @ vectors.T), similarity(distances, "distance")
    np.testing.assert_allclose(one.squared_distances, distances**2, atol=1e-12)
    np.testing.assert_allclose(other.squared_distances, distances**2, atol=1e-12)
    np.testing.assert_allclose(one.gram, other.gram, atol=1e-12)
    centred = one.gram - one.gram.mean(axis=0) - one.gram.mean(axis=1)[:, None] + one.gram.mean()
    points = vectors - vectors.mean(axis=0)
    np.testing.assert_allclose(centred, points @ points.T, atol=1e-12)


def test_kmeans_on_the_matrix_is_kmeans_on_the_vectors() -> None:
    from sklearn.cluster import k_means
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(1)
    vectors = np.abs(rng.normal(size=(4, 50))[rng.integers(0, 4, 60)] + rng.normal(0, 0.2, (60, 50)))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = cluster(KMeans(k=[4], seeds=[0, 1], n_init=10), similarity(vectors @ vectors.T))
    _, reference, _ = k_means(vectors, 4, random_state=0, n_init=10)
    assert adjusted_rand_score(found.labels[0, 0], reference) == 1.0
    assert found.seeds_ari[0, 0, 1] == 1.0


def test_classes_that_are_alike_are_not_split_into_empty_clusters() -> None:
    import warnings

    groups = np.arange(15) % 3
    values = np.where(groups[:, None] == groups, 1.0, 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(InputError, match=r"k-means finds fewer than \d+ clusters: too many classes are alike"):
            cluster(KMeans(k=[3, 14], seeds=[0], n_init=3), similarity(values))


def test_a_method_without_seeds_gives_one_clustering_which_is_kept(tmp_path: Path) -> None:
    found = cluster(Agglomerative(k=[2, 3]), similarity(cosines(12, 0)), seeds=[5, 6])
    assert found.labels.shape == (2, 1, 12)
    assert found.has_seeds is False
    np.testing.assert_array_equal(found.seeds_ari, np.ones((2, 1, 1)))
    assert found.provenance == {"x": 1, "clustering": "agglomerative", "linkage": "average"}
    drawn = cluster(Spectral(k=[2, 3], seeds=[5]), similarity(cosines(12, 0)))
    assert drawn.has_seeds is True
    for clusterings in (found, drawn):
        clusterings.save(tmp_path / "clusterings.npz")
        again = Clusterings.load(tmp_path / "clusterings.npz")
        assert again.has_seeds is clusterings.has_seeds
        np.testing.assert_array_equal(again.labels, clusterings.labels)
        assert (again.k, again.seeds, again.classes) == (clusterings.k, clusterings.seeds, clusterings.classes)


class EveryKth:
    """A clustering that is nobody's heir: class i is in cluster (i + seed) % k."""

    name = "every k-th"

    def __init__(self, k: Sequence[int] | None, seeds: Sequence[int]) -> None:
        self.k = k
        self.seeds = seeds

    def labels(
        self, similarity: Similarity, k: Sequence[int], seeds: Sequence[int]
    ) -> tuple[NDArray[np.int64], Mapping[str, str]]:
        places = np.arange(len(similarity.classes))
        rows = [[(places + seed) % n_clusters for seed in seeds] for n_clusters in k]
        return np.array(rows, dtype=np.int64), {"start": "the first class"}


def test_any_object_with_the_members_of_a_clustering_is_one() -> None:
    values = similarity(cosines(10, 0))
    found = cluster(EveryKth([2, 3], (0, 1)), values)
    assert (found.k, found.seeds, found.has_seeds) == ((2, 3), (0, 1), True)
    np.testing.assert_array_equal(found.labels[1, 1], [1, 2, 0, 1, 2, 0, 1, 2, 0, 1])
    np.testing.assert_array_equal(found.seeds_ari[0], np.ones((2, 2)))
    assert found.classes == values.classes
    assert found.provenance == {"x": 1, "clustering": "every k-th", "start": "the first class"}
    without = cluster(EveryKth(None, ()), values, seeds=[7])
    assert (without.k, without.seeds, without.has_seeds) == (tuple(range(2, 10)), (0,), False)
    assert without.labels.shape == (8, 1, 10)
    with pytest.raises(InputError, match="does not fit 10 classes"):
        cluster(EveryKth([11], (0,)), values)
