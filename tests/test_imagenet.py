"""The validation set of ILSVRC 2012 in its layouts: class folders, Kaggle's labels, the development kit's."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from classvec import settings
from classvec.data.imagenet import GROUND_TRUTH, SOLUTION, ImageNet
from classvec.data.imagenet_labels import read_meta
from classvec.errors import InputError
from tests.conftest import draw_images

TENCH, GOLDFISH, DOG = "n01440764", "n01443537", "n02084071"
KIT = {1: GOLDFISH, 2: DOG, 3: TENCH}
TRUTH = (3, 1, 3, 2, 1)


def imagenet(root: Path, ontology: Any = None, **keys: Any) -> ImageNet:
    return ImageNet(settings.ImageNet(root=root, **keys), ontology)


def flat(folder: Path, count: int = 5) -> Path:
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        Image.new("RGB", (8, 8), (40 * number, 0, 0)).save(folder / f"ILSVRC2012_val_{number:08d}.JPEG")
    return folder


def write_meta(path: Path) -> Path:
    """Writes a meta.mat like the kit's: the classes, and a group of classes above them."""
    from scipy.io import savemat

    fields: Any = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("num_children", "O")]
    rows = [*((number, synset, "words", 0) for number, synset in KIT.items()), (4, "n00001740", "entity", 3)]
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"synsets": np.array(rows, dtype=fields).reshape(-1, 1)})
    return path


def write_truth(path: Path, numbers: tuple[int, ...] = TRUTH) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{number}\n" for number in numbers))
    return path


def check(images: ImageNet) -> None:
    assert images.classes == (TENCH, GOLDFISH, DOG)
    assert [Path(path).stem[-1] for path in images.paths] == ["1", "3", "2", "5", "4"]
    assert images.labels.tolist() == [0, 0, 1, 1, 2]
    assert images.read(4).mode == "RGB"
    assert images.name == "imagenet"


@pytest.mark.parametrize("below", ["", "val", "ILSVRC/Data/CLS-LOC/val"])
def test_class_folders(below: str, tmp_path: Path) -> None:
    draw_images(tmp_path / below, (TENCH, GOLDFISH, DOG), (2, 2, 1))
    (tmp_path / below / "notes").mkdir()
    images = imagenet(tmp_path)
    assert images.classes == (TENCH, GOLDFISH, DOG)
    assert images.labels.tolist() == [0, 0, 1, 1, 2]
    assert imagenet(tmp_path, classes=[DOG, TENCH], images_per_class=1).paths == (f"{TENCH}/0.png", f"{DOG}/0.png")


def test_kaggles_labels(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    flat(tmp_path / "ILSVRC" / "Data" / "CLS-LOC" / "val")
    rows = [f"ILSVRC2012_val_{i:08d},{KIT[n]} 1 2 3 4 {DOG} 5 6 7 8 " for i, n in enumerate(TRUTH, start=1)]
    truth = tmp_path / SOLUTION
    truth.write_text("\n".join(["ImageId,PredictionString", *reversed(rows), f"ILSVRC2012_val_00000006,{DOG} 1 2 3 4"]))
    with caplog.at_level(logging.WARNING):
        check(imagenet(tmp_path))
    assert "holds 5 of the 6 images that LOC_val_solution.csv tells of" in caplog.text
    check(imagenet(tmp_path / "ILSVRC" / "Data" / "CLS-LOC" / "val"))
    check(imagenet(tmp_path, truth=truth.rename(tmp_path / "labels.csv")))
    chosen = imagenet(tmp_path, truth=tmp_path / "labels.csv", classes=[DOG, GOLDFISH])
    assert chosen.labels.tolist() == [0, 0, 1]


def test_the_development_kits_labels(tmp_path: Path) -> None:
    folder = flat(tmp_path / "val")
    kit = tmp_path / "ILSVRC2012_devkit_t12" / "data"
    write_truth(kit / GROUND_TRUTH)
    with pytest.raises(FileNotFoundError, match=r"its meta\.mat is not near: .*data\.synsets=FILE"):
        imagenet(folder)
    meta = write_meta(kit / "meta.mat")
    assert read_meta(meta) == KIT
    check(imagenet(folder))
    check(imagenet(tmp_path))
    meta.unlink()
    order = tmp_path / "order.txt"
    order.write_text("".join(f"{synset} some words\n" for synset in KIT.values()))
    check(imagenet(folder, synsets=order))


def test_labels_that_are_synset_ids(tmp_path: Path) -> None:
    folder = flat(tmp_path / "val")
    truth = tmp_path / "truth.txt"
    truth.write_text("\r\n".join(KIT[number] for number in TRUTH) + "\r\n\r\n")
    check(imagenet(folder, truth=truth))
    rows = [f"ILSVRC2012_val_{i:08d}.JPEG {KIT[number]}" for i, number in enumerate(TRUTH, start=1)]
    truth.write_text("\n".join(reversed(rows)))
    check(imagenet(folder, truth=truth))
    truth.write_text("ILSVRC2012_val_00000001.JPEG 65\n")
    with pytest.raises(InputError, match=r"truth\.txt, line 1 is 'ILSVRC2012_val_00000001\.JPEG 65': wanted one"):
        imagenet(folder, truth=truth)


def test_numbers_in_the_order_of_caffe_are_not_taken_for_the_kits(tmp_path: Path) -> None:
    folder = flat(tmp_path / "val")
    truth = write_truth(tmp_path / "truth.txt")
    order = tmp_path / "order.txt"
    order.write_text("\n".join(sorted(KIT.values())))
    with pytest.raises(InputError, match=r"order\.txt lists 3 synsets in sorted order, as Caffe and PyTorch do"):
        imagenet(folder, truth=truth, synsets=order)
    write_truth(truth, (2, 0, 2, 1, 0))
    with pytest.raises(InputError, match=r"truth\.txt, line 2 is '0': wanted .* class numbers, 1 to 3"):
        imagenet(folder, truth=truth, synsets=write_meta(tmp_path / "meta.mat"))


def test_files_that_do_not_fit_are_errors(tmp_path: Path) -> None:
    folder = flat(tmp_path / "val")
    with pytest.raises(
        FileNotFoundError, match=r"no class folders, and neither LOC_val_solution.csv nor .*data\.truth"
    ):
        imagenet(folder)
    with pytest.raises(FileNotFoundError, match=r"data\.truth=nowhere\.csv is no file"):
        imagenet(folder, truth="nowhere.csv")
    meta = write_meta(tmp_path / "meta.mat")
    short = write_truth(tmp_path / "short.txt", TRUTH[:3])
    with pytest.raises(
        InputError, match=r"short\.txt says nothing about 2 of 5 images .*ILSVRC2012_val_00000004\.JPEG"
    ):
        imagenet(folder, truth=short, synsets=meta)
    words = tmp_path / "words.csv"
    words.write_text("ImageId,PredictionString\nILSVRC2012_val_00000001,tench\n")
    with pytest.raises(InputError, match=r"words\.csv, line 2: wanted an ImageId .* found .*'tench'"):
        imagenet(folder, truth=words)
    meta.write_bytes(b"no MATLAB")
    with pytest.raises(InputError, match=r"meta\.mat is not the development kit's meta\.mat"):
        imagenet(folder, truth=short, synsets=meta)
    words.write_text("no synset\n")
    with pytest.raises(InputError, match=r"words\.txt, line 1 is 'no synset'; wanted a synset id"):
        imagenet(folder, truth=short, synsets=words.rename(tmp_path / "words.txt"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"data\.root=.*empty holds neither folders named by synset id"):
        imagenet(tmp_path / "empty")
