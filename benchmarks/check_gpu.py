"""Does a GPU find what the CPU finds? Class vectors, matrices and neighbours of both, and extraction's speed there.

Without a GPU it is a rehearsal: the same steps, the CPU in one memory layout against the CPU in the other, which rounds
differently. Images are drawn, weights are those that ship with the package or random ones; nothing is downloaded.
"""

import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from benchmarks.extraction import against_the_limit
from benchmarks.inputs import architecture
from classvec import settings
from classvec.artifacts import ClassVectors, Float64
from classvec.data.labelled_images import LabelledImages
from classvec.data.sketches import Sketches
from classvec.errors import InputError
from classvec.extraction.extractor import Extractor
from classvec.method.metrics import Cosine
from classvec.method.pairs import nearest_neighbours
from classvec.method.similarity import compare
from classvec.networks.network import Network
from classvec.settings import Accelerator

SHIPPED = "small_inception"
"""Network whose weights ship with the package; it is always compared."""
PER_CLASS = 4
"""Drawings of each class."""
UNIT = 5e-5
"""Largest distance of two unit vectors of a class and a layer, their relative error. Rounding in float32 makes 2e-6 of
it, TF32 6e-4 and more (docs/performance.md)."""
FAISS = 1e-5
"""Largest difference of a cosine where both devices compare the same vectors, in float32."""


@dataclass(frozen=True)
class Finding:
    """Something that was compared.

    Attributes:
        what: In words.
        value: The largest difference.
        limit: What it may be.
    """

    what: str
    value: float
    limit: float

    @property
    def ok(self) -> bool:
        """Whether it is within its limit; NaN is not."""
        return self.value <= self.limit


@dataclass(frozen=True)
class Side:
    """One of the two that are compared.

    Attributes:
        extractor: Makes the class vectors.
        metric: Compares the classes.
    """

    extractor: Extractor
    metric: Cosine


class Watch:
    """Notes on which devices a network runs, and whether cuDNN is on meanwhile."""

    def __init__(self, module: nn.Module) -> None:
        self.seen: set[tuple[str, bool]] = set()
        self._handle = module.register_forward_pre_hook(self._look)

    def _look(self, module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        if inputs[0].device.type != "meta":  # where shapes are found out
            self.seen.add((inputs[0].device.type, torch.backends.cudnn.enabled))

    def findings(self, device: str) -> list[Finding]:
        """Stops watching; says whether the network ran on a device alone, with cuDNN."""
        self._handle.remove()
        available: bool = torch.backends.cudnn.is_available()  # type: ignore[no-untyped-call]
        cudnn = all(on for _, on in self.seen) and (device == "cpu" or available)
        elsewhere = {where for where, _ in self.seen} != {device}
        return [
            Finding(f"network runs elsewhere than on {device} (0 or 1)", float(elsewhere), 0.0),
            Finding("cuDNN is off (0 or 1)", float(not cudnn), 0.0),
        ]


def compared(network: Network, images: LabelledImages, sides: tuple[Side, Side]) -> list[Finding]:
    """Makes the class vectors of a network on both sides, and compares all that follows from them."""
    stores, findings = [], []
    for side in sides:
        watch = Watch(network.module)
        stores.append(side.extractor(network, images, list(network.layers)))
        findings = watch.findings(side.extractor.device())
    reference, found = stores
    findings += vector_findings(reference, found)
    layers = [
        {layer: side.metric.matrix(block) for layer, block in store.layers.items()}
        for side, store in zip(sides, stores, strict=True)
    ]
    same = {layer: sides[1].metric.matrix(block) for layer, block in reference.layers.items()}
    findings.append(Finding("cosines of the same vectors", largest(layers[0], same), FAISS))
    findings.append(Finding("cosines of each side's vectors", largest(*layers), 2 * UNIT + FAISS))
    found_by_both = findings + neighbours(stores, layers)
    return [replace(finding, what=f"{network.name}: {finding.what}") for finding in found_by_both]


def vector_findings(reference: ClassVectors, found: ClassVectors) -> list[Finding]:
    """Compares unit vectors, norms and sums of all layers."""
    off, apart, numbers = 0.0, 0.0, 0.0
    for one, other in zip(reference.layers.values(), found.layers.values(), strict=True):
        a, b = one.unit.astype(np.float64), other.unit.astype(np.float64)
        off = max(off, float(np.linalg.norm(a - b, axis=1).max()))
        cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        apart = max(apart, float((1.0 - cosine).max()))
        numbers = max(numbers, float(np.abs(other.norms / one.norms - 1.0).max()))
        scale = one.norms * np.sqrt(one.n_features)  # a sum is at most this; where signs cancel it is small by chance
        numbers = max(numbers, float((np.abs(other.sums - one.sums) / scale).max()))
    return [
        Finding("unit vectors, relative error", off, UNIT),
        Finding("unit vectors, 1 - cosine", apart, UNIT**2 / 2.0 + 1e-13),
        Finding("norms and sums, relative error", numbers, UNIT),
    ]


def largest(one: Mapping[str, Float64], other: Mapping[str, Float64]) -> float:
    """Returns the largest difference of two matrices of the same layer."""
    return max(float(np.abs(one[layer] - other[layer]).max()) for layer in one)


def neighbours(stores: Sequence[ClassVectors], layers: Sequence[Mapping[str, Float64]]) -> list[Finding]:
    """Compares each class's ten nearest, over all layers: only classes that are equally near may change places."""
    similarities = [compare(Cosine(gpu=False), matrices, store) for store, matrices in zip(stores, layers, strict=True)]
    (index, values), (other, _) = (nearest_neighbours(similarity, 10) for similarity in similarities)
    lost = np.abs(values - np.take_along_axis(similarities[0].values, other, axis=1)).max()
    print(f"  {stores[0].path.name}: the same neighbour in {(index == other).mean():.2%} of places")
    return [Finding("cosines of neighbours that changed places", float(lost), 2 * (2 * UNIT + FAISS))]


def speed(network: Network, options: Namespace) -> str:
    """Measures extraction against the bare forward pass, in words; no figure of it is judged here."""
    row = against_the_limit(network, options)
    seconds = row.details["seconds"]
    bare = min(seconds["channels first"], seconds["channels last"])
    ours, bare_rate, decoding = (options.images / value for value in (row.ours, bare, seconds["decoding, one core"]))
    return (
        f"{row.name}, on {row.details['device']}: {bare / row.ours:.3f} of the bare forward pass "
        f"({ours:.0f} and {bare_rate:.0f} images/s; one core decodes {decoding:.0f})"
    )


def check(options: Namespace) -> int:
    """Compares, prints, and returns 1 if something is outside its limit."""
    start = time.monotonic()
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        vars(options).update(accelerator="gpu", batch_size=128, images=1024)
    else:
        options.images = min(options.images, 64)
    print("the GPU against the CPU" if on_gpu else "REHEARSAL, as there is no GPU: the CPU against the CPU")
    try:
        findings = run(options, on_gpu)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        for name in ("reference", "other", "store"):
            shutil.rmtree(options.folder / name, ignore_errors=True)
    outside = [finding for finding in findings if not finding.ok]
    print(f"{len(findings) - len(outside)} of {len(findings)} within their limits, {time.monotonic() - start:.0f} s")
    return 1 if outside else 0


def run(options: Namespace, on_gpu: bool) -> list[Finding]:
    """Does all steps, and prints what each finds."""
    cpu = Extractor(store=options.folder / "reference", accelerator=Accelerator.cpu)
    other = Extractor(
        store=options.folder / "other",
        accelerator=Accelerator(options.accelerator),
        batch_size=options.batch_size,
        channels_last=on_gpu,
    )
    sides = Side(cpu, Cosine(gpu=False)), Side(other, Cosine(gpu=on_gpu))
    classes = list(Sketches(settings.Sketches()).classes)[: options.classes]
    images = Sketches(settings.Sketches(images_per_class=1 if options.quick else PER_CLASS, classes=classes))
    findings = []
    for name in dict.fromkeys([SHIPPED, options.networks[0]]):
        network = architecture(name, options.weights.get(name) or ("shipped" if name == SHIPPED else None)).network()
        for finding in compared(network, images, sides):
            findings.append(finding)
            verdict = "ok" if finding.ok else "OUTSIDE"
            print(f"  {finding.what}: {finding.value:.2g}, at most {finding.limit:.2g}: {verdict}", flush=True)
    print(f"  {speed(network, options)}")
    return findings
