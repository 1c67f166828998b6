"""Anonymous memory and disk of an extraction: against the number of images, classes and features.

What the allocator keeps differs by a tenth from run to run, so that growth is no percentage of all memory: it is a
share of what keeping the vectors would take that one run has more than the other. It is measured with a quarter of the
batch size, with which memory reaches its level before a third of the smallest run.
"""

import json
import shutil
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from benchmarks.inputs import pictures
from benchmarks.measure import Row
from classvec.data.class_ids import ilsvrc_classes

LIMITS = {"bvlc_googlenet": 2.5, "googlenet": 2.5, "vgg19": 4.0}
"""GB; what each network may take at most."""
EXTRACT = """
import sys
from pathlib import Path
from classvec import build, settings
from classvec.compose import compose
from classvec.data.image_folder import ImageFolder
network = build.architecture(compose(["architecture={name}", "architecture.weights=random"]))
from classvec.extraction.extractor import Extractor
Extractor(store=Path({store!r}), accelerator="cpu", batch_size={batch_size})(
    network.network(), ImageFolder(settings.ImageFolder(root={images!r})), {layers})
"""


FLAT = 0.2
"""Largest share that counts as flat."""
BASE_PER_CLASS = 8
"""Images in a class of the smallest run; with few of them the store of VGG19 would not fit on a small disk."""


def rows(options: Namespace) -> list[Row]:
    """Measures each network in processes of its own, the anonymous memory of their workers included."""
    found = []
    for name in options.networks:
        n_classes = max(2, options.images // BASE_PER_CLASS)  # several batches: in a first one memory still rises
        whole, part = options.batch_size, max(1, options.batch_size // 4)
        runs = {
            "whole batches": _measured(name, 4 * n_classes, BASE_PER_CLASS, whole, options),
            "lowest layer alone": _measured(name, n_classes, BASE_PER_CLASS, whole, options, first_only=True),
            "few": _measured(name, n_classes, BASE_PER_CLASS, part, options),
            "four times the images": _measured(name, n_classes, 4 * BASE_PER_CLASS, part, options),
            "four times the classes": _measured(name, 4 * n_classes, BASE_PER_CLASS, part, options),
        }
        peak = max(run["peak_gb"] for run in runs.values())
        found.append(
            Row(
                name=f"memory, {name}, {4 * n_classes * BASE_PER_CLASS} images in {4 * n_classes} classes",
                ours=peak,
                other=float("nan"),
                against="its limit: anonymous memory (PSS), peak",
                ratio=peak,
                target=f"<= {LIMITS[name]}" if name in LIMITS else "",
                unit="GB",
                details=runs,
            )
        )
        found += [growth(name, what, runs) for what in ("images", "classes")]
    return found


def growth(name: str, what: str, runs: Mapping[str, Mapping[str, float]]) -> Row:
    """Compares four times the images, or classes, with what keeping the vectors of those added would take.

    Args:
        name: Name of the network.
        what: ``images`` or ``classes``.
        runs: What `_measured` found, ``few`` and ``four times the`` ones.
    """
    few, many = runs["few"], runs[f"four times the {what}"]
    grown = many["late_gb"] - few["late_gb"]
    kept = few["disk_gb"] / few["classes"] * (many[what] - few[what])  # on disk a class takes one vector
    return Row(
        name=f"memory added, {name}, by {many[what] - few[what]:.0f} {what} more",
        ours=grown,
        other=kept,
        against="keeping their vectors",
        ratio=grown / kept,
        target=f"<= {FLAT}",
        unit="GB",
    )


def _measured(
    name: str, n_classes: int, per_class: int, batch_size: int, options: Namespace, *, first_only: bool = False
) -> dict[str, float]:
    """Extracts in another process, and looks at its memory fifty times a second."""
    folder, store = options.folder / "images", options.folder / "memory"
    for path in (folder, store):
        shutil.rmtree(path, ignore_errors=True)
    _, found = pictures(options.data, options.folder)
    for position, class_id in enumerate(ilsvrc_classes()[:n_classes]):
        (folder / class_id).mkdir(parents=True)
        for place in range(per_class):
            path = found[(position * per_class + place) % len(found)].resolve()
            (folder / class_id / f"{place}{path.suffix}").symlink_to(path)
    layers = "list(network.layers)[:1]" if first_only else "list(network.layers)"
    code = EXTRACT.format(name=name, store=str(store), images=str(folder), batch_size=batch_size, layers=layers)
    samples = anonymous_samples(code)
    disk = sum(path.stat().st_size for path in store.rglob("*.npy"))
    shutil.rmtree(store)
    late = samples[2 * len(samples) // 3 : -5] or samples  # before, a short run still imports
    run = {
        "images": n_classes * per_class,
        "classes": n_classes,
        "batch_size": batch_size,
        "peak_gb": round(max(samples) / 1e9, 3),
        "late_gb": round(sum(late) / len(late) / 1e9, 3),
        "disk_gb": round(disk / 1e9, 6),
    }
    print(f"  {name}: {json.dumps(run)}", file=sys.stderr, flush=True)
    return run


def anonymous_samples(code: str) -> list[int]:
    """Runs Python code in another process, and looks at its anonymous memory fifty times a second, in bytes.

    Raises:
        RuntimeError: If the code fails; what it printed as its error.
    """
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    samples = []
    while process.poll() is None:
        samples.append(anonymous_bytes(process.pid))
        time.sleep(0.02)
    _, errors = process.communicate()
    if process.returncode:
        raise RuntimeError(errors)
    return samples


def anonymous_bytes(process: int) -> int:
    """Returns the proportional anonymous memory of a process and its children, in bytes."""
    total = 0
    pending = [process]
    while pending:
        current = pending.pop()
        try:
            rollup = Path(f"/proc/{current}/smaps_rollup").read_text()
            children = Path(f"/proc/{current}/task/{current}/children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss_Anon:"))
        pending += map(int, children)
    return total
