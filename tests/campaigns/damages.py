"""A kept file is damaged, and the next run notices, or its results are what they would have been."""

import random
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaigns import equal
from tests.campaigns.forks import Bench

KINDS = ("flip a bit", "truncate", "zero a block", "replace", "delete")
VARIANTS = {"the same job": (), "other draws": ("chance.seed=1",), "another metric": ("metric=manhattan",)}
"""The same job may be done already; another one reads matrices, or class vectors, that the first has left."""

FIRST = ("tracking=none", "analysis=standard", "analysis.permutations=9", "analysis.seeds=[0]")


@dataclass
class Damages:
    """What a campaign found.

    Attributes:
        unaffected: Trials after which the results were as expected, by the kind of file.
        refused: Trials that ended in an error which names the file.
        silent: Trials after which results differed, and nothing was said.
        faults: Trials that ended otherwise: in a stack trace, or an error that names nothing.
    """

    unaffected: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    silent: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"results as expected: {_counts(self.unaffected)}\nerrors that name the file: {_counts(self.refused)}\n"
            f"silent differences: {len(self.silent)}; other faults: {len(self.faults)}"
        )


def _counts(found: Counter[str]) -> str:
    return f"{found.total()} (" + ", ".join(f"{name} {count}" for name, count in sorted(found.items())) + ")"


def campaign(bench: Bench, number: int, seed: int) -> Damages:
    """Damages one file at a time, each time in the outputs of the same finished run.

    Args:
        bench: Where.
        number: Number of damages.
        seed: Seed of the first; that of damage i is seed + i, so that one can be repeated alone.
    """
    pristine, found = bench.folder / "pristine", Damages()
    equal.results(bench.run(FIRST).finished)
    bench.outputs.rename(pristine)
    expected = {}
    for variant, keys in VARIANTS.items():
        shutil.copytree(pristine, bench.outputs)
        job = bench.run([*FIRST, *keys, "force=true"])
        expected[variant] = equal.results(job.finished)
        shutil.rmtree(bench.outputs)
    for i in range(number):
        shutil.copytree(pristine, bench.outputs)
        _trial(bench, random.Random(seed + i), expected, found, f"seed {seed + i}")
        shutil.rmtree(bench.outputs)
    return found


def _trial(bench: Bench, rng: random.Random, expected: dict[str, dict[str, bytes]], found: Damages, name: str) -> None:
    path = rng.choice(kept(bench.outputs))
    kind = damage(path, kept(bench.outputs), rng)
    variant = rng.choice(list(VARIANTS))
    job = bench.run([*FIRST, *VARIANTS[variant]])
    where = path.relative_to(bench.outputs).as_posix()
    words = f"{name}: {kind} of {where}, then {variant}"
    if job.has_traceback:
        found.faults.append(f"{words}: stack trace, {job.last_line}")
    elif job.code == 1 and job.last_line.startswith("error: ") and path.name in job.last_line:
        found.refused[what(where)] += 1
    elif job.code != 0 or job.results is None:
        found.faults.append(f"{words}: exit code {job.code}, {job.last_line}")
    elif differing := equal.differences(expected[variant], job.results):
        found.silent.append(f"{words}: {', '.join(differing)}")
    else:
        found.unaffected[what(where)] += 1


def kept(outputs: Path) -> list[Path]:
    """Returns the files that later runs, or people, read: no pictures, pages, logs, locks and texts."""
    endings = {".csv", ".json", ".npy", ".npz"}
    return sorted(path for path in outputs.rglob("*") if path.suffix in endings and path.stat().st_size)


def what(path: str) -> str:
    """Returns what a file is, without the key and the time in its path."""
    parts = path.split("/")
    return "/".join([parts[0], *parts[2:]]) if parts[0] != "finished" else parts[0]


def damage(path: Path, others: Sequence[Path], rng: random.Random) -> str:
    """Damages a file in one of the `KINDS`; returns which. Whatever it does, the file is not what it was."""
    before = path.read_bytes()
    while True:
        kind = rng.choice(KINDS)
        if kind == "delete":
            path.unlink()
            return kind
        after = _damaged(before, kind, path, others, rng)
        if after != before:
            path.write_bytes(after)
            return kind


def _damaged(before: bytes, kind: str, path: Path, others: Sequence[Path], rng: random.Random) -> bytes:
    place = rng.randrange(len(before))
    if kind == "flip a bit":
        return before[:place] + bytes([before[place] ^ 1 << rng.randrange(8)]) + before[place + 1 :]
    if kind == "truncate":
        return before[:place]
    if kind == "zero a block":
        size = min(rng.choice((8, 64, 512)), len(before) - place)
        return before[:place] + bytes(size) + before[place + size :]
    return rng.choice([other for other in others if other.suffix == path.suffix]).read_bytes()
