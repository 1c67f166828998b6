"""Classifiers of torchvision, each with the input transform that torchvision keeps beside its weights."""

from typing import Any

from torch import nn

from classvec.errors import unknown
from classvec.networks.input_transform import InputTransform

CHANGE_INPUT = ("googlenet", "inception_v3")
"""Networks that change the range of their input themselves when torchvision gives them its weights."""


def module(name: str) -> nn.Module:
    """Builds a torchvision classifier without weights.

    Args:
        name: Name of the model, such as ``vgg19``.

    Returns:
        The network. GoogLeNet and Inception v3 come as their ImageNet weights want them: with the change of input range
        inside, and without the heads that only training uses.

    Raises:
        InputError: If torchvision has no such classifier.
    """
    from torchvision.models import get_model

    _check(name)
    options = {"transform_input": True, "aux_logits": False, "init_weights": True} if name in CHANGE_INPUT else {}
    network: nn.Module = get_model(name, weights=None, **options)
    return network


def pretrained(name: str) -> Any:
    """Returns torchvision's default set of weights for a model, with its address and transforms; downloads nothing.

    Raises:
        InputError: If torchvision has no such classifier.
    """
    from torchvision.models import get_model_weights

    _check(name)
    return get_model_weights(name).DEFAULT


def input_transform(name: str) -> InputTransform:
    """Returns the transform that torchvision's weights of a model expect."""
    return InputTransform.of_torchvision(pretrained(name).transforms())


def _check(name: str) -> None:
    from torchvision import models

    names = models.list_models(module=models)
    if name not in names:
        raise unknown("torchvision classifier", name, names)
