"""Pictures of every kind are read as a person sees them; files that are none are errors that name them."""

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from classvec.data.picture import BrokenImage, open_rgb
from classvec.errors import InputError


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


def png(pixels: np.ndarray, colour_type: int, bits: int) -> bytes:
    """Returns a PNG file; Pillow itself writes none with 16 bits a channel, nor one without pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2" if bits == 16 else "u1").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("pixel", "colour_type", "wanted"),
    [
        ((65535, 32896, 0), 2, (255, 128, 0)),  # RGB
        ((65535, 0), 4, (255, 255, 255)),  # grey, wholly transparent
        ((0, 65535), 4, (0, 0, 0)),  # black, opaque
        ((65535, 0, 0, 65535), 6, (255, 0, 0)),  # RGBA
    ],
)
def test_sixteen_bits_a_channel(pixel: tuple[int, ...], colour_type: int, wanted: Any, tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    path.write_bytes(png(np.full((3, 5, len(pixel)), pixel), colour_type, 16))
    np.testing.assert_array_equal(np.asarray(open_rgb(path)), np.full((3, 5, 3), wanted))


def test_one_bit_and_grey_with_transparency(tmp_path: Path) -> None:
    bits = open_rgb(save(Image.fromarray(np.eye(4, dtype=bool)), tmp_path / "bits.png"))
    np.testing.assert_array_equal(np.asarray(bits)[:, :, 1], np.eye(4) * 255)
    half = open_rgb(save(Image.new("LA", (4, 4), (0, 51)), tmp_path / "half.png"))
    assert np.unique(np.asarray(half)).tolist() == [204]  # a fifth of black on white
    marked = open_rgb(save(Image.new("L", (4, 4), 5), tmp_path / "marked.png", transparency=5))
    assert np.unique(np.asarray(marked)).tolist() == [255]


def test_floats_reach_from_0_to_1_and_integers_to_65535(tmp_path: Path) -> None:
    floats = np.array([[0.0, 0.2, 1.0]], dtype=np.float32)
    found = open_rgb(save(Image.fromarray(floats), tmp_path / "float.tif"))
    assert np.asarray(found)[0, :, 0].tolist() == [0, 51, 255]
    whole = open_rgb(save(Image.fromarray(np.array([[0, 257, 65535]], dtype=np.int32)), tmp_path / "whole.tif"))
    assert np.asarray(whole)[0, :, 0].tolist() == [0, 1, 255]
    for values, words in (
        (floats * 255, "values from 0 to 255; greys of type float32 must lie in 0-1"),
        (floats * np.nan, "values from nan to nan"),
        (np.array([[-1, 5]], dtype=np.int32), "values from -1 to 5; greys of type int32 must lie in 0-65535"),
    ):
        with pytest.raises(BrokenImage, match=words):
            open_rgb(save(Image.fromarray(values), tmp_path / "wrong.tif"))


def test_the_first_of_several_frames_and_interlaced_files(tmp_path: Path) -> None:
    for name in ("stereo.mpo", "pages.tif", "moving.webp", "moving.png"):
        others = [Image.new("RGB", (40, 20), "green")]
        options: dict[str, Any] = {"lossless": True} if name.endswith("webp") else {}
        path = save(left_red_right_blue(), tmp_path / name, save_all=True, append_images=others, **options)
        found, wanted = (np.asarray(picture)[:, ::8] for picture in (open_rgb(path), left_red_right_blue()))
        np.testing.assert_allclose(found, wanted, atol=8, err_msg=name)
    path = save(left_red_right_blue(), tmp_path / "progressive.jpg", progressive=True, quality=95)
    np.testing.assert_allclose(np.asarray(open_rgb(path))[:, ::8], wanted, atol=8)
    # Seven passes of an interlaced PNG of one pixel: the first has it, the others are empty.
    single = png(np.array([[[9, 8, 7]]]), 2, 8)
    header = b"IHDR" + struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 1)
    interlaced = single[:12] + header + struct.pack(">I", zlib.crc32(header)) + single[33:]
    (tmp_path / "interlaced.png").write_bytes(interlaced)
    assert open_rgb(tmp_path / "interlaced.png").getpixel((0, 0)) == (9, 8, 7)


def test_the_content_decides_not_the_extension(tmp_path: Path) -> None:
    path = save(left_red_right_blue(), tmp_path / "a.png").rename(tmp_path / "a.jpg")
    np.testing.assert_array_equal(np.asarray(open_rgb(path)), np.asarray(left_red_right_blue()))
    (tmp_path / "program.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n")
    with pytest.raises(BrokenImage, match=r"program.jpg cannot be read as an image \(not one of AVIF, BMP, GIF"):
        open_rgb(tmp_path / "program.jpg")


def test_pictures_out_of_all_proportion_are_errors(tmp_path: Path) -> None:
    assert open_rgb(save(Image.new("RGB", (200, 1)), tmp_path / "a.png")).size == (200, 1)
    with pytest.raises(BrokenImage, match=r"201x1 pixels; at most 178,956,970 pixels and sides of 1:200"):
        open_rgb(save(Image.new("RGB", (201, 1)), tmp_path / "b.png"))
    (tmp_path / "c.png").write_bytes(png(np.zeros((0, 4, 3)), 2, 8))
    with pytest.raises(BrokenImage, match="c.png cannot be read as an image"):
        open_rgb(tmp_path / "c.png")
    huge = png(np.zeros((1, 1, 3)), 2, 8)
    for width, height in ((20_000, 10_000), (3_000, 3_000)):  # the one is refused, the other lacks its pixels
        header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        (tmp_path / "d.png").write_bytes(huge[:12] + header + struct.pack(">I", zlib.crc32(header)) + huge[33:])
        with pytest.raises(BrokenImage, match="d.png cannot be read as an image"):
            open_rgb(tmp_path / "d.png")


def test_what_is_no_plain_file_is_an_error_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "nowhere.png").symlink_to(tmp_path / "gone.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    for name in ("nowhere.png", "pipe.png", "folder.png", "missing.png"):
        with pytest.raises(BrokenImage, match=rf"{name} cannot be read .*\(it is gone"):
            open_rgb(tmp_path / name)


def test_a_file_that_must_not_be_read_is_not_called_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(left_red_right_blue(), tmp_path / "secret.png")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(InputError, match=r"secret.png cannot be read \(Permission denied\): .*chmod u\+r") as caught:
        open_rgb(path)
    assert not isinstance(caught.value, BrokenImage)
