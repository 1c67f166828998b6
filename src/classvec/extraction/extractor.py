"""From images to class vectors: every image is processed once, and only means are kept."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pytorch_lightning import Trainer
from pytorch_lightning.plugins.environments import LightningEnvironment  # type: ignore[attr-defined]

from classvec import settings
from classvec.artifacts import HALVES, ClassVectors, Parts
from classvec.data.labelled_images import Decoding, LabelledImages, batches
from classvec.errors import InputError
from classvec.extraction.activations import Activations, channels_last
from classvec.extraction.allocator import freed_memory_kept
from classvec.extraction.device import device_type, enough_memory, exact_float32, gpu_number
from classvec.extraction.layer_shapes import LayerShape, layer_shapes
from classvec.extraction.loop import ClassVectorExtraction, ImageProgress
from classvec.extraction.processes import Rank, joined, launched, shares, start
from classvec.extraction.projection import Projection, cosine_error, exact_rows
from classvec.extraction.store import ClassVectorStore
from classvec.extraction.store_files import is_writable
from classvec.networks.network import Network
from classvec.progress import ImageBar, quiet_lightning
from classvec.settings import Precision
from classvec.signals import keeping
from classvec.sources import source_of

log = logging.getLogger(__name__)
MOST_CLASSES = 200
"""Largest number of classes of which more parts than two halves are kept."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one pass over images extracts.

    Attributes:
        paths: Name of a layer to the path of its module.
        classes: The classes, as indices.
        several_machines: Whether other machines write other classes at the same time.
    """

    paths: Mapping[str, str]
    classes: Sequence[int]
    several_machines: bool = False


@dataclass(frozen=True, kw_only=True)
class Extractor(settings.Trainer):
    """Builds class vectors, or opens those that a store already has."""

    def __call__(self, network: Network, images: LabelledImages, names: Sequence[str]) -> ClassVectors:
        """Makes the class vectors of a network over some images; resumes an interrupted run.

        Args:
            network: The network.
            images: The images, in class order.
            names: Layers, low to top.

        Returns:
            The class vectors, memory-mapped from the store.

        Raises:
            InputError: If an image cannot be read, a layer's mean is zero or not finite, or the store does not fit.
        """
        _check_order(images)
        self.check(n_classes := len(images.classes))
        shapes = layer_shapes(network, names)
        paths = {shape.name: shape.path for shape in shapes}
        process = launched() if self.processes != 1 else None
        if process is not None and self.processes not in ("auto", process.local_size):
            raise InputError(
                f"trainer.processes={self.processes}, but torchrun or SLURM has started {process.local_size} on this "
                "machine: leave it out"
            )
        with quiet_lightning():
            trainer = self._trainer(process)
            store = self.open_store(network, images, self.device(), list(paths.values()))
            with keeping(lambda: f"{n_classes - len(store.missing(paths.values())):,} of {n_classes:,} classes"):
                if process is not None:
                    self._take_part(process, network, images, shapes)
                elif not store.missing(paths.values()):
                    log.info("class vectors exist already: %s", store.path)
                elif (n_processes := self._n_processes()) > 1:
                    start(_take_part, n_processes, self, network, images, shapes)
                else:
                    with store.lock():
                        for work in self._prepare(store, shapes):
                            self._extract(trainer, network, images, store, work)
        return self._open(store, paths, network, images)

    @property
    def parts(self) -> Parts | None:
        """The parts of each class's images whose means are kept too."""
        return Parts.chosen(self.halves, self.folds)

    def device(self) -> str:
        """Returns the type of the device that computes, ``cuda`` or ``cpu``; see `device_type`."""
        return device_type(self.accelerator, self.key_name("accelerator"))

    def check(self, n_classes: int) -> None:
        """Refuses a missing GPU, and folds of many classes: means of five take five times the disk of class vectors.

        Raises:
            InputError: If there is no GPU to insist on, or there are more classes than folds are kept of.
        """
        self.device()
        if self.parts is not None and self.parts.number > HALVES and n_classes > MOST_CLASSES:
            raise InputError(
                f"trainer.folds={self.folds} with {n_classes} classes: folds are kept of at most {MOST_CLASSES}; use "
                f"trainer.halves=SEED instead, which keeps two halves of each class's images"
            )

    def _n_processes(self) -> int:
        """Returns how many processes to start on this machine."""
        n_gpus = torch.cuda.device_count() if self.device() == "cuda" else 0
        number = n_gpus if self.processes == "auto" else self.processes
        if not isinstance(number, int) or number < 1 or (n_gpus and number > n_gpus):
            raise InputError(
                f"trainer.processes={self.processes} with {n_gpus} GPUs: expected at most one for each "
                "GPU, or on the CPU a number, such as trainer.processes=2"
            )
        return number

    @staticmethod
    def _prepare(store: ClassVectorStore, shapes: Sequence[LayerShape]) -> list[Work]:
        """Creates the files; returns groups of layers with the classes that they lack."""
        sizes = ", ".join(f"{shape.name} {shape.n_features:,}" for shape in shapes)
        log.info("features of a class vector: %s; in all %s", sizes, f"{sum(s.n_features for s in shapes):,}")
        store.prepare({shape.path: shape.n_features for shape in shapes})
        return list(_by_missing_classes(store, {shape.name: shape.path for shape in shapes}))

    def _take_part(self, process: Rank, network: Network, images: LabelledImages, shapes: Sequence[LayerShape]) -> None:
        """Makes our share of the classes; process 0 alone prepares the store, and holds it until all are done."""
        trainer = self._trainer(process)
        store = self.open_store(network, images, self.device(), [shape.path for shape in shapes])
        if self.device() == "cpu":
            torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // process.local_size))
        with joined(process) as processes, store.lock() if process.rank == 0 else nullcontext():
            work = self._prepare(store, shapes) if process.rank == 0 else []
            key, work = processes.broadcast((store.key, work))
            if key != store.key:
                raise InputError(
                    f"process {process.rank} has other images, weights, versions or kind of device than process 0: its "
                    f"store would be {store.key}, not {key}; give all machines the same"
                )
            for one in work:
                log.info("%d classes to extract in %d processes", len(one.classes), process.size)
                if share := shares(store.n_images, one.classes, process.size)[process.rank]:
                    ours = replace(one, classes=share, several_machines=process.size > process.local_size)
                    self._extract(trainer, network, images, store, ours)
            processes.barrier()

    def _open(
        self, store: ClassVectorStore, paths: Mapping[str, str], network: Network, images: LabelledImages
    ) -> ClassVectors:
        """Opens a complete store, and adds to its provenance the names people use, and what was left out."""
        vectors = store.read(paths)
        for block in vectors.layers.values():
            if block.exact is not None:
                vectors.check(block, exact_rows(len(vectors.classes)).tolist())
        names: dict[str, Any] = {"weights": network.weights, "data": images.name, "left_out": list(images.left_out)}
        errors = {layer: error for layer, block in vectors.layers.items() if (error := cosine_error(block))}
        for layer, error in errors.items():
            log.info("projection of %s: cosines off by %.4f on average, %.4f at most", layer, error.mean, error.largest)
        if errors:
            names["cosine_errors"] = {layer: asdict(error) for layer, error in errors.items()}
        own = None if self.own is None or is_writable(store.path) else Path(self.own) / store.path.name
        return replace(vectors, provenance={**vectors.provenance, **names}, own=own)

    def open_store(
        self, network: Network, images: LabelledImages, device: str, paths: Sequence[str] = ()
    ) -> ClassVectorStore:
        """Finds the store for a network and images; its key covers everything that changes the numbers.

        Args:
            network: The network.
            images: The images.
            device: Type of the device that computes, ``cpu`` or ``cuda``: their last bits differ.
            paths: Paths of modules; if one is missing in a store that cannot be written, the own one is returned.
        """
        content: dict[str, Any] = {
            "network": network.name,
            "weights_hash": network.weights_hash,
            "transform": str(network.transform),
            "pool": network.pool,
            "made_by": network.made_by,
            "image_list_hash": images.fingerprint(),
            "batch_size": self.batch_size,
            "precision": self.precision,
            "channels_last": self.channels_last,
            "device": device,
            "halves_seed": None,
            **(self.parts.content if self.parts else {}),
            "versions": {name: version(name) for name in ("torch", "torchvision", "pillow")},
        }
        if own_code := source_of(images):
            content["images_made_by"] = own_code
        if self.projection is not None:
            content["projection"] = Projection(self.projection, self.projection_seed).content
        counts = np.bincount(images.labels, minlength=len(images.classes)).astype(np.int64)
        store = ClassVectorStore(Path(self.store), content, images.classes, counts)
        if self.own is None or is_writable(store.path) or not store.missing(paths):
            return store
        log.info("%s cannot be written: class vectors that it lacks are made in %s", store.path, self.own)
        return ClassVectorStore(Path(self.own), content, images.classes, counts)

    def _trainer(self, process: Rank | None = None) -> Trainer:
        """Returns a trainer for one device; processes that work together each have one, and never wait inside it."""
        device = self.device()
        return Trainer(
            accelerator=device,
            devices=1 if process is None or device == "cpu" else [gpu_number(process)],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            plugins=[LightningEnvironment()],  # one process, also inside a job of several tasks on a cluster
            inference_mode=False,  # inference tensors have no version counter, which tells an overwritten activation
        )

    def _n_workers(self, device: str) -> int:
        if self.workers is not None:
            return self.workers
        return 0 if device == "cpu" else min(8, len(os.sched_getaffinity(0)))

    @contextmanager
    def _numerics(self, network: Network, device: str) -> Iterator[None]:
        """Sets layout and precision for a while."""
        with ExitStack() as stack:
            stack.enter_context(exact_float32())
            if self.channels_last:
                stack.enter_context(channels_last(network.module))
            if self.precision == Precision.bfloat16:
                stack.enter_context(torch.autocast(device, torch.bfloat16))
            yield

    def _extract(
        self, trainer: Trainer, network: Network, images: LabelledImages, store: ClassVectorStore, work: Work
    ) -> None:
        indices = np.flatnonzero(np.isin(images.labels, work.classes))
        device, n_layers, n_classes = trainer.strategy.root_device, len(work.paths), len(work.classes)
        log.info("%s on %s in %s: %d layers, %d of %d classes, %d images", network.name, device, self.precision,
                 n_layers, n_classes, len(images.classes), len(indices))  # fmt: skip
        decoding = Decoding(workers=self._n_workers(device.type), pin_memory=device.type == "cuda")
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        loader = batches(images, network.transform, indices, self.batch_size, decoding, layout)
        part = None if self.parts is None else self.parts.of_images(images.labels)
        with (
            freed_memory_kept(),
            store.writer(work.paths, several_machines=work.several_machines) as writer,
            ImageBar("class vectors", len(indices)) as bar,
            Activations(network.module, work.paths) as run,
            self._numerics(network, device.type),
            enough_memory("use a smaller trainer.batch_size, or trainer.accelerator=cpu"),
        ):
            module = ClassVectorExtraction(network, run, images, writer, part)
            trainer.callbacks = [ImageProgress(bar)]  # type: ignore[attr-defined]
            trainer.predict(module, loader, return_predictions=False)


def _take_part(
    process: Rank, extractor: Extractor, network: Network, images: LabelledImages, shapes: Sequence[LayerShape]
) -> None:
    """What each process does that `Extractor` has started."""
    with quiet_lightning():
        extractor._take_part(process, network, images, shapes)


def _check_order(images: LabelledImages) -> None:
    """Refuses images that are not one class after another, each class once: their means would be split."""
    labels = images.labels
    whole = len(labels) and len(set(images.classes)) == len(images.classes)
    if not whole or np.any(np.diff(labels) < 0) or set(np.unique(labels)) != set(range(len(images.classes))):
        raise InputError(f"{images.name}: images must be in class order, every class once and with an image at least")


def _by_missing_classes(store: ClassVectorStore, paths: Mapping[str, str]) -> Iterator[Work]:
    """Groups layers that lack the same classes: one pass extracts all of a group."""
    groups: dict[tuple[int, ...], dict[str, str]] = {}
    for name, path in paths.items():
        groups.setdefault(tuple(store.missing([path])), {})[name] = path
    for missing, group in groups.items():
        if missing:
            yield Work(paths=group, classes=list(missing))
