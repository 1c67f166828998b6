"""The head: the last layer of a classifier, which has one output for each class."""

import logging
from collections.abc import Mapping

import torch
from torch import nn

from classvec.errors import InputError

log = logging.getLogger(__name__)


def find_head(module: nn.Module) -> str | None:
    """Returns the path of the last linear layer or 1x1 convolution of a network; None if it has neither."""
    heads = [path for path, part in module.named_modules() if path and _could_be_head(part)]
    return heads[-1] if heads else None


def head_path(module: nn.Module) -> str:
    """Returns the path of the head.

    Raises:
        InputError: If the network has neither a linear layer nor a 1x1 convolution.
    """
    path = find_head(module)
    if path is None:
        raise InputError(
            f"{type(module).__name__} has no classifier to fit: wanted a linear layer or a 1x1 convolution as its "
            "last layer with weights"
        )
    return path


def replace_head(module: nn.Module, n_classes: int) -> None:
    """Gives a network a new, randomly initialised head.

    Args:
        module: The network; changed in place.
        n_classes: Number of outputs of the new head.

    Raises:
        InputError: If it has no head.
    """
    path = head_path(module)
    old = module.get_submodule(path)
    bias, device = getattr(old, "bias", None) is not None, next(old.parameters()).device
    new: nn.Module
    if isinstance(old, nn.Conv2d):
        new = nn.Conv2d(old.in_channels, n_classes, 1, bias=bias, device=device)
    else:
        assert isinstance(old, nn.Linear)
        new = nn.Linear(old.in_features, n_classes, bias=bias, device=device)
    parent, _, name = path.rpartition(".")
    module.get_submodule(parent).add_module(name, new)


def fit_head_to(module: nn.Module, state: Mapping[str, torch.Tensor], source: str) -> None:
    """Gives a network a head as wide as that in a state dict, where nothing but the number of classes differs.

    Args:
        module: The network; changed in place.
        state: Tensors by name.
        source: Where they come from, for the log.
    """
    path = find_head(module)
    found = state.get(f"{path}.weight")
    if path is None or found is None:
        return
    wanted = module.get_submodule(path).weight
    assert isinstance(wanted, torch.Tensor)
    if found.shape[1:] == wanted.shape[1:] and len(found) != len(wanted):
        log.debug("%s has %d classes; %s comes with %d", source, len(found), type(module).__name__, len(wanted))
        with torch.random.fork_rng(devices=[]):  # its values come from the file: leave the generator alone
            replace_head(module, len(found))


def _could_be_head(part: nn.Module) -> bool:
    if isinstance(part, nn.Conv2d):
        return part.kernel_size == (1, 1) and part.groups == 1
    return isinstance(part, nn.Linear)
