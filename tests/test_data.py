"""Folders of images, pictures of every kind, and batches of one constant size."""

import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from classvec.data.image_folder import ImageFolder
from classvec.data.labelled_images import batches
from classvec.data.picture import open_rgb
from classvec.errors import InputError
from classvec.networks.network import Network
from tests.conftest import SYNSETS, draw_images


def test_classes_and_images_are_in_order(image_root: Path) -> None:
    images = ImageFolder(image_root)
    assert images.classes == SYNSETS
    assert images.labels.tolist() == [0] * 3 + [1] + [2] * 4 + [3] * 2 + [4] * 5 + [5] * 2
    assert images.paths[:4] == ("n01440764/0.png", "n01440764/1.png", "n01440764/2.png", "n01443537/0.png")
    assert images.name == "images"
    assert images.read(0).mode == "RGB"
    assert images.where(3) == str(image_root / "n01443537/0.png")


def test_the_fingerprint_sees_names_sizes_and_times(image_root: Path) -> None:
    before = ImageFolder(image_root).fingerprint()
    assert ImageFolder(image_root).fingerprint() == before
    path = image_root / SYNSETS[2] / "1.png"
    os.utime(path, ns=(1, 1))
    touched = ImageFolder(image_root).fingerprint()
    path.rename(path.with_name("9.png"))
    renamed = ImageFolder(image_root).fingerprint()
    assert len({before, touched, renamed}) == 3


def test_folders_that_do_not_fit_are_errors(image_root: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"data\.root=.*nowhere is no folder"):
        ImageFolder(tmp_path / "nowhere")
    (image_root / "n02099601").mkdir()
    with pytest.raises(InputError, match=r"class folder .*n02099601 holds no image"):
        ImageFolder(image_root)
    (image_root / "n02099601").rename(image_root / "retriever")
    with pytest.raises(InputError, match=r"1 of 7 folders .* not named by a synset id like n02084071: retriever"):
        ImageFolder(image_root)
    single = draw_images(tmp_path / "single", SYNSETS[:1], (1,))
    with pytest.raises(InputError, match="holds 1 class folders"):
        ImageFolder(single)


def test_files_that_are_no_images_are_left_out_with_a_word(image_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    (image_root / SYNSETS[0] / "notes.txt").write_text("a tench")
    (image_root / SYNSETS[0] / ".hidden.png").write_text("")
    with caplog.at_level(logging.WARNING):
        assert len(ImageFolder(image_root)) == 17
    assert "left out 1 files that are no images" in caplog.text


def left_red_right_blue(mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (40, 20), (250, 0, 0))
    image.paste((0, 0, 250), (20, 0, 40, 20))
    return image.convert(mode)


def save(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


def test_pictures_are_read_as_a_person_sees_them(tmp_path: Path) -> None:
    wanted = np.asarray(left_red_right_blue())
    for name, image in {
        "rgb.png": left_red_right_blue(),
        "palette.png": left_red_right_blue().quantize(4),
        "rgba.png": left_red_right_blue("RGBA"),
        "cmyk.tif": left_red_right_blue("CMYK"),
        "animated.gif": left_red_right_blue().quantize(4),
    }.items():
        found = open_rgb(save(image, tmp_path / name))
        assert found.mode == "RGB"
        np.testing.assert_allclose(np.asarray(found), wanted, atol=6, err_msg=name)


def test_turned_transparent_deep_and_grey_pictures(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90 degrees clockwise
    turned = open_rgb(save(left_red_right_blue(), tmp_path / "turned.jpg", exif=exif, quality=95))
    assert turned.size == (20, 40)
    assert np.asarray(turned)[2, 10, 0] > 200
    assert np.asarray(turned)[37, 10, 2] > 200
    clear = open_rgb(save(Image.new("RGBA", (4, 4), (0, 0, 0, 0)), tmp_path / "clear.png"))
    assert np.asarray(clear).min() == 255
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    deep = open_rgb(save(Image.fromarray(ramp), tmp_path / "deep.png"))
    np.testing.assert_array_equal(np.asarray(deep)[:, :, 0].ravel(), np.arange(256))
    grey = open_rgb(save(Image.new("L", (4, 4), 77), tmp_path / "grey.png"))
    assert np.unique(np.asarray(grey)).tolist() == [77]


def test_broken_images_are_errors_that_name_the_file(tmp_path: Path) -> None:
    whole = save(left_red_right_blue(), tmp_path / "whole.jpg").read_bytes()
    for name, content in {"empty.jpg": b"", "text.jpg": b"not an image", "cut.jpg": whole[: len(whole) // 2]}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name} cannot be read as an image"):
            open_rgb(tmp_path / name)


def test_batches_have_one_size_and_say_which_rows_are_padding(image_root: Path, tiny: Network) -> None:
    images = ImageFolder(image_root)
    found = list(batches(images, tiny.transform, range(3, 17), batch_size=5))
    assert [batch.images.shape for batch in found] == [torch.Size([5, 3, 32, 32])] * 3
    assert torch.cat([batch.index for batch in found]).tolist() == [*range(3, 17), -1]
    assert float(found[-1].images[-1].abs().sum()) == 0.0
    torch.testing.assert_close(found[1].images[2], tiny.transform(images.read(10)), rtol=0, atol=0)


def test_worker_processes_give_the_same_batches(image_root: Path, tiny: Network) -> None:
    images = ImageFolder(image_root)
    alone = list(batches(images, tiny.transform, range(17), batch_size=4))
    helped = list(batches(images, tiny.transform, range(17), batch_size=4, workers=2))
    for one, other in zip(alone, helped, strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.index, other.index)
