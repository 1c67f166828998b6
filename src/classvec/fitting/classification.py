"""The Lightning module that fits a classifier, and the state from which it resumes after an interruption."""

import logging
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_lightning import LightningModule
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader

from classvec.artifacts import atomic_write, is_signed, sign
from classvec.data.fitting_batches import Variation, fitting_batches, n_batches
from classvec.data.labelled_images import Batch, Decoding, LabelledImages, batches
from classvec.errors import InputError
from classvec.fitting.recipe import Recipe, best_epoch
from classvec.networks.head import head_path
from classvec.networks.input_transform import InputTransform
from classvec.progress import ImageBar

log = logging.getLogger(__name__)


@dataclass
class FitState:
    """Where a fit stands after an epoch: all that the next epoch depends on.

    Attributes:
        network: The network's tensors.
        best: Those of the best epoch so far.
        optimizer: The optimizer's state; empty before the first epoch.
        history: What was measured in each epoch.
    """

    network: dict[str, torch.Tensor]
    best: dict[str, torch.Tensor]
    optimizer: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Writes it to a file, atomically, and its checksum beside it."""
        with atomic_write(path) as file:
            torch.save(vars(self), file)
        sign(path)

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Reads it from a file, without running code from it; None if there is none, or it is damaged."""
        if not path.exists():
            return None
        try:
            if not is_signed(path):
                raise ValueError("not what was written")
            return cls(**torch.load(path, map_location="cpu", weights_only=True))
        except (OSError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError, TypeError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            log.warning("%s is damaged (%s); fitting from the start", path, reason)
            return None


@dataclass(frozen=True)
class FitImages:
    """The images of a fit.

    Attributes:
        images: The labelled images.
        transform: Input transform of the network.
        fit_on: Indices of the images to fit on.
        validate_on: Indices of the images to validate on.
    """

    images: LabelledImages
    transform: InputTransform
    fit_on: NDArray[np.int64]
    validate_on: NDArray[np.int64]


class Classification(LightningModule):
    """Fits a network to the labels of images, epoch after epoch, from a state on.

    Args:
        network: The network; its tensors are set to those of the state.
        data: The labelled images.
        recipe: How to fit.
        state: Where to begin; brought up to date after every epoch.
        keep: Called with the state after every epoch.
        bar: Counts the images.
    """

    def __init__(
        self,
        network: nn.Module,
        data: FitImages,
        recipe: Recipe,
        state: FitState,
        keep: Callable[[FitState], None],
        bar: ImageBar,
    ) -> None:
        super().__init__()
        network.load_state_dict(state.network)
        network.requires_grad_(not recipe.freeze_all_but_head)
        network.get_submodule(head_path(network)).requires_grad_(True)
        self.network = network
        self._data, self._recipe, self._state, self._keep, self._bar = data, recipe, state, keep, bar
        self._labels = torch.from_numpy(data.images.labels)
        self._batches = n_batches(len(data.fit_on), recipe.batch_size)
        self._sums: dict[str, list[float]] = {}

    @property
    def _epoch(self) -> int:
        return len(self._state.history)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Returns this epoch's varied images."""
        data, recipe = self._data, self._recipe
        variation = Variation(transform=data.transform, smallest_crop=recipe.smallest_crop, mirror=recipe.mirror)
        seed = (recipe.seed, self._epoch)
        return fitting_batches(data.images, variation, data.fit_on, recipe.batch_size, seed, self._decoding)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Returns the images to validate on, as they are."""
        data, batch_size = self._data, self._recipe.batch_size
        return batches(data.images, data.transform, data.validate_on.tolist(), batch_size, self._decoding)

    @property
    def _decoding(self) -> Decoding:
        return Decoding(workers=self._recipe.workers, pin_memory=self.device.type == "cuda")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Returns AdamW, as it was after the last finished epoch."""
        parameters = [p for p in self.network.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": self._recipe.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=self._recipe.learning_rate)
        if self._state.optimizer:
            optimizer.load_state_dict(self._state.optimizer)
        return optimizer

    def on_train_epoch_start(self) -> None:
        """Begins an epoch: dropout follows from seed and epoch; frozen parts keep their running means."""
        self.network.train(not self._recipe.freeze_all_but_head)
        torch.manual_seed(int(np.random.SeedSequence([self._recipe.seed, self._epoch]).generate_state(1)[0]))
        self._sums = {"fit": [0.0, 0.0, 0.0], "validation": [0.0, 0.0, 0.0]}

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Sets the learning rate."""
        step = self._epoch * self._batches + batch_idx
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self._recipe.learning_rate_at(step, self._recipe.epochs * self._batches)

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """Returns the loss of a batch."""
        loss = self._loss("fit", batch, self._recipe.label_smoothing)
        if not torch.isfinite(loss):
            raise InputError(
                f"the loss is {loss.item()} in epoch {self._epoch + 1}: the fit diverges; lower "
                f"fit.learning_rate, which is {self._recipe.learning_rate:g}"
            )
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Counts a batch towards loss and accuracy."""
        self._loss("validation", batch, 0.0)

    def _loss(self, part: str, batch: Batch, smoothing: float) -> torch.Tensor:
        if batch.error is not None:
            raise batch.error
        index = batch.index[batch.index >= 0]
        labels = self._labels[index].to(batch.images.device)
        logits = self.network(batch.images)
        self._check(logits, (len(batch.images), len(self._data.images.classes)))
        logits = logits.flatten(1)[: len(index)]
        loss = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
        correct = float((logits.argmax(1) == labels).sum())
        sums = zip(self._sums[part], (float(loss.detach()) * len(index), correct, len(index)), strict=True)
        self._sums[part] = [total + value for total, value in sums]
        self._bar.advance(len(index))
        return loss

    def _check(self, logits: object, expected: tuple[int, int]) -> None:
        if not isinstance(logits, torch.Tensor) or logits.flatten(1).shape != expected:
            raise InputError(
                f"{type(self.network).__name__} returns {tuple(getattr(logits, 'shape', ()))}: expected one logit for "
                f"each class, {expected}; its last layer with weights is no classifier"
            )

    def on_train_epoch_end(self) -> None:
        """Ends an epoch, after its validation: writes down what was measured, and where the fit stands."""
        state, optimizer = self._state, self.trainer.optimizers[0]
        measured = {"fit/learning_rate": float(optimizer.param_groups[0]["lr"])}
        for part, (loss, correct, count) in self._sums.items():
            if count:
                measured |= {f"{part}/loss": loss / count, f"{part}/accuracy": correct / count}
        state.network = {name: tensor.detach().cpu().clone() for name, tensor in self.network.state_dict().items()}
        state.optimizer = optimizer.state_dict()
        state.history.append(measured)
        if best_epoch(state.history) == len(state.history) - 1:
            state.best = state.network
        self._keep(state)
        self.trainer.should_stop = self._recipe.has_ended(state.history)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Moves the images, not the indices."""
        return batch.to(device, non_blocking=True)
