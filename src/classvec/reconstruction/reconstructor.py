"""From targets to images: in batches, each image kept on disk as soon as it is finished."""

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from classvec import settings
from classvec.artifacts import Evaluation, Picture, Target, content_key, is_whole, largest_k, load_arrays, save_arrays
from classvec.errors import InputError, unknown
from classvec.extraction.activations import Activations, channels_last
from classvec.extraction.allocator import freed_memory_kept
from classvec.extraction.device import device_type, enough_memory, exact_float32
from classvec.networks.network import Architecture, Network
from classvec.ontology.taxonomy import Taxonomy
from classvec.progress import ImageBar
from classvec.reconstruction.image_prior import generator
from classvec.reconstruction.objective import Objective
from classvec.reconstruction.targets import by_layer, class_index, of_classes, of_clusters
from classvec.settings import ClusterTarget

log = logging.getLogger(__name__)
WHICH = ("classes", "clusters", "of", "layers", "by_layer", "starts", "store", "accelerator", "judge", "batch")
"""Settings that say which images are made and where, and not what one looks like."""
KEPT = ("snapshots",), ("loss",)
"""Arrays and provenance of a finished image."""

Attempt = tuple[Target, int]
"""A target, and which of its starts."""


@dataclass(frozen=True, kw_only=True)
class Reconstructor(settings.Reconstruction, ABC):
    """Makes images whose activations match those of classes or clusters.

    Attributes:
        judge: A second architecture that classifies the images; None for none.
    """

    judge: Architecture | None = None

    def check(self, classes: Sequence[str], layers: Sequence[str], taxonomy: Taxonomy, k: Sequence[int]) -> list[str]:
        """Finds mistakes before the work begins.

        Args:
            classes: Synset ids of the data set.
            layers: Names of the layers that will be in the store.
            taxonomy: Knows the classes' names.
            k: Numbers of clusters there will be.

        Returns:
            Synset ids of the classes that images may be made of: those named, or all; none for means of clusters.

        Raises:
            InputError: If a class or a layer is unknown, there are no clusters for ``clusters``, or there is no GPU to
                insist on.
        """
        self.device()
        if not self.classes and self.clusters is not None and self.clusters not in k:
            raise InputError(
                f"reconstruction.clusters={self.clusters}: there are clusters for k = {', '.join(map(str, k))}; choose "
                "one of these, or more with clustering.k"
            )
        for layer in self.layers or ():
            if layer not in layers:
                raise unknown("layer in reconstruction.layers", layer, layers)
        if not self.classes:
            return list(classes) if self.of == ClusterTarget.medoids else []
        return [classes[class_index(name, classes, taxonomy)] for name in self.classes]

    def targets(self, evaluation: Evaluation, taxonomy: Taxonomy, top: Sequence[str]) -> list[Target]:
        """Chooses what to make images of.

        Args:
            evaluation: The class vectors and their clusters.
            taxonomy: Knows the classes' names.
            top: The layers to match where none are chosen.

        Raises:
            InputError: If a class, a layer or the k of the clusters is unknown.
        """
        layers = list(self.layers or top)
        known = list(evaluation.labels.clusters)
        self.check(evaluation.vectors.classes, list(evaluation.vectors.layers), taxonomy, known)
        if self.classes:
            found = of_classes(self.classes, evaluation.vectors, layers, taxonomy)
        else:
            k = self.clusters or largest_k(known)
            found = of_clusters(evaluation, k, layers, means=self.of == ClusterTarget.means)
        return by_layer(found) if self.by_layer else found

    @property
    @abstractmethod
    def at_once(self) -> int:
        """Number of images that are optimised together."""

    @abstractmethod
    def prior(self, sources: Sequence[torch.Generator], size: int) -> nn.Module:
        """Returns a module of trainable images, of shape (n, 3, size, size), RGB from 0 to 1.

        Args:
            sources: A source of random numbers for each image.
            size: Height and width, in pixels.
        """

    @abstractmethod
    def solve(
        self,
        prior: nn.Module,
        losses: Callable[[torch.Tensor], torch.Tensor],
        sources: Sequence[torch.Generator],
        marks: Sequence[int],
    ) -> Iterator[tuple[int, float]]:
        """Optimises the images of a batch.

        Args:
            prior: The images.
            losses: Maps images to the loss of each, of shape (n,).
            sources: A source of random numbers for each image.
            marks: Steps at which the images will be looked at, ascending; the last is ``steps``.

        Yields:
            The number of steps done, at each mark at least, and the mean loss.
        """

    def device(self) -> torch.device:
        """Returns where to compute.

        Raises:
            InputError: If a GPU is asked for and there is none.
        """
        return torch.device(device_type(self.accelerator, self.key_name("accelerator")))

    def pictures(self, network: Network, targets: Sequence[Target]) -> list[tuple[Picture, ...]]:
        """Makes the images, or reads those that an earlier run has finished.

        Args:
            network: The network.
            targets: What to make images of; those of the same layers are made together.

        Returns:
            For each target its snapshots; the last one is the finished image.
        """
        device = self.device()
        attempts = [(target, start) for start in range(self.starts) for target in targets]
        batches = [
            {self._file(network, attempt, device): attempt for attempt in batch}
            for batch in _batches(attempts, self.at_once)
        ]
        missing = [{file: attempt for file, attempt in batch.items() if not is_whole(file, *KEPT)} for batch in batches]
        n_missing = sum(map(len, missing))
        if n_missing < len(attempts):
            there = len(attempts) - n_missing
            log.info("%d of %d images exist already: %s", there, len(attempts), Path(self.store))
        if n_missing:
            module = network.module.to(device)
            with (
                freed_memory_kept(),
                channels_last(module),  # a third faster
                exact_float32(),
                enough_memory("use a smaller reconstruction.batch, or reconstruction.accelerator=cpu"),
                ImageBar("reconstructions", n_missing * self.steps, "image steps") as bar,
            ):
                for batch in filter(None, missing):
                    layers = list(next(iter(batch.values()))[0].means)
                    with Activations(module, network.paths(layers)) as run:
                        self._make(network, run, batch, device, bar)
            network.module.to("cpu")
        return [self._best(network, target, device) for target in targets]

    def _best(self, network: Network, target: Target, device: torch.device) -> tuple[Picture, ...]:
        """Reads the image of a target that has the least loss."""
        kept = [load_arrays(self._file(network, (target, start), device), *KEPT) for start in range(self.starts)]
        losses = [provenance["loss"] for _, provenance in kept]
        best = int(np.argmin(losses))
        if self.starts > 1:
            several = ", ".join(f"{loss:.3f}" for loss in losses)
            log.info("%s: losses from %d starts %s; kept %.3f", target.name, self.starts, several, losses[best])
        return tuple(kept[best][0]["snapshots"])

    def _make(
        self, network: Network, run: Activations, attempts: dict[Path, Attempt], device: torch.device, bar: ImageBar
    ) -> None:
        objective = Objective(network, run, [target for target, _ in attempts.values()], device)
        names = ", ".join(target.name for target, _ in attempts.values())
        sources = [generator(self.seed, f"{target.key} {start}") for target, start in attempts.values()]
        prior = self.prior(sources, network.transform.crop).to(device)
        marks = sorted({round(self.steps * (i + 1) / self.snapshots) for i in range(self.snapshots)} - {0})
        shots, before = [_bytes(prior)], 0
        for done, loss in self.solve(prior, lambda images: objective(images).mean(dim=0), sources, marks):
            if not np.isfinite(loss):
                raise InputError(f"the loss of {names} is {loss} after {done} steps: their images cannot be made so")
            bar.advance((done - before) * len(attempts), f"loss {loss:.3f}")
            before = done
            if done in marks:
                shots.append(_bytes(prior))
        with torch.no_grad():
            finished = torch.from_numpy(shots[-1]).permute(0, 3, 1, 2).to(device) / 255.0
            losses = objective(finished).mean(dim=0).tolist()
        log.info("%s: loss %.3f", names, np.mean(losses))
        for row, (file, (target, start)) in enumerate(attempts.items()):
            provenance = {"target": target.key, "start": start, "loss": losses[row], **self.settings()}
            save_arrays(file, {"snapshots": np.stack([shot[row] for shot in shots])}, provenance)

    def settings(self) -> dict[str, Any]:
        """Returns what decides how an image looks, beside its target and the network, as JSON values."""
        own = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in WHICH}
        return {"method": type(self).__name__, **own}

    def _file(self, network: Network, attempt: Attempt, device: torch.device) -> Path:
        """Returns where an image is kept, under a key that covers all that changes it."""
        target, start = attempt
        means = hashlib.sha256()
        for layer, mean in target.means.items():
            means.update(f"{network.paths([layer])[layer]} {mean.shape}".encode() + mean.tobytes())
        content = {
            **self.settings(),
            "network": [network.weights_hash, network.made_by, str(network.transform), network.pool],
            "target": [target.key, means.hexdigest(), start],
            "device": device.type,
            "torch": version("torch"),
        }
        return Path(self.store) / f"{network.name}-{target.key}-{content_key(content)}.npz"


def _batches(attempts: Sequence[Attempt], size: int) -> Iterator[list[Attempt]]:
    """Groups attempts at targets of the same layers into batches."""
    groups: dict[tuple[str, ...], list[Attempt]] = {}
    for attempt in attempts:
        groups.setdefault(tuple(attempt[0].means), []).append(attempt)
    for group in groups.values():
        for start in range(0, len(group), size):
            yield group[start : start + size]


def _bytes(prior: nn.Module) -> NDArray[np.uint8]:
    """Returns the images as a file would hold them, of shape (n, size, size, 3)."""
    with torch.no_grad():
        colours = prior().clamp(0.0, 1.0) * 255.0
    found: NDArray[np.uint8] = colours.round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return found
