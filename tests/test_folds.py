"""Folds of each class's images: kept, mixed into the two sides of many splits, and what their range says."""

import csv
import json
import logging
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from classvec import verify
from classvec.analyses.stability import Stability, measure, spearman_brown, stability
from classvec.artifacts import ClassVectors, DamagedVectors, Float64, LayerBlock, Parts, content_key, part_sizes
from classvec.data.image_folder import ImageFolder
from classvec.errors import InputError
from classvec.extraction import extractor as extractor_module
from classvec.extraction.store import open_store
from classvec.extraction.store_files import undamaged
from classvec.method import splits
from classvec.method.matrix_cache import layer_matrices
from classvec.method.method import Method
from classvec.method.metrics import Centred, Cosine, Euclidean, Manhattan, is_of_cosines
from classvec.method.similarity import Metric
from classvec.method.splits import draw_sides, split_similarities
from classvec.networks.network import Network
from classvec.ontology.taxonomy import Taxonomy
from tests.artifacts import QUARTERS, SPECTRAL, analysed, class_ids, extractor, files, planted, rows_of
from tests.conftest import LAYERS, SYNSETS, draw_images, image_folder
from tests.runs import call


@dataclass(frozen=True, kw_only=True)
class OfFeatures(Cosine):
    """A metric of the user's that inherits from the cosine, and needs the features all the same."""

    name = keeps = "of features"

    def matrix(self, block: LayerBlock) -> Float64:
        roots = np.sqrt(np.abs(block.unit.astype(np.float64)))
        return roots @ roots.T


COSINES: list[Metric] = [Cosine(gpu=False), Centred(gpu=False), Euclidean(gpu=False)]
METRICS: list[Metric] = [*COSINES, Manhattan(), OfFeatures(gpu=False)]


def method(metric: Metric) -> Method:
    return Method(layers=list(LAYERS), layer_weights={"top": 2.0}, metric=metric, clustering=SPECTRAL)


@pytest.mark.parametrize("number", [2, 3, 5])
def test_folds_partition_the_images_of_each_class(number: int) -> None:
    counts = np.random.default_rng(0).integers(1, 12, 40)
    labels = np.repeat(np.arange(40), counts)
    found = Parts(number, 5).of_images(labels)
    rng = np.random.default_rng(5)
    for label, count in enumerate(counts):  # the plain reference: shuffled, then dealt in turn
        folds: list[set[int]] = [set() for _ in range(number)]
        for place, image in enumerate(rng.permutation(np.flatnonzero(labels == label))):
            folds[place % number].add(int(image))
        assert [set(np.flatnonzero((labels == label) & (found == fold))) for fold in range(number)] == folds
        assert [len(fold) for fold in folds] == part_sizes(counts, number)[:, label].tolist()
        assert sum(map(bool, folds)) == min(count, number)
    assert not np.array_equal(found, Parts(number, 6).of_images(labels))


def copied(images: ImageFolder, chosen: NDArray[np.bool_], root: Path) -> ImageFolder:
    """Some of the images, as a data set of its own."""
    for path in (images.paths[index] for index in np.flatnonzero(chosen)):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(images.root / path, root / path)
    return image_folder(root)


def test_fold_means_are_those_of_their_images_and_make_up_the_class_vectors(
    tmp_path: Path, image_root: Path, tiny: Network
) -> None:
    images = image_folder(image_root)  # of 3, 1, 4, 2, 5, 2
    found = extractor(tmp_path, folds=3, halves=7)(tiny, images, list(LAYERS))
    plain = extractor(tmp_path)(tiny, images, list(LAYERS))
    sizes = part_sizes(found.n_images, 3)
    assert sizes.T.tolist() == [[1, 1, 1], [1, 0, 0], [2, 1, 1], [1, 1, 0], [2, 2, 1], [1, 1, 0]]
    part = Parts(3, 7).of_images(images.labels)
    only = [extractor(tmp_path)(tiny, copied(images, part == i, tmp_path / f"{i}"), list(LAYERS)) for i in range(3)]
    for name in LAYERS:
        block = found.layers[name]
        np.testing.assert_array_equal(block.unit, plain.layers[name].unit)
        assert block.parts is not None
        means = (block.parts.unit * block.parts.norms[:, None]).reshape(3, 6, -1)
        assert not means[:, 1].any(), "a class of one image has no halves"
        assert not means[2, [3, 5]].any(), "a class of two images has two folds"
        for i, vectors in enumerate(only):
            alone = vectors.layers[name]
            for row, class_id in enumerate(vectors.classes):
                at = found.classes.index(class_id)
                if at != 1:
                    np.testing.assert_allclose(means[i, at], alone.unit[row] * alone.norms[row], atol=1e-6)
        several = [0, 2, 3, 4, 5]
        weighted = (sizes[:, several, None] * means[:, several]).sum(axis=0) / found.n_images[several, None]
        np.testing.assert_allclose(weighted, (block.unit * block.norms[:, None])[several], atol=1e-6)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_side_of_a_split_is_what_its_images_alone_give(
    tmp_path: Path, tiny: Network, metric: Metric, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = (3, 1, 4, 2, 5, 9)
    images = image_folder(draw_images(tmp_path / "images", SYNSETS, counts))
    found = extractor(tmp_path, folds=3)(tiny, images, list(LAYERS))
    monkeypatch.setattr(splits, "SPLITS", 2)
    pairs = split_similarities(found, method(metric), 4, seed=2)
    assert len(pairs) == 2
    rows = [0, 2, 3, 4, 5]
    sides = draw_sides(part_sizes(found.n_images[rows], 3), [SYNSETS[row] for row in rows], 2, 2)
    part = Parts(3, 0).of_images(images.labels)
    for number, (halves, first) in enumerate(zip(pairs, sides, strict=True)):
        of_image = np.zeros(len(part), dtype=np.bool_)
        for row, of_class in zip(rows, first.T, strict=True):
            of_image |= (images.labels == row) & of_class[part]
        for side, chosen in zip(halves, (of_image, ~of_image & (images.labels != 1)), strict=True):
            subset = copied(images, chosen, tmp_path / f"{number} {chosen.nonzero()[0]}")
            alone = extractor(tmp_path)(tiny, subset, list(LAYERS))
            expected = method(metric).compare(layer_matrices(alone, list(LAYERS), metric), alone)
            assert side.classes == alone.classes
            assert (side.kind, side.power, side.metric) == (metric.kind, metric.power, metric.name)
            np.testing.assert_allclose(side.values, expected.values, rtol=2e-5, atol=2e-5)


def test_only_metrics_of_cosines_are_mixed_from_cosines() -> None:
    assert [metric for metric in METRICS if is_of_cosines(metric)] == COSINES


def made_up(n: int = 9, n_folds: int = 5, seed: int = 0) -> ClassVectors:
    """Random folds of 3 to 11 images of each class; the class vectors themselves do not count."""
    rng = np.random.default_rng(seed)
    n_images = rng.integers(3, 12, n)
    means = np.abs(rng.normal(size=(n, 40)) + rng.normal(size=(n_folds, n, 40)))
    means *= (part_sizes(n_images, n_folds) > 0)[..., None]
    layers = {}
    for name in LAYERS:
        parts = rows_of(name, means.reshape(-1, 40).astype(np.float32))
        layers[name] = replace(rows_of(name, means[0].astype(np.float32)), parts=parts)
    return ClassVectors(classes=class_ids(n), n_images=n_images, layers=layers, provenance={}, path=Path())


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_the_order_of_the_classes_changes_nothing(tmp_path: Path, metric: Metric) -> None:
    vectors = replace(made_up(), path=tmp_path / "a")
    order = np.random.default_rng(1).permutation(9)
    layers = {}
    for name, block in vectors.layers.items():
        assert block.parts is not None
        moved = {key: getattr(block, key)[order] for key in ("unit", "norms", "sums")}
        flat = (np.arange(5)[:, None] * 9 + order).ravel()
        of_parts = {key: getattr(block.parts, key)[flat] for key in ("unit", "norms", "sums")}
        layers[name] = replace(block, **moved, parts=replace(block.parts, **of_parts))
    classes = tuple(vectors.classes[row] for row in order)
    other = replace(vectors, classes=classes, n_images=vectors.n_images[order], layers=layers, path=tmp_path / "b")
    ours, theirs = (split_similarities(one, method(metric), 4, seed=3) for one in (vectors, other))
    for mine, yours in zip(ours, theirs, strict=True):
        for one, another in zip(mine, yours, strict=True):
            np.testing.assert_allclose(one.values[np.ix_(order, order)], another.values, atol=1e-6)
    seeds = [split_similarities(vectors, method(metric), 4, seed=seed)[0][0].values for seed in (3, 4)]
    np.testing.assert_array_equal(seeds[0], ours[0][0].values)
    assert not np.array_equal(seeds[0], seeds[1])


def test_sides_are_drawn_with_as_many_images_of_each_class_as_can_be() -> None:
    n_images = np.array([2, 3, 5, 7, 10, 12, 23, 100])
    sizes = part_sizes(n_images, 5)
    sides = draw_sides(sizes, class_ids(8), 4000, 0)
    images = (sides * sizes).sum(axis=1)
    folds = (sides & (sizes > 0)).sum(axis=1)
    for column, count in enumerate(n_images):
        few, many = min(count, 5) // 2, -(-min(count, 5) // 2)
        assert set(folds[:, column]) == {few, many}
        assert len(set(images[:, column])) <= 2, "no more on a side in one split than in another"
        assert images[:, column].mean() == pytest.approx(count / 2, rel=0.04)
        assert images[:, column].max() - images[:, column].min() <= sizes[0, column]
    more = images > n_images / 2
    for one, other in pairwise([1, 2, 3, 4, 5, 6, 7]):
        np.testing.assert_array_equal(more[:, one], more[:, other])  # the same side for all classes
    assert sides[:, :, 7].mean(axis=0) == pytest.approx(np.full(5, 0.5), abs=0.04)
    assert abs(np.corrcoef(sides[:, 0, 4], sides[:, 0, 7])[0, 1]) < 0.1, "each class has a draw of its own"


def test_the_estimate_holds_for_classes_whose_images_do_not_come_out_even() -> None:
    """Seven images in five folds, a simulation: what halves foretell against what two whole sets have in common."""
    rng = np.random.default_rng(0)
    n, n_images = 20, np.full(20, 7)
    sizes = part_sizes(n_images, 5)

    def correlated(one: Float64, other: Float64) -> float:
        pairs = np.triu_indices(n, 1)
        cosines = [unit @ unit.T for unit in (m / np.linalg.norm(m, axis=1, keepdims=True) for m in (one, other))]
        return float(spearmanr(cosines[0][pairs], cosines[1][pairs]).statistic)

    def foretold(sums: Float64, sides: NDArray[np.bool_]) -> float:
        def mean(side: NDArray[np.bool_]) -> Float64:
            means: Float64 = (side[..., None] * sums).sum(axis=0) / (side * sizes).sum(axis=0)[:, None]
            return means

        return spearman_brown(float(np.median([correlated(mean(side), mean(~side)) for side in sides])))

    true, dealt, drawn = [], [], []
    for _ in range(60):
        base = np.abs(rng.normal(size=(1, 300)))
        classes = base + 0.35 * rng.normal(size=(n // 2, 300)).repeat(2, axis=0) + 0.5 * rng.normal(size=(n, 300))
        one, other = (classes + rng.normal(size=(7, n, 300)) for _ in range(2))
        true.append(correlated(one.mean(axis=0), other.mean(axis=0)))
        sums = np.stack([one[fold::5].sum(axis=0) for fold in range(5)])
        dealt.append(foretold(sums, draw_sides(sizes, class_ids(n), 5, 0)))
        ranks = rng.random((5, *sizes.shape)).argsort(axis=1).argsort(axis=1)
        drawn.append(foretold(sums, ranks < 2 + rng.integers(2, size=(5, 1, 1))))
    assert np.mean(dealt) == pytest.approx(np.mean(true), abs=0.04)
    assert np.mean(drawn) < np.mean(true) - 0.1, "sides drawn fold by fold do worse"


def horst(r: float, p: float) -> float:
    """Reliability of a whole from the correlation of two parts that have the shares p and 1 - p of it (Horst 1951)."""
    pq, rest = p * (1.0 - p), 1.0 - r * r
    return r * (math.sqrt(r * r + 4.0 * pq * rest) - r) / (2.0 * pq * rest)


def test_unequal_sides_make_little_difference_to_the_estimate() -> None:
    r = np.linspace(0.01, 0.99, 99)
    shorter = np.array([spearman_brown(float(value)) for value in r])
    np.testing.assert_allclose([horst(value, 0.5) for value in r], shorter, rtol=1e-9)
    for p, most in ((3 / 5, 0.0071), (2 / 3, 0.0203)):
        more = np.array([horst(value, p) for value in r]) - shorter
        assert more.min() > 0.0
        assert 0.98 * most < more.max() < most
    rng = np.random.default_rng(0)  # what Horst's formula is about: two parts of a test, of 3 and of 2 items
    truth = rng.normal(size=200_000)
    items, again = (truth[:, None] + 1.5 * rng.normal(size=(200_000, 5)) for _ in range(2))
    parts = np.corrcoef(items[:, :3].sum(axis=1), items[:, 3:].sum(axis=1))[0, 1]
    whole = np.corrcoef(items.sum(axis=1), again.sum(axis=1))[0, 1]
    assert horst(parts, 0.6) == pytest.approx(whole, abs=0.005)


def test_the_range_by_hand() -> None:
    found = Stability(seeds={}, f1={}, splits=(0.7, 0.5, 0.9, 0.6), n_folds=4)
    assert found.spread == {"least": 0.5, "median": pytest.approx(0.65), "largest": 0.9}
    assert found.reliability == pytest.approx(1.3 / 1.65)
    assert np.isnan(Stability(seeds={}, f1={}, splits=(-0.1, 0.2, -0.3), n_folds=3).reliability)


def test_what_is_said_of_folds(kingdoms: Taxonomy, tmp_path: Path) -> None:
    layers, folds = {"a": planted(QUARTERS, 0.4)}, [planted(QUARTERS, 0.4, i) for i in range(4)]
    run = analysed(kingdoms, layers, tmp_path, halves=folds)
    run.__dict__["splits"] = [(planted(QUARTERS, 0.1, i), planted(QUARTERS, 0.4, i + 50)) for i in range(6)]
    pairs = np.triu_indices(24, 1)
    expected = [spearmanr(one.values[pairs], other.values[pairs]).statistic for one, other in run.splits]
    found, result = measure(run), stability(run)
    assert found.splits == pytest.approx(expected)
    assert found.halves is not None
    assert found.halves.mantel == found.splits[0]
    least, median, largest = min(expected), float(np.median(expected)), max(expected)
    words = (
        f"Two halves of each class's images, 6 splits of 4 folds: similarities correlate {median:.2f} (median; "
        f"{least:.2f} to {largest:.2f} over the splits, no confidence interval; p <= 0.1 in the first); of whole sets "
        f"about {2 * median / (1 + median):.2f} is expected"
    )
    assert result.lines == [words]
    rows = result.tables["stability_splits"]
    assert [(row["split"], row["spearman"]) for row in rows] == list(enumerate(found.splits))
    values = result.values["halves"]
    assert (values["n_folds"], values["n_splits"]) == (4, 6)
    assert [values[name] for name in ("least", "median", "largest")] == pytest.approx([least, median, largest])
    metrics = {name: value for name, value, _ in result.metrics if name.startswith("summary/")}
    assert metrics == pytest.approx(
        {"summary/reliability": 2 * median / (1 + median), "summary/halves_least": least,
         "summary/halves_median": median, "summary/halves_largest": largest}
    )  # fmt: skip
    axes, _, beside = result.charts["stability"].figure.axes
    assert beside.get_xlabel() == "number of splits (6 of 4 folds)"
    assert "two halves of each class's images, first split" in axes.get_legend_handles_labels()[1]


def test_two_folds_are_halves_and_keys_of_stores_without_folds_stay(
    tmp_path: Path, image_root: Path, tiny: Network
) -> None:
    images = image_folder(image_root)
    make: Callable[..., ClassVectors] = lambda **keys: extractor(tmp_path, **keys)(tiny, images, ["top"])  # noqa: E731
    plain, halves, folds = make(), make(halves=4), make(folds=3)
    assert make(folds=2, halves=4).path == halves.path
    assert make(folds=2).path == make(halves=0).path
    assert make(folds=3, halves=0).path == folds.path
    others = [make(folds=4), make(folds=3, halves=4)]
    assert len({one.path for one in (plain, halves, folds, *others)}) == 5
    common = {
        "network", "weights_hash", "transform", "pool", "made_by", "image_list_hash", "batch_size", "precision",
        "channels_last", "device", "halves_seed", "versions", "format", "halves",
    }  # fmt: skip
    for vectors, seed in ((plain, None), (halves, 4)):
        manifest = json.loads((vectors.path / "manifest.json").read_text())
        assert set(manifest["content"]) == common | ({"images_made_by"} & set(manifest["content"]))
        assert (manifest["content"]["halves"], manifest["content"]["halves_seed"]) == (seed is not None, seed)
        key = content_key([manifest["content"], list(SYNSETS), [3, 1, 4, 2, 5, 2]])
        assert vectors.path.name == f"tiny-{key}"
        names = {"unit", "norms", "sums", "checks", "done"} | (set() if seed is None else {"half_unit", "half_norms"})
        assert {path.stem for path in vectors.path.rglob("*.npy")} == names
    assert np.load(folds.path / "layers" / "relu3" / "half_unit.npy").shape[:2] == (3, 6)


@pytest.mark.parametrize("metric", [Cosine(gpu=False), Manhattan()], ids=lambda metric: metric.name)
def test_a_damaged_fold_is_found_and_its_class_alone_made_again(
    tmp_path: Path, image_root: Path, tiny: Network, metric: Metric, caplog: pytest.LogCaptureFixture
) -> None:
    images, make = image_folder(image_root), extractor(tmp_path / "store", folds=4)
    vectors = make(tiny, images, list(LAYERS))
    before = files(vectors)
    path = vectors.path / "layers" / "relu2" / "half_unit.npy"
    fold = np.load(path, mmap_mode="r+")
    fold[2, 4, 7] += 1e-3
    fold.flush()
    del fold
    with pytest.raises(DamagedVectors, match=rf"relu2, are damaged .*: 1, such as {SYNSETS[4]}") as raised:
        split_similarities(make(tiny, images, list(LAYERS)), method(metric), 4)
    assert raised.value.rows == [4]
    with pytest.raises(DamagedVectors, match=SYNSETS[4]):
        open_store(vectors.path).check_all()
    assert [said for said in verify.verify(tmp_path / "store") if SYNSETS[4] in said]
    with caplog.at_level(logging.INFO):
        undamaged(lambda: make(tiny, images, list(LAYERS)).check_all())
    assert "1 layers, 1 of 6 classes, 5 images" in caplog.text
    assert {name: content for name, content in files(vectors).items() if "matrices" not in name} == before


def test_many_classes_have_no_folds(
    tmp_path: Path, small: list[str], monkeypatch: pytest.MonkeyPatch, tiny: Network
) -> None:
    make = extractor(tmp_path, folds=5)
    with pytest.raises(InputError, match=r"trainer\.folds=5 with 201 classes: .* 200; use trainer\.halves=SEED"):
        make.check(201)
    make.check(200)
    extractor(tmp_path, halves=1).check(21_841)
    extractor(tmp_path, folds=2).check(21_841)
    with pytest.raises(InputError, match=r"trainer\.folds=1: expected at least 2"):
        extractor(tmp_path, folds=1)
    monkeypatch.setattr(extractor_module, "MOST_CLASSES", 5)
    with pytest.raises(InputError, match="with 8 classes: folds are kept of at most 5"):
        make(tiny, image_folder("images"), ["top"])
    with pytest.raises(SystemExit, match=r"trainer\.folds=3 with 8 classes: folds are kept of at most 5"):
        call("evaluate.py", *small, "trainer.folds=3", monkeypatch=monkeypatch)
    assert not list(tmp_path.rglob("*.npy")), "refused before the work begins"


def test_folds_in_one_job(
    tmp_path: Path, small: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["trainer.folds=3", "layers=top", "tracking=none", "analysis.permutations=19", "chance.draws=5"]
    call("evaluate.py", *small, *more, monkeypatch=monkeypatch)
    said = capsys.readouterr().out
    assert "GB of it for 3 folds of the images)" in said
    assert "Two halves of each class's images, 100 splits of 3 folds: similarities" in said
    (folder,) = (tmp_path / "outputs" / "runs").iterdir()
    with (folder / "stability_splits.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 100
    assert "100 splits of 3 folds" in (folder / "report.html").read_text()
    kept = sorted(path.parent.name for path in (tmp_path / "outputs").rglob("matrices/*/*/*.npy"))
    assert set(kept) == {"3 folds"}


def test_projected_folds_are_mixed_from_cosines_alone(
    tmp_path: Path, image_root: Path, tiny: Network, caplog: pytest.LogCaptureFixture
) -> None:
    images = image_folder(image_root)
    whole, projected = (
        extractor(tmp_path, folds=3, projection=size)(tiny, images, list(LAYERS)) for size in (None, 600)
    )
    exact, found = (split_similarities(vectors, method(Cosine(gpu=False)), 4) for vectors in (whole, projected))
    errors = [
        np.abs(a.values - b.values).max()
        for one, other in zip(exact, found, strict=True)
        for a, b in zip(one, other, strict=True)
    ]
    assert 1e-4 < max(errors) < 0.05
    assert split_similarities(projected, method(Manhattan()), 4) == []
    assert "no halves to compare: metric=manhattan needs the features of layer low" in caplog.text
