"""FAISS in blocks against float64 numpy, and the algebra of combining layers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from classvec.artifacts import ClassVectors, Float64, LayerBlock, Similarity
from classvec.errors import InputError
from classvec.method.matrix_cache import described
from classvec.method.metrics import Centred, Cosine, Euclidean, Manhattan
from classvec.method.pairs import nearest_neighbours, sum_over_blocks
from classvec.method.similarity import compare
from tests.artifacts import vectors


def test_blocks_add_up_to_the_whole_product(monkeypatch: pytest.MonkeyPatch) -> None:
    block = vectors({"a": 1003}).layers["a"]
    exact = block.unit.astype(np.float64) @ block.unit.astype(np.float64).T
    np.testing.assert_allclose(sum_over_blocks(block.unit, "inner product"), exact, atol=1e-6)
    monkeypatch.setattr("classvec.method.pairs.MAX_BLOCK", 17)
    np.testing.assert_allclose(sum_over_blocks(block.unit, "inner product"), exact, atol=1e-6)


def test_a_matrix_is_symmetric_bounded_and_one_on_the_diagonal() -> None:
    block = vectors({"a": 300}).layers["a"]
    matrix = Cosine().matrix(block)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), np.ones(12))
    assert matrix.min() >= -1.0
    assert matrix.max() <= 1.0
    order = np.random.default_rng(1).permutation(300)
    shuffled = LayerBlock(name="a", path="a", unit=block.unit[:, order], norms=block.norms, sums=block.sums)
    np.testing.assert_allclose(Cosine().matrix(shuffled), matrix, atol=1e-6)


def test_the_mean_of_the_matrices_is_the_cosine_of_the_joined_blocks() -> None:
    found = vectors({"a": 40, "b": 90, "c": 7})
    metric = Cosine()
    matrices = {name: metric.matrix(block) for name, block in found.layers.items()}
    joined = np.concatenate([block.unit.astype(np.float64) for block in found.layers.values()], axis=1)
    joined /= np.linalg.norm(joined, axis=1, keepdims=True)
    np.testing.assert_allclose(compare(metric, matrices, found).values, joined @ joined.T, atol=1e-6)
    weights = {"b": 3.0, "c": 0.0}
    whole = {"a": 1.0, **weights}  # what is not named counts once
    parts = [np.sqrt(whole[name]) * block.unit.astype(np.float64) for name, block in found.layers.items()]
    joined = np.concatenate(parts, axis=1)
    joined /= np.linalg.norm(joined, axis=1, keepdims=True)
    np.testing.assert_allclose(compare(metric, matrices, found, weights).values, joined @ joined.T, atol=1e-6)


def test_wrong_weights_are_errors() -> None:
    found = vectors({"a": 4})
    matrices = {"inception_3a": Cosine().matrix(found.layers["a"])}
    with pytest.raises(InputError, match="unknown layer in layers.weights 'inception_3': did you mean inception_3a"):
        compare(Cosine(), matrices, found, {"inception_3": 1.0})
    with pytest.raises(InputError, match="must not be negative"):
        compare(Cosine(), matrices, found, {"inception_3a": -1.0})
    with pytest.raises(InputError, match="no layer"):
        compare(Cosine(), {}, found)
    with pytest.raises(InputError, match="nor all zero"):
        compare(Cosine(), matrices, found, {"inception_3a": 0.0})


def test_neighbours_equal_a_plain_sort() -> None:
    found = vectors({"a": 20}, n=30)
    similarity = compare(Cosine(), {"a": Cosine().matrix(found.layers["a"])}, found)
    index, values = nearest_neighbours(similarity, 5)
    for i, row in enumerate(similarity.values):
        others = sorted((j for j in range(30) if j != i), key=lambda j: -row[j])[:5]
        assert index[i].tolist() == others
        np.testing.assert_array_equal(values[i], row[others])
    assert nearest_neighbours(similarity, 99)[0].shape == (30, 29)


def test_values_that_are_not_finite_are_an_error() -> None:
    block = vectors({"a": 20}).layers["a"]
    block.unit[3, 5] = np.nan
    with pytest.raises(InputError, match="layer a holds values that are not finite"):
        Cosine().matrix(block)


def test_a_gpu_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import faiss

    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 0, raising=False)
    with pytest.raises(InputError, match="FAISS sees no GPU"):
        Cosine(gpu=True).matrix(vectors({"a": 5}).layers["a"])


def joined_means(found: ClassVectors, weights: dict[str, float]) -> NDArray[np.float64]:
    """The class means before the division by their norms, layers side by side, each times the root of its weight."""
    parts = [block.unit.astype(np.float64) * block.norms[:, None] for block in found.layers.values()]
    return np.concatenate([np.sqrt(w) * part for w, part in zip(weights.values(), parts, strict=True)], axis=1)


@pytest.mark.parametrize("weights", [None, {"a": 1.0, "b": 0.25, "c": 3.0}])
def test_euclidean_distances_are_those_of_the_joined_means(weights: dict[str, float] | None) -> None:
    found = vectors({"a": 40, "b": 90, "c": 7})
    metric = Euclidean()
    matrices = {name: metric.matrix(block) for name, block in found.layers.items()}
    means = joined_means(found, weights or dict.fromkeys(found.layers, 1.0))
    distances = np.linalg.norm(means[:, None] - means[None], axis=2)
    similarity = compare(metric, matrices, found, weights)
    np.testing.assert_allclose(similarity.values, distances, atol=2e-3)
    np.testing.assert_array_equal(np.diag(similarity.values), np.zeros(12))
    assert (similarity.kind, similarity.power) == ("distance", 2)
    assert metric.keeps == Cosine().keeps


def test_manhattan_distances_add_over_blocks_and_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classvec.method.pairs.MAX_BLOCK", 13)
    found = vectors({"a": 40, "b": 90})
    metric = Manhattan()
    matrices = {name: metric.matrix(block) for name, block in found.layers.items()}
    joined = np.concatenate([block.unit.astype(np.float64) for block in found.layers.values()], axis=1)
    distances = np.abs(joined[:, None] - joined[None]).sum(axis=2)
    similarity = compare(metric, matrices, found)
    np.testing.assert_allclose(similarity.values, distances, atol=1e-5)
    assert (similarity.kind, similarity.power) == ("distance", 1)
    doubled = compare(metric, matrices, found, {"a": 2.0, "b": 0.0})
    np.testing.assert_allclose(doubled.values, 2.0 * matrices["a"])


def test_centring_takes_the_mean_class_vector_off() -> None:
    found = vectors({"a": 40, "b": 90})
    metric = Centred()
    matrices = {name: metric.matrix(block) for name, block in found.layers.items()}
    joined = np.concatenate([block.unit.astype(np.float64) for block in found.layers.values()], axis=1)
    centred = joined - joined.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    similarity = compare(metric, matrices, found)
    np.testing.assert_allclose(similarity.values, centred @ centred.T, atol=1e-5)
    assert similarity.values.min() < 0.0
    assert (similarity.kind, similarity.power) == ("centred", None)


def test_a_class_that_equals_the_mean_cannot_be_centred() -> None:
    found = vectors({"a": 3}, n=2)
    found.layers["a"].unit[:] = np.array([1.0, 0.0, 0.0], dtype=np.float32)
    with pytest.raises(InputError, match="equals the mean of all classes"):
        compare(Centred(), {"a": Centred().matrix(found.layers["a"])}, found)


def test_the_nearest_by_distance_have_the_smallest() -> None:
    found = vectors({"a": 20}, n=15)
    similarity = compare(Euclidean(), {"a": Euclidean().matrix(found.layers["a"])}, found)
    index, values = nearest_neighbours(similarity, 4)
    for i, row in enumerate(similarity.values):
        assert index[i].tolist() == sorted((j for j in range(15) if j != i), key=lambda j: row[j])[:4]
        np.testing.assert_array_equal(values[i], row[index[i]])


def test_a_distance_states_its_power_and_a_similarity_has_none() -> None:
    def made(kind: str, power: int | None) -> Similarity:
        return Similarity(
            values=np.eye(2), classes=("a", "b"), metric="mine", layers=(), provenance={}, kind=kind, power=power
        )

    for kind, power in (("similarity", None), ("centred", None), ("distance", 1), ("distance", 2)):
        assert made(kind, power).power == power
    with pytest.raises(InputError, match="metric=mine gives a distance with power=None: expected a power"):
        made("distance", None)
    for kind in ("similarity", "centred"):
        with pytest.raises(InputError, match=f"metric=mine gives a {kind} with power=2: expected .* none for a simila"):
            made(kind, 2)
    with pytest.raises(InputError, match="unknown kind of metric=mine 'distances': did you mean distance"):
        made("distances", 2)


def double_centred(values: Float64) -> Float64:
    centred: Float64 = values - values.mean(axis=0) - values.mean(axis=1)[:, None] + values.mean()
    return centred


def test_the_gram_of_euclidean_distances_is_that_of_the_points_up_to_centring() -> None:
    found = vectors({"a": 40, "b": 90})
    matrices = {name: Euclidean().matrix(block) for name, block in found.layers.items()}
    points = joined_means(found, {"a": 1.0, "b": 0.25})
    points -= points.mean(axis=0)
    similarity = compare(Euclidean(), matrices, found, {"b": 0.25})
    np.testing.assert_allclose(double_centred(similarity.gram), points @ points.T, atol=1e-4)


def test_the_gram_of_other_metrics() -> None:
    found = vectors({"a": 40})
    for metric in (Cosine(), Centred()):
        similarity = compare(metric, {"a": metric.matrix(found.layers["a"])}, found)
        np.testing.assert_allclose(double_centred(similarity.gram), double_centred(similarity.values), atol=1e-12)
    manhattan = compare(Manhattan(), {"a": Manhattan().matrix(found.layers["a"])}, found)
    np.testing.assert_array_equal(manhattan.gram, -manhattan.values / 2.0)


class LargestDifference:
    """A metric that is nobody's heir: the Chebyshev distance of class vectors."""

    name = "chebyshev"
    kind = "distance"
    power = 2
    keeps = "largest difference"

    def __init__(self) -> None:
        self.weights: dict[str, float] = {}

    def matrix(self, block: LayerBlock) -> Float64:
        unit = block.unit.astype(np.float64)
        values: Float64 = np.abs(unit[:, None] - unit[None]).max(axis=2)
        return values

    def combine(self, matrices: Mapping[str, Float64], vectors: ClassVectors, weights: Mapping[str, float]) -> Float64:
        self.weights = dict(weights)
        values: Float64 = np.max([weights[name] * matrix for name, matrix in matrices.items()], axis=0)
        return values


def test_any_object_with_the_members_of_a_metric_is_one() -> None:
    found = vectors({"a": 40, "b": 90})
    metric = LargestDifference()
    matrices = {name: metric.matrix(block) for name, block in found.layers.items()}
    similarity = compare(metric, matrices, found, {"b": 2.0})
    assert metric.weights == {"a": 1.0, "b": 2.0}  # what is not named counts once
    np.testing.assert_array_equal(similarity.values, np.maximum(matrices["a"], 2.0 * matrices["b"]))
    assert similarity.classes == found.classes
    assert (similarity.metric, similarity.kind, similarity.power) == ("chebyshev", "distance", 2)
    assert similarity.layers == ("a", "b")
    assert similarity.provenance["metric"] == "chebyshev"
    assert similarity.provenance["layer_weights"] == {"b": 2.0}
    assert nearest_neighbours(similarity, 3)[0].shape == (12, 3)
    with pytest.raises(InputError, match="must not be negative"):
        compare(metric, matrices, found, {"a": -1.0})
    metric.kind = "distances"
    with pytest.raises(InputError, match="unknown kind of metric=chebyshev"):
        compare(metric, matrices, found)


def test_a_metric_is_described_by_the_content_of_its_files_and_arrays(tmp_path: Path) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Weighted(Cosine):
        file: str
        values: NDArray[np.float64]

    path, values = tmp_path / "w.txt", np.zeros(5000)
    path.write_text("1")
    first = described(Weighted(file=str(path), values=values))
    assert described(Weighted(file=str(path), values=values.copy())) == first
    other = values.copy()
    other[2500] = 1.0
    assert described(Weighted(file=str(path), values=other)) != first
    path.write_text("2")
    assert described(Weighted(file=str(path), values=values)) != first
