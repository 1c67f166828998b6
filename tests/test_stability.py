"""Stability: by hand over seeds; halves of the images that agree, disagree, or do not exist."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classvec.analyses.stability import measure, over_seeds, stability
from classvec.analyses.standard import Analyses
from classvec.method.clusterers import Agglomerative
from classvec.method.clustering import cluster
from classvec.method.method import Method
from classvec.method.metrics import Centred, Cosine
from classvec.method.splits import split_similarities
from classvec.ontology.taxonomy import Taxonomy
from tests.artifacts import HALVES, QUARTERS, SPECTRAL, N, analysed, clusterings, planted, rows_of, vectors


def test_stability_over_seeds_is_the_mean_over_pairs() -> None:
    found = clusterings([[[0, 0, 1, 1, 1]] * 3])
    matrix = np.array([[[1.0, 0.2, 0.4], [0.2, 1.0, 0.9], [0.4, 0.9, 1.0]]])
    assert over_seeds(replace(found, seeds_ari=matrix)) == {2: pytest.approx(1.5 / 3)}
    alone = clusterings([[[0, 0, 1, 1, 1]]])
    assert np.isnan(over_seeds(alone)[2])
    assert over_seeds(replace(alone, has_seeds=False)) == {2: 1.0}
    assert over_seeds(cluster(Agglomerative(k=[2]), planted(HALVES, 0.5))) == {2: 1.0}


def test_halves_tell_structure_from_noise(kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers, analyses = {"a": planted(QUARTERS, 0.4)}, Analyses(permutations=19)
    pairs = {
        "alike": (planted(QUARTERS, 0.4, 1), planted(QUARTERS, 0.4, 2)),
        "unlike": (planted([], 0.0, 1), planted([], 0.0, 2)),
    }
    alike, unlike = (
        measure(analysed(kingdoms, layers, tmp_path / name, halves=halves, analyses=analyses))
        for name, halves in pairs.items()
    )
    assert alike.halves is not None
    assert unlike.halves is not None
    assert alike.halves.ari[4] == 1.0
    assert abs(unlike.halves.ari[4]) < 0.3
    assert alike.halves.mantel_p == 1.0 / 20
    r = alike.halves.mantel
    assert alike.reliability == pytest.approx(2 * r / (1 + r))
    assert alike.left_out == 0
    run = analysed(kingdoms, layers, tmp_path / "summed up", halves=pairs["alike"], analyses=analyses)
    assert stability(run).summary == {"split-half r": f"{r:.2f}"}


def test_a_store_without_halves_has_seeds_alone(kingdoms: Taxonomy, tmp_path: Path) -> None:
    run = analysed(kingdoms, {"a": planted(QUARTERS, 0.4)}, tmp_path)
    assert measure(run).halves is None
    result = stability(run)
    assert (result.metrics, result.lines, result.values) == ([], [], {})
    assert [(row["k"], row["halves_ari"]) for row in result.tables["stability"]] == [(2, ""), (3, ""), (4, "")]
    scores = run.evaluation.scores.rows
    assert [(row["f1_min"], row["f1_max"]) for row in result.tables["stability"]] == [
        (r.f1_min, r.f1_max) for r in scores
    ]
    assert result.summary == {}


def test_classes_of_one_image_are_left_out_of_the_halves(kingdoms: Taxonomy, tmp_path: Path) -> None:
    same = planted(QUARTERS, 0.4, 1)
    run = analysed(kingdoms, {"a": planted(QUARTERS, 0.4)}, tmp_path, halves=(same, same))
    images = np.where(np.arange(N) < 5, 2, 1)
    vectors = replace(run.evaluation.vectors, n_images=images)
    run = replace(run, evaluation=replace(run.evaluation, vectors=vectors))
    found = measure(run)
    assert found.halves is not None
    assert (found.left_out, found.halves.n_classes) == (N - 5, 5)
    assert f", {N - 5} classes of one image left out" in stability(run).lines[0]


def test_halves_are_kept_with_what_is_expected_of_whole_sets(kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers = {"a": planted(QUARTERS, 0.4)}
    half = planted(QUARTERS, 0.4, 1)
    run = analysed(kingdoms, layers, tmp_path / "alike", halves=(half, planted(QUARTERS, 0.4, 2)))
    result = stability(run)
    found = measure(run)
    assert result.values["halves"]["reliability"] == pytest.approx(found.reliability)
    assert f"of whole sets about {found.reliability:.2f} is expected" in result.lines[0]
    assert ("summary/reliability", found.reliability, 0) in result.metrics
    assert found.halves is not None
    assert f"similarities correlate {found.halves.mantel:.2f} (p <= 0.1)" in result.lines[0]
    assert result.values["halves"]["n_permutations"] == 9
    assert "shared_layers" not in result.values["halves"], "the layers are the same, the images are not"
    across = planted([range(i, N, 6) for i in range(6)], 0.4)  # pairs that are alike here are unlike in the other half
    opposed = analysed(kingdoms, layers, tmp_path / "opposed", halves=(half, across))
    assert np.isnan(measure(opposed).reliability)  # of halves that do not agree nothing can be foretold
    assert stability(opposed).values["halves"]["reliability"] is None


def test_halves_need_classes_with_two_images(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    whole = vectors({"a": 9}, n=8)
    block = whole.layers["a"]
    assert split_similarities(whole, Method(layers=["a"], metric=Cosine(), clustering=SPECTRAL), 4) == []
    for n_pairs in (0, 1, 3, 5):
        means = np.stack([block.unit, block.unit[:, ::-1]])
        means[:, n_pairs:] = 0.0
        halved = replace(block, parts=rows_of("a", means.reshape(16, 9)))
        images = np.where(np.arange(8) < n_pairs, 2, 1)
        split = replace(whole, layers={"a": halved}, n_images=images, path=tmp_path / str(n_pairs))
        for metric in (Cosine(), Centred()):
            found = split_similarities(split, Method(layers=["a"], metric=metric, clustering=SPECTRAL), 4)
            assert len(found) == (n_pairs >= 4)
            for halves in found:
                assert [half.values.shape for half in halves] == [(5, 5)] * 2
                assert halves[0].classes == whole.classes[:5]
    assert "no halves to compare: 1 classes have two images or more, expected 4" in caplog.text


def test_halves_that_cannot_be_clustered_are_correlated_alone(
    kingdoms: Taxonomy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    same = planted(QUARTERS, 0.4)
    run = analysed(kingdoms, {"a": same}, tmp_path, halves=(same, same))
    images = np.where(np.arange(N) < 4, 2, 1)  # four classes, which are no four clusters
    vectors = replace(run.evaluation.vectors, n_images=images)
    found = measure(replace(run, evaluation=replace(run.evaluation, vectors=vectors)))
    assert found.halves is not None
    assert found.halves.ari == {}
    assert "the halves are correlated, but not clustered" in caplog.text
