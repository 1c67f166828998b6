"""Folders of images, pictures of every kind, and batches of one constant size."""

from pathlib import Path

import pytest
import torch

from classvec.data.labelled_images import Decoding, batches
from classvec.errors import InputError
from classvec.networks.network import Network
from tests.conftest import SYNSETS, draw_images, image_folder


def test_classes_and_images_are_in_order(image_root: Path) -> None:
    images = image_folder(image_root)
    assert images.classes == SYNSETS
    assert images.labels.tolist() == [0] * 3 + [1] + [2] * 4 + [3] * 2 + [4] * 5 + [5] * 2
    assert images.paths[:4] == ("n01440764/0.png", "n01440764/1.png", "n01440764/2.png", "n01443537/0.png")
    assert images.name == "images"
    assert images.read(0).mode == "RGB"
    assert images.where(3) == str(image_root / "n01443537/0.png")


def test_folders_that_do_not_fit_are_errors(image_root: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"data\.root=.*nowhere is no folder"):
        image_folder(tmp_path / "nowhere")
    (image_root / "n02099601").mkdir()
    with pytest.raises(InputError, match=r"class folder .*n02099601 holds no image"):
        image_folder(image_root)
    (image_root / "n02099601").rename(image_root / "retriever")
    with pytest.raises(InputError, match=r"1 of 7 folders .* not named by a synset, like n02084071, .*: retriever"):
        image_folder(image_root)
    single = draw_images(tmp_path / "single", SYNSETS[:1], (1,))
    with pytest.raises(InputError, match="holds 1 class folders"):
        image_folder(single)


def test_batches_have_one_size_and_say_which_rows_are_padding(image_root: Path, tiny: Network) -> None:
    images = image_folder(image_root)
    found = list(batches(images, tiny.transform, range(3, 17), batch_size=5))
    assert [batch.images.shape for batch in found] == [torch.Size([5, 3, 32, 32])] * 3
    assert torch.cat([batch.index for batch in found]).tolist() == [*range(3, 17), -1]
    assert float(found[-1].images[-1].abs().sum()) == 0.0
    torch.testing.assert_close(found[1].images[2], tiny.transform(images.read(10)), rtol=0, atol=0)


def test_worker_processes_give_the_same_batches(image_root: Path, tiny: Network) -> None:
    images = image_folder(image_root)
    alone = list(batches(images, tiny.transform, range(17), batch_size=4))
    helped = list(batches(images, tiny.transform, range(17), batch_size=4, decoding=Decoding(workers=2)))
    for one, other in zip(alone, helped, strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.index, other.index)
