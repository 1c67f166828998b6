"""Images are known by their content: what changes a fingerprint, when files are read again, and what is refused."""

import hashlib
import json
import logging
import os
import pickle
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from xxhash import xxh3_128_digest

from classvec.data.image_folder import ImageFolder
from classvec.data.labelled_images import Decoding, batches
from classvec.errors import InputError
from classvec.networks.network import Network
from tests.conftest import SYNSETS, image_folder

Count = Callable[..., int]


def fingerprint(root: Path, **keys: object) -> str:
    return image_folder(root, **keys).fingerprint()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is ten seconds further on than the files, so that their hashes may be kept."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 10**10)


@pytest.fixture
def n_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Count:
    """Returns how many files are read for a fingerprint, with hashes kept in one folder."""

    def count(root: Path, **keys: object) -> int:
        caplog.clear()
        with caplog.at_level(logging.INFO):
            found = fingerprint(root, hashes=tmp_path / "hashes", **keys)
        said = caplog.text
        assert found == fingerprint(root, **keys), "kept hashes and those of a run without them differ"
        return sum(int(n) for n in re.findall(r"content of (\d+) images hashed", said))

    return count


def rewrite(path: Path) -> None:
    """Gives a file other bytes, of the same number and under the same modification time."""
    before = path.stat()
    time.sleep(0.02)  # the clock of the file system ticks
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_the_fingerprint_by_hand(image_root: Path) -> None:
    digest = hashlib.sha256(json.dumps([3, 1, 4, 2, 5, 2]).encode())
    for path in sorted(image_root.rglob("*.png")):
        digest.update(xxh3_128_digest(path.read_bytes()))
    assert fingerprint(image_root) == digest.hexdigest()


def test_other_bytes_of_the_same_size_and_time_are_seen(image_root: Path) -> None:
    before = fingerprint(image_root)
    rewrite(image_root / SYNSETS[2] / "1.png")
    assert fingerprint(image_root) != before


def test_places_names_and_times_do_not_count(image_root: Path, tmp_path: Path) -> None:
    before = fingerprint(image_root)
    copy = shutil.copytree(image_root, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    assert fingerprint(copy) == before
    os.utime(copy / SYNSETS[0] / "0.png", ns=(1, 1))
    assert fingerprint(copy) == before
    (copy / SYNSETS[2] / "1.png").rename(copy / SYNSETS[2] / "11.png")  # between 0.png and 2.png still
    assert fingerprint(copy) == before


def test_order_and_labels_count(image_root: Path) -> None:
    before = fingerprint(image_root)
    (image_root / SYNSETS[2] / "1.png").rename(image_root / SYNSETS[2] / "9.png")
    moved = fingerprint(image_root)
    (image_root / SYNSETS[2] / "9.png").rename(image_root / SYNSETS[2] / "1.png")
    assert fingerprint(image_root) == before
    (image_root / SYNSETS[2] / "3.png").rename(image_root / SYNSETS[3] / "+.png")  # the same images in the same order
    assert [Path(path).name for path in image_folder(image_root).paths[7:9]] == ["+.png", "0.png"]
    assert len({before, moved, fingerprint(image_root)}) == 3


def test_one_line_says_what_was_read(image_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    images = image_folder(image_root)
    with caplog.at_level(logging.INFO):
        assert images.fingerprint() == images.fingerprint()
    assert len(caplog.messages) == 1
    assert re.fullmatch(r"content of 17 images hashed: 0\.00 GB in \d+\.\d s", caplog.messages[0])


@pytest.mark.usefixtures("later")
def test_files_are_read_once(image_root: Path, tmp_path: Path, n_read: Count) -> None:
    assert n_read(image_root) == 17
    assert n_read(image_root) == 0
    rewrite(image_root / SYNSETS[2] / "1.png")
    assert n_read(image_root) == 1
    assert n_read(image_root) == 0
    os.utime(image_root / SYNSETS[2] / "1.png", ns=(1, 1))
    (image_root / SYNSETS[0] / "0.png").rename(image_root / SYNSETS[0] / "00.png")
    shutil.copy(image_root / SYNSETS[0] / "1.png", image_root / SYNSETS[1] / "new.png")
    assert n_read(image_root) == 3
    assert n_read(image_root) == 0
    assert len(list((tmp_path / "hashes").iterdir())) == 1
    shutil.copytree(image_root, tmp_path / "elsewhere")
    assert n_read(tmp_path / "elsewhere") == 18
    assert n_read(image_root) == 0


@pytest.mark.usefixtures("later")
def test_hashes_of_images_that_were_not_asked_for_stay(image_root: Path, n_read: Count) -> None:
    assert n_read(image_root, images_per_class=2) == 11
    assert n_read(image_root) == 6
    rewrite(image_root / SYNSETS[0] / "0.png")
    assert n_read(image_root, images_per_class=1) == 1
    assert n_read(image_root) == 0


def test_what_has_just_been_written_is_not_trusted(image_root: Path, n_read: Count, tmp_path: Path) -> None:
    old = {path: time.time_ns() - 10**10 for path in image_root.rglob("*.png")}
    for path, moment in old.items():
        os.utime(path, ns=(moment, moment))  # the change time is that of this call
    assert n_read(image_root) == 17
    assert not (tmp_path / "hashes").exists()
    assert n_read(image_root) == 17
    time.sleep(2.1)
    assert [n_read(image_root), n_read(image_root)] == [17, 0]


@pytest.mark.usefixtures("later")
def test_a_modification_time_ahead_is_not_trusted(image_root: Path, n_read: Count) -> None:
    moment = time.time_ns() + 10**11
    os.utime(image_root / SYNSETS[0] / "0.png", ns=(moment, moment))
    assert [n_read(image_root), n_read(image_root)] == [17, 1]


@pytest.mark.usefixtures("later")
def test_kept_hashes_are_what_is_used(image_root: Path, tmp_path: Path, n_read: Count) -> None:
    """Two data sets whose files of kept hashes are exchanged find nothing of their own in them."""
    other = shutil.copytree(image_root, tmp_path / "elsewhere")
    assert [n_read(image_root), n_read(other)] == [17, 17]
    first, second = (tmp_path / "hashes").iterdir()
    spare = first.rename(tmp_path / "spare")
    second.rename(first)
    spare.rename(second)
    assert [n_read(image_root), n_read(other)] == [17, 17]
    assert [n_read(image_root), n_read(other)] == [0, 0]


@pytest.mark.usefixtures("later")
def test_damaged_hashes_are_noticed_and_made_again(
    image_root: Path, tmp_path: Path, n_read: Count, caplog: pytest.LogCaptureFixture
) -> None:
    assert n_read(image_root) == 17
    (kept,) = (tmp_path / "hashes").iterdir()
    whole = kept.read_bytes()
    middle = whole.index(b"contents") + 300
    for damaged in (
        b"", b"no archive", whole[:200], whole[:-30], whole.replace(b"contents", b"continue"),
        whole.replace(b"|S16", b"|S12"), whole.replace(b"(17,)", b"( 7,)", 1),
        whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
    ):  # fmt: skip
        assert damaged != whole
        kept.write_bytes(damaged)
        assert n_read(image_root) == 17, damaged[:20]
        assert f"{kept} is damaged or foreign" in caplog.text
        assert n_read(image_root) == 0


@pytest.mark.usefixtures("later")
def test_without_a_place_to_keep_hashes_all_goes_on(
    image_root: Path, tmp_path: Path, n_read: Count, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "hashes").write_text("a file where the folder should be")
    for _ in range(2):
        assert n_read(image_root) == 17
        assert caplog.text.count("cannot be written") == 1


def test_a_file_that_cannot_be_read_is_named(image_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = image_folder(image_root)
    path = image_root / SYNSETS[4] / "2.png"
    opened = Path.open

    def refuse(self: Path, *arguments: object, **options: object) -> object:
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **options)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        with pytest.raises(InputError, match=r"2\.png cannot be read \(Permission denied\): .*chmod u\+r"):
            images.fingerprint()
    path.unlink()
    for put in (os.mkfifo, lambda p: p.symlink_to("nowhere"), lambda p: p.symlink_to(p.name), Path.mkdir):
        put(path)
        with pytest.raises(InputError, match=r"2\.png is gone, a link that leads nowhere, or no plain file"):
            images.fingerprint()
        (path.rmdir if path.is_dir() else path.unlink)()


def changed(images: ImageFolder, index: int) -> Path:
    """Replaces an image by another picture, after the fingerprint was taken."""
    images.fingerprint()
    path = Path(images.where(index))
    Image.new("RGB", (48, 48), "red").save(path)
    return path


def test_an_image_that_changes_after_the_fingerprint_is_refused(image_root: Path) -> None:
    untaken = image_folder(image_root)
    images = image_folder(image_root)
    path = changed(images, 5)
    for one in (images, pickle.loads(pickle.dumps(images))):
        with pytest.raises(InputError, match=rf"^{re.escape(str(path))} has changed while the run was going on: run"):
            one.read(5)
        assert one.read(4).mode == "RGB"
    assert untaken.read(5).getpixel((0, 0)) == (255, 0, 0)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="has changed while the run was going on"):
        images.read(5)


@pytest.mark.parametrize("workers", [0, 2])
def test_processes_that_decode_refuse_it_too(workers: int, image_root: Path, tiny: Network) -> None:
    images = image_folder(image_root)
    path = changed(images, 5)
    found = list(batches(images, tiny.transform, range(17), batch_size=4, decoding=Decoding(workers=workers)))
    assert [str(batch.error).split(" ")[0] for batch in found if batch.error] == [str(path)]
    assert torch.cat([batch.index for batch in found[:2]]).tolist() == [0, 1, 2, 3, 4, -1, -1, -1]


def test_hashes_with_zeros_at_the_end_are_whole(image_root: Path) -> None:
    """One hash in 256 ends with a zero, which NumPy's items of bytes would lose."""
    path = image_root / SYNSETS[0] / "0.png"
    content = path.read_bytes()
    tails = (content + number.to_bytes(4) for number in range(5000))
    path.write_bytes(next(tail for tail in tails if xxh3_128_digest(tail)[-1] == 0))
    images = image_folder(image_root)
    images.fingerprint()
    assert images.read(0).mode == "RGB"
