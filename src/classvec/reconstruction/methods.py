"""Two ways to an image: a spectrum under small movements (the default), and the paper's plain pixels."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from classvec import settings
from classvec.reconstruction.image_prior import Pixels, Spectrum, moved, total_variation
from classvec.reconstruction.reconstructor import Reconstructor

STILL = 0.2
"""What is left of the movements at the end; the learning rate ends at a tenth."""

SLOPE = 0.25
"""Of the sigmoid at grey: there, differences before it times this are differences of pixels."""


@dataclass(frozen=True, kw_only=True)
class Spectral(Reconstructor, settings.SpectrumReconstruction):
    """Adam on a spectrum (Olah et al. 2017), from coarse to fine, seen through random shifts and noise that die away.

    Large shapes come first and lead to lower losses; noise keeps an image from resting on what is too fine to be seen.
    Total variation (Mahendran and Vedaldi 2015) is the mean squared difference of neighbouring pixels, taken before the
    sigmoid: after it, a weight that smooths also drives an image into black and white.
    """

    @property
    def at_once(self) -> int:
        """As many as fit."""
        return self.batch

    def prior(self, sources: Sequence[torch.Generator], size: int) -> Spectrum:
        """Returns images as spectra."""
        return Spectrum(sources, size, self.spread, self.falloff)

    def solve(
        self,
        prior: nn.Module,
        losses: Callable[[torch.Tensor], torch.Tensor],
        sources: Sequence[torch.Generator],
        marks: Sequence[int],
    ) -> Iterator[tuple[int, float]]:
        """Optimises all images of the batch in the same steps; none depends on another."""
        draws = torch.stack([torch.rand(self.steps, 3, generator=source) for source in sources], dim=1)
        adam = torch.optim.Adam(prior.parameters(), lr=self.learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, self.steps, self.learning_rate / 10.0)
        spectrum = cast(Spectrum, prior)
        for step in range(self.steps):
            spectrum.sharpen(step / (self.coarse_to_fine * self.steps) if self.coarse_to_fine else 1.0)
            logits = spectrum.logits()
            images = logits.sigmoid()
            room = 1.0 - (1.0 - STILL) * step / self.steps
            movement = (draws[step] * 2.0 - 1.0).to(images.device) * room
            seen = images
            if self.shift or self.zoom:
                seen = moved(
                    images, movement[:, :2] * (self.shift * images.shape[-1]), 1.0 + movement[:, 2] * self.zoom
                )
            if self.noise:
                grain = torch.stack([torch.randn(images.shape[1:], generator=source) for source in sources])
                seen = seen + grain.to(images.device) * (self.noise * room)
            loss = losses(seen)
            rough = total_variation(logits * SLOPE)
            adam.zero_grad()
            (loss + self.total_variation * rough).sum().backward()  # type: ignore[no-untyped-call]
            adam.step()
            schedule.step()
            yield step + 1, float(loss.detach().mean())


@dataclass(frozen=True, kw_only=True)
class PixelWise(Reconstructor, settings.PixelReconstruction):
    """L-BFGS on the pixels, as in the paper: it ends in noise that the network takes for the class.

    Images are solved one by one, since L-BFGS would couple those of a batch.
    """

    @property
    def at_once(self) -> int:
        """One image."""
        return 1

    def prior(self, sources: Sequence[torch.Generator], size: int) -> nn.Module:
        """Returns images as pixels."""
        return Pixels(sources, size)

    def solve(
        self,
        prior: nn.Module,
        losses: Callable[[torch.Tensor], torch.Tensor],
        sources: Sequence[torch.Generator],
        marks: Sequence[int],
    ) -> Iterator[tuple[int, float]]:
        """Takes ``steps`` steps of L-BFGS with a strong Wolfe line search, and yields at each snapshot step."""
        done = 0
        last = torch.zeros(())
        lbfgs = torch.optim.LBFGS(
            prior.parameters(),
            history_size=self.history,
            line_search_fn="strong_wolfe",
            tolerance_grad=0.0,
            tolerance_change=0.0,
        )

        def closure() -> torch.Tensor:
            nonlocal last
            lbfgs.zero_grad()
            last = losses(prior()).sum()
            last.backward()  # type: ignore[no-untyped-call]
            return last

        for mark in marks:
            for group in lbfgs.param_groups:
                group["max_iter"], group["max_eval"] = mark - done, 2 * (mark - done)
            lbfgs.step(closure)  # type: ignore[no-untyped-call]
            done = mark
            yield done, float(last.detach())
