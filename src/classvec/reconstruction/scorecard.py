"""How well images stand for a class: by the network itself, by a second one, beside a real image and beside noise."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from classvec.artifacts import Appraisal, ClassVectors, Float64, Picture, Target
from classvec.data.class_ids import ilsvrc_classes
from classvec.data.labelled_images import LabelledImages, batches
from classvec.errors import InputError
from classvec.extraction.activations import Activations
from classvec.networks.network import Network
from classvec.reconstruction.objective import relative_error, vectors

BATCH = 32
BYTES_AT_ONCE = 64_000_000
"""Class vectors to compare with at a time."""


class Scorecard:
    """Appraises images against targets.

    Args:
        network: The network behind the class vectors.
        known: The class vectors.
        judge: A second network that looks at the images; None for none.
    """

    def __init__(self, network: Network, known: ClassVectors, judge: Network | None) -> None:
        self._network = network
        self._known = known
        self._checked: set[str] = set()
        self._judge = judge
        self._outputs = {} if judge is None else judge_outputs(judge)

    def of_picture(self, kind: str, picture: Picture, target: Target) -> Appraisal:
        """Appraises a picture that needs no cropping: every network sees all of it, at its own size."""
        seen = None if self._judge is None else _whole(picture, self._judge)
        return self._appraise(kind, _whole(picture, self._network), seen, target)

    def nearest_image(self, images: LabelledImages, target: Target) -> tuple[Picture, Appraisal]:
        """Finds the image of a target's class that is nearest to its vector, in a second pass over the class.

        Args:
            images: The labelled images.
            target: A target that is a class.

        Returns:
            The part of the image that the network sees, and its appraisal.
        """
        indices = np.flatnonzero(images.labels == target.index).tolist()
        transform = self._network.transform
        cosines: list[float] = []
        with torch.no_grad(), Activations(self._network.module, self._network.paths(list(target.means))) as run:
            for batch in batches(images, transform, indices, batch_size=min(BATCH, len(indices))):
                if batch.error is not None:
                    raise batch.error
                found = vectors(self._network, run, batch.images[: int((batch.index >= 0).sum())])
                cosines += np.mean([_cosine(v, target.means[name]) for name, v in found.items()], axis=0).tolist()
        best = images.read(indices[int(np.argmax(cosines))])
        seen = None if self._judge is None else self._judge.transform(best)[None]
        return np.asarray(transform.visible(best)), self._appraise("image", transform(best)[None], seen, target)

    def _appraise(self, kind: str, inputs: torch.Tensor, seen: torch.Tensor | None, target: Target) -> Appraisal:
        with torch.no_grad(), Activations(self._network.module, self._network.paths(list(target.means))) as run:
            found = vectors(self._network, run, inputs)
        losses = {
            name: float(relative_error(v.double(), torch.from_numpy(target.means[name])[None].double())[0])
            for name, v in found.items()
        }
        cosines = np.mean([self._cosines(name, v[0]) for name, v in found.items()], axis=0)
        own = np.mean([_cosine(v, target.means[name])[0] for name, v in found.items()])
        return Appraisal(
            kind=kind,
            losses=losses,
            cosine=float(own),
            rank=None if target.index is None else int((cosines > cosines[target.index]).sum()) + 1,
            judge_rank=self._judged(seen, target),
        )

    def _cosines(self, layer: str, vector: torch.Tensor) -> Float64:
        """Returns the cosine of a vector to every class, of shape (n_classes,)."""
        block = self._known.layers[layer]
        if layer not in self._checked:
            self._known.check(block)
            self._checked.add(layer)
        unit = block.unit
        values = (vector / vector.norm().clamp(min=1e-30)).numpy()
        rows = max(1, BYTES_AT_ONCE // (4 * len(values)))
        parts = [unit[start : start + rows] @ values for start in range(0, len(unit), rows)]
        return np.concatenate(parts).astype(np.float64)

    def _judged(self, seen: torch.Tensor | None, target: Target) -> int | None:
        if self._judge is None or seen is None or target.index is None:
            return None
        with torch.no_grad():
            answer = self._judge.module(seen)[0]
        return int((answer > answer[self._outputs[self._known.classes[target.index]]]).sum()) + 1


def check_judge(judge: Network, classes: Sequence[str]) -> None:
    """Refuses a judge that does not know some classes.

    Raises:
        InputError: If it was fitted on other classes, or on which ones is not known.
    """
    outputs = judge_outputs(judge)
    if strange := [class_id for class_id in classes if class_id not in outputs]:
        raise InputError(
            f"reconstruction.judge={judge.name} does not know {', '.join(strange[:5])}: it was fitted on "
            "other classes; choose another judge, or none"
        )


def judge_outputs(judge: Network) -> dict[str, int]:
    """Returns the output of a network for each class it knows, by synset id.

    Raises:
        InputError: If its weights file does not state its classes, and they cannot be ILSVRC's thousand.
    """
    if judge.classes:
        return {class_id: output for output, class_id in enumerate(judge.classes)}
    size = judge.transform.crop
    with torch.no_grad():
        outputs = judge.module(torch.zeros(1, 3, size, size)).shape[-1]
    ilsvrc = ilsvrc_classes()
    if outputs != len(ilsvrc):
        raise InputError(
            f"reconstruction.judge={judge.name} has {outputs} outputs and its weights do not say of which classes: "
            "state their synset ids in the safetensors file's metadata under 'classes'"
        )
    return {class_id: output for output, class_id in enumerate(ilsvrc)}


def noise(size: int, seed: int) -> Picture:
    """Returns a picture of independent uniform pixels, of shape (size, size, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def _whole(picture: Picture, network: Network) -> torch.Tensor:
    """Returns a square picture as the network's input, at its size, without cropping: (1, 3, crop, crop)."""
    crop = network.transform.crop
    image = Image.fromarray(picture)
    if image.size != (crop, crop):
        image = image.resize((crop, crop), Image.Resampling.BICUBIC)
    colours = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255.0
    return network.transform.of_colours(colours)


def _cosine(values: torch.Tensor, mean: NDArray[np.float32]) -> Float64:
    """Returns the cosine of each row of values, of shape (n, n_features), to a mean."""
    target = torch.from_numpy(mean).double()
    rows = values.double()
    cosines = rows @ target / (rows.norm(dim=1) * target.norm()).clamp(min=1e-30)
    found: Float64 = cosines.numpy()
    return found
