"""Extraction against its limit: the bare forward pass, and decoding shared over all cores; LRN; bfloat16."""

import os
import shutil
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.inputs import WatchedImages, architecture, images
from benchmarks.measure import Row, fastest
from classvec.data.labelled_images import Decoding, batches
from classvec.extraction.activations import Activations
from classvec.extraction.allocator import freed_memory_kept
from classvec.extraction.device import exact_float32
from classvec.extraction.extractor import Extractor
from classvec.method.metrics import Cosine
from classvec.networks.network import Network
from classvec.settings import Accelerator, Precision

LAYOUTS = {"channels first": torch.contiguous_format, "channels last": torch.channels_last}


def rows(options: Namespace) -> list[Row]:
    """Measures extraction with each network; see the module."""
    found = []
    for name in options.networks:
        network = architecture(name, options.weights.get(name)).network()
        row = against_the_limit(network, options)
        found += [row, _against_the_script(row, network, options)]
    return found


def _against_the_script(row: Row, network: Network, options: Namespace) -> Row:
    """Compares the same measurement with the script that keeps the vector of every image."""
    several = _images(network, options)
    other = fastest({"hook and stack": lambda: _hook_and_stack(network, several, options)}, 1)["hook and stack"]
    against = "a plain script with hooks that keeps every vector"
    return Row(name=row.name, ours=row.ours, other=other, against=against, ratio=other / row.ours)


def lrn(options: Namespace) -> list[Row]:
    """Measures BVLC GoogLeNet's forward pass with and without its two local response normalisations."""
    network = architecture("bvlc_googlenet", options.weights.get("bvlc_googlenet")).network()
    device = _device(options)
    network.module.to(device).to(memory_format=torch.channels_last)
    norm = network.module.get_submodule("norm")
    norms = {"ours": norm, "without": nn.Identity(), "torch's": nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75)}
    preloaded = [torch.randn(options.batch_size, 3, 224, 224, device=device) * 60.0]

    def forward(norm: nn.Module) -> Callable[[], float]:
        def run() -> float:
            network.module.norm = norm
            return _forward(network, preloaded, torch.channels_last, kept=True)

        return run

    seconds = fastest({name: forward(norm) for name, norm in norms.items()}, options.repeats + 2)
    network.module.norm = norm
    ratio = seconds["ours"] / seconds["without"]
    return [
        Row(
            name="forward pass of bvlc_googlenet, one batch",
            ours=seconds["ours"],
            other=seconds["without"],
            against="the same without LRN",
            ratio=ratio,
            target="<= 1.15",
            details={"seconds": seconds, "batch_size": options.batch_size},
        )
    ]


def bfloat16(options: Namespace) -> list[Row]:
    """Measures extraction in bfloat16 against float32, and what it does to the cosines of a class with another."""
    name = options.networks[0]
    network = architecture(name, options.weights.get(name)).network()
    several = images(options.data, options.folder, options.images, per_class=1)
    exact = extractor_of(options)
    short = replace(exact, precision=Precision.bfloat16)
    seconds = fastest(
        {"float32": extraction(exact, network, several), "bfloat16": extraction(short, network, several)}, 1
    )
    stores = [extractor(network, several, list(network.layers)) for extractor in (exact, short)]
    off = {
        layer: np.abs(np.subtract(*(Cosine(gpu=False).matrix(store.layers[layer]) for store in stores)))
        for layer in network.layers
    }
    shutil.rmtree(exact.store)
    return [
        Row(
            name=f"extraction in bfloat16, {name}, {options.images} classes of one image",
            ours=seconds["bfloat16"],
            other=seconds["float32"],
            against="float32",
            ratio=seconds["float32"] / seconds["bfloat16"],
            details={"cosines off": {layer: [float(d.mean()), float(d.max())] for layer, d in off.items()}},
        )
    ]


def _images(network: Network, options: Namespace) -> WatchedImages:
    n_images = options.images // 2 if network.name == "vgg19" else options.images  # a minute each otherwise
    return images(options.data, options.folder, n_images, options.per_class)


def against_the_limit(network: Network, options: Namespace) -> Row:
    """Measures extraction with a network against the bare forward pass, and decoding; see the module."""
    several = _images(network, options)
    n_images = len(several)
    device = _device(options)
    loader = batches(several, network.transform, range(n_images), batch_size=options.batch_size)
    preloaded = [batch.images.to(device) for batch, _ in zip(loader, range(4), strict=False)]
    n_batches = -(-n_images // options.batch_size)
    cycled = [preloaded[number % len(preloaded)] for number in range(n_batches)]

    def bare(layout: torch.memory_format) -> Callable[[], float]:
        return lambda: _forward(network, cycled, layout)

    seconds = fastest(
        {
            "ours": extraction(extractor_of(options), network, several),
            **{name: bare(layout) for name, layout in LAYOUTS.items()},
            "channels last, freed memory kept": lambda: _forward(network, cycled, torch.channels_last, kept=True),
            "decoding, one core": lambda: _decode(network, several),
        },
        options.repeats,
    )
    cores = len(os.sched_getaffinity(0))
    decoding = 0.0 if device.type == "cuda" else seconds["decoding, one core"] / cores  # there images come ahead
    limit = min(seconds[name] for name in LAYOUTS) + decoding
    strict = (seconds["channels last, freed memory kept"] + decoding) / seconds["ours"]
    return Row(
        name=f"extraction, {network.name}, {n_images} images in classes of {options.per_class}",
        ours=seconds["ours"],
        other=limit,
        against="the limit: bare forward pass, and decoding over all cores",
        ratio=limit / seconds["ours"],
        target=">= 0.92" if device.type == "cpu" else ">= 0.9",
        details={
            "seconds": seconds,
            "ratio where the bare pass keeps freed memory too": strict,
            "cores": cores,
            "batch_size": options.batch_size,
            "device": _words(device),
        },
    )


def extractor_of(options: Namespace) -> Extractor:
    """Returns the extractor of the options, with a store in the folder to work in."""
    return Extractor(store=options.folder / "store", accelerator=options.accelerator, batch_size=options.batch_size)


def extraction(extractor: Extractor, network: Network, several: WatchedImages) -> Callable[[], float]:
    """Returns a function that extracts anew, and says how long it took from the first image to the last byte."""

    def run() -> float:
        store = extractor.open_store(network, several, "cuda" if extractor.accelerator == Accelerator.gpu else "cpu")
        shutil.rmtree(store.path, ignore_errors=True)
        several.watch()
        extractor(network, several, list(network.layers))
        return several.seconds_since_first()

    return run


def _forward(
    network: Network, inputs: Sequence[torch.Tensor], layout: torch.memory_format, *, kept: bool = False
) -> float:
    """Runs the bare network up to its deepest layer; the tensors are there, in the same layout as the weights.

    On a GPU it computes in float32, as extraction does, and not in TF32.
    """
    deepest = list(network.layers.values())[-1]
    network.module.to(inputs[0].device).to(memory_format=layout)
    ready = {id(batch): batch.contiguous(memory_format=layout) for batch in inputs}
    memory = freed_memory_kept() if kept else nullcontext()
    with memory, exact_float32(), torch.no_grad(), Activations(network.module, {"deepest": deepest}) as run:
        run(ready[id(inputs[0])])  # the first pass of a shape prepares kernels
        _wait(inputs[0])
        start = time.perf_counter()
        for batch in inputs:
            run(ready[id(batch)])
        _wait(inputs[0])
        return time.perf_counter() - start


def _decode(network: Network, several: WatchedImages) -> float:
    start = time.perf_counter()
    for index in range(len(several)):
        network.transform(several.read(index))
    return time.perf_counter() - start


def _hook_and_stack(network: Network, several: WatchedImages, options: Namespace) -> float:
    """What one writes first: hooks that keep the vector of every image, a stack, means by class, a file per layer."""
    folder = options.folder / "stacked"
    folder.mkdir(parents=True, exist_ok=True)
    kept: dict[str, list[np.ndarray[Any, Any]]] = {name: [] for name in network.layers}

    def keep(name: str) -> Callable[[nn.Module, object, torch.Tensor], None]:
        return lambda module, inputs, output: kept[name].append(output.detach().flatten(1).cpu().numpy().copy())

    parts = {name: network.module.get_submodule(path) for name, path in network.layers.items()}
    handles = [part.register_forward_hook(keep(name)) for name, part in parts.items()]
    network.module.to(memory_format=torch.contiguous_format)
    device = _device(options)
    start = time.perf_counter()
    loader = batches(
        several, network.transform, range(len(several)), batch_size=options.batch_size, decoding=Decoding(workers=1)
    )
    with torch.no_grad():
        for batch in loader:
            network.module(batch.images.to(device))
    for handle in handles:
        handle.remove()
    for name, vectors in _stacked(kept, len(several)).items():
        means = np.stack([vectors[several.labels == c].mean(axis=0) for c in range(len(several.classes))])
        np.save(folder / f"{name}.npy", means / np.linalg.norm(means, axis=1, keepdims=True))
    seconds = time.perf_counter() - start
    shutil.rmtree(folder)
    return seconds


def _stacked(kept: Mapping[str, list[np.ndarray[Any, Any]]], n_images: int) -> dict[str, np.ndarray[Any, Any]]:
    return {name: np.concatenate(vectors)[:n_images] for name, vectors in kept.items()}


def _device(options: Namespace) -> torch.device:
    return torch.device("cuda" if options.accelerator == "gpu" else "cpu")


def _wait(like: torch.Tensor) -> None:
    if like.device.type == "cuda":
        torch.cuda.synchronize()


def _words(device: torch.device) -> str:
    return torch.cuda.get_device_name() if device.type == "cuda" else f"{torch.get_num_threads()} threads"
