"""Trainable images: what is adjusted until a network's activations match, and which images are near at hand.

Pixels that only minimise a loss over activations become high-frequency noise. A spectrum whose low frequencies weigh
more, like those of photographs, and colours that vary as theirs do, make the same loss end in shapes.

Olah, Mordvintsev, Schubert: Feature Visualization, Distill 2017 (spectrum, decorrelated colours).
Mahendran, Vedaldi: Understanding Deep Image Representations by Inverting Them, CVPR 2015 (natural image priors).
"""

import hashlib
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

COLOUR_AXES = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""Main axes of the colours of photographs, scaled by how much they vary (ImageNet's; Olah et al.): a column each."""
COARSEST, FINEST, SOFTNESS = 0.045, 0.75, 0.02
"""Where a blurred spectrum begins to end and where it ends when it is whole; how softly. In cycles per pixel."""


def generator(seed: int, name: str) -> torch.Generator:
    """Returns a source of random numbers that belongs to one image, whatever else is in its batch.

    Args:
        seed: Seed of the run.
        name: Name of the image.
    """
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


class Spectrum(nn.Module):
    """Images as Fourier coefficients in decorrelated colours; a step changes low frequencies more than high ones.

    Args:
        sources: A source of random numbers for each image, for its start.
        size: Height and width, in pixels.
        spread: Standard deviation of the coefficients at the start.
        falloff: Power of the frequency by which the effect of a coefficient falls; 1 for that of natural images.
    """

    def __init__(
        self, sources: Sequence[torch.Generator], size: int, spread: float = 0.05, falloff: float = 1.0
    ) -> None:
        super().__init__()
        self.size = size
        self.weight: torch.Tensor
        self.frequency: torch.Tensor
        self.window: torch.Tensor
        self.axes: torch.Tensor
        rows, columns = torch.fft.fftfreq(size)[:, None], torch.fft.rfftfreq(size)[None]
        frequency = (rows**2 + columns**2).sqrt().clamp(min=1.0 / size)
        axes = torch.tensor(COLOUR_AXES)
        wavelength = 1.0 / frequency
        self.register_buffer("weight", 0.25 * wavelength * (wavelength / wavelength.mean()) ** (falloff - 1.0))
        self.register_buffer("frequency", frequency)
        self.register_buffer("window", torch.ones_like(frequency))
        self.register_buffer("axes", axes / axes.norm(dim=0).max())
        shape = (3, size, size // 2 + 1, 2)
        start = torch.stack([torch.randn(shape, generator=source) for source in sources])
        self.coefficients = nn.Parameter(start * spread)

    def sharpen(self, part: float) -> None:
        """Blurs the images, or no longer: high frequencies are held back softly; coefficients stay as they are.

        Args:
            part: 0 for the coarsest, 1 or more for no blur.
        """
        softly = torch.sigmoid((COARSEST + part * FINEST - self.frequency) / SOFTNESS)
        self.window = softly if part < 1.0 else torch.ones_like(softly)

    def logits(self) -> torch.Tensor:
        """Returns RGB images before the sigmoid, without bounds, of shape (n, 3, size, size), float32."""
        weighted = torch.view_as_complex(self.coefficients) * (self.weight * self.window)
        values = torch.fft.irfft2(weighted, s=(self.size, self.size), norm="ortho")
        return torch.einsum("nahw,ca->nchw", values, self.axes)

    def forward(self) -> torch.Tensor:
        """Returns RGB images from 0 to 1, of shape (n, 3, size, size), float32."""
        return self.logits().sigmoid()


class Pixels(nn.Module):
    """Images as plain RGB pixels, which start as noise around grey and which a sigmoid keeps between black and white.

    Without it an image ends far outside of what can be shown, and the picture that is kept is not the one optimised.

    Args:
        sources: A source of random numbers for each image, for its start.
        size: Height and width, in pixels.
        spread: Standard deviation of the noise before the sigmoid, which makes a quarter of it.
    """

    def __init__(self, sources: Sequence[torch.Generator], size: int, spread: float = 0.04) -> None:
        super().__init__()
        start = torch.stack([torch.randn((3, size, size), generator=source) for source in sources])
        self.values = nn.Parameter(start * spread)

    def forward(self) -> torch.Tensor:
        """Returns RGB images from 0 to 1, of shape (n, 3, size, size), float32."""
        return self.values.sigmoid()


def moved(images: torch.Tensor, shifts: torch.Tensor, zooms: torch.Tensor) -> torch.Tensor:
    """Shifts and zooms images about their centre; what enters at an edge is a reflection of what is there.

    Args:
        images: Of shape (n, channels, size, size).
        shifts: Down and right, in pixels, of shape (n, 2).
        zooms: Factors, above 1 for larger, of shape (n,).

    Returns:
        Of the same shape.
    """
    size = images.shape[-1]
    transform = torch.zeros(len(images), 2, 3, device=images.device)
    transform[:, 0, 0] = transform[:, 1, 1] = 1.0 / zooms
    transform[:, :, 2] = -shifts.flip(1) * (2.0 / size)
    grid = functional.affine_grid(transform, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def total_variation(images: torch.Tensor) -> torch.Tensor:
    """Returns the mean squared difference of neighbouring pixels of each image, of shape (n,)."""
    down, right = images.diff(dim=2), images.diff(dim=3)
    return down.square().mean(dim=(1, 2, 3)) + right.square().mean(dim=(1, 2, 3))
