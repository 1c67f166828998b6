"""The identity of a job, and how each job is computed once."""

import hashlib
import json
import logging
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from classvec.artifacts import RunCard, by_content, content_key, held, read_json, write_json
from classvec.errors import InputError
from classvec.runs import card, folder
from classvec.sources import package_hash

log = logging.getLogger(__name__)
OWNER = "owner.json"
PACKAGES = ("faiss-cpu", "faiss-gpu", "numpy", "pillow", "scikit-learn", "scipy", "timm", "torch", "torchvision")


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job: what it computes, and where.

    Attributes:
        settings: The whole configuration, without what cannot change the results (folders, tracking, titles); what
            names a file counts by the content of that file.
        output: Folder of this job.
        index: Folder with a mark for each finished job, by identity.
        sources: Modules of the user's that the configuration names, and a description of each one's code.
        force: Whether to compute the job even if it was computed before.
    """

    settings: Mapping[str, Any]
    output: Path
    index: Path
    sources: Mapping[str, str] = field(default_factory=dict)
    force: bool = False

    def identity(self, **read: object) -> str:
        """Returns a hash of everything that the results follow from: settings, what is read, and code.

        Args:
            **read: What the job reads, by its content: JSON values, such as checksums of files.
        """
        content = [by_content(dict(self.settings)), read, package_hash(), self.sources, _versions()]
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]

    def owned(self, known: RunCard) -> RunCard:
        """Returns how the run is known, with who holds the locks of the jobs of this folder of outputs."""
        return replace(known, owner=owner(self.index))

    def begin(self, known: RunCard) -> RunCard:
        """Says in the job's folder that its work begins, after which the folder stays; returns the `owned` card."""
        folder.work(self.output, known.name)
        return self.owned(known)

    def is_marked(self, identity: str) -> bool:
        """Returns whether the job was finished before; `locked` looks whether its results are still whole."""
        return not self.force and self._mark(identity).is_file()

    def _mark(self, identity: str) -> Path:
        return self.index / f"{identity}.json"

    @contextmanager
    def locked(self, identity: str) -> Iterator["LockedJob"]:
        """Holds the job, so that of several processes one computes it.

        Files of another run in the job's folder are removed before this one is computed.

        Args:
            identity: What `identity` returned.
        """
        mark = self._mark(identity)
        with held(mark.with_suffix("")):
            earlier = None if self.force else earlier_results(mark, identity)
            if earlier is not None and self._may_be_overwritten(earlier):
                earlier = None
            if earlier is None:
                folder.clear(self.output)
            yield LockedJob(output=self.output, mark=mark, identity=identity, earlier=earlier)

    def _may_be_overwritten(self, results: Path) -> bool:
        """Returns whether the results lie in the folder of another job of this sweep that has not finished yet.

        An earlier sweep in the same folder left them, and that job may compute its own in their place.
        """
        sweep = self.output.resolve().parent
        in_sweep = (sweep / "multirun.yaml").exists() and results.resolve().parent == sweep
        return in_sweep and results.resolve() != self.output.resolve() and not folder.is_finished(results)


@dataclass(frozen=True, kw_only=True)
class LockedJob:
    """A job that this process holds.

    Attributes:
        output: Folder of the job.
        mark: The mark of the finished job in the index.
        identity: Its identity.
        earlier: The folder with the results of an earlier run; None if the job is to be computed.
    """

    output: Path
    mark: Path
    identity: str
    earlier: Path | None

    def finish(self, tracking: Mapping[str, str]) -> None:
        """Marks the job as finished, once its results are on the disk.

        Args:
            tracking: What finds its tracking store again, paths from the folder of the job.
        """
        if self.earlier is None:
            card.finish(self.output, self.identity)
        results = self.earlier or self.output
        write_json(self.mark, {"identity": self.identity, "results": os.path.relpath(results, self.mark.parent)})
        if (self.output / folder.JOB).exists():  # with hydra.output_subdir=null the job leaves no trace
            folder.end(self.output, results, self.identity, self.mark, tracking)


def earlier_results(mark: Path, identity: str) -> Path | None:
    """Returns the folder with the results of a job, or None if they are gone or damaged.

    Args:
        mark: The mark of the finished job in the index.
        identity: The identity of the job.
    """
    try:
        found, known = read_mark(mark)
    except InputError:
        return None
    if not card.identity(found) == known == identity:
        return None
    try:
        card.check(found)
    except InputError as error:
        log.warning("computing the job again: %s", error)
        return None
    return found


def read_mark(mark: Path) -> tuple[Path, str]:
    """Returns the folder with the results of a finished job, and its identity.

    Raises:
        InputError: If the mark is missing, truncated or foreign.
    """
    content = read_json(mark)
    try:
        return Path(os.path.normpath(mark.parent / content["results"])), str(content["identity"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{mark} is truncated or foreign ({error!r}): delete it") from error


def owner(index: Path) -> str:
    """Returns an id for a folder of marks: whoever holds a lock in it is known by it. A copy has an id of its own.

    Args:
        index: The folder.
    """
    path = index / OWNER
    with held(path.with_suffix("")):
        try:
            drawn = str(read_json(path)["id"])
        except (InputError, KeyError):
            drawn = secrets.token_hex(8)
            write_json(path, {"id": drawn})
    return f"{drawn}-{content_key(str(index.resolve()))}"


@cache
def _versions() -> dict[str, str]:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except ModuleNotFoundError:  # one of the two FAISS packages is enough, and timm is optional
            continue
    return versions
