"""Labels that a paper prints against the names of clusters, by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from classvec.analyses.analysis import AnalysisInput
from classvec.analyses.printed_labels import PrintedLabels
from classvec.artifacts import ClusterLabel, ConceptMatch
from classvec.errors import InputError
from classvec.ontology.taxonomy import Taxonomy
from tests.artifacts import QUARTERS, analysed, planted


def label(cluster: int, name: str, *same: str) -> ClusterLabel:
    match = ConceptMatch(
        concept=name, synset=name, name=name, f1=0.5, precision=0.5, recall=0.5, n_concept=2, n_both=1, same_extent=same
    )
    second = replace(match, name="tool", same_extent=())
    return ClusterLabel(cluster=cluster, members=(cluster,), matches=(match, second))


@pytest.fixture
def run(kingdoms: Taxonomy, tmp_path: Path) -> AnalysisInput:
    """Two clusters, animals and fish; three, of which two have the same name."""
    found = analysed(kingdoms, {"a": planted(QUARTERS, 0.4)}, tmp_path)
    clusters = {
        2: (label(1, "animal", "bird"), label(0, "fish")),
        3: (label(2, "animal"), label(0, "axe"), label(1, "animal")),
    }
    labels = replace(found.evaluation.labels, clusters=clusters)
    return replace(found, evaluation=replace(found.evaluation, labels=labels))


def test_each_cluster_counts_once_and_only_by_its_best_concept(run: AnalysisInput) -> None:
    result = PrintedLabels({2: ["Animal", "tool"], 3: ["animal", "ANIMAL", "animal"], 4: ["fish", "axe"]})(run)
    assert result.tables["printed_labels"] == [
        {"k": 2, "printed": "Animal", "hit": True, "cluster": 1, "concept": "animal"},
        {"k": 2, "printed": "tool", "hit": False, "cluster": "", "concept": ""},
        {"k": 3, "printed": "animal", "hit": True, "cluster": 2, "concept": "animal"},
        {"k": 3, "printed": "ANIMAL", "hit": True, "cluster": 1, "concept": "animal"},
        {"k": 3, "printed": "animal", "hit": False, "cluster": "", "concept": ""},
    ]
    assert result.lines == [
        "3 of the paper's 5 labels are the best concept of a cluster of the same k.",
        "k = 2: 1 of 2; k = 3: 2 of 3",
        "Not counted, since they were not clustered: k = 4.",
    ]
    assert result.summary == {"printed labels": "3 of 5"}
    assert list(result.metrics) == [("summary/printed_labels", 3.0, 0)]


def test_a_concept_of_the_same_classes_is_a_hit_and_a_name_of_none_is_named(
    run: AnalysisInput, caplog: pytest.LogCaptureFixture
) -> None:
    result = PrintedLabels({2: ["bird", "fsh"]})(run)
    assert [row["hit"] for row in result.tables["printed_labels"]] == [True, False]
    strange = "No concept above these classes is called 'fsh' (did you mean fish?): it cannot be hit."
    assert list(result.lines[1:]) == [strange]
    assert caplog.messages == [f"printed labels: {strange}"]


def test_labels_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="expected k to the labels that the paper prints for k clusters, found none"):
        PrintedLabels({2: []})
    with pytest.raises(InputError, match=r"printed\.2: 3 labels for 2 clusters: expected at most 2"):
        PrintedLabels({2: ["a", "b", "c"]})
