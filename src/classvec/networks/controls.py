"""Controls: what needs no network at all. A curve that does not rise above theirs says little about what was learnt."""

import torch
from torch import nn


class Pixels(nn.Module):
    """The input itself, as a layer named ``values``."""

    def __init__(self) -> None:
        super().__init__()
        self.values = nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Returns the input, of shape (batch, 3, height, width)."""
        pixels: torch.Tensor = self.values(images)
        return pixels


class ColourHistogram(nn.Module):
    """Square root of the share of an image's pixels in each box of the colour cube, as a layer named ``values``.

    The cosine of two such vectors is the Bhattacharyya coefficient of the two images' colours (A. Bhattacharyya, 1943).

    Args:
        bins: Number of boxes along each of red, green and blue.
    """

    def __init__(self, bins: int = 8) -> None:
        super().__init__()
        self.bins = bins
        self.values = nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Counts colours.

        Args:
            images: Of shape (batch, 3, height, width), values from 0 to 255.

        Returns:
            Of shape (batch, bins ** 3), float32, each row with L2 norm 1.
        """
        box = (images * (self.bins / 256.0)).long().clamp(0, self.bins - 1)
        index = ((box[:, 0] * self.bins + box[:, 1]) * self.bins + box[:, 2]).flatten(1)
        counts = torch.zeros(len(images), self.bins**3, device=images.device)
        counts.scatter_add_(1, index, torch.ones_like(index, dtype=counts.dtype))
        roots: torch.Tensor = self.values((counts / index.shape[1]).sqrt())
        return roots
