"""Fitting: what is learnt, reproduced, resumed, frozen, written down; heads; mistakes."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from torch import nn

from classvec import build, settings
from classvec.compose import compose
from classvec.data.fitting_batches import Variation, fitting_batches, split
from classvec.data.image_folder import ImageFolder
from classvec.errors import InputError
from classvec.fitting.classification import FitState
from classvec.fitting.fitted import FittedWeights
from classvec.fitting.fitter import Fitter
from classvec.fitting.recipe import Recipe, best_epoch
from classvec.networks.head import head_path, replace_head
from classvec.networks.input_transform import InputTransform
from classvec.networks.network import Architecture
from classvec.networks.small_inception import INCEPTION, SmallInception
from classvec.networks.weights import SHIPPED, read_checkpoint, write_weights
from classvec.settings import Accelerator
from tests.conftest import LAYERS, ROOT, SYNSETS, Tiny, draw_images, image_folder, tiny_architecture
from tests.runs import call, make_card


class TinyWithDropout(Tiny):
    """The tiny network with batch norm and dropout: parts whose state or chance must survive an interruption."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(6)
        self.drop = nn.Dropout(0.2)
        self.last = nn.Linear(7, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu1(self.first(x))
        x = self.relu2(self.norm(self.second(x)))
        x = self.relu3(self.third(x))
        logits: torch.Tensor = self.last(self.drop(self.head(x.mean(dim=(2, 3))).relu()))
        return logits


ARCHITECTURE = replace(tiny_architecture(), name="tiny_with_dropout", make=TinyWithDropout)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def fitter(store: Path, **options: Any) -> Fitter:
    settings: dict[str, Any] = {"epochs": 3, "learning_rate": 0.01, "batch_size": 8, "validation": 0.25}
    return Fitter(store=store, accelerator=Accelerator.cpu, **{**settings, "workers": 0, **options})


def metadata(fitted: FittedWeights) -> dict[str, str]:
    with safe_open(fitted.path, framework="pt") as file:
        return dict(file.metadata())


def draw_colours(root: Path, n_images: int) -> ImageFolder:
    """Draws three classes that differ in colour: red, green, blue, of random brightness."""
    rng = np.random.default_rng(0)
    for channel, class_id in enumerate(SYNSETS[:3]):
        (root / class_id).mkdir(parents=True)
        for number in range(n_images):
            pixels = rng.uniform(0, 60, (36, 36, 3))
            pixels[:, :, channel] += rng.uniform(80, 190)
            Image.fromarray(pixels.astype(np.uint8)).save(root / class_id / f"{number}.png")
    return image_folder(root)


@pytest.fixture
def folder(tmp_path: Path) -> ImageFolder:
    return image_folder(draw_images(tmp_path / "images", SYNSETS[:3], (12, 12, 12), size=36))


def test_a_fit_learns_to_tell_classes_apart(tmp_path: Path) -> None:
    folder = draw_colours(tmp_path / "images", 12)
    fitted = fitter(tmp_path, epochs=25, learning_rate=0.03, label_smoothing=0.0)(ARCHITECTURE, folder)
    assert fitted.is_new
    assert len(fitted.history) == 25
    assert fitted.history[-1]["fit/loss"] < 0.5 * fitted.history[0]["fit/loss"]
    best = fitted.history[best_epoch(fitted.history)]
    assert best["validation/accuracy"] >= 0.95
    network = replace(ARCHITECTURE, weights=str(fitted.path)).network()
    _, validation = split(folder.labels, 0.25, 0)
    inputs = torch.stack([network.transform(folder.read(int(i))) for i in validation])
    accuracy = float((network.module(inputs).argmax(1).numpy() == folder.labels[validation]).mean())
    assert accuracy == best["validation/accuracy"]


def test_a_file_says_what_it_is_and_gives_the_number_of_classes(tmp_path: Path, folder: ImageFolder) -> None:
    fitted = fitter(tmp_path)(tiny_architecture(), folder)
    found = metadata(fitted)
    assert found["input"] == str(tiny_architecture().transform)
    assert json.loads(found["classes"]) == list(SYNSETS[:3])
    account = json.loads(found["fitted"])
    best = best_epoch(fitted.history)
    assert (account["epoch"], account["epochs"]) == (best + 1, 3)
    assert account["accuracy"] == fitted.history[best]["validation/accuracy"]
    assert account["settings"]["seed"] == 0
    assert account["data"]["image_list_hash"] == folder.fingerprint()
    assert account["start"] == "random (seed 0)"
    network = replace(tiny_architecture(), weights=str(fitted.path)).network()
    assert network.classes == SYNSETS[:3]
    assert network.module(torch.zeros(2, 3, 32, 32)).shape == (2, 3)
    assert network.weights == f"{fitted.path.parent.name}/weights.safetensors"
    assert not list(tmp_path.rglob("unfinished*"))


def test_an_equal_request_finds_the_weights_and_another_does_not(
    tmp_path: Path, folder: ImageFolder, caplog: pytest.LogCaptureFixture
) -> None:
    fit = fitter(tmp_path, epochs=1)
    first = fit(tiny_architecture(), folder)
    with caplog.at_level(logging.INFO):
        again = replace(fit, workers=1)(tiny_architecture(), image_folder(folder.root))
    assert (again.path, again.is_new, again.history) == (first.path, False, first.history)
    assert "fitted weights exist already" in caplog.text
    others = [
        replace(fit, seed=1)(tiny_architecture(), folder),
        replace(fit, learning_rate=0.02)(tiny_architecture(), folder),
        fit(tiny_architecture(seed=1), folder),
        replace(fit, start=str(first.path))(tiny_architecture(), folder),
    ]
    os.utime(folder.root / folder.paths[0], ns=(5, 5))
    assert not fit(tiny_architecture(), image_folder(folder.root)).is_new
    shutil.copy(folder.root / folder.paths[1], folder.root / folder.paths[0])
    others.append(fit(tiny_architecture(), image_folder(folder.root)))
    assert len({fitted.path for fitted in [first, *others]}) == 6
    assert all(fitted.is_new for fitted in others)


def test_the_seed_decides_every_byte_and_the_workers_none(tmp_path: Path, folder: ImageFolder) -> None:
    torch.manual_seed(1)
    one = fitter(tmp_path / "a")(ARCHITECTURE, folder).path.read_bytes()
    state = torch.random.get_rng_state()
    torch.manual_seed(1)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    assert fitter(tmp_path / "b", workers=2)(ARCHITECTURE, folder).path.read_bytes() == one
    assert fitter(tmp_path / "c", seed=1)(ARCHITECTURE, folder).path.read_bytes() != one


@pytest.mark.parametrize("freeze", [False, True])
def test_interrupted_after_any_epoch_it_ends_with_the_same_bytes(
    tmp_path: Path, folder: ImageFolder, monkeypatch: pytest.MonkeyPatch, freeze: bool
) -> None:
    fit = fitter(tmp_path / "a", epochs=4, freeze_all_but_head=freeze)
    undisturbed = fit(ARCHITECTURE, folder).path.read_bytes()
    save = FitState.save
    calls = [0]

    def interrupted(self: FitState, path: Path) -> None:
        save(self, path)
        calls[0] += 1
        if calls[0] in (1, 3, 4):
            raise RuntimeError("the power is gone")

    monkeypatch.setattr(FitState, "save", interrupted)
    for _ in range(3):
        with pytest.raises(RuntimeError, match="the power is gone"):
            replace(fit, store=tmp_path / "b")(ARCHITECTURE, folder)
    assert replace(fit, store=tmp_path / "b")(ARCHITECTURE, folder).path.read_bytes() == undisturbed
    assert calls == [4]


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
import torch
torch.set_num_threads(1)
from classvec import settings
from tests.test_fitting import ARCHITECTURE, ImageFolder, fitter

read = ImageFolder.read

def slow(images, index):
    time.sleep(0.02)
    return read(images, index)

ImageFolder.read = slow
fitter(Path({store!r}), epochs=5)(ARCHITECTURE, ImageFolder(settings.ImageFolder(root={images!r})))
"""


def test_killed_in_the_middle_it_goes_on_and_ends_with_the_same_bytes(
    tmp_path: Path, folder: ImageFolder, caplog: pytest.LogCaptureFixture
) -> None:
    undisturbed = fitter(tmp_path / "a", epochs=5)(ARCHITECTURE, folder).path.read_bytes()
    code = KILLED.format(root=str(ROOT), store=str(tmp_path / "b"), images=str(folder.root))
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 90
    while not list((tmp_path / "b").rglob("unfinished.pt")):
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline, "no epoch was finished"
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not list((tmp_path / "b").rglob("weights.safetensors"))
    with caplog.at_level(logging.INFO):
        resumed = fitter(tmp_path / "b", epochs=5)(ARCHITECTURE, folder)
    assert "resuming an interrupted fit" in caplog.text
    assert resumed.path.read_bytes() == undisturbed


def test_a_damaged_state_is_said_and_left_aside(
    tmp_path: Path, folder: ImageFolder, caplog: pytest.LogCaptureFixture
) -> None:
    done = fitter(tmp_path)(ARCHITECTURE, folder).path
    before = done.read_bytes()
    done.unlink()
    for content in (b"", b"not a state", before[:100]):
        (done.parent / "unfinished.pt").write_bytes(content)
        caplog.clear()
        fitter(tmp_path)(ARCHITECTURE, folder)
        assert "unfinished.pt is damaged" in caplog.text
        assert done.read_bytes() == before
        done.unlink()


def test_frozen_parts_stay_to_the_bit(tmp_path: Path, folder: ImageFolder) -> None:
    fitted = fitter(tmp_path, freeze_all_but_head=True)(ARCHITECTURE, folder)
    before = ARCHITECTURE.network().module.state_dict()
    after, _ = read_checkpoint(fitted.path)
    for name, tensor in before.items():
        assert name.startswith("last.") or torch.equal(after[name], tensor), name
    other, _ = read_checkpoint(fitter(tmp_path)(ARCHITECTURE, folder).path)
    assert not torch.equal(other["first.weight"], before["first.weight"])
    assert not torch.equal(other["norm.running_mean"], before["norm.running_mean"])


def test_a_fit_goes_on_from_a_fitted_file_with_its_head(tmp_path: Path, folder: ImageFolder) -> None:
    first = fitter(tmp_path, epochs=20)(tiny_architecture(), folder)
    best = first.history[best_epoch(first.history)]["validation/accuracy"]
    on = fitter(tmp_path, epochs=1, learning_rate=1e-6, start=str(first.path))(tiny_architecture(), folder)
    assert on.history[0]["validation/accuracy"] == best
    fewer = image_folder(draw_images(tmp_path / "fewer", SYNSETS[:2], (4, 4), size=36))
    anew = fitter(tmp_path, epochs=1, start=str(first.path))(tiny_architecture(), fewer)
    assert json.loads(metadata(anew)["classes"]) == list(SYNSETS[:2])


def test_a_class_with_one_image_is_fitted_on_and_that_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    images = image_folder(draw_images(tmp_path / "images", SYNSETS[:3], (1, 5, 1), size=36))
    with caplog.at_level(logging.INFO):
        fitted = fitter(tmp_path, epochs=1)(tiny_architecture(), images)
    assert "2 classes have a single image: it is fitted on, and they are not validated" in caplog.text
    assert "6 images to fit on, 1 to validate on" in caplog.text
    assert fitted.history[0]["validation/accuracy"] in (0.0, 1.0)
    alone = image_folder(draw_images(tmp_path / "alone", SYNSETS[:3], (1, 1, 1), size=36))
    unvalidated = fitter(tmp_path, epochs=2)(tiny_architecture(), alone)
    assert "validation/accuracy" not in unvalidated.history[0]
    assert json.loads(metadata(unvalidated)["fitted"])["accuracy"] is None


def test_the_split_is_by_class_and_seed() -> None:
    labels = np.repeat(np.arange(4), (1, 2, 10, 40))
    fit, validation = split(labels, 0.2, 0)
    assert np.bincount(labels[validation], minlength=4).tolist() == [0, 1, 2, 8]
    assert sorted([*fit, *validation]) == list(range(53))
    assert split(labels, 0.2, 0)[1].tolist() == validation.tolist()
    assert split(labels, 0.2, 1)[1].tolist() != validation.tolist()
    assert len(split(labels, 0.0, 0)[1]) == 0


def test_an_epoch_sees_every_image_once_in_an_order_of_its_own(folder: ImageFolder) -> None:
    transform = tiny_architecture().transform
    variation = Variation(transform=transform)

    def epoch(number: int) -> tuple[list[int], list[torch.Tensor]]:
        loader = fitting_batches(folder, variation, np.arange(35), batch_size=8, seed=(3, number))
        found = list(loader)
        assert [len(batch.images) for batch in found] == [7, 7, 7, 7, 7]
        return torch.cat([b.index for b in found]).tolist(), [i for b in found for i in b.images]

    (one, pictures), (again, same), (other, _) = epoch(0), epoch(0), epoch(1)
    assert sorted(one) == list(range(35)) == sorted(other)
    assert one == again != other
    assert all(torch.equal(a, b) for a, b in zip(pictures, same, strict=True))
    plain = Variation(transform=transform, smallest_crop=1.0, mirror=False)
    assert torch.equal(plain(folder.read(3), np.random.default_rng(0)), transform(folder.read(3)))


def test_a_variation_is_a_crop_of_the_picture_in_the_networks_scale() -> None:
    ramp = np.tile(np.arange(200, dtype=np.uint8)[None, :, None], (100, 1, 3))  # 200 wide, 100 high
    transform = InputTransform.parse("BGR, 0-255, minus mean (0,0,0), 32x32, from shorter side 36")
    mirrored = 0
    for seed in range(50):
        found = Variation(transform=transform, smallest_crop=0.5)(Image.fromarray(ramp), np.random.default_rng(seed))
        row = found[0, 7].numpy()
        assert found.shape == (3, 32, 32)
        assert row.min() >= 0
        assert row.max() <= 199
        assert 0.5 * 100 / np.sqrt(4 / 3) - 4 <= np.ptp(row) <= 100 * np.sqrt(4 / 3) + 1
        mirrored += bool(row[0] > row[-1])
    assert 15 <= mirrored <= 35


def test_the_learning_rate_rises_and_falls_and_patience_ends_a_fit() -> None:
    recipe = Recipe(store="fits", epochs=10, learning_rate=0.1, warm_up=0.2, patience=2)
    rates = [recipe.learning_rate_at(step, 10) for step in range(10)]
    np.testing.assert_allclose(rates[:3], [0.05, 0.1, 0.1])
    assert rates[2:] == sorted(rates[2:], reverse=True)
    np.testing.assert_allclose(rates[6], 0.05)
    history = [{"validation/accuracy": a, "validation/loss": loss} for a, loss in ((0.5, 1), (0.7, 2), (0.7, 1))]
    assert best_epoch(history) == 2
    assert not recipe.has_ended(history)
    assert recipe.has_ended([*history, history[0], history[0]])
    assert not replace(recipe, patience=None).has_ended([*history, history[0], history[0]])
    assert not recipe.has_ended([])
    assert best_epoch([{"fit/loss": 1.0}, {"fit/loss": 2.0}]) == 1


def test_a_fit_inside_a_clusters_job_is_a_fit_of_its_own(
    tmp_path: Path, folder: ImageFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_NTASKS", "2")
    monkeypatch.setenv("SLURM_JOB_NAME", "fit")
    assert fitter(tmp_path, epochs=1)(tiny_architecture(), folder).is_new


def test_early_stopping_keeps_the_best_epoch(tmp_path: Path, folder: ImageFolder) -> None:
    fitted = fitter(tmp_path, epochs=40, patience=2, learning_rate=1e-7)(tiny_architecture(), folder)
    assert len(fitted.history) < 40
    assert len(fitted.history) - 1 - best_epoch(fitted.history) == 2


def test_a_loss_that_is_not_finite_is_an_error(tmp_path: Path, folder: ImageFolder) -> None:
    with pytest.raises(
        InputError, match=r"the loss is (nan|inf) in epoch \d: .* lower fit.learning_rate, which is 1e\+30"
    ):
        fitter(tmp_path, learning_rate=1e30)(tiny_architecture(), folder)


@pytest.mark.parametrize("workers", [0, 1])
def test_an_image_that_cannot_be_read_ends_the_fit_and_is_named(
    tmp_path: Path, folder: ImageFolder, workers: int
) -> None:
    (folder.root / folder.paths[4]).write_bytes(b"broken")
    with pytest.raises(InputError, match=r"^[^\n]*\.png cannot be read as an image[^\n]*$"):
        fitter(tmp_path, workers=workers)(tiny_architecture(), folder)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "fit.epochs=0: expected at least 1"),
        ({"learning_rate": -1.0}, "fit.learning_rate=-1.0: expected more than 0"),
        ({"validation": 1.0}, "fit.validation=1.0: expected at least 0 and less than 1"),
        ({"batch_size": 1}, "fit.batch_size=1: expected at least 2"),
        ({"patience": 0}, "fit.patience=0: expected at least 1"),
        ({"start": "fit"}, "fit.start=fit: expected random, imagenet"),
    ],
)
def test_settings_that_make_no_sense_are_errors_that_name_the_key(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        fitter(tmp_path, **settings)


def test_weights_to_begin_with_that_are_not_there_are_errors(tmp_path: Path, folder: ImageFolder) -> None:
    with pytest.raises(InputError, match="tiny has no weights that torchvision publishes"):
        fitter(tmp_path, start="imagenet")(tiny_architecture(), folder)
    with pytest.raises(InputError, match="tiny comes without weights"):
        fitter(tmp_path, start="shipped")(tiny_architecture(), folder)
    with pytest.raises(FileNotFoundError, match="no weights at"):
        fitter(tmp_path, start="nowhere.pth")(tiny_architecture(), folder)
    with pytest.raises(InputError, match="still to be fitted"):
        tiny_architecture("fit").network()


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("squeezenet1_1", "classifier.1"),
        ("googlenet", "fc"),
        ("vgg19", "classifier.6"),
        ("bvlc_googlenet", "loss3/classifier"),
        ("small_inception", "classifier"),
    ],
)
def test_the_head_of_every_architecture_is_found_and_replaced(name: str, path: str) -> None:
    module = build.architecture(compose([f"architecture={name}"])).outline().module
    assert head_path(module) == path
    before = [name for name, _ in module.named_modules()]
    replace_head(module, 11)
    assert [name for name, _ in module.named_modules()] == before
    assert module(torch.empty(2, 3, 224, 224, device="meta")).shape == (2, 11)


def test_a_network_without_a_classifier_is_an_error(tmp_path: Path, folder: ImageFolder) -> None:
    with pytest.raises(InputError, match="Sequential has no classifier to fit: wanted a linear layer"):
        replace_head(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), 5)

    class Headless(Tiny):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.stack([self.head(x.mean(dim=(2, 3)).repeat(1, 2)[:, :5])] * 2, dim=1)

    with pytest.raises(InputError, match=r"Headless returns \(\d, 2, 3\): expected one logit for each class"):
        fitter(tmp_path)(replace(tiny_architecture(), make=Headless), folder)


def test_a_file_decides_the_number_of_classes_and_nothing_else(tmp_path: Path) -> None:
    module = Tiny()
    replace_head(module, 3)
    write_weights(tmp_path / "three.safetensors", module.state_dict(), {})
    torch.manual_seed(0)
    state = torch.random.get_rng_state()
    network = tiny_architecture(str(tmp_path / "three.safetensors")).network()
    assert torch.equal(torch.random.get_rng_state(), state)
    assert network.module(torch.zeros(1, 3, 32, 32)).shape == (1, 3)
    assert network.classes == ()
    write_weights(tmp_path / "two.safetensors", module.state_dict(), {"classes": '["n01440764", "n01443537"]'})
    with pytest.raises(InputError, match="states 2 classes, but its head has 3 outputs"):
        tiny_architecture(str(tmp_path / "two.safetensors")).network()
    write_weights(tmp_path / "bad.safetensors", module.state_dict(), {"classes": "cat, dog"})
    with pytest.raises(InputError, match="no JSON list"):
        tiny_architecture(str(tmp_path / "bad.safetensors")).network()
    module.third = nn.Conv2d(6, 6, 3)
    write_weights(tmp_path / "other.safetensors", module.state_dict(), {})
    with pytest.raises(InputError, match=r"other shape: third\.weight"):
        tiny_architecture(str(tmp_path / "other.safetensors")).network()


def test_equal_weights_are_equal_bytes_and_half_precision_is_converted(tmp_path: Path) -> None:
    state = Tiny().state_dict()
    texts = {name: name * 3 for name in ("input", "classes", "fitted", "zeta", "alpha")}
    for number in range(5):
        write_weights(tmp_path / f"{number}.safetensors", state, dict(reversed(texts.items())) if number else texts)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
    found, stated = read_checkpoint(tmp_path / "0.safetensors")
    assert stated == texts
    assert all(torch.equal(found[name], tensor) for name, tensor in state.items())
    write_weights(tmp_path / "half.safetensors", {name: t.half() for name, t in state.items()}, {})
    halved = tiny_architecture(str(tmp_path / "half.safetensors")).network().module.state_dict()
    assert all(halved[name].dtype == torch.float32 for name in state)
    assert all(torch.equal(halved[name], t.half().float()) for name, t in state.items())


def test_shipped_weights_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classvec.networks.weights.SHIPPED", tmp_path)
    source = tiny_architecture(seed=4).network()
    with pytest.raises(InputError, match=r"tiny comes without weights \(architectures with shipped weights: none\)"):
        tiny_architecture("shipped").network()
    write_weights(tmp_path / "tiny.safetensors", source.module.state_dict(), {})
    found = tiny_architecture("shipped").network()
    assert (found.weights, found.weights_hash) == ("shipped", source.weights_hash)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.safetensors")), ids=lambda path: path.stem)
def test_shipped_weights_are_small_and_fit_their_architecture(path: Path) -> None:
    assert path.stat().st_size <= 2_000_000
    overrides = [f"architecture={path.stem}", "architecture.weights=shipped"]
    assert build.architecture(compose(overrides)).network().classes


def small_inception(**options: Any) -> Architecture:
    architecture = build.architecture(compose(["architecture=small_inception"]))
    return replace(architecture, **options)


def test_small_inception_is_small_and_its_layers_are_never_negative() -> None:
    network = small_inception(weights="random").network()
    assert 350_000 < sum(p.numel() for p in network.module.parameters()) < 500_000
    assert list(network.layers) == list(INCEPTION)
    from classvec.extraction.activations import Activations

    torch.manual_seed(0)
    images = torch.randn(2, 3, 96, 96)
    with torch.no_grad(), Activations(network.module, network.paths(list(network.layers))) as run:
        values = run(images)
    assert [tuple(v.shape[2:]) for v in values.values()] == [(24, 24)] * 2 + [(12, 12)] * 2 + [(6, 6)] * 2
    assert all(float(v.min()) >= 0.0 for v in values.values())
    assert all(float(v.max()) > 0.0 for v in values.values())
    assert SmallInception(n_classes=5)(images).shape == (2, 5)


def test_small_inception_takes_a_step(tmp_path: Path) -> None:
    images = image_folder(draw_images(tmp_path / "images", SYNSETS[:2], (4, 4), size=96))
    fitted = fitter(tmp_path, epochs=1)(small_inception(), images)
    assert small_inception(weights=str(fitted.path)).network().classes == SYNSETS[:2]


def test_train_fits_once_and_evaluate_finds_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_images(tmp_path / "images", SYNSETS, [2] * 6, size=96)
    monkeypatch.chdir(tmp_path)
    arguments = [
        "architecture=small_inception",
        "architecture.weights=fit",
        "data=image_folder",
        "data.root=images",
        "clustering.k=[2]",
    ]
    arguments += ["fit.epochs=1", "trainer.workers=0", "trainer=cpu", "tracking=none", "chance.draws=2"]
    call("train.py", *arguments, monkeypatch=monkeypatch)
    call("evaluate.py", *arguments, monkeypatch=monkeypatch)
    found = list((tmp_path / "outputs" / "fitted").glob("small_inception-*/weights.safetensors"))
    assert len(found) == 1
    assert len(list((tmp_path / "outputs" / "class_vectors").glob("small_inception-*/manifest.json"))) == 1
    assert "inception_5b" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of MLflow's store about SQLAlchemy
def test_the_curves_of_a_fit_are_logged_by_epoch(tmp_path: Path, folder: ImageFolder) -> None:
    from mlflow import MlflowClient

    from classvec.pipeline import with_weights
    from classvec.report.mlflow import MLflow

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    tracking = MLflow(uri=uri, experiment="test", artifacts=tmp_path / "artifacts")
    card = replace(make_card("x"), owner="me")
    fit = fitter(tmp_path / "store")
    network = with_weights(tiny_architecture("fit"), folder, fit, tracking, lambda: card).network()
    assert network.classes == SYNSETS[:3]
    with_weights(tiny_architecture("fit"), folder, fit, tracking, lambda: card)
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("test").experiment_id
    (run,) = client.search_runs([experiment])
    client.set_terminated(run.info.run_id, status="RUNNING")  # as if killed after the fit and before the end of its run
    with_weights(tiny_architecture("fit"), folder, fit, tracking, lambda: card)
    assert {run.info.status for run in client.search_runs([experiment])} == {"KILLED", "FINISHED"}
    client.delete_run(run.info.run_id)
    (run,) = client.search_runs([client.get_experiment_by_name("test").experiment_id])
    assert run.info.run_name == "fit tiny"
    assert run.info.status == "FINISHED"
    assert run.data.params["fit.epochs"] == "3"
    for key in ("fit/loss", "fit/accuracy", "validation/accuracy"):
        assert [m.step for m in client.get_metric_history(run.info.run_id, key)] == [0, 1, 2]


def test_images_set_aside_for_fitting_are_those_fitted_on(tmp_path: Path, folder: ImageFolder) -> None:
    from classvec.pipeline import with_weights
    from classvec.report.tracking import NoTracking

    aside = image_folder(draw_images(tmp_path / "aside", SYNSETS[:2], (3, 3), size=36))

    class Split(ImageFolder):
        def for_fitting(self) -> ImageFolder:
            return aside

    card = make_card("x")
    images = Split(settings.ImageFolder(root=folder.root))
    fitted = with_weights(tiny_architecture("fit"), images, fitter(tmp_path, epochs=1), NoTracking(), lambda: card)
    assert fitted.network().classes == SYNSETS[:2]
    assert with_weights(tiny_architecture(), images, fitter(tmp_path), NoTracking(), lambda: card).weights == "random"


@pytest.mark.slow
def test_squeezenet_is_fitted_by_its_head(tmp_path: Path) -> None:
    images = image_folder(draw_images(tmp_path / "images", SYNSETS[:2], (6, 6), size=64))
    overrides = ["architecture=squeezenet1_1", "architecture.weights=fit"]
    architecture = build.architecture(compose(overrides))
    fitted = fitter(tmp_path, epochs=2, freeze_all_but_head=True)(architecture, images)
    network = replace(architecture, weights=str(fitted.path)).network()
    assert network.classes == SYNSETS[:2]
    assert network.layers["fire9"] == "features.12"
    assert set(LAYERS) == {"low", "mid", "top"}
