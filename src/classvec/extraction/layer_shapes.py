"""What the layers of a network put out, found without computing a number."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from classvec.errors import InputError
from classvec.extraction.activations import Activations, pool
from classvec.networks.network import Network


@dataclass(frozen=True)
class LayerShape:
    """What a layer puts out for one image.

    Attributes:
        name: Name of the layer.
        path: Path of the module.
        shape: Shape of its output without the batch, such as (channels, height, width).
    """

    name: str
    path: str
    shape: tuple[int, ...]

    @property
    def n_features(self) -> int:
        """Number of features: the product of the shape."""
        return int(np.prod(self.shape))


def layer_shapes(network: Network, names: Sequence[str]) -> list[LayerShape]:
    """Finds the shapes of layers without computing a number (on PyTorch's meta device).

    Args:
        network: The network.
        names: Layer names or paths of modules.

    Raises:
        InputError: If a layer is unknown, does not run, or runs several times in a pass.
    """
    from torch.func import functional_call

    paths = network.paths(names)
    state = {name: tensor.to("meta") for name, tensor in network.module.state_dict().items()}
    images = torch.empty(1, 3, network.transform.crop, network.transform.crop, device="meta")
    with torch.no_grad(), Activations(network.module, paths) as run:
        run.forward = lambda batch: functional_call(network.module, state, (batch,))
        activations = run(images, stop=False)
    pooled = {name: pool(values, network.pool) for name, values in activations.items()}
    return [LayerShape(name, paths[name], tuple(values.shape[1:])) for name, values in pooled.items()]


def module_shapes(network: Network) -> list[LayerShape]:
    """Finds the shapes of every module that can be named as a layer: it runs once and puts out one tensor.

    Args:
        network: The network.
    """
    shapes = []
    for path in dict(network.module.named_modules()):
        if path:
            try:
                shapes += layer_shapes(network, [path])
            except InputError:
                continue
    return shapes
