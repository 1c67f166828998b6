"""Broken images stop a run with a word, or are left out and counted; damaged at random they do nothing else."""

import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from classvec.artifacts import ClassVectors
from classvec.data.picture import BrokenImage, open_rgb
from classvec.errors import InputError
from classvec.extraction.extractor import Extractor
from classvec.networks.network import Network
from classvec.settings import Accelerator
from tests.conftest import SYNSETS, draw_images, image_folder

CASES = 160


def break_some(root: Path) -> None:
    """Breaks the first of three images of the first class and the second of four of the third."""
    (root / SYNSETS[0] / "0.png").write_bytes(b"")
    path = root / SYNSETS[2] / "1.png"
    path.write_bytes(path.read_bytes()[:60])


def test_broken_images_are_left_out_and_named(image_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    break_some(image_root)
    with caplog.at_level(logging.INFO):
        images = image_folder(image_root, on_error="skip")
    assert images.labels.tolist() == [0] * 2 + [1] + [2] * 3 + [3] * 2 + [4] * 5 + [5] * 2
    assert images.paths[:2] == (f"{SYNSETS[0]}/1.png", f"{SYNSETS[0]}/2.png")
    assert [Path(words.split(" cannot")[0]).name for words in images.left_out] == ["0.png", "1.png"]
    assert "data.on_error=skip: 17 images checked, 2 left out" in caplog.text
    assert f"left out: {image_root / SYNSETS[0] / '0.png'} cannot be read as an image (it is empty)" in caplog.text


def test_a_class_without_a_good_image_is_an_error(image_root: Path) -> None:
    (image_root / SYNSETS[1] / "0.png").write_bytes(b"x")
    with pytest.raises(InputError, match=rf"class {SYNSETS[1]} has no image that can be read, of 1 .*0\.png cannot be"):
        image_folder(image_root, on_error="skip")
    kept = [synset for synset in SYNSETS if synset != SYNSETS[1]]
    assert len(image_folder(image_root, on_error="skip", classes=kept)) == 16


def test_a_number_of_images_counts_good_ones(image_root: Path) -> None:
    break_some(image_root)
    images = image_folder(image_root, on_error="skip", images_per_class=2)
    assert images.labels.tolist() == [0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert images.paths[3:5] == (f"{SYNSETS[2]}/0.png", f"{SYNSETS[2]}/2.png")


def class_vectors(root: Path, store: Path, network: Network, on_error: str) -> ClassVectors:
    extractor = Extractor(store=store, accelerator=Accelerator.cpu, batch_size=4, workers=0)
    return extractor(network, image_folder(root, on_error=on_error), ["low", "top"])


def test_means_and_counts_are_of_the_images_that_were_read(image_root: Path, tmp_path: Path, tiny: Network) -> None:
    break_some(image_root)
    with pytest.raises(InputError, match=r"0\.png cannot be read as an image"):
        class_vectors(image_root, tmp_path / "store", tiny, "error")
    skipped = class_vectors(image_root, tmp_path / "store", tiny, "skip")
    assert skipped.n_images.tolist() == [2, 1, 3, 2, 5, 2]
    assert [words.split(" cannot")[0] for words in skipped.provenance["left_out"]] == [
        str(image_root / SYNSETS[0] / "0.png"),
        str(image_root / SYNSETS[2] / "1.png"),
    ]
    (image_root / SYNSETS[0] / "0.png").unlink()
    (image_root / SYNSETS[2] / "1.png").unlink()
    whole = class_vectors(image_root, tmp_path / "other", tiny, "error")
    assert whole.provenance["left_out"] == []
    assert whole.n_images.tolist() == skipped.n_images.tolist()
    assert whole.provenance["image_list_hash"] == skipped.provenance["image_list_hash"]
    for name, block in whole.layers.items():
        np.testing.assert_array_equal(block.unit, skipped.layers[name].unit)
        np.testing.assert_array_equal(block.norms, skipped.layers[name].norms)


def test_an_image_that_breaks_later_stops_the_run(image_root: Path, tmp_path: Path, tiny: Network) -> None:
    images = image_folder(image_root, on_error="skip")
    path = image_root / SYNSETS[4] / "2.png"
    path.write_bytes(path.read_bytes()[:70])
    with pytest.raises(BrokenImage, match=r"2\.png cannot be read"):
        Extractor(store=tmp_path, accelerator=Accelerator.cpu, batch_size=4, workers=0)(tiny, images, ["low"])
    images = image_folder(image_root)
    path.unlink()
    with pytest.raises(InputError, match=r"2\.png is gone"):
        images.fingerprint()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Small images of every format and of several kinds."""
    folder = tmp_path_factory.mktemp("whole")
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (12, 10, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    floats = Image.fromarray(rng.random((12, 10), dtype=np.float32))
    pictures: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "a.png": (noise, {}), "b.jpg": (noise, {"exif": exif}), "c.gif": (noise.quantize(8), {}), "d.bmp": (noise, {}),
        "e.tif": (noise, {}), "f.tiff": (noise, {"compression": "tiff_lzw"}), "g.webp": (noise, {"exif": exif}),
        "h.ppm": (noise, {}), "i.png": (noise.quantize(8), {"transparency": 0}), "j.png": (noise.convert("LA"), {}),
        "k.jpg": (noise, {"progressive": True}), "l.tif": (noise.convert("CMYK"), {"compression": "jpeg"}),
        "m.mpo": (noise, {"save_all": True, "append_images": [noise.copy()]}),
        "n.png": (noise, {"save_all": True, "append_images": [noise.rotate(180)]}),
        "o.tif": (floats, {}), "p.tif": (noise.convert("1"), {"compression": "group4"}),
    }  # fmt: skip
    for name, (picture, options) in pictures.items():
        picture.copy().save(folder / name, **options)
    return sorted(folder.iterdir())


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """Truncates, flips, zeroes, repeats, drops or appends bytes, one to three times."""
    data = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        start = int(rng.integers(0, max(1, len(data))))
        end = min(len(data), start + int(rng.integers(1, 40)))
        kind = rng.integers(0, 6)
        if kind == 0:
            del data[start:]
        elif kind == 1:
            for place in range(start, end):
                data[place] ^= int(rng.integers(1, 256))
        elif kind == 2:
            data[start:end] = bytes(end - start)
        elif kind == 3:
            data[start:start] = data[start:end]
        elif kind == 4:
            del data[start:end]
        else:
            data += rng.integers(0, 256, int(rng.integers(1, 99)), dtype=np.uint8).tobytes()
    return bytes(data)


@pytest.mark.parametrize("seed", range(CASES // 16))
def test_images_damaged_at_random_give_a_picture_or_an_error(seed: int, whole: list[Path], tmp_path: Path) -> None:
    """Sixteen files for each seed, one of each kind, half of them with another's extension."""
    rng = np.random.default_rng(seed)
    root = draw_images(tmp_path / "images", SYNSETS[:2], (1, 1))
    broken = 0
    for number, source in enumerate(whole):
        extension = whole[int(rng.integers(len(whole)))].suffix if rng.random() < 0.5 else source.suffix
        path = root / SYNSETS[number % 2] / f"x{number}{extension}"
        path.write_bytes(damage(source.read_bytes(), rng))
        try:
            open_rgb(path)
        except BrokenImage:
            broken += 1
    images = image_folder(root, on_error="skip")
    assert (len(images), len(images.left_out)) == (18 - broken, broken)
    assert all(str(root) in words and "\n" not in words for words in images.left_out)
    assert {images.read(index).mode for index in range(len(images))} == {"RGB"}


def test_the_damage_is_worth_the_name(whole: list[Path], tmp_path: Path) -> None:
    """Without damage all can be read; with it, between a third and nearly all cannot."""
    outcome = []
    for number in range(CASES):
        source = whole[number % len(whole)]
        path = Path(shutil.copy(source, tmp_path))
        open_rgb(path)
        path.write_bytes(damage(source.read_bytes(), np.random.default_rng(number)))
        try:
            open_rgb(path)
            outcome.append(True)
        except BrokenImage:
            outcome.append(False)
    assert CASES / 3 < outcome.count(False) < CASES
