"""An architecture with weights becomes a network: frozen, with the input it wants and the names of its layers."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from classvec.errors import InputError, unknown
from classvec.networks.input_transform import InputTransform
from classvec.networks.weights import load_strictly, read_checkpoint, weights_hash

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network ready to look at images: evaluation mode, no gradients, nothing overwritten in place.

    Attributes:
        name: Name of the architecture.
        module: The network; maps (batch, 3, height, width) to (batch, n_classes).
        transform: Turns a picture into its input.
        layers: Layer name to the path of the module whose output it is, low to top.
        weights: What was loaded, in words: ``imagenet``, ``random (seed 0)`` or the name of a file.
        weights_hash: SHA-256 of the names, types, shapes and values of all tensors.
        pool: ``none`` for the value at every position, ``gap`` for the global average of each channel.
    """

    name: str
    module: nn.Module
    transform: InputTransform
    layers: Mapping[str, str]
    weights: str
    weights_hash: str
    pool: str = "none"

    def paths(self, names: Sequence[str]) -> dict[str, str]:
        """Finds the modules behind layers, given by the architecture's names or as paths of modules.

        Args:
            names: Layer names, such as ``conv5_4``, or paths, such as ``features.35``.

        Returns:
            Name to path, in the order given.

        Raises:
            InputError: If there is no such layer and no such module.
        """
        modules = dict(self.module.named_modules())
        paths = {name: self.layers.get(name, name) for name in names}
        for name, path in paths.items():
            if not path or path.removesuffix(":relu") not in modules:
                raise unknown(f"layer of {self.name}", name, [*self.layers, *(m for m in modules if m)])
        return paths


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A kind of network and the weights it shall have; nothing is built or read before it is asked for.

    Attributes:
        name: Its name.
        make: Builds the module.
        transform: The input it wants, unless its weights file says otherwise.
        layers: Layer name to path of the module, low to top.
        groups: Name of a group to the names of its layers: all, low, mid, top.
        weights: ``imagenet`` for the weights that torchvision publishes (downloaded once, to torch's hub folder),
            ``random`` for the initialisation, or the path of a ``.safetensors`` file or PyTorch checkpoint. A
            safetensors file may state the input it was trained on in its metadata under ``input``, which then counts
            instead of the architecture's.
        seed: Seed of random weights.
        released: Returns torchvision's set of ImageNet weights, or None where there is none to download.
        training_only: Prefix of tensors in a weights file that belong to parts used in training alone.
        pool: ``none`` for the value at every position (the paper), ``gap`` for the global average of each channel.
    """

    name: str
    make: Callable[[], nn.Module]
    transform: InputTransform
    layers: Mapping[str, str]
    groups: Mapping[str, Sequence[str]]
    weights: str | None = None
    seed: int = 0
    released: Callable[[], Any] | None = None
    training_only: str | None = None
    pool: str = "none"

    def __post_init__(self) -> None:
        if self.pool not in ("none", "gap"):
            raise unknown("architecture.pool", self.pool, ("none", "gap"))

    def network(self) -> Network:
        """Builds the network and gives it its weights.

        Raises:
            InputError: If no weights were named, they do not fit, or there are none to download.
            FileNotFoundError: If there is no such file.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            module = self.make()
        if not module.state_dict():
            return self._frozen(module, self.transform, "none needed")
        if self.weights is None:
            raise InputError(
                f"which weights shall {self.name} have? architecture.weights=PATH (or weights.{self.name}=PATH in a "
                f"sweep), architecture.weights=random{', or architecture.weights=imagenet' if self.released else ''}"
            )
        transform, words = self.transform, self.weights
        if self.weights == "random":
            words = f"random (seed {self.seed})"
        elif self.weights == "imagenet":
            load_strictly(module, self._download(), "torchvision's ImageNet weights", self.training_only)
        else:
            path = Path(self.weights).expanduser()
            state, metadata = read_checkpoint(path)
            load_strictly(module, state, str(path), self.training_only)
            transform, words = self._stated_transform(metadata, path), path.name
        return self._frozen(module, transform, words)

    def _frozen(self, module: nn.Module, transform: InputTransform, words: str) -> Network:
        return Network(
            name=self.name,
            module=freeze(module),
            transform=transform,
            layers=self.layers,
            weights=words,
            weights_hash=weights_hash(module),
            pool=self.pool,
        )

    def outline(self) -> Network:
        """Builds the network without memory for its weights: good for names and shapes, not for numbers."""
        with torch.device("meta"):
            module = freeze(self.make())
        return Network(
            name=self.name,
            module=module,
            transform=self.transform,
            layers=self.layers,
            weights="none",
            weights_hash="",
            pool=self.pool,
        )

    def _download(self) -> dict[str, torch.Tensor]:
        if self.released is None:
            raise InputError(
                f"{self.name} has no weights that torchvision publishes: give architecture.weights=PATH "
                f"(or weights.{self.name}=PATH), or architecture.weights=random"
            )
        released = self.released()
        folder = Path(torch.hub.get_dir()) / "checkpoints"
        if not (folder / Path(released.url).name).exists():
            log.info("downloading %s to %s", released.url, folder)
        state: dict[str, torch.Tensor] = released.get_state_dict(progress=True, check_hash=True, weights_only=True)
        return state

    def _stated_transform(self, metadata: Mapping[str, str], path: Path) -> InputTransform:
        if "input" not in metadata:
            log.info("%s does not state its input; taking that of %s: %s", path.name, self.name, self.transform)
            return self.transform
        stated = InputTransform.parse(metadata["input"])
        if stated != self.transform:
            log.info("%s states its own input: %s", path.name, stated)
        return stated


def freeze(module: nn.Module) -> nn.Module:
    """Puts a network into evaluation mode, without gradients and without modules that overwrite their input."""
    for part in module.modules():
        if getattr(part, "inplace", False):
            part.inplace = False  # type: ignore[assignment]
    return module.eval().requires_grad_(False)
