"""A label that does not stand out from chance is shown as such wherever a name is: in brackets, or grey."""

from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.colors import to_rgb

from classvec import figures
from classvec.analyses import genealogy
from classvec.artifacts import ConceptLabels, Evaluation
from classvec.figures.canvas import GREY, INK
from classvec.page.run_data import run_data
from classvec.report import evaluation, tables
from classvec.report.text import summary
from classvec.runs import files
from tests.runs import make_card, make_evaluation, write_run

FIVE = (((0, 1, 2, 3), (4, 5)), ((0, 1, 2), (4, 5), (3,)))


@pytest.fixture
def computed() -> Evaluation:
    """At k = 2 "concept1 (fish)" does not stand out: q is too large; at k = 3 the single class of "concept2"."""
    made = make_evaluation(splits=FIVE)
    clear, weak = made.labels.clusters[2]
    weak = replace(weak, q=0.06, p=0.03, apart="fish")
    assert clear.stands_out
    assert not weak.stands_out
    clusters = {2: (clear, weak), 3: made.labels.clusters[3]}
    return replace(made, labels=replace(made.labels, clusters=clusters))


def test_effect_and_q_both_count(computed: Evaluation) -> None:
    label = computed.labels.clusters[2][0]
    assert not replace(label, f1_adjusted=0.0999).stands_out
    assert not replace(label, q=0.0501).stands_out
    assert replace(label, f1_adjusted=0.1, q=0.05).stands_out
    assert not replace(label, f1_adjusted=float("nan")).stands_out
    assert (computed.labels.n_labels, computed.labels.n_standing_out) == (5, 3)


def test_the_terminal_has_brackets_and_says_what_they_mean(computed: Evaluation) -> None:
    lines = summary(computed, make_card("tiny")).splitlines()
    assert lines[3].endswith("concept0 0.83, [concept1 (fish)] 0.83")
    assert lines[4].endswith("concept0 0.83, concept1 0.83, [concept2]")
    rule = "q > 0.05 or adjusted F1 < 0.1, or chance leaves nothing to gain, as for a single class"
    meaning = f"In brackets: labels that do not stand out from chance ({rule})"
    assert f"{meaning}; 2 of 5 labels." in lines


def test_long_lines_end_with_a_whole_name() -> None:
    made = make_evaluation(splits=FIVE)
    many = tuple(replace(made.labels.clusters[2][0], cluster=i) for i in range(20))
    long = replace(made, labels=replace(made.labels, clusters={2: many, 3: made.labels.clusters[3]}))
    line = summary(long, make_card("tiny")).splitlines()[3]
    assert line.endswith("concept0 0.83, ...")


def test_text_tables_have_chance_p_and_q(computed: Evaluation, tmp_path: Path) -> None:
    text = tables.label_table(computed.labels, computed.scores)
    rows = [line.split() for line in text.splitlines()]
    assert ["4", "concept0", "0.90", "0.75", "0.88", "0.40", "0.83", "0.002", "0.004", "runner-up", "0.40"] in rows
    assert ["1", "[concept2]", "0.90", "0.75", "0.88", "nan", "runner-up", "0.40"] in rows
    tables.write_table3(computed.labels, computed.scores, "Six things", tmp_path)
    for name in ("table3.txt", "table3.md"):
        written = (tmp_path / name).read_text()
        assert "[concept1 (fish)]" in written.replace("\\", "")
        assert "2 of 5 labels" in written
        assert "In parentheses: what tells clusters of one k with the same concept apart." in written
        assert "0.002" in written


def test_the_second_best_stands_after_or_where_it_is_nearly_as_good(computed: Evaluation) -> None:
    label = computed.labels.clusters[2][1]
    best, second = label.matches
    assert tables.cell(label) == "[concept1 (fish)], 0.90"
    near = replace(label, matches=(best, replace(second, f1=0.81)))
    assert tables.cell(near) == "[concept1 (fish)] or runner-up, 0.90"


def test_the_words_that_tell_apart_are_not_also_the_second_best(computed: Evaluation) -> None:
    best, second = computed.labels.clusters[2][1].matches
    near = replace(computed.labels.clusters[2][1], matches=(best, replace(second, name="fish", f1=0.9)))
    assert tables.cell(near) == "[concept1 (fish)], 0.90"


def test_tables_say_how_many_of_those_shown_are_in_brackets() -> None:
    two, nine = (range(6), range(6, 12)), (*((i,) for i in range(8)), range(8, 12))
    made = make_evaluation(names=[f"c{i}" for i in range(12)], splits=(two, nine))
    assert made.labels.brackets(8).endswith("; 0 of these 2, over all k 8 of 11 labels.")
    assert made.labels.brackets().endswith("; 8 of 11 labels.")


def test_marks_of_markdown_in_names_are_text(computed: Evaluation) -> None:
    label = computed.labels.clusters[2][0]
    odd = replace(label, matches=(replace(label.best, name="a|b<i>[x](y)"), *label.matches[1:]))
    labels = replace(computed.labels, clusters={2: (odd,), 3: computed.labels.clusters[3]})
    words = evaluation.content(replace(computed, labels=labels), make_card("tiny"), [], {}).description
    assert r"a\|b\<i>[x\](y)" in words


def test_the_csv_file_and_json_keep_the_tests_of_the_best_concept(computed: Evaluation, tmp_path: Path) -> None:
    write_run(tmp_path, computed=computed)
    rows = [row for row in files.read_rows(tmp_path / "labels.csv") if row["k"] == "2"]
    assert [(row["rank"], row["stands_out"], row["q"], row["apart"]) for row in rows] == [
        ("1", "True", "0.004", ""), ("2", "", "", ""), ("1", "False", "0.06", "fish"), ("2", "", "", ""),
    ]  # fmt: skip
    labels = ConceptLabels.load(tmp_path / "labels.json")
    assert labels.clusters[2] == computed.labels.clusters[2]
    assert str(labels.clusters[3]) == str(computed.labels.clusters[3])  # NaN is not equal to itself
    assert "NaN" not in (tmp_path / "labels.json").read_text()


def test_mlflow_gets_the_tests(computed: Evaluation) -> None:
    columns = evaluation.label_columns(computed.labels)
    assert columns["concept"] == ["concept0", "[concept1 (fish)]", "concept0", "concept1", "[concept2]"]
    assert columns["stands_out"] == ["yes", "no", "yes", "yes", "no"]
    assert columns["q"] == [0.004, 0.06, 0.004, 0.004, None]
    found = {name: value for name, value, _ in evaluation.metrics(computed)}
    assert found["summary/labels_standing_out"] == 3
    assert found["summary/curve_p"] == 0.0625


def test_the_page_gets_the_tests(computed: Evaluation, tmp_path: Path) -> None:
    given = run_data(files.read(write_run(tmp_path, computed=computed)), computed.similarity.values[:, :2])
    clusters = given["clusters"][0]["clusters"]
    assert [(one["shown"], one["stands_out"]) for one in clusters] == [("concept0", True), ("[concept1 (fish)]", False)]
    assert (clusters[0]["p"], clusters[0]["q"], clusters[0]["adjusted"]) == ("0.002", "0.004", "0.83")
    alone = given["clusters"][1]["clusters"][2]
    assert (alone["p"], alone["q"], alone["adjusted"], alone["chance"]) == ("", "", "", None)


def test_pictures_are_grey_where_a_label_does_not_stand_out(computed: Evaluation) -> None:
    labels = computed.labels
    axes = figures.sorted_matrix(computed.similarity, labels.clusters[2], "title").axes[0]
    inks = {words.get_text().split("\n")[0]: to_rgb(words.get_color()) for words in axes.get_yticklabels()}
    assert inks == {"concept0": to_rgb(INK), "[concept1 (fish)]": to_rgb(GREY)}
    flows = genealogy.count_flows(labels)
    texts = genealogy.draw(flows, labels, "x").axes[0].texts
    words = {one.get_text().split("\n")[0]: to_rgb(one.get_color()) for one in texts}
    assert words["[concept2]"] == to_rgb(GREY)
    assert words["concept0"] == to_rgb(INK)
    lines = tables.table3(labels, computed.scores)
    drawn = next(
        iter(figures.name_table(lines, "title", "rule", {"[concept1 (fish)], 0.90"}).axes[0].tables)
    ).get_celld()
    cells = [cell.get_text() for cell in drawn.values()]
    colours = {words.get_text().replace("\n", " "): to_rgb(words.get_color()) for words in cells}
    assert colours["[concept1 (fish)], 0.90"] == to_rgb(GREY)
    assert colours["concept0, 0.90"] == to_rgb(INK)
