"""CIFAR from folders named by its classes, and from official files, here tiny ones made by hand."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torchvision.datasets import CIFAR10

from classvec import settings
from classvec.data.cifar import cifar
from classvec.data.class_ids import shipped
from classvec.data.labelled_images import LabelledImages
from classvec.errors import InputError
from classvec.ontology import wordnet
from classvec.ontology.wordnet import WordNet
from tests.conftest import draw_images

NAMES = list(shipped("cifar10"))
CAT, DOG = "n02121620", "n02084071"


def opened(root: Path, variant: Any = "cifar10", ontology: Any = None, **keys: Any) -> LabelledImages:
    return cifar(settings.Cifar(root=root, variant=variant, **keys), ontology)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Official files of ten pictures for training and twenty for testing; each picture is of one value, its number."""
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()

    def write(name: str, content: object) -> list[str]:
        data = pickle.dumps(content)
        (folder / name).write_bytes(data)
        return [name, hashlib.md5(data).hexdigest()]

    def batch(count: int) -> dict[str, object]:
        pixels = np.repeat(np.arange(count, dtype=np.uint8)[:, None], 3072, axis=1)
        return {"data": pixels, "labels": [number % 10 for number in range(count)]}

    monkeypatch.setattr(CIFAR10, "train_list", [write("data_batch_1", batch(10))])
    monkeypatch.setattr(CIFAR10, "test_list", [write("test_batch", batch(20))])
    meta = write("batches.meta", {"label_names": NAMES})
    monkeypatch.setattr(CIFAR10, "meta", {"filename": meta[0], "key": "label_names", "md5": meta[1]})
    return tmp_path


def test_official_files(archive: Path) -> None:
    images = opened(archive)
    ids = shipped("cifar10")
    assert images.classes == tuple(sorted(ids.values()))
    assert images.labels.tolist() == sorted(2 * list(range(10)))
    bird = 2 * images.classes.index(ids["bird"])  # class number 2: pictures 2 and 12
    assert [images.read(bird + i).getpixel((5, 5)) for i in range(2)] == [(2, 2, 2), (12, 12, 12)]
    assert images.read(0).size == (32, 32)
    assert images.where(bird + 1) == "cifar10-test, image 12"
    assert (images.name, images.left_out) == ("cifar10-test", ())
    assert len(opened(archive, split="train").labels) == 10


def test_fitting_gets_the_training_images(archive: Path) -> None:
    fitting = opened(archive, classes=["dog", "cat"]).for_fitting()
    assert [fitting.where(i) for i in range(2)] == ["cifar10-train, image 5", "cifar10-train, image 3"]
    assert fitting.for_fitting() is fitting


def test_a_choice_of_classes_and_images(archive: Path) -> None:
    images = opened(archive, classes=["dog", "cat.n.01"], images_per_class=1, ontology=WordNet())
    assert images.classes == (DOG, CAT)
    assert [images.read(i).getpixel((0, 0)) for i in range(2)] == [(5, 5, 5), (3, 3, 3)]
    with pytest.raises(InputError, match=r"unknown class in data\.classes 'dogg': did you mean dog"):
        opened(archive, classes=["dogg", "cat"])
    with pytest.raises(InputError, match=r"data\.classes chooses 1 classes"):
        opened(archive, classes=["dog"])


def test_the_fingerprint_sees_split_and_choice(archive: Path) -> None:
    found = [
        opened(archive),
        opened(archive, split="train"),
        opened(archive, images_per_class=1),
        opened(archive, name="x"),
    ]
    prints = [images.fingerprint() for images in found]
    assert len(set(prints)) == 3
    assert prints[0] == prints[3]  # a name is for people


def test_damaged_files_are_not_unpickled(archive: Path) -> None:
    with (archive / "cifar-10-batches-py" / "test_batch").open("ab") as file:
        file.write(b"x")
    with pytest.raises(
        InputError, match=r"cifar-10-batches-py is not the official cifar10 .*corrupted.*data\.download=true"
    ):
        opened(archive)


def test_class_folders(tmp_path: Path) -> None:
    draw_images(tmp_path / "x", ["maple_tree", "crab", "keyboard"], [1, 2, 1])
    images = opened(tmp_path / "x", "cifar100")
    assert [wordnet.embedded()[c].synset for c in images.classes] == [
        "crab.n.01",
        "computer_keyboard.n.01",
        "maple.n.02",
    ]
    assert images.labels.tolist() == [0, 0, 1, 2]
    assert images.name == "cifar100"
    (tmp_path / "x" / "crabb").mkdir()
    with pytest.raises(InputError, match="unknown class folder 'crabb': did you mean crab"):
        opened(tmp_path / "x", "cifar100")


def test_missing_files_and_unknown_values_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for root in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(
            FileNotFoundError, match=r"neither cifar-10-batches-py nor .*\(https://.*data\.download=true"
        ):
            opened(root)
    with pytest.raises(InputError, match=r"^data\.variant=cifar11: expected one of cifar10, cifar100$"):
        opened(tmp_path, "cifar11")
    with pytest.raises(InputError, match=r"^data\.split=tests: expected one of test, train$"):
        opened(tmp_path, split="tests")

    def offline(self: CIFAR10) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(CIFAR10, "download", offline)
    with pytest.raises(InputError, match=r"cannot be fetched or read \(no route to host\): .* https://.* manually"):
        opened(tmp_path / "new", download=True)
