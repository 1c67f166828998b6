"""The identity of a job, and how each job is computed once."""

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

from classvec.artifacts import held, write_json
from classvec.runs import folder
from classvec.sources import package_hash

PACKAGES = ("faiss-cpu", "faiss-gpu", "numpy", "scikit-learn", "scipy", "timm", "torch", "torchvision")


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job: what it computes, and where.

    Attributes:
        settings: The whole configuration, without what cannot change the results (folders, tracking, titles).
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
        """Holds the job, so that of several processes one computes it, and marks it as finished if the block ends well.

        Files of another run in the job's folder are removed before this one is computed.

        Args:
            identity: What `identity` returned.
            tracked: Whether the tracking store has the job; asked only if the files are there.

        Yields:
            The folder with the results of an earlier run, or None if the job is to be computed.
        """
        mark = self.index / f"{identity}.json"
        with held(mark.with_suffix("")):
            earlier = None if self.force else earlier_results(mark, identity)
            if earlier is not None and (self._may_be_overwritten(earlier) or not tracked()):
                earlier = None
            if earlier is None:
                folder.clear(self.output)
            yield earlier
            results = earlier or self.output
            if earlier is None:
                write_json(self.output / folder.FINISHED, {"identity": identity})
            write_json(mark, {"identity": identity, "results": os.path.relpath(results, mark.parent)})
            if (self.output / folder.JOB).exists():  # with hydra.output_subdir=null the job leaves no trace
                folder.end(self.output, results, identity)

    def _may_be_overwritten(self, results: Path) -> bool:
        """Returns whether the results lie in the folder of another job of this sweep that has not finished yet.

        An earlier sweep in the same folder left them, and that job may compute its own in their place.
        """
        sweep = self.output.resolve().parent
        in_sweep = (sweep / "multirun.yaml").exists() and results.resolve().parent == sweep
        return in_sweep and results.resolve() != self.output.resolve() and not folder.is_finished(results)


def earlier_results(mark: Path, identity: str) -> Path | None:
    """Returns the folder with the results of a job, or None if they no longer exist.

    Args:
        mark: The mark of the finished job in the index.
        identity: The identity of the job.
    """
    try:
        content = json.loads(mark.read_text(encoding="utf-8"))
        found = Path(os.path.normpath(mark.parent / content["results"]))
    except (OSError, ValueError, KeyError):
        return None
    return found if folder.identity(found) == content["identity"] == identity else None


def _weights(weights: str | Path | None) -> str | None:
    if weights is None or not Path(weights).is_file():
        return None if weights is None else str(weights)
    with open(weights, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _versions() -> dict[str, str]:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except ModuleNotFoundError:  # one of the two FAISS packages is enough, and timm is optional
            continue
    return versions
