"""The user's own matrices: every form they may have, every way they may be wrong, and runs that use them."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from classvec import settings
from classvec.analyses.ontology_correlation import ontology_correlation
from classvec.analyses.own_matrices import controls, read, references
from classvec.analyses.standard import Analyses
from classvec.artifacts import Float64
from classvec.errors import InputError
from classvec.ontology.similarities import NAMES
from classvec.ontology.taxonomy import Concept, Taxonomy
from tests.artifacts import HALVES, QUARTERS, analysed, class_ids, cosines, planted, similarity

IDS = ("n1", "n2", "n3", "n4")
CONCEPTS = (
    ("n1", "dog.n.01", "dog"),
    ("n2", "cat.n.01", "cat"),
    ("n3", "crane.n.04", "crane"),
    ("n4", "crane.n.05", "crane"),
)
FOUR = Taxonomy([Concept("n0", "entity.n.01", "entity", ()), *(Concept(*c, ("n0",)) for c in CONCEPTS)], source="four")
ALIKE = np.array([[1.0, 0.5, 0.2, 0.1], [0.5, 1.0, 0.3, 0.0], [0.2, 0.3, 1.0, -0.4], [0.1, 0.0, -0.4, 1.0]])


def write(path: Path, rows: Sequence[str], columns: Sequence[str], values: Float64) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", *columns])
        writer.writerows([row, *line] for row, line in zip(rows, values, strict=True))
    return path


def upper(matrix: Float64) -> Float64:
    values: Float64 = matrix[np.triu_indices(len(matrix), 1)]
    return values


@pytest.mark.parametrize(
    "labels", [IDS, ("dog.n.01", "cat.n.01", "crane.n.04", "crane.n.05"), ("Dog", "cat", "n3", "Crane.n.05")]
)
def test_a_csv_names_its_classes_in_any_order_and_may_have_more(tmp_path: Path, labels: Sequence[str]) -> None:
    more = np.full((6, 6), 9.0)  # of classes that the run lacks, even the values on the diagonal do not matter
    more[1:5, 1:5] = ALIKE
    named = np.array(["wolf", *labels, "saw"])
    rows, columns = np.random.default_rng(0).permutation(6), np.random.default_rng(1).permutation(6)
    path = write(tmp_path / "human.CSV", named[rows].tolist(), named[columns].tolist(), more[np.ix_(rows, columns)])
    np.testing.assert_allclose(read(path, FOUR, IDS), ALIKE)


def test_distances_and_similarities_are_told_by_the_diagonal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    path = tmp_path / "brain.npy"
    for values, likeness, words in (
        (ALIKE, ALIKE, "similarities (largest on the diagonal)"),
        (1.0 - ALIKE, ALIKE - 1.0, "distances (0 on the diagonal)"),
        (ALIKE - 1.0, ALIKE - 1.0, "similarities (largest on the diagonal)"),
        (np.rint(10 - 10 * ALIKE).astype(int), 10 * ALIKE - 10, "distances (0 on the diagonal)"),
    ):
        np.save(path, values)
        np.testing.assert_allclose(read(path, FOUR, IDS), likeness)
        assert f"{words} of 4 classes" in caplog.messages[-1]


def test_rounding_between_the_triangles_is_averaged(tmp_path: Path) -> None:
    values = ALIKE.copy()
    values[0, 1] += 4e-7
    np.save(tmp_path / "a.npy", values)
    found = read(tmp_path / "a.npy", FOUR, IDS)
    assert found[0, 1] == found[1, 0] == pytest.approx(0.5 + 2e-7, abs=1e-12)


def changed(*places: tuple[int, int], value: float) -> Float64:
    values = ALIKE.copy()
    for place in places:
        values[place] = value
    return values


WRONG: list[tuple[Float64, str]] = [
    (changed((0, 1), value=0.6), r"not symmetric, n1 \(dog\) and n2 \(cat\): 0.6, and 0.5 the other way round"),
    (changed((1, 2), (2, 1), value=np.nan), r"expected finite numbers, not those of n2 \(cat\) and n3 \(crane\): nan"),
    (changed((0, 3), (3, 0), value=np.inf), r"expected finite numbers, not those of n1 \(dog\) and n4 \(crane\): inf"),
    (changed((2, 2), value=0.1), "does not tell similarities from distances. Of similarities it must hold the largest"),
    (changed((2, 2), value=np.nan), "does not tell similarities from distances"),
    (ALIKE - np.eye(4), "of distances 0, with no value below 0 elsewhere"),
    (np.eye(4), "one value for all pairs of classes, 0: there is nothing to correlate"),
    (
        ALIKE[:3, :3],
        r"float64 of shape \(3, 3\): expected numbers of shape \(4, 4\), in the order of the classes of this",
    ),
    (ALIKE.astype(str), r"<U32 of shape \(4, 4\): expected numbers"),
]


@pytest.mark.parametrize(("values", "words"), WRONG, ids=[words[:30] for _, words in WRONG])
def test_a_matrix_that_does_not_fit_is_refused(tmp_path: Path, values: Float64, words: str) -> None:
    np.save(tmp_path / "human.npy", values)
    with pytest.raises(InputError, match=words):
        read(tmp_path / "human.npy", FOUR, IDS)


def table(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


HEAD = ",n1,n2,n3,n4\n"
FILES: list[tuple[str, Callable[[Path], object], str]] = [
    (
        "a.csv",
        lambda path: write(path, IDS[:3], IDS, ALIKE[:3]),
        r"lacks 1 of the 4 classes of this run: n4 \(crane\);",
    ),
    ("a.csv", table(""), r"lacks 4 of the 4 .* n1 \(dog\), .* leave them out of the run with data.classes="),
    ("a.csv", table(HEAD.replace(",", ";")), "header, which begins with ';n1;n2;n3;n4', names no class of this run"),
    (
        "a.csv",
        lambda path: write(path, ("n1", "n2", "n3", "hound"), ("n1", "n2", "n3", "hound"), ALIKE),
        r"n4 \(crane\) \(names there that no class of the run has: hound\); add them",
    ),
    ("a.csv", lambda path: write(path, IDS, ("n1", "n2", "crane", "n4"), ALIKE), "'crane' is the name of 2 classes"),
    ("a.csv", lambda path: write(path, (*IDS, "dog"), IDS, np.vstack([ALIKE, ALIKE[0]])), "two rows are about .* dog"),
    ("a.csv", table(HEAD + "n1,1,2\n" + "".join(f"{i},0,0,0,0\n" for i in IDS[1:])), "row n1: expected 5 cells"),
    ("a.csv", table(HEAD + "".join(f"{i},0,0,x,0\n" for i in IDS)), "row n1, column n3: expected a number, got 'x'"),
    ("a.csv", table(HEAD + "".join(f"{i},,,,\n" for i in IDS)), r"not those of n1 \(dog\) and n2 \(cat\): nan"),
    ("a.csv", lambda path: path.write_bytes(b"\xff\xfe,n1"), "no CSV file in UTF-8"),
    ("a.npy", lambda path: path.write_bytes(b"no array"), "no array of numbers"),
    ("a.npy", lambda path: np.save(path, np.array([{}], dtype=object), allow_pickle=True), "no array of numbers"),
    ("a.mat", table(""), r"expected a matrix of the classes, .csv or .npy"),
]


@pytest.mark.parametrize(("name", "make", "words"), FILES, ids=[words[:30] for *_, words in FILES])
def test_a_file_that_does_not_fit_is_refused(
    tmp_path: Path, name: str, make: Callable[[Path], object], words: str
) -> None:
    make(tmp_path / name)
    with pytest.raises(InputError, match=words):
        read(tmp_path / name, FOUR, IDS)


def test_the_name_of_a_file_is_that_of_a_column(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    paths = [tmp_path / name for name in ("human.npy", "path.npy", "b/human.npy", "a(b).npy")]
    for path in paths:
        np.save(path, ALIKE)
    assert list(references(paths[:1], FOUR, IDS)) == ["human"]
    for path, words in ((paths[1], "another similarity is called path"), (paths[3], "letters, digits, spaces")):
        with pytest.raises(InputError, match=words):
            references([path], FOUR, IDS)
    with pytest.raises(InputError, match="another similarity is called human; rename the file"):
        references([paths[0], paths[2]], FOUR, IDS)
    assert list(controls([paths[0], paths[2]], FOUR, IDS)) == ["human", str(paths[2])]


def test_what_is_taken_out_may_be_a_run(tmp_path: Path, kingdoms: Taxonomy) -> None:
    run, order = tmp_path / "run", np.random.default_rng(0).permutation(24)
    distances = similarity(1.0 - cosines(24, 5, 0), power=1)
    distances.of_classes(np.array(class_ids())[order].tolist()).save(run / "similarity.npz")
    (found,) = controls([run], kingdoms, class_ids()).values()
    np.testing.assert_allclose(found, -distances.values)
    similarity(np.eye(1)).save(run / "similarity.npz")
    with pytest.raises(InputError, match=r"lacks 23 of the 24 classes of this run: n00000001 \(.*\), .*, \.\.\.; add"):
        controls([run], kingdoms, class_ids())
    with pytest.raises(InputError, match="holds no finished run of evaluate.py: similarity.npz is missing"):
        controls([tmp_path], kingdoms, class_ids())


def test_own_matrices_stand_beside_the_ontologys(tmp_path: Path, kingdoms: Taxonomy) -> None:
    layers = {"low": planted(HALVES, 0.4), "top": planted(QUARTERS, 0.4)}
    human, pixels = cosines(24, 4, 5), cosines(24, 4, 6)
    np.save(tmp_path / "human.npy", human)
    np.save(tmp_path / "pixels.npy", 1.0 - pixels)
    asked = Analyses(permutations=9, reference=str(tmp_path / "human.npy"), partial_out=[str(tmp_path / "pixels.npy")])
    result = ontology_correlation(analysed(kingdoms, layers, tmp_path, analyses=asked))
    assert result is not None
    rows = result.tables["ontology_correlation"]
    assert [row["similarity"] for row in rows[: len(NAMES) + 1]] == [*NAMES, "human"]
    for layer, planted_values in layers.items():
        row = next(row for row in rows if (row["layer"], row["similarity"]) == (layer, "human"))
        found = [upper(m) for m in (planted_values.values, human, pixels)]
        ab, ac, bc = (spearmanr(found[i], found[j]).statistic for i, j in ((0, 1), (0, 2), (1, 2)))
        assert row["spearman"] == pytest.approx(ab)
        textbook = (ab - ac * bc) / np.sqrt((1 - ac**2) * (1 - bc**2))
        assert row["spearman_partial"] == pytest.approx(textbook, abs=1e-6)  # layers are kept as float32
    assert {("ontology/human", 1), ("ontology/human", 2), ("summary/ontology_human", 0)} <= {
        (name, step) for name, _, step in result.metrics
    }
    assert result.lines[0].startswith("Similarity of classes and the ontology's and that of human: rank correlation")
    assert "What is left of both once pixels is taken out, as far as it is linear in the ranks" in result.lines
    assert all("human" in line for line in (result.lines[2], result.lines[8]))
    crosses = [line for line in result.charts["ontology_correlation"].figure.axes[0].lines if line.get_marker() == "x"]
    assert len(crosses) == 3 * 2, "three rows, two references that rank differently"


def test_without_own_matrices_the_columns_are_empty(tmp_path: Path, kingdoms: Taxonomy) -> None:
    result = ontology_correlation(analysed(kingdoms, {"top": planted(QUARTERS, 0.4)}, tmp_path))
    assert result is not None
    for row in result.tables["ontology_correlation"]:
        assert [row[name] for name in ("low", "high", "spearman_partial", "p_partial", "p_max_partial")] == [None] * 5


def test_keys_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "human.npy", ALIKE)
    for keys, words in (
        ({"reference": "nowhere.csv"}, r"analysis\.reference=nowhere\.csv: no such file or folder"),
        ({"partial_out": ["nowhere"]}, r"analysis\.partial_out=nowhere: no such file or folder"),
        ({"reference": [3]}, r"analysis\.reference=\[3\]: expected a path, or a list of paths"),
        ({"reference": tmp_path / "human.npy", "standard": False}, "needs the analyses that come with the package"),
    ):
        with pytest.raises(InputError, match=words):
            settings.Analysis(**keys)
    asked = Analyses(reference=tmp_path / "human.npy", most_classes=10)
    asked.check(["top"], 4)
    for n_classes in (3, 11):
        with pytest.raises(
            InputError, match=rf"takes 4 to 10 classes \(analysis.most_classes\), and there are {n_classes}"
        ):
            asked.check(["top"], n_classes)
    with pytest.raises(InputError, match=r"expected numbers of shape \(3, 3\)"):
        asked.check_matrices(FOUR, IDS[:3])
