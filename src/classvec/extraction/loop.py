"""Lightning's predict loop: batches in class order become class means, each handed over after its last image."""

from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_lightning import Callback, LightningModule, Trainer

from classvec.data.labelled_images import Batch, LabelledImages
from classvec.extraction.activations import Activations, pool
from classvec.extraction.mean import ClassMean
from classvec.extraction.writer import StoreWriter
from classvec.networks.network import Network
from classvec.progress import ImageBar


class ClassVectorExtraction(LightningModule):
    """Runs a network over batches in class order and hands over each class as soon as its last image was seen.

    Args:
        network: The network.
        run: Its activations, open.
        images: The data set that the batches' indices refer to.
        writer: Where finished classes go.
        part: Part of its class that each image belongs to, of shape (n_images,); None for no parts.
    """

    def __init__(
        self,
        network: Network,
        run: Activations,
        images: LabelledImages,
        writer: StoreWriter,
        part: NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__()
        self.network = network.module
        self._pool = network.pool
        self._run = run
        self._images = images
        self._writer = writer
        self._part = part
        self._label = -1
        self._mean = ClassMean()
        self._part_means: dict[int, ClassMean] = {}

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
            if self._part is not None:
                for row in range(rows.start, rows.stop):
                    mean = self._part_means.setdefault(int(self._part[indices[row]]), ClassMean())
                    mean.add({name: values[row : row + 1] for name, values in activations.items()})
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
        means = [self._mean]
        if len(self._part_means) > 1:
            means += [mean for _, mean in sorted(self._part_means.items())]
        self._writer.put(self._label, self._images.classes[self._label], [mean.finished() for mean in means])
        self._mean = ClassMean()
        self._part_means = {}


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
