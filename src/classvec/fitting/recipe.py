"""How a network is fitted: the numbers that decide what comes out, and the few rules that follow from them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classvec import settings

Epoch = Mapping[str, float]
"""What was measured in an epoch: ``fit/loss``, ``fit/accuracy``, ``fit/learning_rate``, and where there are images to
validate on ``validation/loss`` and ``validation/accuracy``."""


@dataclass(frozen=True, kw_only=True)
class Recipe(settings.Fit):
    """Cross entropy, AdamW, a learning rate that warms up and falls along a cosine, early stopping."""

    def learning_rate_at(self, step: int, steps: int) -> float:
        """Returns the learning rate of a step.

        Args:
            step: Number of the step, from 0.
            steps: Number of all steps.
        """
        rising = round(self.warm_up * steps)
        if step < rising:
            return self.learning_rate * (step + 1) / rising
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * (step - rising) / (steps - rising)))

    def has_ended(self, history: Sequence[Epoch]) -> bool:
        """Returns whether all epochs are done, or patience is exhausted."""
        waited = len(history) - 1 - best_epoch(history) if history else 0
        return len(history) >= self.epochs or (self.patience is not None and waited >= self.patience)


def best_epoch(history: Sequence[Epoch]) -> int:
    """Returns the epoch, from 0, of the highest validation accuracy, then lowest loss; the last if none was measured.

    Args:
        history: What was measured, one entry for each epoch, at least one.
    """
    if "validation/accuracy" not in history[0]:
        return len(history) - 1
    return max(
        range(len(history)), key=lambda e: (history[e]["validation/accuracy"], -history[e]["validation/loss"], -e)
    )
