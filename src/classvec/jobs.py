"""A job's identity, and the marks it leaves: what was asked, that it is finished and where, or why it failed.

A job's folder holds ``job.json`` from the start (its overrides), then ``finished.json`` once everything else is on the
disk and in the tracking store, or ``error.txt``. With neither of them, the job was killed or is still at work.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from classvec.artifacts import held, write_json, write_text
from classvec.sources import package_hash

JOB, FINISHED, ERROR = "job.json", "finished.json", "error.txt"
PACKAGES = ("faiss-cpu", "faiss-gpu", "numpy", "scikit-learn", "scipy", "timm", "torch", "torchvision")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job: what it computes, and where.

    Attributes:
        settings: The whole configuration, without what cannot change the results (folders, tracking, titles).
        output: Folder of this job.
        index: Folder with a mark for each finished job, by identity.
        sources: Modules of the user's that the configuration names, and a description of each one's code.
        force: Whether to do the job even if it was done before.
    """

    settings: Mapping[str, Any]
    output: Path
    index: Path
    sources: Mapping[str, str] = field(default_factory=dict)
    force: bool = False

    def identity(
        self, weights: str | Path | None, images: str, classes: Sequence[str] = (), judge: str | Path | None = None
    ) -> str:
        """Returns a hash of everything that the results follow from: settings, weights, images and code.

        Args:
            weights: The weights: a file, whose content counts and not its place, or a word such as ``random``.
            images: Fingerprint of the images.
            classes: Their classes: the same images may be given other ones by a mapping file.
            judge: Weights of a second network that classifies reconstructions; None without one.
        """
        code = [package_hash(), self.sources, _versions()]
        content = [self.settings, _weights(weights), _weights(judge), images, list(classes), code]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]

    @contextmanager
    def once(self, identity: str, tracked: Callable[[], bool]) -> Iterator[Path | None]:
        """Holds the job, so that of several processes one does it, and marks it as finished if the block ends well.

        Args:
            identity: What `identity` returned.
            tracked: Whether the tracking store has the job; asked only if the files are there.

        Yields:
            The folder with the results of an earlier run, or None if the job is to be done.
        """
        mark = self.index / f"{identity}.json"
        with held(mark.with_suffix("")):
            earlier = None if self.force else results(mark, identity)
            if earlier is not None and not tracked():
                earlier = None
            yield earlier
            for path in (self.output / FINISHED, mark):  # the mark last: it counts
                where = os.path.relpath(earlier or self.output, path.parent)
                write_json(path, {"identity": identity, "results": where})


def results(mark: Path, identity: str | None = None) -> Path | None:
    """Returns the folder with a job's results, or None where there are none any more.

    Args:
        mark: The mark of a finished job, in its own folder or in the index.
        identity: The identity that the results must have; None for that of the mark.
    """
    try:
        found = json.loads(mark.read_text(encoding="utf-8"))
        folder = Path(os.path.normpath(mark.parent / found["results"]))
        theirs = json.loads((folder / FINISHED).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError):
        return None
    whole = theirs["identity"] == found["identity"] == (identity or found["identity"])
    return folder if whole else None


def begin(folder: Path, overrides: Sequence[str]) -> None:
    """Writes what a job was asked for into its folder."""
    write_json(folder / JOB, {"overrides": list(overrides)})


def end(folder: Path) -> None:
    """Marks a job as finished that has no identity, such as one of train.py; any other has marked itself."""
    if not (folder / FINISHED).exists():
        write_json(folder / FINISHED, {"identity": "", "results": "."})


def fail(folder: Path, message: str) -> None:
    """Writes why a job failed into its folder; the first line tells it in short."""
    write_text(folder / ERROR, message)


def _weights(weights: str | Path | None) -> str | None:
    if weights is None or not Path(weights).is_file():
        return None if weights is None else str(weights)
    with open(weights, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except ModuleNotFoundError:  # one of the two FAISS packages is enough, and timm is optional
            continue
    return found
