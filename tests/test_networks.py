"""Feature counts of the paper's tables, input transforms, weights that fit and weights that do not."""

import logging
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from classvec import build
from classvec.compose import compose
from classvec.errors import InputError
from classvec.extraction.layer_shapes import layer_shapes, module_shapes
from classvec.networks.bvlc_googlenet import BVLCGoogLeNet, ResponseNorm
from classvec.networks.input_transform import InputTransform
from classvec.networks.network import Network
from classvec.networks.weights import weights_hash
from tests.conftest import Tiny, image_folder, tiny_architecture

TABLE_1 = {
    "inception_3a": 200_704, "inception_3b": 376_320, "inception_4a": 100_352, "inception_4b": 100_352,
    "inception_4c": 100_352, "inception_4d": 103_488, "inception_4e": 163_072, "inception_5a": 40_768,
    "inception_5b": 50_176,
}  # fmt: skip
TABLE_2 = {"conv2_2": 1_605_632, "conv3_4": 802_816, "conv4_4": 401_408, "conv5_4": 100_352}


@pytest.mark.parametrize(
    ("name", "table", "total"),
    [("bvlc_googlenet", TABLE_1, 1_235_584), ("googlenet", TABLE_1, 1_235_584), ("vgg19", TABLE_2, 2_910_208)],
)
def test_feature_counts_are_those_of_the_papers_tables(name: str, table: dict[str, int], total: int) -> None:
    architecture = build.architecture(compose([f"architecture={name}"]))
    shapes = layer_shapes(architecture.outline(), list(architecture.layers))
    assert {shape.name: shape.n_features for shape in shapes} == table
    assert sum(shape.n_features for shape in shapes) == total


@pytest.mark.parametrize("name", ["bvlc_googlenet", "googlenet", "small_inception", "vgg19", "squeezenet1_1"])
def test_groups_split_the_layers_from_low_to_top(name: str) -> None:
    architecture = build.architecture(compose([f"architecture={name}"]))
    groups = architecture.layer_groups
    assert list(groups["all"]) == list(architecture.named_layers)
    assert [*groups["low"], *groups["mid"], *groups["top"]] == list(groups["all"])
    order = [path for path, _ in architecture.outline().module.named_modules()]
    assert sorted(architecture.layers.values(), key=order.index) == list(architecture.layers.values())


def test_layers_after_the_relu_are_not_negative() -> None:
    for name in ("bvlc_googlenet", "squeezenet1_1"):
        architecture = build.architecture(compose([f"architecture={name}", "architecture.weights=random"]))
        network = architecture.network()
        from classvec.extraction.activations import Activations

        with torch.no_grad(), Activations(network.module, network.paths(list(network.layers))) as run:
            values = run(torch.randn(1, 3, 224, 224) * 50)
        assert all(float(v.min()) >= 0.0 for v in values.values())


def test_the_text_of_a_transform_reads_back() -> None:
    for text in (
        "BGR, 0-255, minus mean (104,117,123), 227x227",
        "RGB, 0-1, minus mean (0.485,0.456,0.406), over std (0.229,0.224,0.225), 299x299, from shorter side 342",
        "RGB, 0-1, minus mean (0,0,0), 384x384",
    ):
        transform = InputTransform.parse(text)
        assert InputTransform.parse(str(transform)) == transform
    assert InputTransform.parse("BGR, 0-255, minus mean (104,117,123), 227x227").resize == 256
    assert InputTransform.parse("RGB, 0-1, minus mean (0,0,0), 384x384").resize == 384


@pytest.mark.parametrize(
    "text", ["", "BGR", "GRB, 0-255, minus mean (1,2,3), 224x224", "RGB, 0-1, minus mean (1,2), 8x8"]
)
def test_a_transform_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(InputError, match="cannot read the input description"):
        InputTransform.parse(text)
    with pytest.raises(InputError, match="does not fit a shorter side"):
        InputTransform.parse("RGB, 0-1, minus mean (1,2,3), 32x32, from shorter side 16")


def test_a_transform_by_hand() -> None:
    image = Image.new("RGB", (8, 4), (255, 51, 0))
    found = InputTransform.parse("BGR, 0-255, minus mean (104,117,123), 4x4, from shorter side 4")(image)
    assert found.shape == (3, 4, 4)
    assert found.dtype == torch.float32
    assert found[:, 0, 0].tolist() == [0 - 104, 51 - 117, 255 - 123]
    scaled = "RGB, 0-1, minus mean (0.5,0.2,0), over std (0.5,1,2), 4x4, from shorter side 4"
    found = InputTransform.parse(scaled)(image)
    np.testing.assert_allclose(found[:, 3, 3].numpy(), [1.0, 0.0, 0.0], atol=1e-6)


def test_resizing_equals_torchvisions() -> None:
    from torchvision.transforms.functional import center_crop, pil_to_tensor, resize

    rng = np.random.default_rng(0)
    transform = InputTransform.parse("RGB, 0-255, minus mean (0,0,0), 224x224")
    for size in ((500, 375), (333, 500), (60, 91), (91, 60), (256, 256), (1000, 257)):
        image = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
        reference = pil_to_tensor(center_crop(resize(image, 256), [224, 224])).float()
        assert torch.equal(transform(image), reference)


def test_random_weights_come_from_the_seed_and_leave_the_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, same, other = (tiny_architecture(seed=seed).network() for seed in (1, 1, 2))
    assert torch.rand(1) == expected
    assert one.weights_hash == same.weights_hash != other.weights_hash
    assert one.weights == "random (seed 1)"


def test_the_hash_sees_values_names_and_shapes() -> None:
    module = Tiny()
    before = weights_hash(module)
    with torch.no_grad():
        module.head.bias[3] += 1e-6
    assert weights_hash(module) != before


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_weights_load_from_files(tmp_path: Path, suffix: str) -> None:
    source = tiny_architecture(seed=3).network()
    path = tmp_path / f"w{suffix}"
    if suffix == ".pth":
        torch.save({"state_dict": source.module.state_dict()}, path)
    else:
        save_file(source.module.state_dict(), path)
    assert tiny_architecture(str(path)).network().weights_hash == source.weights_hash


def test_a_file_that_states_its_input_is_fed_that(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stated = "BGR, 0-255, minus mean (104,117,123), 40x40, from shorter side 44"
    save_file(Tiny().state_dict(), tmp_path / "w.safetensors", metadata={"input": stated})
    with caplog.at_level(logging.INFO):
        network = tiny_architecture(str(tmp_path / "w.safetensors")).network()
    assert str(network.transform) == stated
    assert "w.safetensors states its own input: BGR" in caplog.text


def test_weights_that_do_not_fit_are_listed(tmp_path: Path) -> None:
    state = Tiny().state_dict()
    state["extra.weight"] = torch.zeros(1)
    state["head.bias"] = torch.zeros(3)
    del state["first.bias"]
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(InputError) as error:
        tiny_architecture(str(tmp_path / "w.safetensors")).network()
    assert "missing: first.bias" in str(error.value)
    assert "not of this network: extra.weight" in str(error.value)
    assert "other shape: head.bias (3,) instead of (7,)" in str(error.value)


class Evil:
    """Would write a file if it were unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, (str(self.path), "w"))


def test_no_code_from_a_checkpoint_is_run(tmp_path: Path) -> None:
    torch.save({"state_dict": Evil(tmp_path / "owned")}, tmp_path / "w.pth")
    with pytest.raises(InputError, match="cannot be read with weights_only=True"):
        tiny_architecture(str(tmp_path / "w.pth")).network()
    assert not (tmp_path / "owned").exists()


def test_damaged_missing_and_unnamed_weights_are_errors(tmp_path: Path) -> None:
    save_file(Tiny().state_dict(), tmp_path / "w.safetensors")
    whole = (tmp_path / "w.safetensors").read_bytes()
    (tmp_path / "w.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="no safetensors file, or truncated"):
        tiny_architecture(str(tmp_path / "w.safetensors")).network()
    (tmp_path / "empty.pth").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be read with weights_only=True .it is empty"):
        tiny_architecture(str(tmp_path / "empty.pth")).network()
    torch.save(torch.zeros(3), tmp_path / "w.pth")
    with pytest.raises(InputError, match="holds Tensor where a state dict"):
        tiny_architecture(str(tmp_path / "w.pth")).network()
    with pytest.raises(FileNotFoundError, match="no weights at"):
        tiny_architecture(str(tmp_path / "none.pth")).network()
    with pytest.raises(InputError, match="tiny has no weights that torchvision publishes"):
        tiny_architecture("imagenet").network()
    architecture = build.architecture(compose(["architecture=vgg19"]))
    with pytest.raises(InputError, match=r"no weights given for vgg19: .*weights\.vgg19=PATH.*weights=imagenet"):
        architecture.network()


def test_imagenet_weights_are_fetched_only_when_asked_for_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from types import SimpleNamespace

    released = tiny_architecture(seed=9).network()
    published = SimpleNamespace(
        url="https://example.invalid/tiny.pth", get_state_dict=lambda **options: released.module.state_dict()
    )
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    from dataclasses import replace

    architecture = replace(tiny_architecture("imagenet"), released=lambda: published)
    with caplog.at_level(logging.INFO):
        network = architecture.network()
    assert network.weights_hash == released.weights_hash
    assert f"downloading https://example.invalid/tiny.pth to {tmp_path / 'checkpoints'}" in caplog.text

    def unreachable(**options: object) -> dict[str, torch.Tensor]:
        raise URLError("no route to host")

    published.get_state_dict = unreachable
    words = (
        r"https://example.invalid/tiny.pth cannot be downloaded \(no route to host\): .*bring this file and give "
        r"architecture.weights=FILE \(or weights.tiny=FILE\)"
    )
    with pytest.raises(InputError, match=words):
        architecture.network()


def test_googlenet_takes_torchvisions_checkpoint_with_its_training_heads(tmp_path: Path) -> None:
    from torchvision.models import googlenet

    full = googlenet(weights=None, aux_logits=True, init_weights=False)
    save_file({k: v.contiguous() for k, v in full.state_dict().items()}, tmp_path / "g.safetensors")
    overrides = ["architecture=googlenet", f"architecture.weights={tmp_path / 'g.safetensors'}"]
    network = build.architecture(compose(overrides)).network()
    full.transform_input = True
    images = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        torch.testing.assert_close(network.module(images), full.eval()(images))


def test_bvlc_googlenet_equals_a_plain_functional_one() -> None:
    import torch.nn.functional as f

    torch.manual_seed(0)
    network = BVLCGoogLeNet().eval()
    w = network.state_dict()

    def conv(name: str, x: torch.Tensor, **options: int) -> torch.Tensor:
        return f.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], **options).clamp(min=0)

    def norm(x: torch.Tensor) -> torch.Tensor:  # Krizhevsky et al. 2012, as Caffe has it: alpha over the size, k = 1
        squares = f.pad((x * x)[:, None], (0, 0, 0, 0, 2, 2))[:, 0]
        window = sum(squares[:, i : i + x.shape[1]] for i in range(5))
        return x / (1 + 1e-4 / 5 * window) ** 0.75

    with torch.no_grad():
        images = torch.randn(2, 3, 224, 224) * 60
        x = norm(f.max_pool2d(conv("conv1/7x7_s2", images, stride=2, padding=3), 3, 2, ceil_mode=True))
        x = norm(conv("conv2/3x3", conv("conv2/3x3_reduce", x), padding=1))
        x = f.max_pool2d(x, 3, 2, ceil_mode=True)
        for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
            i = f"inception_{name}"
            branches = (
                conv(f"{i}/1x1", x),
                conv(f"{i}/3x3", conv(f"{i}/3x3_reduce", x), padding=1),
                conv(f"{i}/5x5", conv(f"{i}/5x5_reduce", x), padding=2),
                conv(f"{i}/pool_proj", f.max_pool2d(x, 3, 1, padding=1)),
            )
            x = torch.cat(branches, 1)
            if name in ("3b", "4e"):
                x = f.max_pool2d(x, 3, 2, ceil_mode=True)
        logits = f.linear(x.mean((2, 3)), w["loss3/classifier.weight"], w["loss3/classifier.bias"])
        torch.testing.assert_close(network(images), logits, rtol=1e-4, atol=1e-5)


def test_layers_are_found_by_name_and_by_path(tiny: Network) -> None:
    assert tiny.paths(["top", "second"]) == {"top": "relu3", "second": "second"}
    with pytest.raises(InputError, match=r"unknown layer of tiny 'thrid': did you mean third"):
        tiny.paths(["thrid"])


def test_every_module_that_runs_once_is_listed(tiny: Network) -> None:
    shapes = {shape.path: shape.shape for shape in module_shapes(tiny)}
    assert shapes["relu2"] == (6, 8, 8)
    assert list(shapes) == ["first", "second", "third", "relu1", "relu2", "relu3", "head"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "weights", "top1", "top5"),
    [("bvlc_googlenet", "bvlc_googlenet", 0.749, 0.926), ("squeezenet1_1", "caffe_squeezenet1_1", 0.622, 0.837)],
)
def test_accuracy_on_the_sample_images(
    real_data: Path, architecture: str, weights: str, top1: float, top5: float
) -> None:
    from classvec.data.labelled_images import Decoding, batches

    path = real_data / "weights" / f"{weights}.safetensors"
    overrides = [f"architecture={architecture}", f"architecture.weights={path}"]
    network = build.architecture(compose(overrides)).network()
    images = image_folder(real_data / "data" / "imagenet-sample")
    ranks = []
    with torch.no_grad():
        for batch in batches(images, network.transform, range(1000), batch_size=32, decoding=Decoding(workers=1)):
            found = batch.index[batch.index >= 0]
            labels = torch.from_numpy(images.labels)[found]
            order = network.module(batch.images[: len(found)]).flatten(1).argsort(1, descending=True)
            ranks.append((order == labels[:, None]).int().argmax(1))
    rank = torch.cat(ranks)
    found1, found5 = float((rank < 1).float().mean()), float((rank < 5).float().mean())
    print(f"{architecture}: top-1 {found1:.3f}, top-5 {found5:.3f}")
    assert found1 == pytest.approx(top1, abs=0.003)
    assert found5 == pytest.approx(top5, abs=0.005)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_response_norm_equals_torchs(layout: torch.memory_format) -> None:
    x = (torch.randn(3, 12, 5, 5, generator=torch.manual_seed(0)) * 200).to(memory_format=layout).requires_grad_()
    plain = torch.nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75)
    expected, found = plain(x.double()), ResponseNorm(alpha=1e-4)(x)
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=0.0)
    gradients = [torch.autograd.grad(y.square().sum(), x)[0] for y in (expected, found)]
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-4)
    with torch.no_grad():
        torch.testing.assert_close(ResponseNorm(alpha=1e-4)(x.detach().clone()), found, rtol=1e-6, atol=0.0)
