"""Class vectors against plain float64 numpy; the store under kills, damage, other layers and other requests."""

import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from classvec.artifacts import DamagedVectors, Parts
from classvec.data.image_folder import ImageFolder
from classvec.errors import InputError
from classvec.extraction.activations import Activations
from classvec.extraction.extractor import Extractor
from classvec.extraction.mean import ClassMean
from classvec.extraction.store_files import undamaged
from classvec.networks.network import Network
from classvec.settings import Accelerator
from tests.artifacts import extractor, files
from tests.conftest import LAYERS, ROOT, SYNSETS, draw_images, image_folder, tiny_architecture


def plain_image_vectors(network: Network, images: ImageFolder, layer: str) -> NDArray[np.float64]:
    """Runs one image at a time and keeps every vector."""
    with torch.no_grad(), Activations(network.module, {layer: LAYERS[layer]}) as run:
        rows = [run(network.transform(images.read(i))[None])[layer].flatten().numpy() for i in range(len(images))]
    return np.stack(rows).astype(np.float64)


def unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    norms: NDArray[np.float64] = np.linalg.norm(values, axis=-1, keepdims=True)
    return values / norms


def test_class_vectors_equal_plain_numpy(tmp_path: Path, image_root: Path, tiny: Network) -> None:
    images = image_folder(image_root)
    found = extractor(tmp_path / "store")(tiny, images, list(LAYERS))
    assert found.classes == SYNSETS
    assert found.n_images.tolist() == [3, 1, 4, 2, 5, 2]
    for layer in LAYERS:
        vectors = plain_image_vectors(tiny, images, layer)
        means = np.stack([vectors[images.labels == c].mean(axis=0) for c in range(6)])
        block = found.layers[layer]
        np.testing.assert_allclose(block.unit, unit(means), atol=1e-6)
        np.testing.assert_allclose(block.norms, np.linalg.norm(means, axis=1), rtol=1e-6)
        np.testing.assert_allclose(block.sums, means.sum(axis=1), rtol=1e-6)
        normalised_first = unit(np.stack([unit(vectors[images.labels == c]).mean(axis=0) for c in range(6)]))
        assert np.abs(normalised_first - unit(means)).max() > 1e-4


def test_mean_and_norm_by_hand() -> None:
    mean = ClassMean()
    mean.add({"a": torch.tensor([[[1.0, 3.0], [0.0, 0.0]]])})
    mean.add({"a": torch.tensor([[[5.0, 5.0], [0.0, 0.0]]])})
    block = mean.finished().blocks("c")["a"]
    assert block.norm == 5.0
    assert block.total == 7.0
    np.testing.assert_array_equal(block.unit, np.array([0.6, 0.8, 0.0, 0.0], dtype=np.float32))


def test_sums_do_not_lose_small_values() -> None:
    mean = ClassMean()
    for value in [1e8, *[1.0] * 1000]:
        mean.add({"a": torch.tensor([[value]])})
    assert mean.finished().blocks("c")["a"].norm == (1e8 + 1000) / 1001


def test_zero_and_infinite_layers_are_errors_that_name_class_and_layer() -> None:
    for value, words in ((0.0, "all activations are zero"), (float("nan"), "not finite"), (float("inf"), "not finite")):
        mean = ClassMean()
        mean.add({"good": torch.ones(1, 3), "conv5": torch.full((1, 3), value)})
        with pytest.raises(InputError, match=f"class n02084071, layer conv5: .*{words}"):
            mean.finished().blocks("n02084071")


def test_batches_of_any_size_and_order_of_work_give_the_same_means(
    tmp_path: Path, image_root: Path, tiny: Network
) -> None:
    images = image_folder(image_root)
    one = extractor(tmp_path / "a")(tiny, images, list(LAYERS))
    other = extractor(tmp_path / "b", workers=2)(tiny, images, list(LAYERS))
    assert files(one) == files(other)
    wide = extractor(tmp_path / "c", batch_size=7)(tiny, images, list(LAYERS))
    for layer in LAYERS:
        np.testing.assert_allclose(one.layers[layer].unit, wide.layers[layer].unit, atol=1e-6)
    assert one.path.name != wide.path.name


def test_an_equal_request_reuses_the_store_and_other_requests_do_not(
    tmp_path: Path, image_root: Path, tiny: Network, caplog: pytest.LogCaptureFixture
) -> None:
    images = image_folder(image_root)
    make = extractor(tmp_path)
    first = make(tiny, images, list(LAYERS))
    with caplog.at_level(logging.INFO):
        again = make(tiny, image_folder(image_root), list(LAYERS))
    assert again.path == first.path
    assert "class vectors exist already" in caplog.text
    os.utime(image_root / SYNSETS[0] / "0.png", ns=(5, 5))
    assert make(tiny, image_folder(image_root), list(LAYERS)).path == first.path
    other_weights = make(tiny_architecture(seed=1).network(), images, list(LAYERS))
    other_transform = make(replace(tiny, transform=replace(tiny.transform, channels="BGR")), images, list(LAYERS))
    other_code = make(replace(tiny, made_by="another way to compute with the same tensors"), images, list(LAYERS))
    shutil.copy(image_root / SYNSETS[0] / "1.png", image_root / SYNSETS[0] / "0.png")
    other_image = make(tiny, image_folder(image_root), list(LAYERS))
    assert len({v.path for v in (first, other_weights, other_transform, other_code, other_image)}) == 5
    assert "tests.conftest.Tiny(), source " in tiny.made_by


def test_another_layer_is_added_without_the_others(tmp_path: Path, image_root: Path, tiny: Network) -> None:
    images = image_folder(image_root)
    make = extractor(tmp_path)
    first = make(tiny, images, ["low"])
    before = (first.path / "layers" / "relu1" / "unit.npy").stat().st_mtime_ns
    both = make(tiny, images, ["low", "third"])
    assert both.path == first.path
    assert (first.path / "layers" / "relu1" / "unit.npy").stat().st_mtime_ns == before
    assert both.layers["third"].n_features == 5 * 4 * 4
    assert not (first.path / "layers" / "relu2").exists()


def test_two_halves_average_to_the_whole(tmp_path: Path, image_root: Path, tiny: Network) -> None:
    images = image_folder(image_root)
    plain = extractor(tmp_path)(tiny, images, list(LAYERS))
    found = extractor(tmp_path, halves=3)(tiny, images, list(LAYERS))
    for layer in LAYERS:
        block = found.layers[layer]
        np.testing.assert_array_equal(block.unit, plain.layers[layer].unit)
        assert block.parts is not None
        unit, norms = block.parts.unit.reshape(2, 6, -1), block.parts.norms.reshape(2, 6)
        vectors = plain_image_vectors(tiny, images, layer)
        half = Parts(2, 3).of_images(images.labels)
        for c, n in enumerate(found.n_images):
            if n == 1:
                assert not unit[:, c].any()
                continue
            for h in (0, 1):
                mean = vectors[(images.labels == c) & (half == h)].mean(axis=0)
                np.testing.assert_allclose(unit[h, c] * norms[h, c], mean, atol=1e-5)
    counts = [np.bincount(half[images.labels == c], minlength=2).tolist() for c in range(6)]
    assert counts == [[2, 1], [1, 0], [2, 2], [1, 1], [3, 2], [1, 1]]


def test_damaged_files_are_errors_that_say_what_to_do(tmp_path: Path, image_root: Path, tiny: Network) -> None:
    images = image_folder(image_root)
    make = extractor(tmp_path)
    unit_file = make(tiny, images, ["low"]).path / "layers" / "relu1" / "unit.npy"
    whole = unit_file.read_bytes()
    for content in (whole[:-100], whole[:50], b"", b"something else entirely, long enough to be read" * 20):
        unit_file.write_bytes(content)
        with pytest.raises(DamagedVectors, match=r"unit\.npy is truncated or foreign.*run train\.py"):
            make(tiny, images, ["low"])
        assert undamaged(lambda: make(tiny, images, ["low"])).layers
        assert unit_file.read_bytes() == whole, "made again"
    done = unit_file.with_name("done.npy")
    done.write_bytes(done.read_bytes()[:-3])
    with pytest.raises(DamagedVectors, match=r"done\.npy is truncated or foreign"):
        make(tiny, images, ["low"])


def test_a_damaged_manifest_is_written_again(tmp_path: Path, image_root: Path, tiny: Network) -> None:
    images, make = image_folder(image_root), extractor(tmp_path)
    manifest = make(tiny, images, ["low"]).path / "manifest.json"
    before = manifest.read_bytes()
    for content in (before.replace(b"n02084071", b"n02084072"), before[:50], b"{}"):
        manifest.write_bytes(content)
        make(tiny, images, ["low"])
        assert manifest.read_bytes() == before


@pytest.mark.parametrize("options", [{}, {"halves": 3}, {"folds": 3}, {"folds": 3, "projection": 200}])
def test_one_bit_that_flipped_is_noticed_and_the_class_made_again(
    tmp_path: Path, image_root: Path, tiny: Network, options: dict[str, int]
) -> None:
    images = image_folder(image_root)
    make = extractor(tmp_path, **options)
    store = make(tiny, images, ["low", "mid"]).path
    before = {path: path.read_bytes() for path in sorted(store.rglob("*.npy"))}
    rng = np.random.default_rng(0)

    def used() -> None:
        make(tiny, images, ["low", "mid"]).check_all()

    for path in [path for path in before if path.parent.name == "relu1"]:
        content = bytearray(before[path])
        content[int(rng.integers(128, len(content)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(content)
        if path.name == "done.npy":  # a class too few or too many counts as done
            undamaged(used)
        else:
            with pytest.raises(DamagedVectors, match="relu1, are damaged .*not what was written: 1, such as n0"):
                used()
            undamaged(used)
        assert {path: path.read_bytes() for path in before} == before, path


def test_too_little_space_is_an_error_before_the_work(
    tmp_path: Path, image_root: Path, tiny: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil
    from types import SimpleNamespace

    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(InputError, match=r"need 0\.0 GB .* but 0\.0 GB are free"):
        extractor(tmp_path)(tiny, image_folder(image_root), list(LAYERS))


def test_a_full_disk_in_the_middle_loses_nothing(
    tmp_path: Path, image_root: Path, tiny: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = image_folder(image_root)
    undisturbed = extractor(tmp_path / "a")(tiny, images, list(LAYERS))
    monkeypatch.setattr("classvec.extraction.writer.SYNC_SECONDS", 0.0)
    pwrite, calls = os.pwrite, [0]

    def full(descriptor: int, data: bytes, offset: int) -> int:
        calls[0] += 1
        if calls[0] > 40:
            raise OSError(28, "No space left on device")
        return pwrite(descriptor, data, offset)

    with monkeypatch.context() as disk:
        disk.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space left on device"):
            extractor(tmp_path / "b")(tiny, images, list(LAYERS))
    done = np.load(next((tmp_path / "b").rglob("relu1/done.npy")))
    assert 0 < done.sum() < 6
    assert files(extractor(tmp_path / "b")(tiny, images, list(LAYERS))) == files(undisturbed)


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
import classvec.extraction.writer
from classvec.data.image_folder import ImageFolder
from tests.artifacts import extractor
from tests.conftest import LAYERS, image_folder, tiny_architecture

read = ImageFolder.read

def slow(images, index):
    time.sleep(0.05)
    return read(images, index)

ImageFolder.read = slow
classvec.extraction.writer.SYNC_SECONDS = 0.0
extractor(Path({store!r}))(tiny_architecture().network(), image_folder({images!r}), list(LAYERS))
"""


def test_killed_in_the_middle_it_goes_on_and_ends_with_the_same_bytes(
    tmp_path: Path, tiny: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = draw_images(tmp_path / "images", [f"n{i:08d}" for i in range(40)], [3] * 40)
    undisturbed = extractor(tmp_path / "a")(tiny, image_folder(root), list(LAYERS))
    code = KILLED.format(root=str(Path(__file__).parents[1]), store=str(tmp_path / "b"), images=str(root))
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 90
    done = 0
    while done < 5:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline, "no class was finished"
        time.sleep(0.02)
        for file in (tmp_path / "b").rglob("relu3/done.npy"):
            done = int(np.frombuffer(file.read_bytes()[128:], dtype=np.uint8).sum())
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = int(np.load(next((tmp_path / "b").rglob("relu3/done.npy"))).sum())
    assert 5 <= done < 40
    seen: list[int] = []
    read = ImageFolder.read

    def watched(images: ImageFolder, index: int) -> Image.Image:
        seen.append(index)
        return read(images, index)

    monkeypatch.setattr(ImageFolder, "read", watched)
    resumed = extractor(tmp_path / "b")(tiny, image_folder(root), list(LAYERS))
    assert len(seen) == 3 * (40 - done)
    assert files(resumed) == files(undisturbed)


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_in_an_image_keeps_the_finished_classes(
    tmp_path: Path, image_root: Path, tiny: Network, workers: int
) -> None:
    (image_root / SYNSETS[4] / "2.png").write_bytes(b"broken")
    with pytest.raises(InputError, match=r"^[^\n]*n02814533/2\.png cannot be read as an image[^\n]*$"):
        extractor(tmp_path / "store", workers=workers)(tiny, image_folder(image_root), list(LAYERS))
    assert np.load(next((tmp_path / "store").rglob("relu1/done.npy"))).sum() == 4


def test_a_dead_layer_ends_the_run_and_names_it(tmp_path: Path, image_root: Path, tiny: Network) -> None:
    assert isinstance(tiny.module.second, nn.Conv2d)
    tiny.module.second.weight.zero_()
    assert tiny.module.second.bias is not None
    tiny.module.second.bias.fill_(-1.0)
    with pytest.raises(InputError, match=r"class n01440764, layer mid: all activations are zero"):
        extractor(tmp_path)(tiny, image_folder(image_root), list(LAYERS))


@pytest.mark.slow
def test_real_class_vectors_equal_float64_numpy(real_data: Path, tmp_path: Path) -> None:
    """100 sample classes with 5 seeded crops or flips each, through the paper's network."""
    from classvec import build
    from classvec.compose import compose

    rng = np.random.default_rng(0)
    sample = real_data / "data" / "imagenet-sample"
    for class_id in sorted(p.name for p in sample.iterdir())[::10]:
        (tmp_path / "images" / class_id).mkdir(parents=True)
        with Image.open(next((sample / class_id).iterdir())) as picture:
            image = picture.convert("RGB")
        for number in range(5):
            share = rng.uniform(0.6, 0.95)
            width, height = (max(32, int(side * share)) for side in image.size)
            left, top = (int(rng.integers(0, s - t + 1)) for s, t in zip(image.size, (width, height), strict=True))
            crop = image.crop((left, top, left + width, top + height))
            crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else crop
            crop.save(tmp_path / "images" / class_id / f"{number}.png")
    weights = real_data / "weights" / "bvlc_googlenet.safetensors"
    overrides = ["architecture=bvlc_googlenet", f"architecture.weights={weights}"]
    network = build.architecture(compose(overrides)).network()
    images = image_folder(tmp_path / "images")
    names = list(network.layers)
    found = Extractor(store=tmp_path / "store", accelerator=Accelerator.cpu)(network, images, names)
    worst, apart = 0.0, 1.0
    with torch.no_grad(), Activations(network.module, network.paths(names)) as run:
        for c in range(100):
            inputs = torch.stack(
                [network.transform(images.read(i)) for i in np.flatnonzero(images.labels == c).tolist()]
            )
            for name, values in run(inputs).items():
                vectors = values.flatten(1).numpy().astype(np.float64)
                mean = unit(vectors.mean(axis=0))
                worst = max(worst, float(np.linalg.norm(found.layers[name].unit[c] - mean)))
                apart = min(apart, float(np.linalg.norm(unit(unit(vectors).mean(axis=0)) - mean)))
    print(f"largest relative L2 distance to float64 numpy {worst:.1e}; normalising first is at least {apart:.1e} away")
    assert worst < 1e-6
    assert apart > 1e-4


def test_images_out_of_class_order_are_refused(tmp_path: Path, image_root: Path, tiny: Network) -> None:
    images = image_folder(image_root)
    images.labels = images.labels[::-1].copy()
    with pytest.raises(InputError, match="images must be in class order"):
        extractor(tmp_path)(tiny, images, list(LAYERS))


def test_a_store_that_another_holds_is_waited_for(
    tmp_path: Path, image_root: Path, tiny: Network, caplog: pytest.LogCaptureFixture
) -> None:
    import threading

    from classvec.artifacts import held

    images, make = image_folder(image_root), extractor(tmp_path)
    path = make.open_store(tiny, images, "cpu").path
    holding, written = threading.Event(), []

    def hold() -> None:
        with held(path):
            holding.set()
            time.sleep(0.5)
            written.append((path / "layers").exists())

    other = threading.Thread(target=hold)
    other.start()
    assert holding.wait(10)
    with caplog.at_level(logging.INFO):
        make(tiny, images, ["low"])
    other.join()
    assert written == [False]  # nothing was touched while the other held it
    assert (path / "layers" / "relu1" / "done.npy").exists()
    assert f"another process is writing {path}: waiting for it" in caplog.text


def test_sums_are_the_same_in_both_memory_layouts_and_for_any_split_into_batches() -> None:
    values = torch.rand(7, 5, 90, 80, generator=torch.manual_seed(0)) * 10.0 ** torch.arange(7).view(7, 1, 1, 1)
    one, other, plain = ClassMean(), ClassMean(), torch.zeros(5 * 90 * 80, dtype=torch.float64)
    one.add({"a": values})
    for part in torch.split(values.to(memory_format=torch.channels_last), 3):
        other.add({"a": part})
    for row in values:
        plain += row.flatten()
    expected = plain / 7 / torch.linalg.vector_norm(plain / 7)
    for block in (one.finished().blocks("c")["a"], other.finished().blocks("c")["a"]):
        np.testing.assert_allclose(block.unit, expected.numpy(), rtol=1e-7)
        assert block.total == pytest.approx(float(plain.sum()) / 7, rel=1e-12)


def test_bfloat16_and_layout_are_close_to_float32_and_have_stores_of_their_own(
    tmp_path: Path, image_root: Path, tiny: Network
) -> None:
    images = image_folder(image_root)
    exact = extractor(tmp_path)(tiny, images, list(LAYERS))
    first = extractor(tmp_path, channels_last=False)(tiny, images, list(LAYERS))
    half = extractor(tmp_path, precision="bfloat16")(tiny, images, list(LAYERS))
    assert len({vectors.path for vectors in (exact, first, half)}) == 3
    for layer in LAYERS:
        np.testing.assert_allclose(first.layers[layer].unit, exact.layers[layer].unit, atol=1e-6)
        assert 1e-6 < np.abs(half.layers[layer].unit - exact.layers[layer].unit).max() < 0.02
    with pytest.raises(InputError, match=r"^trainer\.precision=float16: expected one of float32, bfloat16$"):
        extractor(tmp_path, precision="float16")


READER = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from classvec.method.matrix_cache import layer_matrices
from classvec.method.metrics import Cosine
from tests.artifacts import extractor
from tests.conftest import LAYERS, image_folder, tiny_architecture
make = extractor(Path({store!r}), own=Path({own!r}))
found = make(tiny_architecture().network(), image_folder(Path({images!r})), {layers!r})
layer_matrices(found, {layers!r}, Cosine())
print(found.path)
"""
WITHOUT_PRIVILEGE = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []


@pytest.mark.skipif(bool(WITHOUT_PRIVILEGE) and not shutil.which("setpriv"), reason="root needs setpriv to be refused")
@pytest.mark.parametrize("layers", [["low"], ["low", "top"]])
def test_what_a_store_lacks_that_cannot_be_written_is_made_in_an_own_folder(
    tmp_path: Path, image_root: Path, tiny: Network, layers: list[str]
) -> None:
    store, own = tmp_path / "store", tmp_path / "own"
    extractor(store)(tiny, image_folder(image_root), ["low"])
    before = sorted(store.rglob("*"))
    for path in (store, *before):
        path.chmod(0o555 if path.is_dir() else 0o444)
    script = READER.format(root=str(ROOT), own=str(own), store=str(store), images=str(image_root), layers=layers)
    command = [*WITHOUT_PRIVILEGE, sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.split()[-1]).parent == (store if layers == ["low"] else own)
    assert sorted(store.rglob("*")) == before
    kept = {path.stem for path in own.rglob("matrices/cosine/*.npy")}
    assert kept == ({"relu1"} if layers == ["low"] else {"relu1", "relu3"})
    for path in (store, *before):
        path.chmod(0o755)
