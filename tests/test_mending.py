"""Pictures whose pixels are whole are read whatever else is damaged; where pixels are missing, none are made up."""

import io
import logging
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngInfo

from classvec.data.labelled_images import Decoding, batches
from classvec.data.mending import METADATA, NO_END
from classvec.data.picture import BrokenImage, decoded
from classvec.networks.network import Network
from tests.conftest import SYNSETS, image_folder

SIZE = (61, 45)  # no multiple of a JPEG's blocks


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def noise(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (*SIZE[::-1], 3), dtype=np.uint8)).convert(mode)


def smooth(mode: str = "RGB") -> Image.Image:
    return noise().resize((4, 3)).resize(SIZE).convert(mode)


def read(content: bytes) -> tuple[np.ndarray, str]:
    found = decoded(Path("a"), content)
    return np.asarray(found.image), found.flaw


def chunk(kind: bytes, data: bytes, checksum: int | None = None) -> bytes:
    checksum = zlib.crc32(kind + data) if checksum is None else checksum
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


LARGE = zlib.compress(bytes(3_000_000))


@pytest.mark.parametrize(
    ("extra", "at_end"),
    [
        (chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + LARGE), False),
        (chunk(b"zTXt", b"Comment\0\0" + LARGE), True),
        (chunk(b"iCCP", b"profile\0\0" + LARGE), False),
        (chunk(b"tEXt", b"Comment\0words", checksum=1), False),
        (chunk(b"iCCP", b"profile\0\7" + LARGE), False),  # compressed as nobody knows
        (chunk(b"eXIf", b"MM\0*nothing", checksum=2), False),
        (chunk(b"tEXt", b"Comment\0words")[:-9], True),  # the file ends in it
    ],
)
def test_metadata_never_decide_on_a_png(extra: bytes, at_end: bool) -> None:
    whole = saved(noise(), "PNG")
    place = len(whole) - 12 if at_end else 33
    end = whole[place:] if len(extra) != 16 else b""
    pixels, flaw = read(whole[:place] + extra + end)
    np.testing.assert_array_equal(pixels, np.asarray(noise()))
    assert flaw == METADATA


def test_palette_transparency_and_turn_outlive_the_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    text = PngInfo()
    text.add_text("a", "words")
    whole = saved(noise().quantize(16), "PNG", transparency=3, exif=exif, pnginfo=text)
    place = whole.index(b"tEXt")
    damaged = whole[: place + 6] + b"!" + whole[place + 7 :]
    wanted, flaw = read(whole)
    found = read(damaged)
    assert (flaw, found[1]) == ("", METADATA)
    assert wanted.shape == (SIZE[0], SIZE[1], 3)
    np.testing.assert_array_equal(found[0], wanted)


def test_a_png_without_end_marker_is_read_and_one_without_pixels_is_not() -> None:
    whole = saved(noise(), "PNG")
    for n_missing in (1, 4, 12, 14):  # up to two bytes of the pixels' checksum
        pixels, flaw = read(whole[:-n_missing])
        np.testing.assert_array_equal(pixels, np.asarray(noise()))
        assert flaw == NO_END
    for n_missing in (40, 400, 4000):
        with pytest.raises(BrokenImage, match="truncated"):
            read(whole[:-n_missing])
    with pytest.raises(BrokenImage):
        read(whole[:33] + chunk(b"tEXt", b"a\0b", checksum=1) + whole[33:-400])
    header = whole[:29] + bytes(4) + whole[33:]
    with pytest.raises(BrokenImage):
        read(header)


KINDS: dict[str, tuple[Image.Image, dict[str, Any]]] = {
    "plain": (noise(), {"quality": 95}),
    "smooth": (smooth(), {"quality": 30}),
    "optimised": (smooth(), {"quality": 60, "optimize": True}),
    "progressive": (noise(), {"progressive": True}),
    "smooth and progressive": (smooth(), {"progressive": True, "quality": 50}),
    "grey": (smooth("L"), {"quality": 75}),
    "four components": (noise("CMYK"), {"quality": 75, "subsampling": 0}),
    "restarts": (noise(), {"restart_marker_rows": 1}),
    "many restarts": (smooth(), {"restart_marker_blocks": 1}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_without_end_marker_has_the_pixels_of_the_whole(kind: str) -> None:
    image, options = KINDS[kind]
    whole = saved(image, "JPEG", **options)
    wanted, flaw = read(whole)
    assert flaw == ""
    for n_missing in (1, 2):
        found, flaw = read(whole[:-n_missing])
        np.testing.assert_array_equal(found, wanted)
        assert flaw == NO_END


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_is_broken_wherever_pixels_are_missing(kind: str) -> None:
    """Cut anywhere, a file is broken, or its pixels are those of the whole: the last byte may be padding."""
    image, options = KINDS[kind]
    whole = saved(image, "JPEG", **options)
    wanted, _ = read(whole)
    start = whole.index(b"\xff\xda")
    cuts = {*np.linspace(start, len(whole) - 4, 60).astype(int).tolist(), *range(len(whole) - 40, len(whole) - 2)}
    cuts |= {place for place in range(start, len(whole) - 4) if whole[place] == 0xFF and whole[place + 1] > 0xC0}
    n_read = 0
    for cut in sorted(cuts):
        try:
            found, _ = read(whole[:cut])
        except BrokenImage:
            continue
        n_read += 1
        np.testing.assert_array_equal(found, wanted, err_msg=f"cut at {cut} of {len(whole)}")
    assert n_read <= 2


def test_zeros_in_place_of_the_rest_are_no_pixels() -> None:
    for options in ({}, {"progressive": True}):
        whole = saved(smooth(), "JPEG", **options)
        for kept in (len(whole) // 2, len(whole) - 40):
            with pytest.raises(BrokenImage):
                read(whole[:kept] + bytes(2000))
        np.testing.assert_array_equal(read(whole + bytes(2000))[0], read(whole)[0])
        np.testing.assert_array_equal(read(whole + b"a trailer, as phones write" + bytes(64))[0], read(whole)[0])


def test_damaged_exif_data_do_not_decide() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = saved(noise(), "WEBP", lossless=True, exif=exif)
    place = whole.index(b"MM\0*")
    pixels, flaw = read(whole[:place] + b"XX" + whole[place + 2 :])
    assert flaw == METADATA
    np.testing.assert_array_equal(pixels, np.asarray(noise()))


def test_no_switch_of_pillow_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that loads with us sees truncated pictures refused, also while we read one."""
    opened = Image.open
    seen: list[bool] = []

    def watched(*arguments: Any, **options: Any) -> Any:
        seen.append(ImageFile.LOAD_TRUNCATED_IMAGES)
        return opened(*arguments, **options)

    monkeypatch.setattr(Image, "open", watched)
    read(saved(noise("L"), "JPEG", quality=95)[:-2])
    assert len(seen) > 2
    assert not any(seen)


@pytest.mark.parametrize("workers", [0, 2])
def test_one_line_counts_the_flaws_of_a_data_set(
    workers: int, image_root: Path, tiny: Network, caplog: pytest.LogCaptureFixture
) -> None:
    flawed = [image_root / SYNSETS[2] / "1.png", image_root / SYNSETS[4] / "3.png"]
    change: list[Callable[[bytes], bytes]] = [
        lambda content: content[:33] + chunk(b"tEXt", b"a\0b", checksum=1) + content[33:],
        lambda content: content[:-12],
    ]
    for path, damage in zip(flawed, change, strict=True):
        path.write_bytes(damage(path.read_bytes()))
    images = image_folder(image_root)
    for _ in range(2):  # images that are read twice count once
        list(batches(images, tiny.transform, range(17), batch_size=4, decoding=Decoding(workers=workers)))
        images.report_flaws()
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "2 of 17 images have damaged or very large metadata or no end marker" in line
    assert f"such as {flawed[0]} ({METADATA})" in line
