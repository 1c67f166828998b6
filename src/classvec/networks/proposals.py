"""Layers to look at in a network that nobody has described: the ends of its stages."""

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import nn

from classvec.errors import InputError

WHOLE = 0.8
"""A part that holds more of the trunk's parameters than this is not one of its stages, but the trunk."""

HEADS = frozenset({"classifier", "fc", "head", "heads"})
"""Names that networks give to the part that classifies."""


@lru_cache(maxsize=16)
def proposed_layers(make: Callable[[], nn.Module], crop: int) -> dict[str, str]:
    """Finds the stages of a network by looking at one pass without numbers.

    The trunk is followed downwards until no part holds nearly all of it. Of its parts, the last with each shape of
    output is proposed; of a network of blocks with one shape (a vision transformer), every block. The stem is left out
    where there are enough others.

    Args:
        make: Builds the network.
        crop: Height and width of its input.

    Returns:
        Layer name to path of the module, low to top; they are the same.

    Raises:
        InputError: If no part of the network puts out a feature map or tokens.
    """
    module = make().to("meta").eval()
    shapes = _shapes(module, torch.empty(1, 3, crop, crop, device="meta"))
    stages = _stages(module, shapes)
    blocks = [path for path in stages if any(True for _ in module.get_submodule(path).children())]
    if blocks:
        last = {shapes[path]: path for path in blocks}
        chosen = blocks if len(last) == 1 else list(last.values())
    else:
        spatial = {shapes[path][1:]: path for path in stages}
        chosen = list(spatial.values())[1:] if len(spatial) > 3 else list(spatial.values())
    if not chosen:
        raise InputError(f"no layers can be proposed for {type(module).__name__}: name them with layers.names=[...]")
    return {path: path for path in chosen}


def proposed_groups(layers: list[str]) -> dict[str, list[str]]:
    """Splits layers into low, mid and top: a third at either end, at least one."""
    third = max(1, len(layers) // 3)
    return {
        "low": layers[:third],
        "mid": layers[third:-third] or layers,
        "top": layers[-third:],
    }


def _shapes(module: nn.Module, images: torch.Tensor) -> dict[str, tuple[int, ...]]:
    """Returns path to shape of output of the parts that run once and put out feature maps or tokens, as they run."""
    runs: dict[str, list[tuple[int, ...]]] = {}

    def record(path: str) -> Callable[[nn.Module, object, object], None]:
        def hook(part: nn.Module, inputs: object, output: object) -> None:
            runs.setdefault(path, []).append(tuple(output.shape[1:]) if isinstance(output, torch.Tensor) else ())

        return hook

    handles = [part.register_forward_hook(record(path)) for path, part in module.named_modules() if path]
    try:
        with torch.no_grad():
            module(images)
    finally:
        for handle in handles:
            handle.remove()
    once = {path: shapes[0] for path, shapes in runs.items() if len(shapes) == 1}
    return {path: shape for path, shape in once.items() if len(shape) >= 2 and math.prod(shape[1:]) > 1}


def _stages(module: nn.Module, shapes: dict[str, tuple[int, ...]]) -> list[str]:
    """Returns the paths of the trunk's parts, in order of running, without pooling."""
    order = list(shapes)
    parts = [path for path in _below("", order) if path not in HEADS]
    while True:
        sizes = {path: sum(p.numel() for p in module.get_submodule(path).parameters()) for path in parts}
        largest = max(sizes, key=sizes.__getitem__, default="")
        inner = _below(largest, order) if largest else []
        if inner and (largest not in shapes or sizes[largest] > WHOLE * sum(sizes.values())):
            parts = inner
            continue
        ran = [path for path in parts if path in shapes]
        return [
            path for path in sorted(ran, key=order.index) if "Pool" not in type(module.get_submodule(path)).__name__
        ]


def _below(path: str, paths: list[str]) -> list[str]:
    """Returns the parts directly below a path that some of the paths lie in, whether they run themselves or not."""
    prefix = f"{path}." if path else ""
    return list(dict.fromkeys(prefix + p[len(prefix) :].split(".")[0] for p in paths if p.startswith(prefix)))
