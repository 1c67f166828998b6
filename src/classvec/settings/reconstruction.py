"""Keys of reconstructions: what images are made of, and how they are optimised."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from classvec.errors import InputError
from classvec.settings.key import REQUIRED, Settings, each_once, key, seed_key
from classvec.settings.words import Accelerator, ClusterTarget


@dataclass(frozen=True, kw_only=True)
class Reconstruction(Settings):
    """Keys that both ways of reconstruction share: what to reconstruct and how long."""

    group: ClassVar[str] = "reconstruction"
    store: str | Path = key(REQUIRED, "folder of finished images", affects_results=False)
    classes: list[str] = key([], "classes to reconstruct, by id, synset name or name; empty for clusters")
    clusters: int | None = key(None, "k of the clusters to reconstruct; null for 8, or the largest k below", at_least=2)
    of: ClusterTarget = key(ClusterTarget.medoids, "class nearest to each cluster's centre, or the cluster's mean")
    layers: list[str] | None = key(None, "layers to match; null for the top group")
    by_layer: bool = key(False, "whether to make an image for each of the layers instead of one for all")
    steps: int = key(256, "optimisation steps", at_least=1, at_most=10**6)
    starts: int = key(1, "images made of each target; the one with the lowest loss is kept", at_least=1, at_most=1000)
    seed: int = seed_key(0, "seed of starts and movements")
    snapshots: int = key(8, "states of each image to keep, for MLflow's slider", at_least=1, at_most=1000)
    judge: Any = key(None, "a second network that classifies the images: architecture@reconstruction.judge=NAME")
    accelerator: Accelerator = key(Accelerator.auto, "auto for a GPU if there is one, cpu, gpu")

    def __post_init__(self) -> None:
        super().__post_init__()
        each_once(self, "layers")
        if isinstance(self.judge, str):
            raise InputError(
                f"reconstruction.judge={self.judge}: the judge is an architecture of its own, write "
                f"architecture@reconstruction.judge={self.judge}"
            )


@dataclass(frozen=True, kw_only=True)
class SpectrumReconstruction(Reconstruction):
    """Keys of ``reconstruction=spectrum``."""

    batch: int = key(8, "images optimised together; fewer need less memory", at_least=1, at_most=4096)
    learning_rate: float = key(0.05, "learning rate of Adam; it falls to a tenth along a cosine", above=0, at_most=100)
    spread: float = key(
        0.05, "standard deviation of the start; from grey (.01) some targets are not reached", above=0, at_most=100
    )
    falloff: float = key(
        1.3, "damping of high frequencies; 1 as in natural images, larger is smoother", at_least=0, at_most=10
    )
    shift: float = key(
        0.036, "largest random shift at the start, as a share of the side (8 of 224 pixels)", at_least=0, at_most=0.5
    )
    zoom: float = key(0.0, "largest random change of size at the start; .1 for a tenth", at_least=0, below=1)
    noise: float = key(
        0.04, "standard deviation of pixel noise at the start, in units of the grey range", at_least=0, at_most=100
    )
    coarse_to_fine: float = key(
        0.6, "share of the steps in which the spectrum opens; 0: open from the start", at_least=0, at_most=1
    )
    total_variation: float = key(
        20.0, "weight of squared differences of neighbouring pixels", at_least=0, at_most=10**6
    )


@dataclass(frozen=True, kw_only=True)
class PixelReconstruction(Reconstruction):
    """Keys of ``reconstruction=pixels``."""

    history: int = key(10, "steps that L-BFGS remembers", at_least=1, at_most=1000)
