"""A projected store against the whole one: the same norms, cosines within the theory's error, and clear refusals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from classvec.errors import InputError
from classvec.extraction.projection import Projection, cosine_error, exact_rows
from classvec.extraction.store import open_store
from classvec.method.metrics import Cosine, Manhattan
from classvec.networks.network import Network
from tests.artifacts import extractor, files
from tests.conftest import LAYERS, image_folder


def alike(n: int, n_features: int, seed: int = 0) -> NDArray[np.float32]:
    """Sparse positive vectors with much in common, as class vectors are."""
    rng = np.random.default_rng(seed)
    values = np.maximum(rng.normal(size=n_features) + 0.7 * rng.normal(size=(n, n_features)), 0.0)
    unit: NDArray[np.float32] = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
    return unit


def test_entries_are_as_sparse_as_the_paper_has_them() -> None:
    signs = Projection(200, seed=1).layer("layer", 10_000).signs.toarray()
    assert signs.shape == (200, 10_000)
    assert np.count_nonzero(signs) / signs.size == pytest.approx(1 / 100, rel=0.02)
    assert (signs > 0).sum() / np.count_nonzero(signs) == pytest.approx(0.5, abs=0.01)
    assert np.count_nonzero(signs, axis=0).std() == pytest.approx((200 / 100) ** 0.5, rel=0.1)  # each on its own


def test_a_projection_by_hand() -> None:
    projection = Projection(3).layer("layer", 12)
    unit = np.full(12, 12**-0.5, dtype=np.float32)
    sums = projection.signs.toarray().sum(axis=1)
    np.testing.assert_allclose(projection(unit), sums / np.linalg.norm(sums), atol=1e-6)


def test_it_follows_from_seed_and_layer() -> None:
    def signs(seed: int, path: str) -> NDArray[np.int8]:
        matrix: NDArray[np.int8] = Projection(50, seed).layer(path, 400).signs.toarray()
        return matrix

    np.testing.assert_array_equal(signs(3, "a"), signs(3, "a"))
    assert (signs(3, "a") != signs(4, "a")).any()
    assert (signs(3, "a") != signs(3, "b")).any()


def test_the_error_is_that_of_theory_and_unit_norm_makes_it_smaller() -> None:
    vectors = alike(40, 20_000)
    exact = vectors.astype(np.float64) @ vectors.T
    pairs = np.triu_indices(40, 1)
    scaled, normed = [], []
    for seed in range(6):
        projection = Projection(500, seed).layer("layer", 20_000)
        raw = (projection.signs @ vectors.T.astype(np.float64)) * 20_000**0.25 / 500**0.5
        scaled.append((raw.T @ raw - exact)[pairs])
        unit = np.stack([projection(row) for row in vectors]).astype(np.float64)
        normed.append((unit @ unit.T - exact)[pairs])
    c = exact[pairs]
    assert np.std(scaled) == pytest.approx(np.sqrt(np.mean((1 + c**2) / 500)), rel=0.25)
    assert np.std(normed) == pytest.approx(np.sqrt(np.mean((1 - c**2) ** 2 / 500)), rel=0.25)
    assert np.std(normed) < 0.6 * np.std(scaled)


def test_a_projected_store_keeps_norms_and_says_how_far_its_cosines_are_off(
    tmp_path: Path, image_root: Path, tiny: Network, caplog: pytest.LogCaptureFixture
) -> None:
    import logging

    images = image_folder(image_root)
    whole = extractor(tmp_path, halves=1)(tiny, images, list(LAYERS))
    with caplog.at_level(logging.INFO):
        found = extractor(tmp_path, halves=1, projection=200)(tiny, images, list(LAYERS))
    assert "projection of low: cosines off by" in caplog.text
    assert {name: block.n_features for name, block in found.layers.items()} == {"low": 200, "mid": 200, "top": 80}
    for name, block in found.layers.items():
        exact = whole.layers[name]
        np.testing.assert_array_equal(block.norms, exact.norms)
        np.testing.assert_array_equal(block.sums, exact.sums)
        np.testing.assert_allclose(np.linalg.norm(block.unit, axis=1), 1.0, atol=1e-6)
        assert block.parts is not None
        assert exact.parts is not None
        if name == "top":  # fewer features than dimensions: kept as it is
            assert block.exact is None
            np.testing.assert_array_equal(block.unit, exact.unit)
            block.require_features("a reconstruction")
            continue
        project = Projection(200).layer(block.path, exact.n_features)
        np.testing.assert_array_equal(block.unit, np.stack([project(row) for row in exact.unit]))
        np.testing.assert_array_equal(block.parts.unit[0], project(exact.parts.unit[0]))
        np.testing.assert_array_equal(block.exact, exact.unit[exact_rows(6)])
        error = cosine_error(block)
        assert error is not None
        measured = np.abs(Cosine().matrix(block) - Cosine().matrix(exact))[np.triu_indices(6, 1)]
        assert error.largest == pytest.approx(measured.max(), abs=1e-6)
        assert error.mean == pytest.approx(measured.mean(), abs=1e-6)
        assert found.provenance["cosine_errors"][name]["largest"] == error.largest
    reopened = open_store(found.path)
    np.testing.assert_array_equal(reopened.layers["relu1"].exact, found.layers["low"].exact)


def test_whole_features_are_not_had_from_a_projection(tmp_path: Path, image_root: Path, tiny: Network) -> None:
    block = extractor(tmp_path, projection=50)(tiny, image_folder(image_root), ["low"]).layers["low"]
    with pytest.raises(
        InputError, match=r"a reconstruction needs the features of layer low, .* of 1,024 features to 50"
    ):
        block.require_features("a reconstruction")
    with pytest.raises(InputError, match="metric=manhattan needs the features"):
        Manhattan().matrix(block)
    with pytest.raises(InputError, match=r"trainer\.projection=0: expected at least 1"):
        extractor(tmp_path, projection=0)


def test_projections_have_stores_of_their_own_and_resume_with_the_same_bytes(
    tmp_path: Path, image_root: Path, tiny: Network
) -> None:
    images = image_folder(image_root)
    make = extractor(tmp_path / "a", projection=60)
    first = make(tiny, images, list(LAYERS))
    others = [replace(make, projection=61), replace(make, projection_seed=1), replace(make, projection=None)]
    assert len({first.path, *(other(tiny, images, ["top"]).path for other in others)}) == 4
    again = replace(make, store=tmp_path / "b")
    for file in again(tiny, images, ["low"]).path.rglob("done.npy"):
        done = np.load(file)
        done[[0, 3, 5]] = 0
        np.save(file, done)
    assert files(again(tiny, images, list(LAYERS))) == files(first)


def test_exact_rows_are_spread_over_the_classes() -> None:
    assert exact_rows(3).tolist() == [0, 1, 2]
    assert exact_rows(1000)[[0, -1]].tolist() == [0, 999]
    assert len(exact_rows(1000)) == 16
