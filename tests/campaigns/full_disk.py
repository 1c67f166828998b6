"""Outputs on disks of many sizes, from too small to large enough; where jobs fail, a larger disk lets them go on."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from tests.campaigns import equal
from tests.campaigns.forks import Bench, Ended

Job = Callable[[], Ended]
OWN = "CLASSVEC_CAMPAIGN_HAS_OWN_MOUNTS"


@dataclass
class FullDisks:
    """What a campaign found.

    Attributes:
        way: How the disks were made small.
        sizes: Their sizes, bytes.
        full: Number of jobs that failed for want of space, with one message.
        done: Number of jobs that came to their end.
        faults: What went wrong.
    """

    way: str
    sizes: list[int]
    full: int = 0
    done: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        sizes = f"{len(self.sizes)} sizes, {self.sizes[0] // 1024} to {self.sizes[-1] // 1024} KiB"
        return f"{self.way}, {sizes}: {self.full} full, {self.done} done, {len(self.faults)} faults"


def campaign(bench: Bench, number: int) -> FullDisks:
    """Runs a job on disks of some sizes, and once more with enough space.

    Args:
        bench: Where.
        number: Number of sizes.
    """
    expected = equal.results(bench.run([]).finished)
    files = [path.stat() for path in bench.outputs.rglob("*") if path.is_file()]
    shutil.rmtree(bench.outputs)
    mounts = can_mount(bench)
    most = 1.5 * sum(1024 * 4 + file.st_size for file in files) if mounts else 1.2 * max(file.st_size for file in files)
    sizes = [4096 * round(size / 4096) for size in np.geomspace(16 * 1024, most, number)]
    found = FullDisks("tmpfs" if mounts else "largest file", sizes)
    for size in sizes:
        with (small_disk if mounts else small_files)(bench, size) as (short, enough):
            found.faults += [f"{size // 1024} KiB: {fault}" for fault in _trial(short(), found)]
            again = enough()
            if again.code != 0 or again.results is None:
                found.faults.append(f"{size // 1024} KiB, then enough: exit code {again.code}, {again.reason}")
            elif differing := equal.differences(expected, again.results):
                found.faults.append(f"{size // 1024} KiB, then enough: {', '.join(differing)}")
    return found


def _trial(job: Ended, found: FullDisks) -> list[str]:
    found.full += job.code != 0
    found.done += job.code == 0
    if job.has_traceback:
        return [f"stack trace, {job.reason}"]
    if job.code != 0 and not (job.code == 1 and job.last_line.startswith("error: ")):
        return [f"exit code {job.code}, {job.reason}"]
    return []


def among_own_mounts() -> None:
    """Starts this program again where its mounts are its own, and vanish with it however it ends; if that may be."""
    own = ["unshare", "--mount"]
    if OWN not in os.environ and shutil.which("unshare") and not subprocess.run([*own, "true"], check=False).returncode:
        os.environ[OWN] = "1"
        os.execvp("unshare", [*own, sys.executable, *sys.orig_argv[1:]])


def can_mount(bench: Bench) -> bool:
    """Returns whether this process may mount a file system of its own."""
    if OWN not in os.environ:
        return False
    try:
        with small_disk(bench, 1 << 20):
            return True
    except (OSError, subprocess.SubprocessError):
        return False


@contextmanager
def small_disk(bench: Bench, size: int) -> Iterator[tuple[Job, Job]]:
    """Mounts a small disk for the outputs; yields a job on it, and one after the disk was made larger."""
    bench.outputs.mkdir()
    try:
        _quietly("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(bench.outputs))
        try:

            def enlarged() -> Ended:
                _quietly("mount", "-o", "remount,size=1g", str(bench.outputs))
                return bench.run([])

            yield lambda: bench.run([]), enlarged
        finally:
            _quietly("umount", "--lazy", str(bench.outputs))
    finally:
        bench.outputs.rmdir()


def _quietly(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def small_files(bench: Bench, size: int) -> Iterator[tuple[Job, Job]]:
    """Yields a job that can write no file above a size, and one that can."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write then fails, as on a full disk

    def limited() -> Ended:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            return bench.run([])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    try:
        yield limited, lambda: bench.run([])
    finally:
        signal.signal(signal.SIGXFSZ, handler)
        if bench.outputs.exists():
            shutil.rmtree(bench.outputs)
