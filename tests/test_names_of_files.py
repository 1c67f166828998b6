"""Names of files are bytes: also those that are no UTF-8, or have control characters, come through to the last file."""

import json
import logging
import os
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from classvec.artifacts import read_json, write_json, write_text
from classvec.data.image_folder import ImageFolder
from classvec.errors import InputError, shown, writable
from classvec.extraction.image_vectors import write_image_vectors
from classvec.networks.network import Network
from classvec.settings import ImageFolder as Settings
from classvec.settings import OnError
from tests.conftest import SYNSETS, draw_images


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (b"plain name.png", "plain name.png"),
        ("über/日本.png".encode(), "über/日本.png"),
        (b"caf\xe9.png", r"caf\xe9.png"),
        (b"two\nlines\t.png", r"two\nlines\t.png"),
        (b"red\x1b[31m", r"red\x1b[31m"),
        (rb"caf\xe9.png", r"caf\\xe9.png"),
        ("at 3\u202fPM".encode(), r"at 3\u202fPM"),
        (b"\xa0", r"\xa0"),
        ("\xa0".encode(), r"\u00a0"),
        ("a\u2028\x85".encode(), r"a\u2028\u0085"),
    ],
)
def test_a_name_is_shown_in_one_line_that_can_be_written(name: bytes, wanted: str) -> None:
    assert shown(os.fsdecode(name)) == shown(Path(os.fsdecode(name))) == wanted
    assert len(wanted.encode().splitlines()) == 1


def test_an_error_shows_bytes_and_keeps_its_lines() -> None:
    error = InputError(f"{os.fsdecode(b'caf' + bytes([0xE9]))} is gone:\nremove it")
    assert str(error) == "caf\\xe9 is gone:\nremove it" == writable(str(error))


def test_a_value_in_json_reads_back_as_the_same_name(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9\n.png")
    write_json(tmp_path / "a.json", {"root": name})
    assert read_json(tmp_path / "a.json") == {"root": name}
    assert json.loads((tmp_path / "a.json").read_bytes())["root"] == name
    write_text(tmp_path / "a.txt", name)
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "caf\\udce9\n.png"


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """A root, class folders and images whose names are no UTF-8, or have control characters."""
    root = tmp_path / os.fsdecode(b"im\xe9g")
    draw_images(root, SYNSETS[:3], (2, 2, 2))
    (root / SYNSETS[0] / "0.png").rename(root / SYNSETS[0] / os.fsdecode(b"0\xe9\n.png"))
    for synset, name in zip(SYNSETS, (b"caf\xe9", b"two\nlines", b"red\x1b[31m"), strict=False):
        (root / synset).rename(root / os.fsdecode(name))
    names = dict(zip(map(os.fsdecode, (b"caf\xe9", b"two\nlines", b"red\x1b[31m")), SYNSETS, strict=False))
    (tmp_path / "mapping.json").write_text(json.dumps(names))
    return root


def test_a_data_set_of_strange_names(
    strange: Path, tmp_path: Path, tiny: Network, caplog: pytest.LogCaptureFixture
) -> None:
    broken = strange / os.fsdecode(b"red\x1b[31m") / os.fsdecode(b"x\xfc\r.png")
    broken.write_bytes(b"broken")
    settings = Settings(
        root=str(strange),
        mapping=str(tmp_path / "mapping.json"),
        on_error=OnError.skip,
        hashes=str(tmp_path / "hashes"),
    )
    with caplog.at_level(logging.INFO):
        images = ImageFolder(settings)
    assert (len(images), images.name) == (6, r"im\xe9g")
    assert images.where(0) == f"{tmp_path}/im\\xe9g/caf\\xe9/0\\xe9\\n.png"
    assert images.left_out[0].startswith(f"{tmp_path}/im\\xe9g/red\\x1b[31m/x\\xfc\\r.png cannot be read as an image")
    assert "left out: " + images.left_out[0] in caplog.messages
    assert images.fingerprint() == ImageFolder(settings).fingerprint()
    write_image_vectors(tiny, images, ["low"], SYNSETS[0], tmp_path)
    written = (tmp_path / SYNSETS[0] / "images.txt").read_text(encoding="utf-8").splitlines()
    assert written == [images.where(0), images.where(1)]
    (strange / images.paths[0]).unlink()
    with pytest.raises(InputError, match=r"im\\xe9g/caf\\xe9/0\\xe9\\n\.png cannot be read as an image \(it is gone"):
        images.read(0)


def test_log_and_terminal_take_any_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from classvec.app import take_any_name

    terminal = TextIOWrapper(BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", terminal)
    handler = logging.FileHandler(tmp_path / "a.log", encoding="utf-8")
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])  # without those of an earlier test, now closed
    try:
        take_any_name()
        print(os.fsdecode(b"caf\xe9"))
        logging.getLogger("classvec").warning("left out: %s", os.fsdecode(b"caf\xe9"))
    finally:
        handler.close()
    terminal.flush()
    assert terminal.buffer.getvalue() == b"caf\\udce9\n"
    assert (tmp_path / "a.log").read_text(encoding="utf-8") == "left out: caf\\udce9\n"
