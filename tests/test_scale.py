"""What was done to a matrix as a whole and is now done in pieces gives the same bits; nothing grows that need not."""

from pathlib import Path

import numpy as np
import pytest

from classvec.artifacts import Parts, Similarity
from classvec.figures import matrix
from classvec.method.affinities import affinity
from classvec.method.metrics import Centred, Cosine, Euclidean, Manhattan
from classvec.method.pairs import nearest_neighbours
from classvec.method.similarity import Metric, compare
from tests.artifacts import vectors


@pytest.mark.parametrize("metric", [Cosine(), Centred(), Euclidean(), Manhattan()])
def test_blocks_of_rows_change_no_bit(metric: Metric, monkeypatch: pytest.MonkeyPatch) -> None:
    found = vectors({"a": 31, "b": 200}, n=23)
    results = []
    for size in (64_000_000, 8 * 23 * 5):  # all rows at once; five rows at a time
        monkeypatch.setattr("classvec.method.pairs.MAX_BLOCK", 10)  # what 920 bytes hold too: the same sums
        monkeypatch.setattr("classvec.method.pairs.BLOCK_BYTES", size)
        matrices = {name: metric.matrix(block) for name, block in found.layers.items()}
        similarity = compare(metric, matrices, found, {"b": 2.0})
        results.append((*matrices.values(), similarity.values, *nearest_neighbours(similarity, 4)))
    for whole, pieces in zip(*results, strict=True):
        np.testing.assert_array_equal(whole, pieces)


def test_combining_equals_the_formulas_on_whole_matrices() -> None:
    found = vectors({"a": 31, "b": 200}, n=23)
    cosines = {name: Cosine().matrix(block) for name, block in found.layers.items()}
    gram = 0.25 * cosines["a"] + 0.75 * cosines["b"]
    centred = gram - gram.mean(axis=0) - gram.mean(axis=1)[:, None] + gram.mean()
    scale = np.sqrt(centred.diagonal())
    expected = np.clip(centred / scale / scale[:, None], -1.0, 1.0)
    np.fill_diagonal(expected, 1.0)
    np.testing.assert_array_equal(compare(Centred(), cosines, found, {"b": 3.0}).values, expected)
    squared = np.zeros((23, 23))
    for name, cosine in cosines.items():
        norms = found.layers[name].norms
        squared += norms**2 + (norms**2)[:, None] - 2.0 * np.outer(norms, norms) * cosine
    np.testing.assert_array_equal(compare(Euclidean(), cosines, found).values, np.sqrt(np.maximum(squared, 0.0)))


def test_the_gaussian_of_distances_equals_its_formula() -> None:
    found = vectors({"a": 31}, n=23)
    distances = compare(Euclidean(), {"a": Cosine().matrix(found.layers["a"])}, found)
    median = np.median(distances.values[np.triu_indices(23, 1)])
    np.testing.assert_array_equal(affinity(distances)[0], np.exp(-((distances.values / median) ** 2)))


def test_halves_are_those_of_a_loop_over_classes() -> None:
    labels = np.repeat(np.arange(40), np.random.default_rng(0).integers(1, 9, 40))
    rng = np.random.default_rng(5)
    expected = np.empty(len(labels), dtype=np.int64)
    for label in range(40):
        members = np.flatnonzero(labels == label)
        expected[rng.permutation(members)] = np.arange(len(members)) % 2
    np.testing.assert_array_equal(Parts(2, 5).of_images(labels), expected)


def test_a_matrix_too_large_for_a_picture_is_shown_in_means_over_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(size=(12, 12))
    order = rng.permutation(12)
    np.testing.assert_array_equal(matrix.shrunk(values, order), values[np.ix_(order, order)])
    monkeypatch.setattr(matrix, "PICTURED_CLASSES", 5)
    edges = [0, 2, 4, 7, 9, 12]
    ordered = values[np.ix_(order, order)]
    expected = [
        [ordered[a:b, c:d].mean() for c, d in zip(edges, edges[1:], strict=False)]
        for a, b in zip(edges, edges[1:], strict=False)
    ]
    np.testing.assert_allclose(matrix.shrunk(values, order), expected, rtol=1e-12)


def test_a_picture_of_many_classes_keeps_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    from classvec.artifacts import ClusterLabel, ConceptMatch

    monkeypatch.setattr(matrix, "PICTURED_CLASSES", 4)
    match = ConceptMatch(concept="c", synset="c", name="c", f1=1.0, precision=1.0, recall=1.0, n_concept=6, n_both=6)
    clusters = [ClusterLabel(cluster=i, members=tuple(range(6 * i, 6 * i + 6)), matches=(match,)) for i in (0, 1)]
    values = np.eye(12)
    similarity = Similarity(
        values=values, classes=tuple(map(str, range(12))), metric="cosine", layers=(), provenance={}
    )
    axes = matrix.sorted_matrix(similarity, clusters, "many").axes[0]
    assert axes.get_xlim() == (-0.5, 11.5)
    assert axes.get_yticks().tolist() == [2.5, 8.5]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/usr/share/wordnet/data.noun").exists(), reason="needs the full WordNet: wordnet-base")
def test_the_benchmark_measures_every_stage(tmp_path: Path) -> None:
    from benchmarks.scale import row, table

    rows = [row(case, tmp_path / "work") for case in ({"classes": 60, "features": 32}, {"images": 30_000})]
    assert not (tmp_path / "work").exists()
    assert rows[0]["nouns"] == 82_115
    assert rows[0]["concepts"] > 60
    assert rows[0]["f1"]["2"] > rows[0]["chance"]["2"]
    assert rows[1]["classes"] == 21_841
    assert rows[1]["images"] == 2 * 21_841
    assert "| 60 | 32 |" in table(rows)
