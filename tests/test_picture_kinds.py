"""Kinds of pictures: which are read, whose zero is white, and how much memory each takes."""

import struct
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from classvec.data import picture
from classvec.data.picture import BrokenImage, is_picture, open_rgb


def tiff(values: np.ndarray, bits: int, zero: int, order: str) -> bytes:
    """Returns a TIFF file of one strip by hand; Pillow writes none whose zero is white and that has 16 bits."""
    height, width = values.shape
    data = np.packbits(values, axis=1).tobytes() if bits == 1 else values.astype(f"{order}u{bits // 8}").tobytes()
    tags = [(256, 3, width), (257, 3, height), (258, 3, bits), (259, 3, 1), (262, 3, zero), (273, 4, 122),
            (277, 3, 1), (278, 3, height), (279, 4, len(data))]  # fmt: skip
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIH", 42, 8, len(tags))
    table = b"".join(
        struct.pack(f"{order}HHI{'HH' if kind == 3 else 'I'}", tag, kind, 1, value, *([0] if kind == 3 else []))
        for tag, kind, value in tags
    )
    return head + table + bytes(122 - len(head) - len(table)) + data


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [1, 8, 16])
def test_white_is_zero_where_a_tiff_says_so(bits: int, order: str, tmp_path: Path) -> None:
    white = 2**bits - 1
    values = np.array([[0, 1, white // 3, white], [white, 0, 1, white - 1]], dtype=np.uint16) & white
    shown = np.floor(values * (255 / white) + 0.5).astype(np.uint8)
    for zero, wanted in ((1, shown), (0, 255 - shown)):
        path = tmp_path / f"{zero}.tif"
        path.write_bytes(tiff(values, bits, zero, order))
        np.testing.assert_array_equal(np.asarray(open_rgb(path)), np.stack([wanted] * 3, axis=2))


def test_white_is_zero_for_floats_too(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    Image.fromarray(np.array([[0, 0.2, 1]], dtype=np.float32)).save(path)
    content = path.read_bytes()
    place = content.index(struct.pack("<HHI", 262, 3, 1)) + 8
    path.write_bytes(content[:place] + bytes(2) + content[place + 2 :])
    assert np.asarray(open_rgb(path))[0, :, 0].tolist() == [255, 204, 0]


def test_more_formats_are_read(tmp_path: Path) -> None:
    picture_ = Image.radial_gradient("L").resize((48, 48)).convert("RGB")
    kinds: dict[str, dict[str, Any]] = {
        "a.avif": {"quality": 95, "subsampling": "4:4:4"}, "a.jp2": {}, "a.j2k": {},
    }  # fmt: skip
    for name, options in kinds.items():
        path = tmp_path / name
        picture_.save(path, **options)
        np.testing.assert_allclose(np.asarray(open_rgb(path)), np.asarray(picture_), atol=6, err_msg=name)
        unnamed = path.rename(tmp_path / name.partition(".")[2].upper())
        assert is_picture(unnamed)
        content = unnamed.read_bytes()
        unnamed.write_bytes(content[: len(content) * 2 // 3])
        with pytest.raises(BrokenImage):
            open_rgb(unnamed)
    clear = tmp_path / "clear.avif"
    Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(clear)
    assert np.asarray(open_rgb(clear)).min() == 255


@pytest.mark.parametrize(
    "content",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", b"%PDF-1.4\n", b"<svg xmlns='a'/>",
        b"\xc5\xd0\xd3\xc6" + bytes(30), b"\xd7\xcd\xc6\x9a" + bytes(40),
    ],
)  # fmt: skip
def test_nothing_that_another_program_draws_is_opened(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a program was started"))
    path = tmp_path / "a.png"
    path.write_bytes(content)
    assert not is_picture(path)
    with pytest.raises(BrokenImage, match="not one of AVIF"):
        open_rgb(path)


def plain(path: Path) -> Image.Image:
    """Converts and turns whole pictures, with Pillow's own function for the turn: what strips must agree with."""
    with Image.open(path) as opened:
        image = ImageOps.exif_transpose(opened)
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        scale = 255.0 if image.mode == "F" else 255.0 / 65535
        return Image.fromarray((np.asarray(image) * scale + 0.5).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


@pytest.mark.parametrize("strip", [picture.STRIP, 100])
def test_pixels_are_those_of_whole_pictures_converted_at_once(
    strip: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture, "STRIP", strip)
    rng = np.random.default_rng(0)
    four = Image.fromarray(rng.integers(0, 256, (37, 53, 4), dtype=np.uint8))
    rgb = four.convert("RGB")
    deep = rng.integers(0, 65536, (37, 53), dtype=np.uint16)
    kinds: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "rgb.png": (rgb, {}), "rgba.png": (four, {}), "la.png": (four.convert("LA"), {}),
        "l.png": (rgb.convert("L"), {}), "p.png": (rgb.quantize(9), {"transparency": 3}),
        "p.gif": (rgb.quantize(9), {}), "1.tif": (rgb.convert("1"), {}),
        "key.png": (rgb, {"transparency": rgb.getpixel((3, 3))}), "cmyk.jpg": (rgb.convert("CMYK"), {}),
        "l16.png": (Image.fromarray(deep), {}), "i.tif": (Image.fromarray(deep.astype(np.int32)), {}),
        "f.tif": (Image.fromarray(rng.random((37, 53), dtype=np.float32)), {}), "ycc.tif": (rgb.convert("YCbCr"), {}),
        "lab.tif": (rgb.convert("LAB"), {}),
    }  # fmt: skip
    for name, (image, options) in kinds.items():
        path = tmp_path / name
        image.save(path, **options)
        np.testing.assert_array_equal(np.asarray(open_rgb(path)), np.asarray(plain(path)), err_msg=name)
    for turn in range(1, 10):  # there is no ninth
        exif = Image.Exif()
        exif[0x0112] = turn
        path = tmp_path / f"{turn}.png"
        four.save(path, exif=exif)
        np.testing.assert_array_equal(np.asarray(open_rgb(path)), np.asarray(plain(path)), err_msg=path.name)


def test_pixels_of_photographs_are_what_they_were(real_data: Path) -> None:
    files = sorted((real_data / "data" / "imagenet-sample").rglob("*.JPEG"))[::20]
    assert len(files) == 50
    for path in files:
        np.testing.assert_array_equal(np.asarray(open_rgb(path)), np.asarray(plain(path)), err_msg=path.name)


PEAK = """
import sys
from pathlib import Path
from PIL import Image
from classvec.data.picture import open_rgb

def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) * 1024

small, large = map(Path, sys.argv[1:])
open_rgb(small)
before = peak()
image = open_rgb(large)
print((peak() - before) / (image.width * image.height))
"""


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("PNG", "RGBA", {}),
        ("PNG", "P", {}),
        ("PNG", "LA", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"}),
        ("PNG", "I;16", {}),
        ("TIFF", "F", {"compression": "tiff_adobe_deflate"}),
        ("JPEG", "CMYK", {"progressive": True, "subsampling": 0}),
        ("WEBP", "RGBA", {"lossless": True, "quality": 0}),
        ("AVIF", "RGBA", {"speed": 10}),
        ("JPEG2000", "RGBA", {}),
    ],
)
def test_memory_for_each_pixel_is_bounded(kind: str, mode: str, options: dict[str, Any], tmp_path: Path) -> None:
    """A picture of 6 million pixels and little content, in a process of its own; 8 MB are for the rest."""
    paths = [tmp_path / "small", tmp_path / "large"]
    for path, side in zip(paths, (16, 2449), strict=True):
        Image.new(mode, (side, side)).save(path, kind, **options)
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PEAK), *map(str, paths)], capture_output=True, text=True, check=True
    ).stdout
    bound = picture.BYTES_PER_PIXEL.get(kind, picture.OTHERS)
    assert 4 < float(out) < bound + 8e6 / 2449**2
    assert float(out) < 10 or kind in {"JPEG", *picture.BYTES_PER_PIXEL}


def test_the_bound_is_two_gibibytes_whatever_the_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert picture.MAX_BYTES // picture.OTHERS == 178_956_970 < 2 * (Image.MAX_IMAGE_PIXELS or 0) + 2
    path = tmp_path / "large.png"
    Image.new("1", (13_378, 13_378)).save(path)  # 22 kB; Pillow's own bound is the same
    with pytest.raises(BrokenImage, match="178970884 pixels"):
        open_rgb(path)
    monkeypatch.setattr(picture, "MAX_BYTES", 2800)
    for kind, most in (("PNG", 233), ("WEBP", 175), ("AVIF", 175), ("JPEG2000", 100)):
        Image.new("RGB", (10, most // 10)).save(path, kind)
        assert open_rgb(path).size == (10, most // 10)
        Image.new("RGB", (10, most // 10 + 1)).save(path, kind)
        with pytest.raises(BrokenImage, match=f"10x{most // 10 + 1} pixels; at most {most} pixels and sides of 1:200"):
            open_rgb(path)
