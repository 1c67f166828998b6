"""Classifiers of timm (R. Wightman: PyTorch Image Models), for those who install it: `pip install timm`."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from classvec.errors import InputError, unknown
from classvec.networks.input_transform import InputTransform


def module(name: str) -> nn.Module:
    """Builds a timm classifier without weights.

    Args:
        name: Name of the model, such as ``resnet18``.

    Raises:
        InputError: If timm is not installed, or has no such model.
    """
    network: nn.Module = _timm(name).create_model(name, pretrained=False)
    return network


def input_transform(name: str) -> InputTransform:
    """Returns the transform that timm's weights of a model expect.

    Raises:
        InputError: If it is none that classvec can do (an input that is not square, an odd interpolation).
    """
    from timm.data import resolve_data_config

    with torch.device("meta"):
        config = resolve_data_config({}, model=module(name))
    _, height, width = config["input_size"]
    crop_mode = config.get("crop_mode", "center")
    if height != width or config["interpolation"] not in ("bilinear", "bicubic") or crop_mode != "center":
        wanted = "a square input, cropped from the centre, bilinear or bicubic"
        raise InputError(f"timm's {name} wants {config}: {wanted} is all that can be made")
    mean, std = (f"({','.join(map(str, config[key]))})" for key in ("mean", "std"))
    return InputTransform.parse(
        f"RGB, 0-1, minus mean {mean}, over std {std}, {height}x{width}, from shorter side "
        f"{int(height / config['crop_pct'])}{', bicubic' if config['interpolation'] == 'bicubic' else ''}"
    )


@dataclass(frozen=True)
class _Released:
    """timm's published weights, in the form of torchvision's."""

    name: str

    @property
    def url(self) -> str:
        published = _timm(self.name).get_pretrained_cfg(self.name).hf_hub_id
        return f"https://huggingface.co/{published}/resolve/main/model.safetensors"

    def get_state_dict(self, **options: Any) -> dict[str, torch.Tensor]:
        state: dict[str, torch.Tensor] = _timm(self.name).create_model(self.name, pretrained=True).state_dict()
        return state


def pretrained(name: str) -> _Released:
    """Returns timm's published weights of a model; downloads nothing yet."""
    return _Released(name)


def _timm(name: str) -> Any:
    try:
        import timm
    except ImportError:
        raise InputError("architecture=timm needs the package timm: pip install timm") from None
    if name not in timm.list_models():
        raise unknown("timm model", name, timm.list_models())
    return timm
