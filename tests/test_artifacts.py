"""Artifacts read back what they wrote, and appear whole or not at all."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from classvec.artifacts import (
    Clusterings,
    ClusterLabel,
    ConceptLabels,
    ConceptMatch,
    Score,
    Scores,
    Similarity,
    adjusted_cell,
    atomic_write,
    p_cell,
    p_words,
    q_cell,
)
from classvec.errors import InputError, unknown

PROVENANCE = {"network": "tiny", "versions": {"torch": "2"}}


def match(name: str, f1: float) -> ConceptMatch:
    return ConceptMatch(
        concept=name, synset=f"{name}.n.01", name=name, f1=f1, precision=0.5, recall=1 / 3, n_concept=3, n_both=1,
        same_extent=("a", "b"),
    )  # fmt: skip


def labels() -> ConceptLabels:
    one = ClusterLabel(cluster=1, members=(0, 2), matches=(match("dog", 0.8), match("cat", 0.1)))
    two = ClusterLabel(cluster=0, members=(1,), matches=(match("saw", 1.0),))
    return ConceptLabels(
        clusters={2: (one, two), 11: (one,)}, seeds={2: 0, 11: 4}, classes=("n1", "n2", "n3"),
        class_names=("crane", "crane", "tench"), provenance=PROVENANCE,
    )  # fmt: skip


def score(k: int) -> Score:
    return Score(**{f.name: k if f.type is int else k / 7 for f in fields(Score)})  # type: ignore[arg-type]


def test_arrays_read_back(tmp_path: Path) -> None:
    values = np.random.default_rng(0).uniform(size=(3, 3))
    similarity = Similarity(
        values=values, classes=("n1", "n2", "n3"), metric="cosine", layers=("low", "top"),
        provenance={**PROVENANCE, "metric": "cosine", "kind": "centred", "power": None}, kind="centred",
    )  # fmt: skip
    similarity.save(tmp_path / "s.npz")
    read = Similarity.load(tmp_path / "s.npz")
    np.testing.assert_array_equal(read.values, values)
    assert (read.classes, read.layers, read.metric) == (similarity.classes, similarity.layers, "cosine")
    assert (read.kind, read.power) == ("centred", None)
    assert read.provenance == similarity.provenance

    for power in (1, 2):
        replace(similarity, kind="distance", power=power).save(tmp_path / "d.npz")
        distances = Similarity.load(tmp_path / "d.npz")
        assert (distances.kind, distances.power) == ("distance", power)
        np.testing.assert_array_equal(distances.values, values)

    clusterings = Clusterings(
        labels=np.arange(12).reshape(2, 2, 3), k=(2, 5), seeds=(0, 9), classes=("n1", "n2", "n3"),
        seeds_ari=np.ones((2, 2, 2)), provenance=PROVENANCE,
    )  # fmt: skip
    clusterings.save(tmp_path / "c.npz")
    again = Clusterings.load(tmp_path / "c.npz")
    np.testing.assert_array_equal(again.labels, clusterings.labels)
    assert (again.k, again.seeds, again.provenance) == ((2, 5), (0, 9), PROVENANCE)
    assert again.has_seeds is True
    alone = replace(clusterings, labels=np.arange(6).reshape(2, 1, 3), seeds=(0,), seeds_ari=np.ones((2, 1, 1)))
    replace(alone, has_seeds=False).save(tmp_path / "alone.npz")
    assert Clusterings.load(tmp_path / "alone.npz").has_seeds is False


def test_labels_and_scores_read_back(tmp_path: Path) -> None:
    labels().save(tmp_path / "labels.json")
    assert ConceptLabels.load(tmp_path / "labels.json") == labels()
    scores = Scores(rows=(score(2), score(19)), n_draws=100, provenance=PROVENANCE)
    scores.save(tmp_path / "scores.csv")
    assert Scores.load(tmp_path / "scores.csv") == scores
    assert (tmp_path / "scores.csv").read_text().startswith("k,f1_mean,")
    assert scores.at(19).k == 19
    with pytest.raises(InputError, match="no score for k = 3: there are scores for 2, 19"):
        scores.at(3)


def test_rows_of_labels_rank_the_concepts() -> None:
    rows = labels().rows()
    assert [(row["k"], row["cluster"], row["rank"], row["name"]) for row in rows][:3] == [
        (2, 1, 1, "dog"),
        (2, 1, 2, "cat"),
        (2, 0, 1, "saw"),
    ]


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    with atomic_write(path) as file:
        file.write(b"old")
        assert not path.exists()

    def fail() -> None:
        with atomic_write(path) as file:
            file.write(b"new, but")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        fail()
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_damaged_artifacts_are_errors_that_name_the_file(tmp_path: Path) -> None:
    labels().save(tmp_path / "labels.json")
    Scores(rows=(score(2),), n_draws=1).save(tmp_path / "scores.csv")
    Similarity(values=np.eye(2), classes=("a", "b"), metric="m", layers=("l",), provenance={"metric": "m"}).save(
        tmp_path / "s.npz"
    )
    for name, load in (("labels.json", ConceptLabels.load), ("scores.csv", Scores.load), ("s.npz", Similarity.load)):
        path = tmp_path / name
        whole = path.read_bytes()
        for content in (whole[: len(whole) // 2], b"", b"\x00garbage\xff" * 9):
            path.write_bytes(content)
            with pytest.raises(InputError, match=name.replace(".", r"\.")):
                load(path)
    with pytest.raises(FileNotFoundError):
        Similarity.load(tmp_path / "none.npz")


def test_unknown_names_come_with_the_nearest() -> None:
    assert str(unknown("layer", "conv5", ["conv5_4", "fc"])) == (
        "unknown layer 'conv5': did you mean conv5_4? known: conv5_4, fc"
    )
    assert str(unknown("layer", "zzz", ["a"])) == "unknown layer 'zzz': known: a"


def test_an_adjusted_f1_stays_on_its_side_of_the_limit() -> None:
    found = [adjusted_cell(value) for value in (0.0958, 0.0996, 0.1, 0.104, 0.37)]
    assert found == ["0.096", "0.099600", "0.10", "0.104", "0.37"]
    assert adjusted_cell(-6e-8) == "0.00"
    assert adjusted_cell(float("nan")) == ""


def test_a_p_at_its_floor_is_told_as_such() -> None:
    assert p_cell(1 / 1001, 1000) == "<= 0.001"
    assert p_words(1 / 200, 199) == "p <= 0.005"
    for n in range(1, 3000):
        assert float(p_cell(1 / (1 + n), n).removeprefix("<= ")) >= 1 / (1 + n) - 1e-15
    assert (p_cell(1 / 3, 2), p_cell(1 / 71, 70), p_cell(1 / 401, 400)) == ("<= 0.34", "<= 0.015", "<= 0.0025")
    assert q_cell(0.00034360, 1 / 10001, 10_000) == "<= 0.00035"
    assert q_cell(0.0504, 0.02, 10_000) == "0.0504"
    assert p_cell(2 / 1001, 1000) == "0.002"
    assert p_words(0.37, 1000) == "p = 0.37"
    assert p_cell(float("nan"), 10) == ""
    assert p_words(float("nan"), 10) == "p = undefined"
