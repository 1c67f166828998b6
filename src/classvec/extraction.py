"""From images to class vectors: a Lightning predict loop that looks at every image once and keeps only means."""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.plugins.environments import LightningEnvironment  # type: ignore[attr-defined]

from classvec import settings
from classvec.activations import Activations, channels_last, pool
from classvec.allocator import freed_memory_kept
from classvec.artifacts import ClassVectors, write_text
from classvec.class_vectors import ClassMean, ClassVectorStore, StoreWriter, half_of, image_counts
from classvec.data.labelled_images import Batch, LabelledImages, batches
from classvec.errors import InputError, unknown
from classvec.networks.network import Network
from classvec.processes import Place, launched, shares, start, together
from classvec.progress import ImageBar, quiet_lightning
from classvec.projection import Projection, cosine_error
from classvec.settings import Precision
from classvec.sources import source_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LayerShape:
    """What a layer puts out for one image.

    Attributes:
        name: Name of the layer.
        path: Path of the module.
        shape: Shape of its output without the batch, such as (channels, height, width).
    """

    name: str
    path: str
    shape: tuple[int, ...]

    @property
    def n_features(self) -> int:
        """Number of features: the product of the shape."""
        return int(np.prod(self.shape))


def layer_shapes(network: Network, names: Sequence[str]) -> list[LayerShape]:
    """Finds the shapes of layers without computing a number (on PyTorch's meta device).

    Args:
        network: The network.
        names: Layer names or paths of modules.

    Raises:
        InputError: If a layer is unknown, does not run, or runs several times in a pass.
    """
    from torch.func import functional_call

    paths = network.paths(names)
    state = {name: tensor.to("meta") for name, tensor in network.module.state_dict().items()}
    images = torch.empty(1, 3, network.transform.crop, network.transform.crop, device="meta")
    with torch.no_grad(), Activations(network.module, paths) as run:
        run.forward = lambda batch: functional_call(network.module, state, (batch,))
        activations = run(images, stop=False)
    pooled = {name: pool(values, network.pool) for name, values in activations.items()}
    return [LayerShape(name, paths[name], tuple(values.shape[1:])) for name, values in pooled.items()]


def module_shapes(network: Network) -> list[LayerShape]:
    """Finds the shapes of every module that can be named as a layer: it runs once and puts out one tensor.

    Args:
        network: The network.
    """
    shapes = []
    for path in dict(network.module.named_modules()):
        if path:
            try:
                shapes += layer_shapes(network, [path])
            except InputError:
                continue
    return shapes


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
        shapes = layer_shapes(network, names)
        paths = {shape.name: shape.path for shape in shapes}
        place = launched() if self.processes != 1 else None
        if place is not None and self.processes not in ("auto", place.local_size):
            raise InputError(
                f"trainer.processes={self.processes}, but torchrun or SLURM has started {place.local_size} on this "
                "machine: leave it out"
            )
        with quiet_lightning():
            trainer = self._trainer(place)
            device = trainer.strategy.root_device.type
            store = self.open_store(network, images, device)
            if place is not None:
                self._take_part(place, network, images, shapes)
            elif not store.missing(paths.values()):
                log.info("class vectors are there already: %s", store.path)
            elif (n_processes := self._n_processes(device)) > 1:
                start(_take_part, n_processes, self, network, images, shapes)
            else:
                with store.lock():
                    for group, missing in self._prepare(store, shapes):
                        self._extract(trainer, network, images, store, group, missing)
        return self._open(store, paths, network, images)

    def _n_processes(self, device: str) -> int:
        """Returns how many processes to start on this machine."""
        n_gpus = torch.cuda.device_count() if device == "cuda" else 0
        wanted = n_gpus if self.processes == "auto" else self.processes
        if not isinstance(wanted, int) or wanted < 1 or (n_gpus and wanted > n_gpus):
            raise InputError(
                f"trainer.processes={self.processes} with {n_gpus} GPUs to compute on: wanted one for each GPU at "
                "most, or on the CPU a number, such as trainer.processes=2"
            )
        return wanted

    @staticmethod
    def _prepare(store: ClassVectorStore, shapes: Sequence[LayerShape]) -> list[tuple[dict[str, str], list[int]]]:
        """Makes the files; returns groups of layers with the classes that they lack."""
        sizes = ", ".join(f"{shape.name} {shape.n_features:,}" for shape in shapes)
        log.info("features of a class vector: %s; in all %s", sizes, f"{sum(s.n_features for s in shapes):,}")
        store.prepare({shape.path: shape.n_features for shape in shapes})
        return list(_by_missing_classes(store, {shape.name: shape.path for shape in shapes}))

    def _take_part(self, place: Place, network: Network, images: LabelledImages, shapes: Sequence[LayerShape]) -> None:
        """Makes our share of the classes; process 0 alone prepares the store, and holds it until all are done."""
        trainer = self._trainer(place)
        device = trainer.strategy.root_device.type
        store = self.open_store(network, images, device)
        if device == "cpu":
            torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // place.local_size))
        with together(place) as company, store.lock() if place.rank == 0 else nullcontext():
            work = self._prepare(store, shapes) if place.rank == 0 else []
            key, work = company.from_the_first((store.key, work))
            if key != store.key:
                raise InputError(
                    f"process {place.rank} has other images, weights, versions or kind of device than process 0: its "
                    f"store would be {store.key}, not {key}; give all machines the same"
                )
            for group, missing in work:
                log.info("%d classes to make in %d processes", len(missing), place.size)
                if share := shares(store.n_images, missing, place.size)[place.rank]:
                    several = place.size > place.local_size
                    self._extract(trainer, network, images, store, group, share, several_machines=several)
            company.wait_for_all()

    @staticmethod
    def _open(
        store: ClassVectorStore, paths: Mapping[str, str], network: Network, images: LabelledImages
    ) -> ClassVectors:
        """Opens a complete store, and adds to its provenance the names people use, and what was left out."""
        vectors = store.read(paths)
        names: dict[str, Any] = {"weights": network.weights, "data": images.name, "left_out": list(images.left_out)}
        errors = {layer: error for layer, block in vectors.layers.items() if (error := cosine_error(block))}
        for layer, error in errors.items():
            log.info("projection of %s: cosines off by %.4f on average, %.4f at most", layer, error.mean, error.largest)
        if errors:
            names["cosine_errors"] = {layer: asdict(error) for layer, error in errors.items()}
        return replace(vectors, provenance={**vectors.provenance, **names})

    def open_store(self, network: Network, images: LabelledImages, device: str) -> ClassVectorStore:
        """Finds the store for a network and images; its key covers everything that changes the numbers.

        Args:
            network: The network.
            images: The images.
            device: Type of the device that computes, ``cpu`` or ``cuda``: their last bits differ.
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
            "halves_seed": self.halves,
            "versions": {name: version(name) for name in ("torch", "torchvision", "pillow")},
        }
        if own_code := source_of(images):
            content["images_made_by"] = own_code
        if self.projection is not None:
            content["projection"] = Projection(self.projection, self.projection_seed).content
        counts = image_counts(images.labels, len(images.classes))
        return ClassVectorStore(Path(self.store), content, images.classes, counts, halves=self.halves is not None)

    def _trainer(self, place: Place | None = None) -> Trainer:
        """Returns a trainer for one device; processes that work together each have one, and never wait inside it."""
        trainer = self._trainer_on(1)
        if place is None or trainer.strategy.root_device.type != "cuda":
            return trainer
        return self._trainer_on([place.local_rank % torch.cuda.device_count()])

    def _trainer_on(self, devices: int | list[int]) -> Trainer:
        return Trainer(
            accelerator=self.accelerator,
            devices=devices,
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
        """Sets layout and precision for a while; on a GPU float32 is float32, not TF32, and the same each time."""
        with ExitStack() as stack:
            if self.channels_last:
                stack.enter_context(channels_last(network.module))
            if self.precision == Precision.bfloat16:
                stack.enter_context(torch.autocast(device, torch.bfloat16))
            if device == "cuda":
                stack.enter_context(torch.backends.cudnn.flags(deterministic=True, allow_tf32=False))
            yield

    def _extract(
        self,
        trainer: Trainer,
        network: Network,
        images: LabelledImages,
        store: ClassVectorStore,
        paths: Mapping[str, str],
        missing: Sequence[int],
        *,
        several_machines: bool = False,
    ) -> None:
        indices = np.flatnonzero(np.isin(images.labels, missing))
        device = trainer.strategy.root_device
        log.info(
            "%s on %s in %s: %d layers, %d of %d classes, %d images",
            network.name,
            device,
            self.precision,
            len(paths),
            len(missing),
            len(images.classes),
            len(indices),
        )
        loader = batches(
            images,
            network.transform,
            indices,
            batch_size=self.batch_size,
            workers=self._n_workers(device.type),
            pin_memory=device.type == "cuda",
            layout=torch.channels_last if self.channels_last else torch.contiguous_format,
        )
        half = half_of(images.labels, self.halves) if self.halves is not None else None
        with (
            freed_memory_kept(),
            store.writer(paths, several_machines=several_machines) as writer,
            ImageBar("class vectors", len(indices)) as bar,
            Activations(network.module, paths) as run,
            self._numerics(network, device.type),
        ):
            module = ClassVectorExtraction(network, run, images, writer, half)
            trainer.callbacks = [ImageProgress(bar)]  # type: ignore[attr-defined]
            trainer.predict(module, loader, return_predictions=False)


def _take_part(
    place: Place, extractor: Extractor, network: Network, images: LabelledImages, shapes: Sequence[LayerShape]
) -> None:
    """What each process does that `Extractor` has started."""
    with quiet_lightning():
        extractor._take_part(place, network, images, shapes)


def _check_order(images: LabelledImages) -> None:
    """Refuses images that are not one class after another, each class once: their means would be torn apart."""
    labels = images.labels
    whole = len(labels) and len(set(images.classes)) == len(images.classes)
    if not whole or np.any(np.diff(labels) < 0) or set(np.unique(labels)) != set(range(len(images.classes))):
        raise InputError(f"{images.name}: images must be in class order, every class once and with an image at least")


def _by_missing_classes(
    store: ClassVectorStore, paths: Mapping[str, str]
) -> Iterator[tuple[dict[str, str], list[int]]]:
    """Groups layers that lack the same classes: one pass makes all of a group."""
    groups: dict[tuple[int, ...], dict[str, str]] = {}
    for name, path in paths.items():
        groups.setdefault(tuple(store.missing([path])), {})[name] = path
    for missing, group in groups.items():
        if missing:
            yield group, list(missing)


def write_image_vectors(
    network: Network,
    images: LabelledImages,
    names: Sequence[str],
    class_id: str,
    folder: Path,
    batch_size: int = 32,
) -> list[Path]:
    """Writes the image vectors of one class, which class vectors are means of, one file for each layer.

    Args:
        network: The network.
        images: The images.
        names: Layers.
        class_id: Synset id of the class.
        folder: Where to write ``<class_id>/<layer>.npy``, each of shape (n_images, n_features), float32, and
            ``<class_id>/images.txt``, which says what each row is of.
        batch_size: Images in a forward pass.

    Returns:
        The files.

    Raises:
        InputError: If there is no such class, or an image cannot be read.
    """
    if class_id not in images.classes:
        raise unknown("class in image_vectors", class_id, images.classes)
    indices = np.flatnonzero(images.labels == images.classes.index(class_id)).tolist()
    files = {name: folder / class_id / f"{quote(name, safe='')}.npy" for name in names}
    unfinished = {name: path.with_name(f".{path.name}") for name, path in files.items()}
    (folder / class_id).mkdir(parents=True, exist_ok=True)
    arrays = {
        shape.name: np.lib.format.open_memmap(
            unfinished[shape.name], mode="w+", dtype=np.float32, shape=(len(indices), shape.n_features)
        )
        for shape in layer_shapes(network, names)
    }
    done = 0
    loader = batches(images, network.transform, indices, batch_size=batch_size)
    with torch.no_grad(), Activations(network.module, network.paths(names)) as run:
        for batch in loader:
            if batch.error is not None:
                raise batch.error
            kept = int((batch.index >= 0).sum())
            for name, values in run(batch.images).items():
                arrays[name][done : done + kept] = pool(values, network.pool)[:kept].flatten(1).numpy()
            done += kept
    for name, path in files.items():
        arrays[name].flush()
        unfinished[name].replace(path)
    write_text(folder / class_id / "images.txt", "".join(f"{images.where(index)}\n" for index in indices))
    return list(files.values())


class ClassVectorExtraction(LightningModule):
    """Runs a network over batches in class order and hands over each class as soon as its last image was seen.

    Args:
        network: The network.
        run: Its activations, open.
        images: The data set that the batches' indices refer to.
        writer: Where finished classes go.
        half: Half of each image's class that the image belongs to, of shape (n_images,); None for no halves.
    """

    def __init__(
        self,
        network: Network,
        run: Activations,
        images: LabelledImages,
        writer: StoreWriter,
        half: NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__()
        self.network = network.module
        self._pool = network.pool
        self._run = run
        self._images = images
        self._writer = writer
        self._half = half
        self._label = -1
        self._mean = ClassMean()
        self._half_means = (ClassMean(), ClassMean())

    def predict_step(self, batch: Batch, batch_idx: int) -> None:
        """Adds a batch to the running means."""
        activations = {name: pool(values, self._pool) for name, values in self._run(batch.images).items()}
        indices = [index for index in batch.index.tolist() if index >= 0]  # the rest is padding
        start = 0
        for label, members in groupby(indices, key=lambda index: int(self._images.labels[index])):
            if label != self._label:
                self._finish_class()
                self._label = label
            rows = slice(start, start := start + len(list(members)))
            self._mean.add({name: values[rows] for name, values in activations.items()})
            if self._half is not None:
                for row in range(rows.start, rows.stop):
                    half = self._half_means[self._half[indices[row]]]
                    half.add({name: values[row : row + 1] for name, values in activations.items()})
        if batch.error is not None:
            raise batch.error

    def on_predict_end(self) -> None:
        """Hands over the last class."""
        self._finish_class()

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Moves the images, not the indices."""
        return batch.to(device, non_blocking=True)

    def _finish_class(self) -> None:
        if self._label < 0:
            return
        class_id = self._images.classes[self._label]
        halves = [mean.blocks(class_id) for mean in self._half_means] if self._half_means[1].n_images else []
        self._writer.put(self._label, self._mean.blocks(class_id), halves)
        self._mean = ClassMean()
        self._half_means = (ClassMean(), ClassMean())


class ImageProgress(Callback):
    """Counts the images of predict batches on a bar.

    Args:
        bar: The bar.
    """

    def __init__(self, bar: ImageBar) -> None:
        self._bar = bar

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        module: LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Counts the images of a batch."""
        self._bar.advance(int((batch.index >= 0).sum()))
