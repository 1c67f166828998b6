"""FAISS in blocks against float64 numpy, and the algebra of combining layers."""

from pathlib import Path

import numpy as np
import pytest

from classvec.artifacts import ClassVectors, LayerBlock
from classvec.errors import InputError
from classvec.similarity import Cosine, inner_products, nearest_neighbours


def vectors(sizes: dict[str, int], n: int = 12, seed: int = 0) -> ClassVectors:
    rng = np.random.default_rng(seed)
    layers = {}
    for name, size in sizes.items():
        values = np.abs(rng.normal(size=(n, size)))
        norms = np.linalg.norm(values, axis=1)
        unit = (values / norms[:, None]).astype(np.float32)
        layers[name] = LayerBlock(name=name, unit=unit, norms=norms, sums=values.sum(axis=1))
    classes = tuple(f"n{i:08d}" for i in range(n))
    return ClassVectors(classes=classes, n_images=np.ones(n, dtype=np.int64), layers=layers, provenance={}, path=Path())


def test_blocks_add_up_to_the_whole_product(monkeypatch: pytest.MonkeyPatch) -> None:
    block = vectors({"a": 1003}).layers["a"]
    exact = block.unit.astype(np.float64) @ block.unit.astype(np.float64).T
    np.testing.assert_allclose(inner_products(block.unit), exact, atol=1e-6)
    monkeypatch.setattr("classvec.similarity.MAX_BLOCK", 17)
    np.testing.assert_allclose(inner_products(block.unit), exact, atol=1e-6)


def test_a_matrix_is_symmetric_bounded_and_one_on_the_diagonal() -> None:
    block = vectors({"a": 300}).layers["a"]
    matrix = Cosine().matrix(block)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), np.ones(12))
    assert matrix.min() >= -1.0
    assert matrix.max() <= 1.0
    order = np.random.default_rng(1).permutation(300)
    shuffled = LayerBlock(name="a", unit=block.unit[:, order], norms=block.norms, sums=block.sums)
    np.testing.assert_allclose(Cosine().matrix(shuffled), matrix, atol=1e-6)


def test_the_mean_of_the_matrices_is_the_cosine_of_the_joined_blocks() -> None:
    found = vectors({"a": 40, "b": 90, "c": 7})
    metric = Cosine()
    matrices = {name: metric.matrix(block) for name, block in found.layers.items()}
    joined = np.concatenate([block.unit.astype(np.float64) for block in found.layers.values()], axis=1)
    joined /= np.linalg.norm(joined, axis=1, keepdims=True)
    np.testing.assert_allclose(metric.combine(matrices, found).values, joined @ joined.T, atol=1e-6)
    weights = {"a": 1.0, "b": 3.0, "c": 0.0}
    parts = [np.sqrt(weights[name]) * block.unit.astype(np.float64) for name, block in found.layers.items()]
    joined = np.concatenate(parts, axis=1)
    joined /= np.linalg.norm(joined, axis=1, keepdims=True)
    np.testing.assert_allclose(metric.combine(matrices, found, weights).values, joined @ joined.T, atol=1e-6)


def test_wrong_weights_are_errors() -> None:
    found = vectors({"a": 4})
    matrices = {"inception_3a": Cosine().matrix(found.layers["a"])}
    with pytest.raises(InputError, match="unknown layer in the weights 'inception_3': did you mean inception_3a"):
        Cosine().combine(matrices, found, {"inception_3": 1.0})
    with pytest.raises(InputError, match="must be positive"):
        Cosine().combine(matrices, found, {"inception_3a": -1.0})
    with pytest.raises(InputError, match="no layer"):
        Cosine().combine({}, found)


def test_neighbours_equal_a_plain_sort() -> None:
    found = vectors({"a": 20}, n=30)
    similarity = Cosine().combine({"a": Cosine().matrix(found.layers["a"])}, found)
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
