"""Fitted weights on request: a file that says what it was made from, found again when the same is asked for."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_lightning import Trainer
from pytorch_lightning.plugins.environments import LightningEnvironment  # type: ignore[attr-defined]
from torch import nn

from classvec.artifacts import checksum, content_key, held, write_json
from classvec.data.fitting_batches import split
from classvec.data.labelled_images import LabelledImages
from classvec.extraction.device import device_type, enough_memory, exact_float32
from classvec.fitting.classification import Classification, FitImages, FitState
from classvec.fitting.fitted import FITTED, EpochDone, FittedWeights, UnfinishedFit, is_whole, unfollowed
from classvec.fitting.recipe import Epoch, Recipe, best_epoch
from classvec.networks.head import replace_head
from classvec.networks.network import Architecture, Network
from classvec.networks.weights import weights_hash, write_weights
from classvec.progress import ImageBar, quiet_lightning
from classvec.signals import keeping
from classvec.sources import source_of

log = logging.getLogger(__name__)
FORMAT = 1
NOT_OF_THE_RECIPE = ("store", "start", "accelerator", "workers")
"""Keys that say where and from what a network is fitted; start and device count by their content."""


@dataclass(frozen=True, kw_only=True)
class Fitter(Recipe):
    """Fits a network by a recipe, or finds the weights that an equal fit has left."""

    def __call__(
        self,
        architecture: Architecture,
        images: LabelledImages,
        follow: Callable[[UnfinishedFit], AbstractContextManager[EpochDone]] = unfollowed,
    ) -> FittedWeights:
        """Fits the architecture to the classes of some images; resumes an interrupted fit.

        Args:
            architecture: The architecture; which weights it names does not matter.
            images: The images to fit and validate on.
            follow: Follows the fit, if there is one to be made.

        Returns:
            The weights of the epoch with the highest validation accuracy.

        Raises:
            InputError: If the network has no classifier, the loss is not finite, an image cannot be read, or there is
                no GPU to insist on.
        """
        device = self.device()
        start = replace(architecture, weights=str(self.start)).network()
        network = self._with_head(start, images.classes)
        with quiet_lightning():
            content = self._content(start, network, images, device)
            folder = Path(self.store) / f"{architecture.name}-{content_key(content)}"
            path, history = folder / "weights.safetensors", folder / "history.json"
            is_new = False
            with held(folder):
                if not is_whole(folder):
                    with follow(UnfinishedFit(key=content_key(content), content=content, path=path)) as epoch_done:
                        state = self._fit(network, start, images, folder, epoch_done)
                        write_json(history, state.history)
                        write_weights(path, state.best, self._metadata(start, images, content, state.history))
                        write_json(folder / FITTED, {file.name: checksum(file) for file in (path, history)})
                        for unfinished in folder.glob("unfinished.pt*"):
                            unfinished.unlink()
                    is_new = True
        measured: list[Epoch] = json.loads(history.read_text())
        best = best_epoch(measured)
        log.info(
            "%s: %s, from epoch %d of %d, %s",
            "fitted weights" if is_new else "fitted weights exist already",
            path,
            best + 1,
            len(measured),
            _words(measured[best]),
        )
        return FittedWeights(path=path, content=content, history=measured, is_new=is_new)

    def device(self) -> str:
        """Returns the type of the device that computes, ``cuda`` or ``cpu``; see `device_type`."""
        return device_type(self.accelerator, self.key_name("accelerator"))

    def _with_head(self, start: Network, classes: Sequence[str]) -> nn.Module:
        """Gives the network a head for these classes, unless it was fitted to just these."""
        if start.classes != tuple(classes):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.seed)
                replace_head(start.module, len(classes))
        return start.module

    def _content(self, start: Network, network: nn.Module, images: LabelledImages, device: str) -> dict[str, Any]:
        """Returns everything that changes the weights."""
        own_code = source_of(images)
        return {
            **({"images_made_by": own_code} if own_code else {}),
            "network": start.name,
            "start_hash": weights_hash(network),
            "transform": str(start.transform),
            "settings": {
                entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name not in NOT_OF_THE_RECIPE
            },
            "made_by": start.made_by,
            "classes": list(images.classes),
            "labels_hash": hashlib.sha256(images.labels.tobytes()).hexdigest(),
            "image_list_hash": images.fingerprint(),
            "device": device,
            "versions": {name: version(name) for name in ("torch", "torchvision", "pytorch-lightning", "pillow")},
            "format": FORMAT,
        }

    def _trainer(self, **options: Any) -> Trainer:
        return Trainer(
            accelerator=self.device(),
            devices=1,
            plugins=[LightningEnvironment()],  # one process, also inside a job of several tasks on a cluster
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            reload_dataloaders_every_n_epochs=1,
            **options,
        )

    def _fit(
        self, network: nn.Module, start: Network, images: LabelledImages, folder: Path, epoch_done: EpochDone
    ) -> FitState:
        parts = split(images.labels, self.validation, self.seed)
        state = FitState.load(folder / "unfinished.pt")
        if state is None:
            tensors = {name: tensor.clone() for name, tensor in network.state_dict().items()}
            state = FitState(network=tensors, best=tensors)
        self._announce(start, images, parts, state)
        for measured in state.history:
            epoch_done(measured)
        if self.has_ended(state.history):
            return state

        def keep(reached: FitState) -> None:
            self._keep(reached, folder)
            epoch_done(reached.history[-1])

        left = self.epochs - len(state.history)
        trainer = self._trainer(max_epochs=left, limit_val_batches=1.0 if len(parts[1]) else 0)
        device = trainer.strategy.root_device
        with (
            keeping(lambda: f"{len(state.history)} of {self.epochs} epochs"),
            ImageBar("fitting", left * len(images.labels)) as bar,
            torch.random.fork_rng(devices=[device.index or 0] if device.type == "cuda" else []),
            exact_float32(),
            enough_memory("use a smaller fit.batch_size, or fit.accelerator=cpu"),
        ):
            data = FitImages(images, start.transform, *parts)
            trainer.fit(Classification(network, data, self, state, keep, bar))
        return state

    def _announce(
        self,
        start: Network,
        images: LabelledImages,
        parts: tuple[NDArray[np.int64], NDArray[np.int64]],
        state: FitState,
    ) -> None:
        log.info(
            "fitting %s, from weights %s, to %d classes of %s: %d images to fit on, %d to validate on",
            start.name,
            start.weights,
            len(images.classes),
            images.name,
            len(parts[0]),
            len(parts[1]),
        )
        if state.history:
            log.info("resuming an interrupted fit after %d epochs", len(state.history))

    def _keep(self, state: FitState, folder: Path) -> None:
        state.save(folder / "unfinished.pt")
        log.info("epoch %d of %d: %s", len(state.history), self.epochs, _words(state.history[-1]))

    def _metadata(
        self, start: Network, images: LabelledImages, content: Mapping[str, Any], history: Sequence[Epoch]
    ) -> dict[str, str]:
        best = best_epoch(history)
        fitted = {
            **{key: content[key] for key in ("network", "settings", "start_hash", "device", "versions", "format")},
            "start": start.weights,
            "data": {"name": images.name, "images": len(images.labels), "image_list_hash": content["image_list_hash"]},
            "epoch": best + 1,
            "epochs": len(history),
            "accuracy": history[best].get("validation/accuracy"),
            "measured": dict(history[best]),
        }
        return {
            "input": str(start.transform),
            "classes": json.dumps(list(images.classes)),
            "fitted": json.dumps(fitted, sort_keys=True),
        }


def _words(measured: Epoch) -> str:
    """Returns an epoch's figures in words."""
    words = f"loss {measured['fit/loss']:.3f}, accuracy {measured['fit/accuracy']:.3f}"
    if "validation/accuracy" in measured:
        words += f"; validation loss {measured['validation/loss']:.3f}, accuracy {measured['validation/accuracy']:.3f}"
    return words
