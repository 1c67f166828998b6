"""The loss of the paper's section on reconstruction: how far a network's layers are from a target."""

from collections.abc import Sequence

import numpy as np
import torch

from classvec.artifacts import Target
from classvec.extraction.activations import Activations, pool
from classvec.networks.network import Network


class Objective:
    """Relative squared error of each layer's activations, for a batch of images with a target each.

    Args:
        network: The network, on the device where it shall run.
        run: Its activations at the targets' layers, open.
        targets: One for each image; all of the same layers.
        device: Where to compute.
    """

    def __init__(self, network: Network, run: Activations, targets: Sequence[Target], device: torch.device) -> None:
        self._network = network
        self._run = run
        self._means = {
            layer: torch.from_numpy(np.stack([target.means[layer] for target in targets])).to(device)
            for layer in targets[0].means
        }

    def __call__(self, colours: torch.Tensor) -> torch.Tensor:
        """Returns the losses; gradients flow to the images.

        Args:
            colours: RGB images from 0 to 1, of shape (n, 3, crop, crop).

        Returns:
            |activations - target|^2 / |target|^2, of shape (n_layers, n).
        """
        activations = vectors(self._network, self._run, self._network.transform.of_colours(colours))
        return torch.stack([relative_error(activations[name], mean) for name, mean in self._means.items()])


def vectors(network: Network, run: Activations, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
    """Returns each layer's features, pooled as the network wants them, each of shape (n, n_features)."""
    return {name: pool(values, network.pool).flatten(1) for name, values in run(inputs).items()}


def relative_error(values: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Returns |values - target|^2 / |target|^2 of each row, of shape (n,)."""
    return (values - target).square().sum(dim=1) / target.square().sum(dim=1)
