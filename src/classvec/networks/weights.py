"""Weights: read from a file without running code from it, fitted strictly to a network, and hashed."""

import hashlib
import json
import logging
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from classvec.artifacts import atomic_write
from classvec.errors import InputError

log = logging.getLogger(__name__)
SHIPPED = Path(__file__).parent / "weights_shipped"
"""Weights that come with the package: ``<architecture>.safetensors``, float32, or float16 to be converted."""


def read_checkpoint(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Reads a state dict from a safetensors file or a PyTorch checkpoint.

    Args:
        path: ``.safetensors``, or a file of ``torch.save`` that holds tensors alone (``weights_only=True``); a state
            dict nested under ``state_dict`` or ``model`` is found.

    Returns:
        Tensors by name, and the file's metadata (empty for a PyTorch checkpoint).

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If the file cannot be read as weights.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}: give a .safetensors or .pth file, random, or imagenet")
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
        except SafetensorError as error:
            raise InputError(f"{path} is no safetensors file, or truncated: {error}") from error
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read with weights_only=True ({(str(error) or 'it is empty').splitlines()[0]}): "
            "save the bare state dict, best as .safetensors"
        ) from error
    return _state_dict(content, path), {}


def _state_dict(content: Any, path: Path) -> dict[str, torch.Tensor]:
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise InputError(f"{path} holds {type(content).__name__} where a state dict (names to tensors) was wanted")
    return dict(content)


def shipped_weights(name: str) -> Path:
    """Returns the weights file of an architecture that comes with the package.

    Raises:
        InputError: If it comes without weights.
    """
    path = SHIPPED / f"{name}.safetensors"
    if not path.is_file():
        shipped = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.safetensors"))) or "none"
        raise InputError(
            f"{name} comes without weights (architectures with shipped weights: {shipped}): give "
            "architecture.weights=PATH, or architecture.weights=fit to fit it on your images"
        )
    return path


def downloaded(released: Callable[[], Any] | None, name: str) -> dict[str, torch.Tensor]:
    """Downloads published weights, or takes those that were downloaded before.

    Args:
        released: Returns the set of weights, as torchvision describes it; None if there is none.
        name: Name of the architecture.

    Raises:
        InputError: If there is none, or it cannot be downloaded; it names the file to bring.
    """
    if released is None:
        raise InputError(
            f"{name} has no weights that torchvision publishes: give architecture.weights=PATH "
            f"(or weights.{name}=PATH), or architecture.weights=random; to fine-tune, fit.start=PATH"
        )
    found = released()
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    if not (folder / Path(found.url).name).exists():
        log.info("downloading %s to %s", found.url, folder)
    try:
        state: dict[str, torch.Tensor] = found.get_state_dict(progress=True, check_hash=True, weights_only=True)
    except OSError as error:  # also urllib's and the Hugging Face hub's
        reason = str(getattr(error, "reason", error)).partition("\n")[0]
        raise InputError(
            f"{found.url} cannot be downloaded ({reason}): where there is no internet, bring this file and give "
            f"architecture.weights=FILE (or weights.{name}=FILE)"
        ) from error
    return state


def write_weights(path: Path, state: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> None:
    """Writes a safetensors file atomically; equal tensors and metadata are equal bytes.

    Args:
        path: The file.
        state: Tensors by name.
        metadata: Texts by name, in the file's header.
    """
    from safetensors.torch import save

    content = save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()})
    size = int.from_bytes(content[:8], "little")
    header = {"__metadata__": dict(sorted(metadata.items())), **json.loads(content[8 : 8 + size])}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()  # the library's own order is random
    text += b" " * (-len(text) % 8)
    with atomic_write(path) as file:
        file.write(len(text).to_bytes(8, "little") + text + content[8 + size :])


def load_strictly(
    module: nn.Module, state: Mapping[str, torch.Tensor], source: str, optional: str | None = None
) -> None:
    """Loads a state dict of which every tensor must fit, and every tensor of the network be there.

    Args:
        module: The network.
        state: Tensors by name.
        source: Where they come from, for the error.
        optional: Prefix of names in the state dict that the network may lack (heads used in training alone).

    Raises:
        InputError: If names or shapes differ; it lists them.
    """
    wanted = module.state_dict()
    found = {n: t for n, t in state.items() if n in wanted or optional is None or not n.startswith(optional)}
    missing = [name for name in wanted if name not in found and not name.endswith("num_batches_tracked")]
    surplus = [name for name in found if name not in wanted]
    shapes = [
        f"{name} {tuple(found[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in wanted
        if name in found and found[name].shape != wanted[name].shape
    ]
    problems = [
        f"{what}: {', '.join(names[:8])}{f', and {len(names) - 8} more' if len(names) > 8 else ''}"
        for what, names in (("missing", missing), ("not of this network", surplus), ("other shape", shapes))
        if names
    ]
    if problems:
        raise InputError(f"the weights in {source} do not fit {type(module).__name__}; {'; '.join(problems)}")
    versioned = OrderedDict(found)
    versioned._metadata = getattr(wanted, "_metadata", {})  # type: ignore[attr-defined]
    module.load_state_dict(versioned, strict=False)


def weights_hash(module: nn.Module) -> str:
    """Returns the SHA-256 over names, types, shapes and bytes of a network's parameters and buffers."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
