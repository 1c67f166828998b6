"""Shared by all tests: real data where it is at hand, a tiny network, folders of drawn images, a hand-made taxonomy."""

import inspect
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest
import torch
from hydra.utils import get_object
from omegaconf import DictConfig
from PIL import Image
from torch import nn

from classvec import build, settings
from classvec.artifacts import ClassVectors
from classvec.compose import compose
from classvec.data.image_folder import ImageFolder
from classvec.extraction.extractor import Extractor
from classvec.instantiate import instantiate, plain
from classvec.networks.input_transform import InputTransform
from classvec.networks.network import Architecture, Network
from classvec.ontology.dictionary import open_dictionary
from classvec.ontology.taxonomy import Concept, Taxonomy
from classvec.pipeline import class_vectors

ROOT = Path(__file__).parents[1]
SYNSETS = ("n01440764", "n01443537", "n02084071", "n02121620", "n02814533", "n03445777")
CLASSES = ("n01440764", "n01443537", "n02085620", "n02123045", "n02814533", "n03445777", "n04507155", "n07753275")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with data/ and weights/ that CLASSVEC_TEST_DATA names."""
    folder = os.environ.get("CLASSVEC_TEST_DATA")
    if not folder:
        pytest.skip("set CLASSVEC_TEST_DATA to the folder with data/imagenet-sample and weights/ to run on real data")
    assert (Path(folder) / "data" / "imagenet-sample").is_dir(), f"CLASSVEC_TEST_DATA={folder} has no sample images"
    return Path(folder)


@pytest.fixture(scope="session")
def googlenet(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> ClassVectors:
    """The nine layers of BVLC GoogLeNet over the sample images, one for each of the 1,000 ILSVRC classes."""
    weights, root = real_data / "weights" / "bvlc_googlenet.safetensors", real_data / "data" / "imagenet-sample"
    cfg = compose(
        ["architecture=bvlc_googlenet", f"architecture.weights={weights}", "data=image_folder", f"data.root={root}"]
    )
    network, images = build.architecture(cfg), instantiate(cfg.data, ontology=instantiate(cfg.ontology))
    extractor = Extractor(store=tmp_path_factory.mktemp("googlenet") / "class_vectors")
    return class_vectors(network.network(), images, extractor, list(network.named_layers))


@pytest.fixture(scope="session")
def dictionary() -> Any:
    """The full WordNet, where it is installed."""
    try:
        return open_dictionary()
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the compiled files of Python processes that tests start; see `jobs.Workplace`."""
    return tmp_path_factory.mktemp("compiled")


class Tiny(nn.Module):
    """Three convolutions with ReLUs, one of them in place."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.second = nn.Conv2d(4, 6, 3, stride=2, padding=1)
        self.third = nn.Conv2d(6, 5, 3, stride=2, padding=1)
        self.relu1, self.relu2, self.relu3 = nn.ReLU(), nn.ReLU(inplace=True), nn.ReLU()
        self.head = nn.Linear(5, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu1(self.first(x))
        x = self.relu2(self.second(x))
        x = self.relu3(self.third(x))
        logits: torch.Tensor = self.head(x.mean(dim=(2, 3)))
        return logits


LAYERS = {"low": "relu1", "mid": "relu2", "top": "relu3"}


def tiny_architecture(weights: str = "random", seed: int = 0) -> Architecture:
    return Architecture(
        name="tiny",
        make=Tiny,
        transform=InputTransform.parse("RGB, 0-1, minus mean (0.5,0.5,0.5), 32x32, from shorter side 36"),
        layers=LAYERS,
        groups={"all": list(LAYERS)},
        weights=weights,
        seed=seed,
    )


@pytest.fixture
def tiny() -> Network:
    return tiny_architecture().network()


def draw_images(root: Path, classes: Sequence[str], counts: Sequence[int], seed: int = 0, size: int = 48) -> Path:
    """Writes folders of smooth random pictures, each class around a picture of its own."""
    rng = np.random.default_rng(seed)
    for class_id, count in zip(classes, counts, strict=True):
        (root / class_id).mkdir(parents=True)
        base = rng.uniform(0, 255, (4, 4, 3))
        for number in range(count):
            pixels = np.clip(base + rng.normal(0, 40, base.shape), 0, 255).astype(np.uint8)
            picture = Image.fromarray(pixels).resize((size, size + number), Image.Resampling.BILINEAR)
            picture.save(root / class_id / f"{number}.png")
    return root


def image_folder(root: Path | str, ontology: Any = None, **keys: Any) -> ImageFolder:
    return ImageFolder(settings.ImageFolder(root=root, **keys), ontology)


@pytest.fixture
def image_root(tmp_path: Path) -> Path:
    return draw_images(tmp_path / "images", SYNSETS, (3, 1, 4, 2, 5, 2))


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Arguments for a small job in an empty folder, which becomes the working directory."""
    draw_images(tmp_path / "images", CLASSES, [2] * 8)
    monkeypatch.chdir(tmp_path)
    return [
        "architecture=squeezenet1_1", "architecture.weights=random", "data=image_folder", "data.root=images",
        "clustering.k=[2,3,4]", "clustering.seeds=[0,1]", "trainer.workers=0", "trainer.batch_size=4",
    ]  # fmt: skip


@pytest.fixture
def taxonomy() -> Taxonomy:
    """Hand-made: a thing is a creature or a tool; a robodog is both; "being" holds the same classes as "creature"."""
    rows: list[tuple[str, str, tuple[str, ...]]] = [
        ("thing", "thing", ()),
        ("being", "being", ("thing",)),
        ("creature", "creature", ("being",)),
        ("tool", "tool", ("thing",)),
        ("dog", "dog", ("creature",)),
        ("cat", "cat", ("creature",)),
        ("saw", "saw", ("tool",)),
        ("axe", "axe", ("tool",)),
        ("robodog", "robodog", ("dog", "tool")),
    ]
    return Taxonomy((Concept(i, f"{i}.n.01", name, parents) for i, name, parents in rows), source="hand-made")


@pytest.fixture
def kingdoms() -> Taxonomy:
    """Animals (fish, birds) and tools (saws, axes), six classes of each kind."""
    kinds = {"fish": "animal", "bird": "animal", "saw": "tool", "axe": "tool"}
    rows = [("thing", ()), ("animal", ("thing",)), ("tool", ("thing",)), *((k, (p,)) for k, p in kinds.items())]
    classes = [(f"n{i:08d}", (kind,)) for i, kind in enumerate(np.repeat(list(kinds), 6))]
    concepts = (Concept(i, f"{i}.n.01", i, tuple(map(str, above))) for i, above in [*rows, *classes])
    return Taxonomy(concepts, source="hand-made")


def nodes(node: Any) -> list[dict[str, Any]]:
    """Returns every node below that has a `_target_`."""
    found = []
    if isinstance(node, dict):
        found = [node] if node.get("_target_") else []
        for value in node.values():
            found += nodes(value)
    return found


def bind(cfg: DictConfig) -> int:
    """Binds the keys of every node to the signature of its target, without building it; returns how many there are."""
    found = nodes(plain(cfg))
    for node in found:
        target = get_object(node["_target_"])
        arguments = {key: value for key, value in node.items() if not key.startswith("_")}
        signature = inspect.signature(target)
        if "settings" in signature.parameters:
            signature = inspect.signature(
                get_type_hints(target.__init__ if inspect.isclass(target) else target)["settings"]
            )
        (signature.bind_partial if node.get("_partial_") else signature.bind)(**arguments)
    return len(found)
