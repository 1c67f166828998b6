"""All analyses of a run: what they yield, in which order, and that files are loops over it."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from classvec.analyses.analysis import AnalysisInput, Chart, Result
from classvec.analyses.standard import RESERVED, Analyses
from classvec.analyses.subsets import SubsetRanking
from classvec.errors import InputError
from classvec.figures.canvas import sheet
from classvec.method.clusterers import Agglomerative, Spectral
from classvec.method.clustering import Clustering
from classvec.ontology.taxonomy import Taxonomy
from classvec.report.results import write
from tests.artifacts import HALVES, QUARTERS, SPECTRAL, analysed, planted
from tests.runs import write_run

NAMES = ["ontology_correlation", "layer_similarity", "stability", "genealogy", "cluster_tree", "depth", "subsets"]
SUBSETS = SubsetRanking(k=[2, 3, 4], seeds=[0], draws=20, splits=2)


@pytest.mark.parametrize("clustering", [SPECTRAL, Agglomerative(k=[2, 3, 4])])
def test_everything_that_is_found_is_written(clustering: Clustering, kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers = {"low": planted(HALVES, 0.4), "top": planted(QUARTERS, 0.4)}
    halves = planted(QUARTERS, 0.4, 1), planted(QUARTERS, 0.4, 2)
    analyses = Analyses(depth=True, permutations=9, draws=5, more={"subsets": SUBSETS})
    run = analysed(
        kingdoms, layers, tmp_path / "store", halves=halves, clustering=clustering, groups={"top": ["top"]},
        analyses=analyses,
    )  # fmt: skip
    results = list(analyses(run))
    assert [result.name for result in results] == NAMES
    tables, pictures = write(results, tmp_path / "run")
    assert set(pictures) == {*NAMES, "dendrogram"} - {"cluster_tree"}
    for path in pictures.values():
        assert path.read_bytes().startswith(b"\x89PNG")
    kept = json.loads((tmp_path / "run" / "analyses.json").read_text())["analyses"]
    for result, entry in zip(results, kept, strict=True):
        assert (entry["name"], entry["title"], entry["lines"]) == (result.name, result.title, list(result.lines))
        assert entry["values"] == result.values
        assert entry["tables"] == [f"{name}.csv" for name in result.tables]
        shown = {f"{name}.png": chart.caption for name, chart in result.charts.items() if chart.on_page}
        assert entry["pictures"] == shown
        for name, rows in result.tables.items():
            with (tmp_path / "run" / f"{name}.csv").open() as file:
                assert len(list(csv.DictReader(file))) == len(rows) > 0
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert files == {path.name for path in [*tables, *pictures.values()]}
    metrics = [point for result in results for point in result.metrics]
    assert {name for name, _, _ in metrics} >= {
        "ontology/path", "clusters/halves_ari", "summary/ontology_lin", "summary/reliability",
        "summary/concepts_found", "summary/chosen_subset_held_out",
    }  # fmt: skip
    assert [step for name, _, step in metrics if name == "ontology/path"] == [1, 2]
    text = "\n".join(line for result in results for line in result.lines)
    assert "of whole sets about" in text
    assert "The best of 3 is chosen, and so looks better than it is" in text


def test_analyses_refuse_what_makes_no_sense(tmp_path: Path) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"permutations": 0}, r"analysis\.permutations=0: expected at least 1"),
        ({"draws": 0}, r"analysis\.draws=0: expected at least 1"),
        ({"seeds": []}, r"analysis\.seeds=\[\]: expected one or more values, each once"),
        ({"seeds": [0, 0]}, r"analysis\.seeds=\[0, 0\]: expected one or more values, each once"),
        ({"least": 0.0}, r"analysis\.least=0\.0: expected more than 0 and at most 1"),
        ({"least": 1.1}, r"analysis\.least=1\.1: expected more than 0 and at most 1"),
        ({"information": tmp_path / "none.dat"}, "no such file; expected counts"),
    ]
    for keys, words in wrong:
        with pytest.raises(InputError, match=words):
            Analyses(**keys)


def own(name: str, table: str, chart: str) -> Callable[[AnalysisInput], Result]:
    """A user's analysis that yields one table and one picture."""

    def analysis(run: AnalysisInput) -> Result:
        picture = Chart(figure=sheet(2.0, 2.0), caption="nothing")
        return Result(name=name, title=name, tables={table: [{"n_classes": len(run.classes)}]}, charts={chart: picture})

    return analysis


def test_a_users_analyses_run_after_ours_or_alone(kingdoms: Taxonomy, tmp_path: Path) -> None:
    analyses = Analyses(standard=False, depth=True, more={"b": own("b", "b", "b"), "none": lambda run: None})
    run = analysed(kingdoms, {"a": planted(QUARTERS, 0.4)}, tmp_path / "store", analyses=analyses)
    results = list(analyses(run))
    assert [result.name for result in results] == ["b"]
    write(results, tmp_path)
    assert (tmp_path / "b.csv").read_text() == "n_classes\n24\n"
    both = replace(analyses, standard=True, depth=False, permutations=3)
    assert [result.name for result in both(run)][-2:] == ["cluster_tree", "b"]


@pytest.mark.parametrize(
    ("one", "other", "twice"),
    [
        (("a", "x", "y"), ("a", "v", "w"), "a"),
        (("a", "x", "y"), ("b", "x", "w"), "x"),
        (("a", "x", "y"), ("b", "v", "y"), "y"),
    ],
)
def test_results_of_the_same_name_are_refused(
    one: tuple[str, str, str], other: tuple[str, str, str], twice: str, kingdoms: Taxonomy, tmp_path: Path
) -> None:
    analyses = Analyses(standard=False, more={"one": own(*one), "other": own(*other)})
    results = analyses(analysed(kingdoms, {"a": planted(QUARTERS, 0.4)}, tmp_path))
    assert next(results).name == "a"
    with pytest.raises(InputError, match=f"two analyses yield '{twice}': expected names that are unique"):
        next(results)


@pytest.mark.parametrize(
    ("columns", "twice"), [(({"hits": "1"}, {"hits": "2"}), "hits"), (({}, {"state": "x"}), "state")]
)
def test_columns_of_a_summary_are_given_once(
    columns: Sequence[Mapping[str, str]], twice: str, kingdoms: Taxonomy, tmp_path: Path
) -> None:
    more = {f"a{i}": lambda run, i=i: Result(name=f"a{i}", title="", summary=columns[i]) for i in range(2)}
    results = Analyses(standard=False, more=more)(analysed(kingdoms, {"a": planted(QUARTERS, 0.4)}, tmp_path))
    with pytest.raises(InputError, match=f"two analyses yield '{twice}'"):
        list(results)


@pytest.mark.parametrize("name", ["../a", "/a", "a/b", "", "scores", ".a"])
def test_names_that_are_no_file_of_an_analysis_are_refused(name: str, kingdoms: Taxonomy, tmp_path: Path) -> None:
    run = analysed(kingdoms, {"a": planted(QUARTERS, 0.4)}, tmp_path)
    with pytest.raises(InputError, match=f"an analysis yields '{name}': expected"):
        next(Analyses(standard=False, more={"one": own("a", name, "c")})(run))
    with pytest.raises(InputError, match="an analysis returned a str: expected a"):
        next(Analyses(standard=False, more={"one": lambda run: "words"})(run))


def test_the_names_of_a_runs_own_files_are_reserved(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", overrides=[])
    assert {path.stem for path in folder.iterdir()} <= RESERVED


def test_many_classes_get_only_what_needs_no_matrix(
    kingdoms: Taxonomy, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    analyses = Analyses(most_classes=10, depth=True)
    half = planted(QUARTERS, 0.4, 1)
    run = analysed(kingdoms, {"a": planted(QUARTERS, 0.4)}, tmp_path, halves=(half, half), analyses=analyses)
    results = list(analyses(run))
    assert [result.name for result in results] == ["stability", "genealogy"]
    assert results[0].values == {}  # the halves are matrices too
    assert "24 classes: only analyses that need no matrix run; the others take 4 to 10" in caplog.text
    assert set(write(results, tmp_path / "run")[1]) == {"stability", "genealogy"}


def test_too_few_classes_get_what_they_can(
    kingdoms: Taxonomy, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    like, clustering = planted([range(2)], 0.4, n=3), Spectral(k=[2], seeds=[0, 1])
    analyses = Analyses(depth=True)
    results = list(analyses(analysed(kingdoms, {"a": like}, tmp_path, clustering=clustering, analyses=analyses)))
    assert [result.name for result in results] == ["stability"]
    assert "3 classes: only analyses that need no matrix run" in caplog.text
