"""How a network is fitted: the numbers that decide what comes out, and the few rules that follow from them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classvec.errors import InputError

Epoch = Mapping[str, float]
"""What was measured in an epoch: ``fit/loss``, ``fit/accuracy``, ``fit/learning_rate``, and where there are images to
validate on ``validation/loss`` and ``validation/accuracy``."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Cross entropy, AdamW, a learning rate that warms up and falls along a cosine, early stopping.

    Attributes:
        epochs: Most times that each image is seen.
        learning_rate: The highest learning rate.
        warm_up: Share of the steps in which it rises.
        weight_decay: AdamW's, for weights; none for biases and norms.
        label_smoothing: Share of the target that is spread over all classes.
        batch_size: Images in a step.
        smallest_crop: Shortest side of a random crop as a share of the picture's shorter side; 1 for no crops.
        mirror: Whether half of the pictures are mirrored.
        validation: Share of each class's images that is validated on, not fitted on; 0 for none.
        patience: Epochs without a better validation accuracy before it ends early; None to see all epochs.
        freeze_all_but_head: Whether everything before the classifier stays as it is.
        seed: Seed of split, order, variations, dropout and a new head.

    Raises:
        InputError: If a number makes no sense; it names its key.
    """

    epochs: int = 30
    learning_rate: float = 2e-3
    warm_up: float = 0.1
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    batch_size: int = 64
    smallest_crop: float = 0.7
    mirror: bool = True
    validation: float = 0.1
    patience: int | None = None
    freeze_all_but_head: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for key, fits, wanted in (
            ("epochs", self.epochs >= 1, "1 or more"),
            ("learning_rate", self.learning_rate > 0.0, "more than 0"),
            ("warm_up", 0.0 <= self.warm_up < 1.0, "0 to below 1"),
            ("weight_decay", self.weight_decay >= 0.0, "0 or more"),
            ("label_smoothing", 0.0 <= self.label_smoothing < 1.0, "0 to below 1"),
            ("batch_size", self.batch_size >= 2, "2 or more (batch norm needs two images)"),
            ("smallest_crop", 0.0 < self.smallest_crop <= 1.0, "above 0 to 1"),
            ("validation", 0.0 <= self.validation < 1.0, "0 to below 1"),
            ("patience", self.patience is None or self.patience >= 1, "1 or more, or null"),
            ("seed", self.seed >= 0, "0 or more"),
        ):
            if not fits:
                raise InputError(f"fit.{key} is {getattr(self, key)}: wanted {wanted}")

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
        """Tells whether all epochs were seen, or the last ones brought nothing."""
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
