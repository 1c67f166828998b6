"""What it costs to know images by their content: small files whose hashes are kept, and photographs read first."""

import os
import shutil
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.extraction import extraction, extractor_of
from benchmarks.inputs import architecture, images
from benchmarks.measure import Row, fastest
from classvec import settings
from classvec.data.image_files import ImageFiles

CLASSES = 10
LIMIT_SECONDS = 2.0
SETTLE_SECONDS = 2.1
"""Hashes of younger files are not kept."""


def rows(options: Namespace) -> list[Row]:
    """Measures fingerprints with kept hashes against a limit, and without against extraction."""
    return [_kept(options), _first(options)]


def _kept(options: Namespace) -> Row:
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        root, hashes = Path(temporary) / "files", Path(temporary) / "hashes"
        files = _small_files(root, options.files)
        time.sleep(SETTLE_SECONDS)
        start = time.perf_counter()
        _fingerprint(root, files, hashes)
        first = time.perf_counter() - start
        seconds = fastest({"kept": lambda: _fingerprint(root, files, hashes)}, options.repeats)["kept"]
    return Row(
        name=f"fingerprint of {options.files:,} image files of 2 kB, hashes kept",
        ours=seconds,
        other=LIMIT_SECONDS,
        against="its limit",
        ratio=seconds / LIMIT_SECONDS,
        target="<= 1",
        details={"seconds the first time": first},
    )


def _first(options: Namespace) -> Row:
    name = options.networks[0]
    several = images(options.data, options.folder, options.images, options.per_class)
    files = {synset: _of_class(several, label) for label, synset in enumerate(several.classes)}
    network = architecture(name, options.weights.get(name)).network()

    def from_the_disk() -> float:
        _forget(several.root / path for path in several.paths)
        return from_the_cache()

    def from_the_cache() -> float:
        start = time.perf_counter()
        _fingerprint(several.root, files, None)
        return time.perf_counter() - start

    extractor = extractor_of(options)
    seconds = fastest(
        {
            "from the disk": from_the_disk,
            "from the page cache": from_the_cache,
            "extraction": extraction(extractor, network, several),
        },
        options.repeats,
    )
    shutil.rmtree(extractor.store)
    return Row(
        name=f"first fingerprint of {options.images:,} images, {name}",
        ours=seconds["from the disk"],
        other=seconds["extraction"],
        against="extraction",
        ratio=seconds["from the disk"] / seconds["extraction"],
        target="<= 0.03",
        details={"seconds": seconds, "GB": sum((several.root / path).stat().st_size for path in several.paths) / 1e9},
    )


def _of_class(several: ImageFiles, label: int) -> list[str]:
    return [several.paths[number] for number in np.flatnonzero(several.labels == label)]


def _fingerprint(root: Path, files: dict[str, list[str]], hashes: Path | None) -> None:
    ImageFiles(root, "benchmark", files, settings.ImageChoice(root=root, hashes=hashes)).fingerprint()


def _small_files(root: Path, count: int) -> dict[str, list[str]]:
    """Writes files of random bytes, which nobody decodes; returns their paths by class."""
    rng = np.random.default_rng(0)
    files: dict[str, list[str]] = {f"n{label:08d}": [] for label in range(CLASSES)}
    for number in range(count):
        synset = f"n{number % CLASSES:08d}"
        path = root / synset / f"{number:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rng.bytes(2000))
        files[synset].append(f"{synset}/{path.name}")
    return files


def _forget(paths: Iterable[Path]) -> None:
    """Asks Linux to drop files from its page cache; elsewhere they stay in it."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in paths:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
