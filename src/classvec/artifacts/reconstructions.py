"""Images made from class vectors, and how well they do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classvec.artifacts.files import Provenance

Picture = NDArray[np.uint8]
"""RGB, of shape (height, width, 3)."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What an image is to be made of.

    Attributes:
        key: A name fit for files: a synset id, or ``k08-cluster3``; with a single layer, that too.
        name: Words to print.
        means: Layer name to mean activations, before the division by their norm, of shape (n_features,), float32.
        index: Position of its class among the classes; None for the mean of a cluster.
    """

    key: str
    name: str
    means: Mapping[str, NDArray[np.float32]]
    index: int | None


@dataclass(frozen=True, kw_only=True)
class Appraisal:
    """How an image compares with a target.

    Attributes:
        kind: ``reconstruction``, ``image`` (the real image nearest to the class vector) or ``noise``.
        losses: Layer name to squared error relative to the target's squared norm.
        cosine: Cosine of the image's vector and the target's, over the layers.
        rank: Place of the target's class among all classes, by that cosine; None for the mean of a cluster. First place
            says little of an image that was optimised for that very vector.
        judge_rank: Place of the class in the second network's answer; None without one, or for the mean of a cluster.
    """

    kind: str
    losses: Mapping[str, float]
    cosine: float
    rank: int | None
    judge_rank: int | None

    @property
    def loss(self) -> float:
        """Mean of the relative losses over the layers."""
        return float(np.mean(list(self.losses.values())))


@dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """An image made from a target.

    Attributes:
        target: What it was made of.
        picture: The image.
        snapshots: The image as it came about, the last one finished.
        real: The image of the class that is nearest to the class vector; None for the mean of a cluster.
        appraisals: Of the reconstruction, of the real image and of noise.
    """

    target: Target
    picture: Picture
    snapshots: tuple[Picture, ...]
    real: Picture | None
    appraisals: tuple[Appraisal, ...]

    @property
    def appraisal(self) -> Appraisal:
        """How the reconstruction itself does."""
        return self.appraisals[0]


@dataclass(frozen=True, kw_only=True)
class Reconstructions:
    """The images of a run.

    Attributes:
        items: One for each target; with one image per layer, target after target, low to top.
        layers: The layers that were matched; with one image per layer, the columns of a picture of them.
        by_layer: Whether there is one image per layer.
        judge: Name of the second network; None without one.
        provenance: That of the class vectors, with the settings.
    """

    items: tuple[Reconstruction, ...]
    layers: tuple[str, ...]
    by_layer: bool
    judge: str | None
    provenance: Provenance

    def rows(self) -> list[dict[str, Any]]:
        """Returns one row per image and kind, the scorecard."""
        return [
            {
                "key": item.target.key,
                "name": item.target.name,
                "kind": seen.kind,
                "loss": round(seen.loss, 6),
                **{f"loss/{layer}": _rounded(seen.losses.get(layer)) for layer in self.layers},
                "cosine": round(seen.cosine, 6),
                "rank": _blank(seen.rank),
                "judge_rank": _blank(seen.judge_rank),
                "judge_top1": "" if seen.judge_rank is None else int(seen.judge_rank <= 1),
                "judge_top5": "" if seen.judge_rank is None else int(seen.judge_rank <= 5),
            }
            for item in self.items
            for seen in item.appraisals
        ]


def _rounded(value: float | None) -> float | str:
    return "" if value is None else round(value, 6)


def _blank(value: int | None) -> int | str:
    return "" if value is None else value
