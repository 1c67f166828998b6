"""An architecture with weights becomes a network: frozen, with the input it wants and the names of its layers."""

import hashlib
import inspect
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

from classvec import settings
from classvec.artifacts import file_content
from classvec.errors import InputError, unknown
from classvec.networks.head import find_head, fit_head_to
from classvec.networks.input_transform import InputTransform
from classvec.networks.proposals import proposed_groups, proposed_layers
from classvec.networks.weights import downloaded, load_strictly, read_checkpoint, shipped_weights, weights_hash
from classvec.sources import source_of

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
        made_by: What built the module: its name, its arguments, and a hash of its source where it is not a package's.
        classes: Synset ids of the outputs, in their order, where the weights file states them.
    """

    name: str
    module: nn.Module
    transform: InputTransform
    layers: Mapping[str, str]
    weights: str
    weights_hash: str
    pool: str = "none"
    made_by: str = ""
    classes: tuple[str, ...] = ()

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
class Architecture(settings.Architecture):
    """A kind of network and its weights; nothing is built or read before it is asked for.

    Weights are ``imagenet`` for those that torchvision publishes (downloaded once, to torch's hub folder), ``shipped``
    for those that come with the package, ``random`` for the initialisation, ``fit`` for those that `fitting` will make,
    or the path of a ``.safetensors`` file or PyTorch checkpoint. A safetensors file may state the input it was trained
    on in its metadata under ``input``, which then counts instead of the architecture's, and the synset ids of its
    classes under ``classes``. The number of classes is the file's.

    Attributes:
        make: Builds the module.
        transform: The input it wants, unless its weights file says otherwise.
        released: Returns the set of published weights, or None where there is none to download.
    """

    make: Callable[[], nn.Module]
    transform: InputTransform
    released: Callable[[], Any] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, function in (("make", self.make), ("released", self.released)):
            if not callable(function) and function is not None:
                raise InputError(
                    f"architecture.{name}={function!r}: expected a function, given by its _target_ with _partial_: true"
                )

    @cached_property
    def named_layers(self) -> Mapping[str, str]:
        """Layer name to path of the module, low to top: as described, or the ends of the network's stages."""
        return self.layers or proposed_layers(self.make, self.transform.crop)

    @cached_property
    def layer_groups(self) -> Mapping[str, Sequence[str]]:
        """Name of a group to the names of its layers: ``all``, and the groups described, or thirds of the layers."""
        layers = list(self.named_layers)
        return {**(self.groups or proposed_groups(layers)), "all": layers}

    @property
    def is_untrained(self) -> bool:
        """Whether it has no weights that were trained: a control."""
        return self.weights in (None, "random")

    def weights_content(self) -> str | None:
        """Returns the checksum of the weights file; the word for other weights, None for none."""
        if self.weights is None:
            return None
        path = shipped_weights(self.name) if self.weights == "shipped" else self.weights
        return file_content(path) or str(self.weights)

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
                f"no weights given for {self.name}: architecture.weights=PATH (or weights.{self.name}=PATH in a "
                "sweep), architecture.weights=fit to fit it on your images, architecture.weights=random"
                f"{', or architecture.weights=imagenet' if self.released else ''}"
            )
        if self.weights == "fit":
            raise InputError(f"the weights of {self.name} are still to be fitted: call pipeline.with_weights first")
        transform, words = self.transform, str(self.weights)
        classes: tuple[str, ...] = ()
        if self.weights == "random":
            words = f"random (seed {self.seed})"
        elif self.weights == "imagenet":
            load_strictly(
                module, downloaded(self.released, self.name), "torchvision's ImageNet weights", self.training_only
            )
        else:
            path = shipped_weights(self.name) if self.weights == "shipped" else Path(self.weights).expanduser()
            state, metadata = read_checkpoint(path)
            fit_head_to(module, state, str(path))
            load_strictly(module, state, str(path), self.training_only)
            transform, classes = self._stated_transform(metadata, path), _stated_classes(metadata, path, module)
            words = "shipped" if self.weights == "shipped" else _words(path, metadata)
        return self._frozen(module, transform, words, classes)

    def _frozen(
        self, module: nn.Module, transform: InputTransform, words: str, classes: tuple[str, ...] = ()
    ) -> Network:
        return Network(
            name=self.name,
            module=freeze(module),
            transform=transform,
            layers=self.named_layers,
            weights=words,
            weights_hash=weights_hash(module),
            pool=self.pool,
            made_by=_identity(self.make),
            classes=classes,
        )

    def outline(self) -> Network:
        """Builds the network without memory for its weights: good for names and shapes, not for numbers."""
        try:
            with torch.device("meta"):
                module = freeze(self.make())
        except NotImplementedError:  # it computes with numbers while it is built
            module = freeze(self.make().to("meta"))
        return Network(
            name=self.name,
            module=module,
            transform=self.transform,
            layers=self.named_layers,
            weights="none",
            weights_hash="",
            pool=self.pool,
        )

    def _stated_transform(self, metadata: Mapping[str, str], path: Path) -> InputTransform:
        if "input" not in metadata:
            log.info("%s does not state its input; taking that of %s: %s", path.name, self.name, self.transform)
            return self.transform
        stated = InputTransform.parse(metadata["input"])
        if stated != self.transform:
            log.info("%s states its own input: %s", path.name, stated)
        return stated


def _words(path: Path, metadata: Mapping[str, str]) -> str:
    """Returns what people call a weights file: fitted ones all have the same name, and tell by their folder."""
    return f"{path.parent.name}/{path.name}" if "fitted" in metadata else path.name


def _stated_classes(metadata: Mapping[str, str], path: Path, module: nn.Module) -> tuple[str, ...]:
    """Returns the classes that a weights file states, none if it does not.

    Raises:
        InputError: If they cannot be read, or there are more or fewer of them than outputs.
    """
    if "classes" not in metadata:
        return ()
    try:
        classes = tuple(str(class_id) for class_id in json.loads(metadata["classes"]))
    except (json.JSONDecodeError, TypeError) as error:
        raise InputError(f"{path} states its classes in a way that is no JSON list: {error}") from error
    head = find_head(module)
    outputs = len(next(module.get_submodule(head).parameters())) if head else 0
    if len(classes) != outputs:
        raise InputError(f"{path} states {len(classes)} classes, but its head has {outputs} outputs: mend its metadata")
    return classes


def _identity(make: Callable[[], nn.Module]) -> str:
    """Describes what builds a network, beyond its tensors: another stride or another way to count changes none."""
    function = getattr(make, "func", make)
    arguments = [
        *map(repr, getattr(make, "args", ())),
        *(f"{k}={v!r}" for k, v in getattr(make, "keywords", {}).items()),
    ]
    source = source_of(function)
    if not source:
        source = f"source {hashlib.sha256(Path(inspect.getfile(function)).read_bytes()).hexdigest()[:12]}"
    return f"{function.__module__}.{function.__qualname__}({', '.join(arguments)}), {source}"


def freeze(module: nn.Module) -> nn.Module:
    """Puts a network into evaluation mode, without gradients and without modules that overwrite their input."""
    for part in module.modules():
        if getattr(part, "inplace", False):
            part.inplace = False  # type: ignore[assignment]
    return module.eval().requires_grad_(False)
