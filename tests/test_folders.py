"""What lies in folders is used or named: links, files without extension, folders below, files beside."""

import logging
import os
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from classvec import settings
from classvec.data.cifar import cifar
from classvec.data.folders import images_in
from classvec.data.imagenet import ImageNet
from classvec.errors import InputError
from tests.conftest import SYNSETS, draw_images, image_folder

NEW = "n02099601"


def test_a_folder_that_must_not_be_opened_and_one_of_folders(image_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (image_root / "n02099601" / "images").mkdir(parents=True)
    with pytest.raises(InputError, match=r"n02099601 holds no image but 1 folders, such as images: images must lie in"):
        image_folder(image_root)

    (image_root / "n02099601" / "images").rmdir()
    (image_root / "n02099601" / "a.heic").write_bytes(b"x")
    with pytest.raises(
        InputError, match=r"n02099601 holds no image but other files \(\.heic\); wanted \.apng, \.avif, "
    ):
        image_folder(image_root)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match=r"images cannot be opened \(Permission denied\): .*chmod u\+rx"):
        image_folder(image_root)


def test_files_that_are_no_images_are_left_out_with_a_word(image_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    (image_root / SYNSETS[0] / "notes.txt").write_text("a tench")
    (image_root / SYNSETS[0] / ".hidden.png").write_text("")
    with caplog.at_level(logging.WARNING):
        assert len(image_folder(image_root)) == 17
    assert "left out 1 files that are no images" in caplog.text


def dead(link: Path, target: str | Path) -> str:
    """Makes a link, and returns what its error says."""
    link.symlink_to(target)
    return rf"{re.escape(str(link))} is a link to {re.escape(str(target))}, which is not there.*: mount or repair"


def test_a_class_that_is_a_link_is_used_and_a_dead_one_named(image_root: Path, tmp_path: Path) -> None:
    draw_images(tmp_path / "disk", [NEW], [2])
    (image_root / NEW).symlink_to(tmp_path / "disk" / NEW)
    assert image_folder(image_root).labels.tolist().count(3) == 2
    shutil.rmtree(tmp_path / "disk")
    with pytest.raises(InputError, match=rf"{NEW} is a link to {re.escape(str(tmp_path))}/disk/{NEW}, which is not"):
        image_folder(image_root)


def test_loops_of_links_are_named(image_root: Path) -> None:
    with pytest.raises(InputError, match=dead(image_root / NEW, NEW)):
        image_folder(image_root)
    (image_root / NEW).unlink()
    (image_root / NEW).symlink_to("other")
    (image_root / "other").symlink_to(NEW)
    with pytest.raises(InputError, match=rf"({NEW} is a link to other|other is a link to {NEW}), which is not there"):
        image_folder(image_root)


def test_links_that_are_no_class_stop_nothing(image_root: Path) -> None:
    (image_root / ".trash").symlink_to("nowhere")
    (image_root / "cover.jpg").symlink_to("nowhere")  # an image at best, and none of a class
    (image_root / "notes").symlink_to(image_root / SYNSETS[0] / "0.png")
    assert len(image_folder(image_root).classes) == 6


def test_dead_links_in_the_layouts_of_imagenet(image_root: Path, tmp_path: Path) -> None:
    def opened(root: Path) -> ImageNet:
        return ImageNet(settings.ImageNet(root=root))

    (image_root / "train").symlink_to("nowhere")  # no class
    assert len(opened(image_root).classes) == 6
    with pytest.raises(InputError, match=dead(image_root / NEW, "/not/mounted")):
        opened(image_root)
    with pytest.raises(InputError, match=dead(tmp_path / "val", "/not/mounted")):
        opened(tmp_path)


def test_dead_links_in_cifars_folders(tmp_path: Path) -> None:
    root = draw_images(tmp_path / "x", ["crab", "keyboard"], [1, 1])
    with pytest.raises(InputError, match=dead(root / "maple_tree", "/not/mounted")):
        cifar(settings.Cifar(root=root, variant="cifar100"))  # type: ignore[arg-type]


def test_the_content_decides_where_no_extension_does(image_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = image_folder(image_root).fingerprint()
    folder = image_root / SYNSETS[2]
    names = {"0.png": "0f3a9c", "1.png": "1.png?w=300", "2.png": "2.orig", "3.png": "3."}
    for old, new in names.items():
        (folder / old).rename(folder / new)
    with caplog.at_level(logging.WARNING):
        images = image_folder(image_root)
    assert [Path(path).name for path in images.paths[4:8]] == list(names.values())
    assert images.fingerprint() == before
    assert images.read(4).mode == "RGB"
    assert [entry for entry in caplog.records if entry.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("kind", ["BMP", "GIF", "JPEG", "MPO", "PNG", "PPM", "TIFF", "WEBP"])
def test_every_format_is_known_by_its_content(kind: str, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "picture", format=kind)
    assert images_in(tmp_path) == ["picture"]


def test_other_content_is_left_out_and_counted(image_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = image_root / SYNSETS[0]
    (folder / "text").write_text("P1 is how a bitmap begins")
    (folder / "empty").touch()
    (folder / "page.pdf").write_bytes(b"%PDF-1.4")
    Image.new("RGB", (8, 8)).save(folder / "raw.NEF", format="TIFF")  # so begin raw files of cameras
    Image.new("RGB", (8, 8)).save(folder / "icon", format="ICO")
    (folder / "nowhere").symlink_to("gone")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    with caplog.at_level(logging.WARNING):
        assert len(image_folder(image_root)) == 17
    assert f"{folder}: left out 8 files that are no images ['', '.NEF', '.pdf']" in caplog.text


def test_known_extensions_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.png", "b.JPEG", "c"):
        Image.new("RGB", (8, 8)).save(tmp_path / name, format="PNG")
    opened: list[str] = []
    real = Image.open

    def watched(path: Path, **options: object) -> Image.Image:
        opened.append(path.name)
        return real(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Image, "open", watched)
    assert images_in(tmp_path) == ["a.png", "b.JPEG", "c"]
    assert opened == ["c"]


def test_images_in_folders_below_a_class_are_counted(image_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = image_root / SYNSETS[2]
    draw_images(folder, ["more/deep", "other", ".hidden", "empty"], [2, 1, 4, 0])
    (folder / "other" / "0.png").rename(folder / "other" / "no_extension")
    (folder / "other" / "notes.txt").write_text("no image")
    with caplog.at_level(logging.WARNING):
        assert len(image_folder(image_root)) == 17
    assert caplog.messages == [
        f"{folder}: left out 3 images in folders below it, such as more: only images in the class folder itself count"
    ]


def test_what_lies_beside_the_class_folders_is_named(image_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    words = "{}: left out {} files or folders beside the class folders, such as {}"
    with caplog.at_level(logging.INFO):
        image_folder(image_root)
        assert caplog.messages == []
        (image_root / "classes.csv").write_text("folder,synset\n")
        (image_root / "lost.png").touch()
        (image_root / ".DS_Store").touch()
        image_folder(image_root)
        assert caplog.messages == [words.format(image_root, 2, "classes.csv")]
        caplog.clear()
        (image_root / "a folder").mkdir()
        ImageNet(settings.ImageNet(root=image_root))
        assert caplog.messages == [words.format(image_root, 3, "a folder")]


def test_folders_of_the_system_are_left_out(image_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    names = ["#recycle", "$RECYCLE.BIN", ".Trashes", ".ipynb_checkpoints", "@eaDir", "System Volume Information",
             "__MACOSX", "lost+found"]  # fmt: skip
    before = image_folder(image_root).fingerprint()
    draw_images(image_root, names, [1] * len(names))
    draw_images(image_root / SYNSETS[0] / "@eaDir", ["0.png"], [1])
    for name in ("Thumbs.db", "desktop.ini", "._0.png"):
        (image_root / SYNSETS[0] / name).write_text("x")
    caplog.clear()
    with caplog.at_level(logging.INFO):
        assert image_folder(image_root).fingerprint() == before
    assert caplog.messages[:1] == [f"{image_root}: left out folders of the system: {', '.join(names)}"]


@pytest.mark.parametrize("parts", [("train", "val"), ("Training", "test"), ("validation",), ("pictures",)])
def test_a_folder_above_the_class_folders_names_the_one_to_give(parts: tuple[str, ...], tmp_path: Path) -> None:
    for part in parts:
        draw_images(tmp_path / part, SYNSETS[:3], [1, 1, 1])
    (tmp_path / "__MACOSX").mkdir()
    wanted = rf"data\.root={re.escape(str(tmp_path))} holds {', '.join(parts)}, .* data\.root={tmp_path}/{parts[0]}$"
    with pytest.raises(InputError, match=wanted):
        image_folder(tmp_path)
    if "val" not in parts:  # ImageNet's validation set lies there by custom
        with pytest.raises(InputError, match=wanted):
            ImageNet(settings.ImageNet(root=tmp_path))
    assert len(image_folder(tmp_path / parts[0])) == 3
    draw_images(tmp_path, [SYNSETS[3]], [1])
    with pytest.raises(InputError, match=rf"{len(parts)} of {len(parts) + 1} folders in .* not named by a synset.*"):
        image_folder(tmp_path)  # beside a class they are folders like others
