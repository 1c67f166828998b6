"""Running a network and getting the activations of named layers back, as an ordered dict."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from classvec.errors import InputError

RECTIFIED = ":relu"


class _Done(Exception):
    """Ends a forward pass once every layer asked for has been seen."""


class Activations:
    """Context manager: while it is open, calling it runs a network and returns what its layers put out.

    The pass stops after the deepest of the layers. A layer that later parts of the network overwrite in place (``x +=
    y``) is noticed by its version counter and copied from then on. The hooks are gone on exit.

    Args:
        module: The network.
        paths: Layer name to path of the module whose output it is. A path that ends in ``:relu`` is the output with
            negative values set to 0, for networks that rectify by a function and not by a module (DenseNet's last).

    Attributes:
        forward: What is called on the images; the network itself unless replaced (by a call with other tensors, say).

    Example:
        >>> with Activations(network, {"conv5_4": "features.35"}) as run:
        ...     activations = run(images)["conv5_4"]  # of shape (batch, channels, height, width)
    """

    def __init__(self, module: nn.Module, paths: Mapping[str, str]) -> None:
        self._module = module
        self.forward: Callable[[torch.Tensor], object] = module
        self._paths = dict(paths)
        self._handles: list[RemovableHandle] = []
        self._seen: dict[str, torch.Tensor] = {}
        self._versions: dict[str, int] = {}
        self._copied: set[str] = set()
        self._stop = True

    def __enter__(self) -> Self:
        for name, path in self._paths.items():
            part = self._module.get_submodule(path.removesuffix(RECTIFIED))
            self._handles.append(part.register_forward_hook(self._hook(name, path.endswith(RECTIFIED))))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._seen.clear()

    def __call__(self, images: torch.Tensor, *, stop: bool = True) -> dict[str, torch.Tensor]:
        """Runs the network on a batch.

        Args:
            images: Input of the network, of shape (batch, 3, height, width).
            stop: False to run the whole network, and so to notice a module that runs several times in a pass.

        Returns:
            Layer name to output, batch first, in the order of ``paths``.

        Raises:
            InputError: If a layer did not run, ran several times, or put out something else than one tensor.
        """
        self._stop = stop
        self._run(images)
        overwritten = {name for name, tensor in self._seen.items() if tensor._version != self._versions[name]}
        if overwritten:
            self._copied |= overwritten
            self._run(images)
        missing = [name for name in self._paths if name not in self._seen]
        if missing:
            raise InputError(f"these layers did not run in a forward pass: {', '.join(missing)}")
        activations = {name: self._seen[name] for name in self._paths}
        self._seen.clear()
        return activations

    def _run(self, images: torch.Tensor) -> None:
        self._seen.clear()
        with suppress(_Done):
            self.forward(images)

    def _hook(self, name: str, rectified: bool) -> Callable[[nn.Module, object, object], None]:
        def record(module: nn.Module, inputs: object, output: object) -> None:
            if not isinstance(output, torch.Tensor):
                raise InputError(
                    f"layer {name} puts out a {type(output).__name__}, wanted one tensor: choose a part of it"
                )
            if name in self._seen:
                raise InputError(f"layer {name} runs several times in a forward pass: choose a module that runs once")
            if rectified:
                output = output.relu()
            self._seen[name] = output.clone() if name in self._copied else output
            self._versions[name] = self._seen[name]._version
            if self._stop and len(self._seen) == len(self._paths):
                raise _Done

        return record


@contextmanager
def channels_last(module: nn.Module) -> Iterator[None]:
    """Lets a network compute with a position's channels side by side for a while; its weights lead, not the images.

    Args:
        module: The network, in PyTorch's usual layout.
    """
    module.to(memory_format=torch.channels_last)
    try:
        yield
    finally:
        module.to(memory_format=torch.contiguous_format)


def global_average(values: torch.Tensor) -> torch.Tensor:
    """Averages over all positions.

    Args:
        values: Feature maps of shape (batch, channels, height, width), tokens of shape (batch, tokens, channels), or
            features of shape (batch, channels).

    Returns:
        Of shape (batch, channels).
    """
    if values.ndim == 4:
        return values.mean(dim=(2, 3))
    return values.mean(dim=1) if values.ndim == 3 else values


def pool(values: torch.Tensor, how: str) -> torch.Tensor:
    """Returns activations as the network's ``pool`` wants them: as they are, or averaged over all positions."""
    return global_average(values) if how == "gap" else values
