"""The embedded data set: the same images each time, real synsets, and families that only shapes give away."""

import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from classvec import settings
from classvec.__main__ import main as commands
from classvec.data.sketches import SIZE, Sketches
from classvec.data.sketches.families import FAMILIES, FAMILY_OF
from classvec.data.sketches.pen import Pen, Pose
from classvec.data.sketches.surfaces import SURFACES, tile
from classvec.errors import InputError
from classvec.ontology import wordnet
from classvec.settings import SketchSplit

ZEBRA, MODEL_T, PIZZA = "n02391049", "n03777568", "n07873807"
FIGURE_3 = {
    "n02793495": "barn", "n07697313": "cheeseburger", "n03642806": "laptop", MODEL_T: "Model T", "n04584207": "wig",
    "n09472597": "volcano", "n04505470": "typewriter keyboard", "n07753275": "pineapple",
}  # fmt: skip
LIVING, ARTIFACT = "n00004258", "n00021939"


def sketches(**keys: Any) -> Sketches:
    return Sketches(settings.Sketches(**keys))


def test_every_class_is_real_and_lies_under_the_concept_of_its_family_alone() -> None:
    taxonomy = wordnet.embedded()
    for synset_id, family in FAMILY_OF.items():
        above = taxonomy.closure(synset_id)
        assert [other.name for other in FAMILIES if other.concept in above] == [family.name], synset_id
    assert {synset_id: taxonomy[synset_id].name for synset_id in FIGURE_3} == FIGURE_3
    assert FIGURE_3.keys() <= FAMILY_OF.keys()


def test_families_are_large_enough_and_disjoint() -> None:
    assert len(FAMILY_OF) == sum(len(family.drawings) for family in FAMILIES) >= 60
    assert min(len(family.drawings) for family in FAMILIES) >= 5
    assert {family.surface for family in FAMILIES} <= set(SURFACES)


def test_living_things_grow_and_artifacts_do_not() -> None:
    taxonomy = wordnet.embedded()
    kinds = {c: (LIVING in taxonomy.closure(c), ARTIFACT in taxonomy.closure(c)) for c in FAMILY_OF}
    assert all(FAMILY_OF[c].grown for c, (living, _) in kinds.items() if living)
    assert not any(FAMILY_OF[c].grown for c, (_, artifact) in kinds.items() if artifact)
    assert sum(living for living, _ in kinds.values()) == 36
    assert sum(artifact for _, artifact in kinds.values()) == 38


def test_images_are_in_class_order_and_of_one_size() -> None:
    images = sketches(images_per_class=2)
    assert list(images.classes) == sorted(FAMILY_OF)
    assert images.labels.dtype == np.int64
    np.testing.assert_array_equal(images.labels, np.repeat(np.arange(len(FAMILY_OF)), 2))
    assert len(images) == len(images.labels) == 2 * len(FAMILY_OF)
    assert images.families == tuple(FAMILY_OF[synset_id].name for synset_id in images.classes)
    for index in range(0, len(images), 2):
        image = images.read(index)
        assert (image.mode, image.size) == ("RGB", (SIZE, SIZE))


def test_an_image_depends_on_seed_split_class_and_number_alone() -> None:
    all_classes, few = sketches(images_per_class=5), sketches(images_per_class=2, classes=[PIZZA, ZEBRA])
    assert few.classes == (ZEBRA, PIZZA)
    first = all_classes.classes.index(ZEBRA) * 5
    for number in range(2):
        assert few.read(number).tobytes() == all_classes.read(first + number).tobytes()
    assert few.where(1) == "sketches: n02391049 number 1 of split describe, seed 0"


def test_no_image_is_drawn_twice() -> None:
    seen = {
        sketches(images_per_class=3, split=split, seed=seed, classes=[ZEBRA, MODEL_T]).read(index).tobytes()
        for split in ("fit", "describe")
        for seed in (0, 1)
        for index in range(6)
    }
    assert len(seen) == 2 * 2 * 6


def test_a_pickled_copy_draws_the_same_images() -> None:
    images = sketches(images_per_class=2, classes=[ZEBRA, MODEL_T], seed=3)
    copy = pickle.loads(pickle.dumps(images))
    assert copy.fingerprint() == images.fingerprint()
    assert copy.read(3).tobytes() == images.read(3).tobytes()


def test_the_fingerprint_follows_everything_that_was_asked_for() -> None:
    asked: list[dict[str, Any]] = [
        {},
        {"images_per_class": 3},
        {"split": "fit"},
        {"seed": 1},
        {"classes": [ZEBRA, PIZZA]},
    ]
    assert len({sketches(**arguments).fingerprint() for arguments in asked}) == len(asked)
    assert Sketches().fingerprint() == sketches(name="another").fingerprint()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "descibe"}, r"^data\.split=descibe: expected one of describe, fit$"),
        ({"classes": ["n02391048", PIZZA]}, "unknown class of the sketches 'n02391048': did you mean n02391049"),
        ({"classes": [PIZZA, PIZZA]}, "must name two classes at least, each once"),
        ({"classes": [PIZZA]}, "must name two classes at least, each once"),
        ({"images_per_class": 0}, r"^data\.images_per_class=0: expected at least 1 and at most 100000$"),
    ],
)
def test_a_wrong_argument_is_answered(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        sketches(**arguments)


def test_there_is_no_image_beyond_the_last() -> None:
    with pytest.raises(IndexError, match="no image 4 in sketches: there are 4"):
        sketches(images_per_class=2, classes=[ZEBRA, PIZZA]).read(4)


def test_textures_are_seamless_noise_that_no_one_can_change() -> None:
    for surface in SURFACES:
        assert float(tile(surface).mean()) == pytest.approx(0, abs=1e-4)
        assert float(tile(surface).std()) == pytest.approx(1, abs=1e-4)
        assert not tile(surface).flags.writeable


def thumbnail(image: Image.Image) -> NDArray[np.float64]:
    """Pixels: the picture averaged down to 12 x 12."""
    return np.asarray(image.reduce(SIZE // 12), dtype=np.float64).ravel()


def histogram(image: Image.Image) -> NDArray[np.float64]:
    """Colours: how many pixels fall in each of 64 bins."""
    levels = np.asarray(image, dtype=np.int64) // 64
    return np.bincount((levels @ [16, 4, 1]).ravel(), minlength=64).astype(np.float64)


def share_found(
    known: NDArray[np.float64], of_known: NDArray[np.int64], new: NDArray[np.float64], of_new: NDArray[np.int64]
) -> float:
    """Share of new images whose nearest group mean, from known images, is that of their own group."""
    means = np.stack([known[of_known == group].mean(axis=0) for group in np.unique(of_known)])
    distance = ((new[:, None] - means) ** 2).sum(axis=-1)
    return float((distance.argmin(axis=1) == of_new).mean())


@pytest.fixture(scope="module")
def splits() -> tuple[list[Image.Image], list[Image.Image]]:
    """Four images of each class to learn from, and four to tell."""
    fit, describe = (sketches(images_per_class=4, split=split) for split in ("fit", "describe"))
    return [fit.read(index) for index in range(len(fit))], [describe.read(index) for index in range(len(describe))]


@pytest.mark.parametrize("feature", [thumbnail, histogram])
def test_neither_pixels_nor_colours_tell_a_family(
    feature: Callable[[Image.Image], NDArray[np.float64]], splits: tuple[list[Image.Image], list[Image.Image]]
) -> None:
    known, new = (np.stack([feature(image) for image in images]) for images in splits)
    names = [family.name for family in FAMILIES]
    families = np.repeat([names.index(FAMILY_OF[c].name) for c in sorted(FAMILY_OF)], 4)
    grown = np.repeat([int(FAMILY_OF[c].grown) for c in sorted(FAMILY_OF)], 4)
    assert share_found(known, families, new, families) < 0.17  # always the largest family: .10
    assert share_found(known, grown, new, grown) < 0.72  # always "grown": .56; dark edges of made things show a little


def test_that_check_can_fail() -> None:
    class Tinted(Sketches):
        def read(self, index: int) -> Image.Image:
            tint = Image.new("RGB", (SIZE, SIZE), (255, 0, 0) if self.labels[index] else (0, 0, 255))
            return Image.blend(super().read(index), tint, 0.5)

    known, new = (
        Tinted(settings.Sketches(images_per_class=6, split=split, classes=[ZEBRA, MODEL_T]))
        for split in (SketchSplit.fit, SketchSplit.describe)
    )
    for feature in (thumbnail, histogram):
        features = [np.stack([feature(images.read(i)) for i in range(12)]) for images in (known, new)]
        assert share_found(features[0], known.labels, features[1], new.labels) == 1


def outline(synset_id: str, seed: int) -> NDArray[np.float64]:
    """Where a class is drawn, without pose: its parts in the unit square, averaged down to 16 x 16."""

    still = Pose(64, 64.0, (64.0, 0.0, 0.0, 0.0, 64.0, 0.0), (0.0, 1.0, 0.0))
    with patch.object(Pose, "draw", return_value=still):
        pen = Pen(random.Random(seed), 64, grown=False)
    FAMILY_OF[synset_id].drawings[synset_id](pen)
    return np.asarray(pen.layer.getchannel("A").reduce(4), dtype=np.float64).ravel()


def test_likeness_follows_the_family_once_pose_and_colour_are_taken_away() -> None:
    classes = sorted(FAMILY_OF)
    shapes = np.stack([np.mean([outline(c, seed) for seed in range(4)], axis=0) for c in classes])
    shapes -= shapes.mean(axis=0)
    cosine = (shapes @ shapes.T) / np.outer(np.linalg.norm(shapes, axis=1), np.linalg.norm(shapes, axis=1))
    names = np.array([FAMILY_OF[c].name for c in classes])
    same = names[:, None] == names
    apart = ~np.eye(len(classes), dtype=bool)
    assert cosine[same & apart].mean() > 0.1
    assert cosine[~same].mean() < 0


def test_colours_are_drawn_alike_for_living_things_and_artifacts() -> None:
    for seed in range(5):
        living, artifact = (Pen(random.Random(seed), 64, grown) for grown in (True, False))
        for colour in ("body", "second", "third", "ink"):
            assert getattr(living, colour) == getattr(artifact, colour)


def test_the_contact_sheet_shows_every_family(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "deep" / "sheet.png"
    assert commands(["sketches", "--out", str(target), "--samples", "1", "--size", "32"]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    with Image.open(target) as sheet:
        assert sheet.height == len(FAMILIES) // 2 * (32 + 4 + 33)
    assert [path.name for path in target.parent.iterdir()] == ["sheet.png"]
    assert commands(["sketches", "--out", str(target), "--size", "0"]) == 1
    assert "found samples 2, size 0" in capsys.readouterr().err


def test_fitting_gets_other_images_of_the_same_classes() -> None:
    album = sketches(images_per_class=3, fit_images_per_class=5, classes=["n02793495", "n07697313"], seed=4)
    fitting = album.for_fitting()
    assert fitting.classes == album.classes
    assert len(fitting) == 10
    described = {album.read(i).tobytes() for i in range(len(album))}
    assert described.isdisjoint(fitting.read(i).tobytes() for i in range(len(fitting)))
    assert fitting.fingerprint() != album.fingerprint()


def test_the_shipped_weights_were_fitted_on_these_drawings() -> None:
    import json
    from importlib.metadata import version

    from classvec.networks.weights import read_checkpoint, shipped_weights

    fitted = json.loads(read_checkpoint(shipped_weights("small_inception"))[1]["fitted"])
    if fitted["versions"]["pillow"] != version("pillow"):
        pytest.skip("another version of Pillow draws other pixels")
    assert fitted["data"]["image_list_hash"] == Sketches().for_fitting().fingerprint()
