"""Concepts by depth: planted structure, p against a plain loop, and concepts that are no clusters but are shown."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from classvec.analyses.depth import concepts_by_depth, depth
from classvec.analyses.ontology_correlation import ontology_correlation
from classvec.analyses.standard import Analyses
from classvec.artifacts import p_words
from classvec.method.clusterers import Spectral
from classvec.method.naming import ConceptNaming
from classvec.ontology.taxonomy import Concept, Taxonomy
from classvec.report.results import write
from classvec.settings import Affinity
from tests.artifacts import HALVES, QUARTERS, N, analysed, class_ids, clusterings, planted, similarity, spectral


def test_concepts_appear_in_the_layer_where_they_were_planted(kingdoms: Taxonomy) -> None:
    layers = {"low": planted([], 0.0), "mid": planted(HALVES, 0.5), "top": planted(QUARTERS, 0.5)}
    naming = ConceptNaming(kingdoms.extents(class_ids()))
    found = concepts_by_depth(naming, {name: spectral(s) for name, s in layers.items()}, 50, 0, 0.5)
    best = {c.name: found.layers[int(c.by_layer.argmax())] for c in found.clusters}
    assert best == {"animal": "mid", "tool": "mid", "fish": "top", "bird": "top", "saw": "top", "axe": "top"}
    first = [c.first_layer for c in found.clusters]
    assert first == sorted(first, key=lambda layer: -1 if layer is None else layer)
    assert None not in first
    assert 0 not in first  # the lowest layer is noise
    assert next(c for c in found.clusters if c.name == "animal").f1[1, 0] == 1.0
    assert len(found.concepts) == 7 + N
    assert found.concepts[: len(found.clusters)] == found.clusters
    others = [c.f1.max() for c in found.concepts[len(found.clusters) :]]
    assert others == sorted(others, reverse=True)
    noise = {"a": spectral(planted([], 0.0, 5)), "b": spectral(planted([], 0.0, 6))}
    assert concepts_by_depth(naming, noise, 50, 0, 0.5).clusters == ()


@pytest.mark.parametrize(
    ("chance", "sizes", "is_cluster"),
    [(0.8, (9, 7), [False, True]), (0.1, (18, 19), [True, False])],  # F1 .8 and .92; .5 and .48
)
def test_what_only_equals_chance_or_stays_below_the_least_is_no_cluster(
    chance: float, sizes: tuple[int, int], is_cluster: list[bool], kingdoms: Taxonomy, monkeypatch: pytest.MonkeyPatch
) -> None:
    naming = ConceptNaming(kingdoms.extents(class_ids()))
    monkeypatch.setattr(
        "classvec.analyses.depth.concept_chance", lambda naming, *_: np.full((5, len(naming.leaders)), chance)
    )
    layers = {str(size): clusterings([[[0] * size + [1] * (N - size)]], class_ids()) for size in sizes}
    found = concepts_by_depth(naming, layers, 5, 0, 0.5)
    fish = next(c for c in found.concepts if c.name == "fish")  # the first six classes
    np.testing.assert_allclose(fish.by_layer, [12 / (6 + size) for size in sizes], rtol=1e-6)
    assert fish.is_cluster.tolist() == is_cluster
    assert fish.first_layer == is_cluster.index(True)


def test_concepts_that_chance_reaches_are_shown_as_no_clusters(tmp_path: Path) -> None:
    """Ten classes in five pairs: F1 is 1, but a permutation often makes a pair too."""
    pairs = [range(i, i + 2) for i in range(0, 10, 2)]
    rows = [("thing", ()), *((f"pair{i}", ("thing",)) for i in range(5))]
    classes = [(class_id, (f"pair{i // 2}",)) for i, class_id in enumerate(class_ids(10))]
    taxonomy = Taxonomy((Concept(i, f"{i}.n.01", i, tuple(above)) for i, above in [*rows, *classes]), source="made up")
    layers = {"low": planted([], 0.0, n=10), "top": planted(pairs, 0.5, n=10)}
    clustering, analyses = Spectral(k=[2, 5], seeds=[0, 1]), Analyses(depth=True, draws=40, seed=3, permutations=3)
    run = analysed(taxonomy, layers, tmp_path, clustering=clustering, analyses=analyses)
    result = depth(run)
    assert result is not None

    naming = ConceptNaming(taxonomy.extents(class_ids(10)))
    labels = np.concatenate([of_layer.labels for of_layer in run.layer_clusterings.values()])
    observed = naming.concept_f1(labels)
    rng = np.random.default_rng(3)
    draws = [naming.concept_f1(labels[:, :, rng.permutation(10)]).max(axis=0) for _ in range(40)]
    table = result.tables["depth"]
    assert len(table) == len(naming.leaders) * 2 * 2
    for row, at in enumerate(naming.leaders):
        reached = 1
        for draw in draws:
            reached += draw[row] >= observed[:, row].max() - 1e-6
        of_concept = [r for r in table if r["concept"] == naming.extents.concepts[at]]
        assert {r["p"] for r in of_concept} == {reached / 41}
        assert {r["chance"] for r in of_concept} == {max(draw[row] for draw in draws)}
        np.testing.assert_array_equal([r["f1"] for r in of_concept], observed[:, row])
    pair = [r for r in table if r["name"] == "pair0"]
    assert max(r["f1"] for r in pair) == 1.0
    assert pair[0]["p"] > 0.05
    assert {(r["is_cluster"], r["first_layer"]) for r in table} == {(False, "")}

    axes = result.charts["depth"].figure.axes[0]
    hollow = [patch for patch in axes.patches if isinstance(patch, Rectangle) and not patch.get_fill()]
    assert len(hollow) == 2 * len(naming.leaders)
    assert f"pair0 (2), {p_words(pair[0]['p'], 40)}" in [label.get_text() for label in axes.get_yticklabels()]
    assert "above all 40 chance draws, p <= 0.025): 0 of 16, at most 0.39 expected by chance" in result.lines[0]
    assert f"pair0 1.00 ({p_words(pair[0]['p'], 40)})" in result.lines[-2]
    assert "not over the 16 concepts: 0.8 of them at most are expected to have p <= 0.05" in result.lines[-1]
    assert " ".join(result.charts["depth"].figure.get_supxlabel().split()).endswith(result.lines[-1].strip())
    assert result.metrics == [("summary/concepts_found", 0.0, 0)]
    assert write([result], tmp_path / "run")[1]["depth"].read_bytes().startswith(b"\x89PNG")
    assert len((tmp_path / "run" / "depth.csv").read_text().splitlines()) == 1 + len(table)


def test_cells_are_filled_where_a_concept_is_a_cluster(kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers = {"low": planted([], 0.0, 3), "mid": planted(HALVES, 0.4), "top": planted(QUARTERS, 0.4)}
    run = analysed(kingdoms, layers, tmp_path, analyses=Analyses(depth=True, draws=40))
    result = depth(run)
    assert result is not None
    cells = {(r["concept"], r["layer"]): r["is_cluster"] for r in result.tables["depth"]}
    assert len(cells) == 20 * 3  # the six that become a cluster, and the best others
    assert len({concept for (concept, _), is_cluster in cells.items() if is_cluster}) == 6
    axes = result.charts["depth"].figure.axes[0]
    filled = np.isfinite(np.ma.filled(np.ma.asarray(axes.images[0].get_array()), np.nan))
    assert filled.sum() == sum(cells.values()) > 0
    hollow = {(round(patch.get_y() + 0.4), round(patch.get_x() + 0.44)) for patch in axes.patches
              if isinstance(patch, Rectangle)}  # fmt: skip
    assert hollow == {(int(row), int(column)) for row, column in np.argwhere(~filled)}
    assert (
        result.charts["depth"].figure.get_supxlabel().partition("\np is")[0].endswith(f"; {7 + N - 20} more concepts")
    )


def test_a_layer_that_cannot_be_clustered_is_left_out(
    kingdoms: Taxonomy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    top = planted([*QUARTERS, *HALVES], 0.2)
    signed = similarity(1.001 * np.eye(N) - 0.001)
    strict = Spectral(k=[2, 3, 4], seeds=[0, 1], affinity=Affinity.similarity)
    analyses = Analyses(depth=True, draws=5)
    run = analysed(kingdoms, {"signed": signed, "top": top}, tmp_path, clustering=strict, analyses=analyses)
    result = depth(run)
    assert result is not None
    assert {row["layer"] for row in result.tables["depth"]} == {"top"}
    assert "layer signed is not clustered alone" in caplog.text
    assert "different affinities" not in caplog.text
    correlation = ontology_correlation(run)  # which needs no clusters
    assert correlation is not None
    rows = correlation.tables["ontology_correlation"]
    assert [row["layer"] for row in rows][::6] == ["combined", "signed", "top"]
