"""Which curves can be told apart: differences over the same half-samples, by hand, in tables, and in a sweep."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import false_discovery_control, ttest_1samp

from classvec.artifacts import Evaluation, Float64, ResampledScores, Scores
from classvec.errors import InputError
from classvec.method.differences import CurveDifference, Difference, are_paired, curve_differences
from classvec.method.resampling import with_intervals
from classvec.report.sweep import summarise
from classvec.report.text import summary as summary_of_run
from classvec.runs import differences
from classvec.runs.comparison import compare
from classvec.runs.folder import begin_sweep
from tests.artifacts import class_ids
from tests.runs import make_card, make_evaluation, make_score, write_run


def run(adjusted: Sequence[float], drawn: Float64, n: int = 24) -> tuple[Scores, ResampledScores]:
    """A run with these adjusted F1 for k from 2 on, and those of its half-samples, of shape (n_samples, n_k)."""
    k = tuple(range(2, 2 + len(adjusted)))
    rows = tuple(replace(make_score(number, 0.5), f1_adjusted=value) for number, value in zip(k, adjusted, strict=True))
    samples = ResampledScores(k=k, f1=drawn, f1_adjusted=drawn, classes=class_ids(n), seed=0, provenance={})
    return Scores(rows=rows, n_draws=99), samples


def test_differences_are_tested_by_their_spread_over_half_samples() -> None:
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(50, 3))  # what a half-sample does to both runs is no difference
    one, other = shared + 0.1 * rng.normal(size=(50, 3)), shared + 0.1 * rng.normal(size=(50, 3))
    (found,) = curve_differences({"one": run([0.9, 0.5, 0.4], one), "other": run([0.2, 0.45, 0.4], other)})
    assert (found.one, found.other, found.n_half_samples) == ("one", "other", 50)
    expected = []
    for column, value in enumerate([0.7, 0.05, 0.0]):
        drawn = one[:, column] - other[:, column]
        # The standard error is the spread itself, and not that of a mean over the 50: t is theirs over sqrt(50).
        wide = value + np.sqrt(50) * (drawn - drawn.mean())
        expected.append(float(ttest_1samp(wide, 0.0).pvalue))
        assert found.at[column + 2].value == pytest.approx(value)
        assert found.at[column + 2].margin == pytest.approx(2.0096 * drawn.std(ddof=1), rel=1e-4)
    assert [found.at[k].p for k in (2, 3, 4)] == pytest.approx(expected)
    assert list(found.q.values()) == pytest.approx(list(false_discovery_control(expected)))
    assert found.apart == (2,)
    means = (one - other).mean(axis=1)
    assert found.mean.value == pytest.approx(0.25)
    assert found.mean.margin == pytest.approx(2.0096 * means.std(ddof=1), rel=1e-4)


def test_a_run_cannot_be_told_from_itself() -> None:
    drawn = np.random.default_rng(0).normal(size=(20, 2))
    (found,) = curve_differences({"one": run([0.5, 0.4], drawn), "same": run([0.5, 0.4], drawn)})
    assert found.apart == ()
    assert [difference.p for difference in found.at.values()] == [1.0, 1.0]
    assert found.mean.p == 1.0


def test_a_difference_whose_spread_is_unknown_is_not_tested() -> None:
    drawn = np.random.default_rng(0).normal(size=(20, 3))
    drawn[:, 2] = np.nan  # half of the classes are too few for that k
    same = drawn - np.array([0.3, 0.0, 0.0])  # every half-sample gives the same difference: nothing tells the spread
    (found,) = curve_differences({"one": run([0.5, 0.4, 0.2], drawn), "other": run([0.2, 0.4, np.nan], same)})
    assert list(found.at) == [2, 3]  # at 4 the other run is undefined
    assert np.isnan([found.at[2].p, found.at[2].margin, found.q[2]]).all()
    assert found.at[3].p == 1.0
    (found,) = curve_differences({"one": run([0.5, 0.4, 0.2], drawn), "other": run([0.2, 0.4, 0.1], drawn * 1.1)})
    assert np.isnan(found.at[4].p)
    assert found.mean.value == pytest.approx(0.15)
    assert found.mean_k == (2, 3)


def test_runs_of_other_classes_draws_or_k_are_not_paired() -> None:
    drawn = np.zeros((20, 2))
    (_, one), (_, other) = run([0.5, 0.4], drawn), run([0.5, 0.4], drawn)
    assert are_paired(one, replace(other, classes=tuple(reversed(other.classes))))
    assert not are_paired(one, replace(other, classes=class_ids(25)))
    assert not are_paired(one, replace(other, seed=1))
    assert not are_paired(one, replace(other, f1=drawn[:10]))
    assert not are_paired(one, replace(other, k=(7, 8)))
    assert curve_differences({"one": run([0.5, 0.4], drawn), "other": run([0.5, 0.4], drawn, n=25)}) == ()


def pair(one: str, other: str, mean: float, apart: Sequence[int], p: float = 0.2) -> CurveDifference:
    at = {k: Difference(value=mean, margin=0.1, p=0.01) for k in range(2, 8)}
    q = {k: 0.05 if k in apart else 0.051 for k in at}
    of_mean = Difference(value=mean, margin=0.05, p=p)
    return CurveDifference(one=one, other=other, n_half_samples=50, at=at, q=q, mean=of_mean, mean_k=tuple(at))


def test_the_table_names_the_better_one_first_and_where_it_is_better() -> None:
    cells = differences.cells([pair("low", "top", -0.2, [2, 4, 5, 6], p=1e-5), pair("mid", "all", 0.02, [])])
    assert cells == [
        ["curves", "adjusted F1, mean over k", "95% interval", "p", "told apart at k (q <= 0.05)"],
        ["top above low", "+0.200", "[0.150, 0.250]", "< 0.001", "2, 4-6"],
        ["mid and all", "+0.020", "[-0.030, 0.070]", "0.2", "none"],
    ]
    unknown = replace(pair("one", "other", 0.1, []), mean=Difference(value=0.1, margin=np.nan, p=np.nan))
    assert differences.cells([unknown])[1] == ["one and other", "+0.100", "", "", "none"]


def test_k_at_which_the_other_one_is_better_are_named_as_such() -> None:
    found = pair("one", "other", 0.06, [2, 3, 5])
    at = {k: replace(difference, value=0.4 if k == 2 else -0.05) for k, difference in found.at.items()}
    assert differences.cells([replace(found, at=at)])[1][-1] == "2; below at 3, 5"
    assert differences.cells([replace(found, at=at).reversed])[1][-1] == "2; below at 3, 5"


def test_a_difference_of_the_mean_alone_is_told_too() -> None:
    (_, row) = differences.cells([pair("one", "other", 0.06, [], p=0.0504)])
    assert (row[0], row[3], row[4]) == ("one and other", "0.0504", "none")
    (_, row) = differences.cells([pair("one", "other", 0.06, [], p=0.04)])
    assert (row[0], row[3], row[4]) == ("one above other", "0.04", "none")


def test_k_that_are_not_tested_are_not_counted_as_equal() -> None:
    found = pair("one", "other", 0.1, [2])
    some = replace(found, q={k: q if k < 5 else np.nan for k, q in found.q.items()}, mean_k=(2, 3, 4))
    assert differences.cells([some])[1][1:] == ["+0.100 (k = 2-4)", "[0.050, 0.150]", "0.2", "2 of 2-4"]
    none = replace(some, q=dict.fromkeys(some.q, np.nan))
    assert differences.cells([none])[1][-1] == "not tested"
    figure = differences.draw([some], "title")
    assert figure is not None
    drawn = figure.axes[0].get_images()[0].get_array()
    assert drawn is not None
    assert np.ma.getmaskarray(drawn).tolist() == [[False] * 3 + [True] * 3]


def test_a_mean_over_some_k_names_them() -> None:
    (_, row) = differences.cells([replace(pair("one", "other", 0.1, [2]), mean_k=(2, 3, 4))])
    assert row[1] == "+0.100 (k = 2-4)"


def folders(tmp_path: Path, n_with: int, n: int) -> dict[str, Path]:
    """Folders of runs, of which some have half-samples."""
    made = {f"run {i}": tmp_path / str(i) for i in range(n)}
    for i, folder in enumerate(made.values()):
        folder.mkdir()
        if i < n_with:
            (folder / "half_samples.npz").touch()
    return made


def test_remarks_say_what_is_not_compared(tmp_path: Path) -> None:
    unknown = "Which of these curves differ by more than the choice of classes explains is not known"
    for name in ("none", "all", "many"):
        (tmp_path / name).mkdir()
    assert differences.remarks([], folders(tmp_path / "none", 1, 3)) == [f"{unknown}: add analysis.half_samples=50."]
    runs = folders(tmp_path / "all", 3, 3)
    (said,) = differences.remarks([], runs)
    assert said.startswith(f"{unknown}: no two of them have half-samples of the same classes")
    said, rest = differences.remarks([pair("run 0", "run 1", 0.2, [])], runs, "other.csv")
    assert said.startswith("From 50 half-samples")
    assert said.endswith("Every k: other.csv.")
    assert rest.startswith("Without half-samples in common with another run: run 2. They must be of the same classes")
    many = [pair(f"run {i}", f"run {differences.NAMED + 2}", 0.2, []) for i in range(differences.NAMED + 2)]
    assert len(differences.cells(many)) == 1 + differences.NAMED
    said = differences.remarks(many, folders(tmp_path / "many", differences.NAMED + 3, differences.NAMED + 3))[1]
    assert said == "2 more pairs: differences.csv."


def test_the_file_has_every_k_and_the_mean(tmp_path: Path) -> None:
    rows = differences.table([pair("low", "top", -0.2, [2])])
    assert [row["k"] for row in rows] == [2, 3, 4, 5, 6, 7, "mean"]
    first, last = rows[0], rows[-1]
    assert (first["difference"], first["low"], first["high"]) == (-0.2, pytest.approx(-0.3), pytest.approx(-0.1))
    assert (first["p"], first["q"], last["p"], last["q"]) == ("0.01", "0.05", "0.2", "")
    tiny = differences.table([pair("low", "top", -0.2, [2], p=1.25e-20)])[-1]
    assert tiny["p"] == "1.25e-20"


def test_numbers_in_words() -> None:
    assert differences.ranges([]) == ""
    assert differences.ranges([2, 3, 5, 6, 7, 19]) == "2, 3, 5-7, 19"


def test_the_picture_has_a_dot_where_curves_are_told_apart() -> None:
    figure = differences.draw([pair("low", "top", -0.2, [2, 7]), pair("mid", "all", 0.02, [3])], "title")
    assert figure is not None
    axes = figure.axes[0]
    (dots,) = axes.get_lines()
    assert sorted(map(tuple, np.asarray(dots.get_xydata()).tolist())) == [(0.0, 0.0), (1.0, 1.0), (5.0, 0.0)]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["low - top", "mid - all"]
    assert differences.draw([], "title") is None
    assert differences.draw([pair("a", "b", 0.1, [])] * (differences.PICTURED + 1), "title") is None


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def with_samples(f1: float, seed: int) -> Evaluation:
    """A run made by hand with intervals: its two scores, and 20 half-samples about them."""
    made = make_evaluation(f1=f1)
    adjusted = [row.f1_adjusted for row in made.scores.rows]
    drawn = np.array(adjusted) + 0.01 * np.random.default_rng(seed).normal(size=(20, 2))
    k = tuple(row.k for row in made.scores.rows)
    samples = ResampledScores(k=k, f1=drawn, f1_adjusted=drawn, classes=made.similarity.classes, seed=0, provenance={})
    return replace(made, scores=with_intervals(made.scores, samples), resampled=samples)


def test_a_sweep_and_compare_say_which_curves_can_be_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = {"low": with_samples(0.6, 0), "top": with_samples(0.8, 1), "also top": with_samples(0.8, 2)}
    begin_sweep(tmp_path)
    for number, (name, computed) in enumerate(runs.items()):
        write_run(tmp_path / str(number), name, computed, overrides=[f"layers={name}"])
    summary = summarise(tmp_path).text
    assert "top above low " in summary
    assert "also top above low " in summary
    (equal,) = [line for line in summary.splitlines() if "also top" in line and line.endswith("none")]
    assert "low" not in equal
    assert "From 20 half-samples of the classes" in summary
    assert "95% interval" in next(line for line in summary.splitlines() if line.startswith("run "))
    assert len(rows_of(tmp_path / "differences.csv")) == 3 * 3  # each pair at k = 2 and 3, and the mean
    told = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "| curves | adjusted F1, mean over k | 95% interval | p | told apart at k (q <= 0.05) |" in told
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Which curves can be told apart, and at which k?" in page
    assert "differences.csv" in page
    assert "Coloured bands are 95% intervals over the choice of classes: what other classes" in page
    (tmp_path / "elsewhere").mkdir()
    said = compare([tmp_path / str(number) for number in range(3)], tmp_path / "elsewhere" / "comparison.csv", 9)
    assert "top above low " in said
    assert len(rows_of(tmp_path / "elsewhere" / "comparison_differences.csv")) == 3 * 3
    assert "Every k: comparison_differences.csv." in said
    assert not capsys.readouterr().err


def test_a_sweep_without_half_samples_says_how_to_get_them(tmp_path: Path) -> None:
    begin_sweep(tmp_path)
    for number, name in enumerate(("low", "top")):
        write_run(tmp_path / str(number), name, overrides=[f"layers={name}"])
    summary = summarise(tmp_path).text
    assert "is not known: add analysis.half_samples=50." in summary
    assert not (tmp_path / "differences.csv").exists()


def test_a_damaged_file_of_half_samples_is_an_error(tmp_path: Path) -> None:
    write_run(tmp_path / "0", "low", with_samples(0.6, 0))
    write_run(tmp_path / "1", "top", with_samples(0.8, 1))
    (tmp_path / "1" / "half_samples.npz").write_bytes(b"other bytes")
    with pytest.raises(InputError, match=r"half_samples\.npz"):
        differences.differences({"low": tmp_path / "0", "top": tmp_path / "1"})


def test_the_terminal_shows_intervals_and_the_level_of_the_ontology() -> None:
    made = with_samples(0.8, 1)
    rows = tuple(replace(row, f1_ontology=0.875) for row in made.scores.rows)
    words = summary_of_run(replace(made, scores=replace(made.scores, rows=rows)), make_card("top"))
    lines = words.splitlines()
    (head,) = [line for line in lines if line.lstrip().startswith("k ")]
    assert head.split()[:10] == [
        "k",
        "mean",
        "F1",
        "95%",
        "interval",
        "chance",
        "ontology",
        "adjusted",
        "95%",
        "interval",
    ]
    assert "0.875" in lines[lines.index(head) + 1]
    assert "95% intervals over the choice of classes: what other classes of this kind give on average (20 half" in words
    plain = summary_of_run(make_evaluation(), make_card("top"))
    assert "No 95% intervals over classes: analysis.half_samples=50 adds them to runs of 20 to 3,000 classes." in plain
    assert "ontology" not in plain
