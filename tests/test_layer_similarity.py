"""Layers, networks and runs compared in pairs: by hand, invariances, and about 0 for classes that were permuted."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from classvec.analyses.layer_similarity import compare_pairs, draw, layer_similarity, table
from classvec.analyses.standard import Analyses
from classvec.artifacts import Clusterings
from classvec.errors import InputError
from classvec.method.metrics import Cosine, Euclidean
from classvec.method.similarity import compare
from classvec.ontology.taxonomy import Taxonomy
from classvec.report.sweep import extremes
from classvec.runs.card import kept, write_card
from classvec.runs.comparison import compare_runs, lines
from tests.artifacts import (
    HALVES,
    QUARTERS,
    analysed,
    class_ids,
    clusterings,
    cosines,
    of_network,
    planted,
    related,
    similarity,
    vectors,
)
from tests.runs import make_card


def test_cka_by_hand() -> None:
    # Two pairs of classes: likeness 1 within a pair and 0 across. Off the diagonal the U-centred Gram matrix is 2/3
    # within a pair and -1/3 across; pairing the four classes otherwise turns one of the -1/3 into the 2/3.
    one = np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
    other = one[np.ix_([0, 2, 1, 3], [0, 2, 1, 3])]
    found = compare_pairs({"a": similarity(one), "b": similarity(other), "c": similarity(one)}, n_permutations=2)
    assert [(row.one, row.other) for row in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found[0].cka == pytest.approx(-1.0 / 2)
    assert found[1].cka == pytest.approx(1.0)
    assert found[0].mantel == pytest.approx(-1.0 / 2)
    assert found[0].n_classes == 4


def test_invariances() -> None:
    one, other = related(20)
    order = np.random.default_rng(9).permutation(20)
    (plain,) = compare_pairs({"a": similarity(one), "b": similarity(other)}, n_permutations=19)
    moved = {
        name: replace(similarity(values), values=values[np.ix_(order, order)],
                      classes=tuple(class_ids(20)[i] for i in order))
        for name, values in (("a", one), ("b", 3.0 * other + 2.0))
    }  # fmt: skip
    (again,) = compare_pairs(moved, n_permutations=19)
    assert again.mantel == pytest.approx(plain.mantel, abs=1e-12)
    assert again.cka == pytest.approx(plain.cka, abs=1e-9)
    assert again.cka_p == plain.cka_p


def test_distances_count_as_the_inner_products_they_stand_for() -> None:
    points = np.random.default_rng(0).normal(size=(10, 4))
    euclidean = np.linalg.norm(points[:, None] - points, axis=2)
    gram = similarity(points @ points.T)
    distances = similarity(euclidean, power=2)
    (row,) = compare_pairs({"inner products": gram, "distances": distances}, n_permutations=19)
    # -d^2 / 2 differs from the inner products by terms of rows and columns, which centring takes off
    assert row.cka == pytest.approx(1.0, abs=1e-12)
    assert row.mantel > 0.0
    same = compare_pairs({"a": distances, "b": similarity(-euclidean)}, n_permutations=3)[0]
    assert same.mantel == pytest.approx(1.0)
    squared = similarity(np.square(euclidean), power=1)  # as Manhattan distances are: their roots are Euclidean
    (row,) = compare_pairs({"inner products": gram, "squared distances": squared}, n_permutations=19)
    assert row.cka == pytest.approx(1.0, abs=1e-12)


def test_only_common_classes_count() -> None:
    values = cosines(12, 6, 0)
    one = similarity(values)
    part = replace(one, values=values[2:, 2:], classes=one.classes[2:])
    (row,) = compare_pairs({"all": one, "part": part}, n_permutations=9)
    assert row.n_classes == 10
    assert [row.mantel, row.cka] == pytest.approx([1.0, 1.0])
    few = replace(one, values=values[9:, 9:], classes=one.classes[9:])
    with pytest.raises(InputError, match="all and few have 3 classes in common: expected 4 or more"):
        compare_pairs({"all": one, "few": few})
    (row,) = compare_pairs({"all": one, "few": few, "part": part}, n_permutations=3)
    assert (row.one, row.other) == ("all", "part")


def test_what_cannot_be_told_apart_correlates_with_nothing() -> None:
    flat = similarity(np.full((8, 8), 0.3))
    (row,) = compare_pairs({"flat": flat, "other": similarity(cosines(8, 3, 0))}, n_permutations=5)
    assert (row.mantel, row.cka, row.mantel_p) == (0.0, 0.0, 1.0)


def test_clusterings_are_compared_at_the_k_that_both_have() -> None:
    values = cosines(12, 6, 0)
    labels = np.random.default_rng(1).integers(2, size=(2, 1, 12))

    def of_k(*k: int) -> Clusterings:
        return replace(clusterings(labels[: len(k)].tolist(), class_ids(12)), k=k)

    pair = {"a": similarity(values), "b": similarity(values)}
    (row,) = compare_pairs(pair, {"a": of_k(2, 3), "b": of_k(2, 4)}, n_permutations=3)
    assert row.ari == {2: 1.0}
    (row,) = compare_pairs(pair, {"a": of_k(2)}, n_permutations=3)
    assert row.ari == {}


def test_classes_in_random_order_agree_on_nothing() -> None:
    """Over many permuted pairs the estimates scatter around 0, and p is small no more often than it should be."""
    one, other = related(40)
    rng = np.random.default_rng(0)
    named = {"fixed": similarity(one)}
    for number in range(40):
        order = rng.permutation(40)
        named[str(number)] = similarity(other[np.ix_(order, order)])
    rows = [row for row in compare_pairs(named, n_permutations=99) if row.one == "fixed"]
    assert abs(np.mean([row.cka for row in rows])) < 0.02
    assert abs(np.mean([row.mantel for row in rows])) < 0.02
    assert np.mean([row.mantel_p <= 0.05 for row in rows]) < 0.2
    assert compare_pairs({"a": similarity(one), "b": similarity(other)}, n_permutations=99)[0].cka_p == 0.01


def test_permuted_real_classes_score_about_0(real_data: Path) -> None:
    """On 1,000 classes: WordNet against itself permuted is near 0, where biased CKA would have a third."""
    from classvec.ontology import wordnet
    from classvec.ontology.similarities import similarities

    classes = sorted(path.name for path in (real_data / "data" / "imagenet-sample").iterdir())
    path = similarities(wordnet.load(classes), classes)["path"]
    order = np.random.default_rng(0).permutation(len(path))
    pair = {"path": similarity(path), "permuted": similarity(path[np.ix_(order, order)])}
    (row,) = compare_pairs(pair, n_permutations=19)
    assert abs(row.cka) < 0.01
    assert abs(row.mantel) < 0.05
    assert row.cka_p > 0.05


def test_every_pair_of_names_is_there_once() -> None:
    named = {name: similarity(cosines(8, 3, i)) for i, name in enumerate("abcd")}
    found = compare_pairs(named, n_permutations=3)
    assert [(row.one, row.other) for row in found] == list(combinations("abcd", 2))


@pytest.mark.parametrize("depth", [False, True])
def test_layers_of_a_run_are_compared_and_their_clusters_if_there_are_some(
    depth: bool, kingdoms: Taxonomy, tmp_path: Path
) -> None:
    layers = {"low": planted(HALVES, 0.4), "mid": planted(QUARTERS, 0.4, 1), "top": planted(QUARTERS, 0.4, 2)}
    run = analysed(kingdoms, layers, tmp_path, analyses=Analyses(depth=depth, permutations=9))
    result = layer_similarity(run)
    assert result is not None
    rows = result.tables["layer_similarity"]
    assert [(row["one"], row["other"]) for row in rows] == list(combinations(layers, 2))
    assert rows[2]["mantel"] > rows[0]["mantel"]
    assert [name for name in rows[0] if name.startswith("ari")] == (["ari_2", "ari_3", "ari_4"] if depth else [])
    assert not depth or rows[2]["ari_4"] == 1.0
    single = analysed(kingdoms, {"top": layers["top"]}, tmp_path / "single")
    assert layer_similarity(single) is None


def test_layers_that_two_share_are_named_and_marked() -> None:
    named = {
        "all": of_network(cosines(9, 4, 0), "abc"),
        "mid": of_network(cosines(9, 4, 1), ["also_b"]),  # the same module under another name
        "no b": of_network(cosines(9, 4, 2), "abc", weights={"b": 0.0}),
        "random": of_network(cosines(9, 4, 3), "abc", network="random"),
        "made by hand": similarity(cosines(9, 4, 4)),
    }
    pairs = compare_pairs(named, n_permutations=9)
    assert {(pair.one, pair.other): pair.shared_layers for pair in pairs if pair.shared_layers} == {
        ("all", "mid"): ("b",), ("all", "no b"): ("a", "c"),
    }  # fmt: skip
    assert [row["shared_layers"] for row in table(pairs)[:3]] == ["b", "a; c", ""]
    left, _ = draw(pairs, "pairs").axes
    italic = {text.get_position() for text in left.texts if text.get_fontstyle() == "italic"}
    assert italic == {(0, 1), (1, 0), (0, 2), (2, 0)}
    assert "italic number: the two share layers" in draw(pairs, "pairs").get_supxlabel()
    apart = [pair for pair in pairs if not pair.shared_layers]
    assert "italic" not in draw(apart, "apart").get_supxlabel()
    many = {str(i): of_network(cosines(9, 4, i), ["a", "b"] if i < 2 else [f"layer {i}"]) for i in range(16)}
    figure = draw(compare_pairs(many, n_permutations=3), "many")  # without numbers
    assert [text.get_position() for text in figure.axes[0].texts if text.get_text()] == [(1, 0), (0, 1)]
    assert figure.get_supxlabel().startswith("=: the two share layers")


def test_lines_of_a_comparison_are_aligned_and_say_what_is_shared() -> None:
    like = {"all": of_network(cosines(9, 4, 0), "abc"), "mid": of_network(cosines(9, 4, 0), "b"),
            "other": similarity(cosines(9, 4, 1))}  # fmt: skip
    pairs = compare_pairs(like, n_permutations=199)
    head, first, second, third, last = lines(pairs)
    assert "1.00  <= 0.005" in first
    assert first.endswith("; both have b")
    assert "both have" not in second + third
    for column in (" p ", "CKA"):
        end = head.index(column) + len(column.rstrip())
        assert all(line[end - 1].isdigit() and line[end] == " " for line in (first, second, third)), column
    assert last.startswith("Runs that share layers agree in part by construction")
    assert len(lines(pairs[1:])) == 3


def test_the_extremes_are_those_of_runs_that_share_no_layer() -> None:
    shared, noise = cosines(12, 5, 0), [0.5 * cosines(12, 5, seed) for seed in range(1, 4)]
    like = {
        "all": of_network(shared, "abc"),
        "mid": of_network(shared, "b"),
        "near": similarity(shared + noise[0]),
        "far": similarity(cosines(12, 5, 9)),
    }
    pairs = {(pair.one, pair.other): pair for pair in compare_pairs(like, n_permutations=9)}
    assert max(pairs.values(), key=lambda pair: pair.cka) is pairs["all", "mid"]
    best, joint = extremes(list(pairs.values()))
    assert best.startswith(
        "Which classes are similar: of the runs that share no layer, most agreed on by all and near ("
    )
    assert joint == "Runs that share layers agree in part by construction: all and mid (b; CKA 1.00)."
    (only,) = extremes([pairs["all", "mid"]])
    assert only == "These runs share layers and agree in part by construction: all and mid (b; CKA 1.00)."
    alone, _ = extremes([pairs["all", "mid"], pairs["mid", "near"]])
    assert alone.startswith("Which classes are similar, of the only two runs that share no layer: mid and near (CKA")
    assert extremes([pairs["mid", "near"]])[0].startswith("Which classes are similar: mid and near (CKA")
    assert extremes([]) == []


def test_one_layer_by_other_metrics_is_shared(tmp_path: Path) -> None:
    found = vectors({"a": 5, "b": 4})
    found = replace(found, provenance={"network": "net", "weights_hash": "0", "made_by": "f()"}, path=tmp_path)
    one, other = (
        compare(metric, {"a": metric.matrix(found.layers["a"])}, found)
        for metric in (Cosine(gpu=False), Euclidean(gpu=False))
    )
    other = replace(other, provenance={**other.provenance, "pool": "gap", "image_list_hash": "1"})
    (pair,) = compare_pairs({"cosine": one, "euclidean": other}, n_permutations=3)
    assert pair.shared_layers == ("a",)


def test_runs_are_compared_from_their_files(tmp_path: Path) -> None:
    for name, seed in (("one", 0), ("other", 1)):
        folder = tmp_path / name
        similarity(cosines(9, 4, seed)).save(folder / "similarity.npz")
        replace(clusterings([[[0] * 9]], class_ids(9)), k=(2,)).save(folder / "clusterings.npz")
        files = [folder / "similarity.npz", folder / "clusterings.npz"]
        write_card(folder, make_card(name), 9, None, {path: kept(path) for path in files})
    runs = {name: tmp_path / name for name in ("one", "other")}
    (row,) = compare_runs(runs, 9)
    assert (row.one, row.other, row.ari) == ("one", "other", {2: 1.0})
    with pytest.raises(InputError, match="one run, one: there is nothing to compare it with"):
        compare_runs({"one": tmp_path / "one"})
    with pytest.raises(InputError, match="holds no finished run of evaluate.py: similarity.npz is missing"):
        compare_runs({**runs, "third": tmp_path})
    with pytest.raises(InputError, match="one has 9 classes, more than 8"):
        compare_runs(runs, most_classes=8)
    earlier = similarity(cosines(9, 4, 0))
    replace(earlier, provenance={"network": "net"}).save(tmp_path / "one" / "similarity.npz")
    files = [tmp_path / "one" / name for name in ("similarity.npz", "clusterings.npz")]
    write_card(tmp_path / "one", make_card("one"), 9, None, {path: kept(path) for path in files})
    with pytest.raises(InputError, match="was written by an earlier version: run evaluate.py again"):
        compare_runs(runs, 9)
