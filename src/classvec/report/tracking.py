"""The protocol of a tracking store, and what is logged there: a run by name, parameters, metrics, files and images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from classvec.artifacts import Point, RunCard


@dataclass(frozen=True, kw_only=True)
class TrackedData:
    """The data set of a run.

    Attributes:
        name: Its name.
        digest: A hash of its images.
        source: Where it lies.
        profile: Figures such as the number of classes.
    """

    name: str
    digest: str
    source: str
    profile: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """What a run leaves in a tracking store: an evaluation, a fit, or the summary of a sweep.

    Attributes:
        name: Its name.
        sweep_id: The command that it belongs to.
        tags: What it can be searched by.
        params: The choices that are compared in tables.
        metrics: Points of curves and headline figures.
        description: Markdown.
        data: The data set; None for none.
        files: Files to keep.
        images: Name of a series of images to its PNG files, in their order.
        tables: Name of a JSON file to its columns; the first is a unique key.
    """

    name: str
    sweep_id: str
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Sequence[Point] = ()
    description: str = ""
    data: TrackedData | None = None
    files: Sequence[Path] = ()
    images: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Sequence[Any]]] = field(default_factory=dict)


class Tracking(Protocol):
    """Where runs are logged; any object with these members is one."""

    def log(self, run: TrackedRun) -> str | None:
        """Logs a finished run, and returns words on where to see it, if there are any."""
        ...

    def log_summary(self, run: TrackedRun, colours: Mapping[str, str]) -> str | None:
        """Logs the summary of a sweep in place of an earlier one, and returns words on where to see it, if any.

        Args:
            run: The summary.
            colours: Identity of a job to the colour of its curve in the pictures.
        """
        ...

    def tie(self, card: RunCard) -> bool:
        """Ties an earlier run of the same job to this sweep as well; False if there is none."""
        ...


@dataclass(frozen=True, kw_only=True)
class NoTracking:
    """Keeps nothing beside the plain files."""

    def log(self, run: TrackedRun) -> None:
        """Does nothing: the plain files are all there is."""

    def log_summary(self, run: TrackedRun, colours: Mapping[str, str]) -> None:
        """Does nothing: the plain files are all there is."""

    def tie(self, card: RunCard) -> bool:
        """Returns True: nothing is missing beside the plain files."""
        return True
