"""The image vectors of a class, which its class vector is the mean of."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
import torch

from classvec.artifacts import write_text
from classvec.data.labelled_images import LabelledImages, batches
from classvec.errors import unknown
from classvec.extraction.activations import Activations, pool
from classvec.extraction.layer_shapes import layer_shapes
from classvec.networks.network import Network


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
