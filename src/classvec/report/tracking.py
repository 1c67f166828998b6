"""The protocol of a tracking store, and what is logged there: a run by name, parameters, metrics, files and images."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from classvec.artifacts import Point, Sweep


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
    """What is known of a run when it starts: an evaluation, a fit, or the summary of a sweep.

    Attributes:
        name: Its name.
        job: Its identity; of the runs of one job a store keeps a single finished one.
        sweep: The command that it belongs to.
        owner: Who holds the lock of the job; empty if nobody does.
        tags: What it can be searched by.
        params: The choices that are compared in tables.
    """

    name: str
    job: str
    sweep: Sweep
    owner: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a run has yielded, or a part of it.

    Attributes:
        metrics: Points of curves and headline figures.
        tags: What it can be searched by.
        description: Markdown; empty for none.
        data: The data set; None for none.
        files: Files to keep.
        images: Name of a series of images to its PNG files, in their order.
        tables: Name of a JSON file to its columns; the first is a unique key.
        colours: Identity of a job of the same sweep to the colour of its curve in the pictures.
    """

    metrics: Sequence[Point] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    data: TrackedData | None = None
    files: Sequence[Path] = ()
    images: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Sequence[Any]]] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, other: "Content") -> "Content":
        """Returns both contents; of what can be there once, that of the other."""
        return Content(
            metrics=[*self.metrics, *other.metrics],
            tags={**self.tags, **other.tags},
            description=other.description or self.description,
            data=other.data or self.data,
            files=[*self.files, *other.files],
            images={**self.images, **other.images},
            tables={**self.tables, **other.tables},
            colours={**self.colours, **other.colours},
        )


class RunLog(Protocol):
    """The log of one run, open while the run is computed."""

    @property
    def where(self) -> str:
        """Words on where to see the run; empty for none."""

    @property
    def problem(self) -> str:
        """Why the run is not logged whole; empty if it is."""

    def add(self, content: Content) -> None:
        """Logs what the run has yielded; a store that fails is reported in `problem`, and never stops the run."""
        ...


class Tracking(Protocol):
    """Where runs are logged; any object with these members is one."""

    def reach(self) -> None:
        """Looks whether the store answers at all; called first, before anything heavy is imported.

        Raises:
            InputError: If it does not.
        """
        ...

    def start(self, run: TrackedRun) -> AbstractContextManager[RunLog]:
        """Starts a run; it ends with the block: finished, failed if an error leaves it, killed by a signal.

        Called before the work begins, and while the lock of the job is held: runs of the job that the same owner left
        behind unfinished were killed, and are closed as such.

        Raises:
            InputError: If the store cannot be reached or written.
        """
        ...

    def tie(self, run: TrackedRun) -> str | None:
        """Ties the finished run of a job to a sweep as well, so that both show its curve.

        Called while the lock of the job is held.

        Returns:
            Words on where to see it, as `RunLog.where`; None if the store has no such run.

        Raises:
            InputError: If the store cannot be reached or written.
        """
        ...

    def address(self, folder: Path) -> Mapping[str, str]:
        """Returns what finds the store again, paths from a folder; empty if there is nothing to find."""
        ...


@dataclass(frozen=True, kw_only=True)
class NoLog:
    """The log of a run that is not logged.

    Attributes:
        problem: Why not; empty if nobody asked for it.
        where: Empty.
    """

    problem: str = ""
    where: str = ""

    def add(self, content: Content) -> None:
        """Does nothing."""


@dataclass(frozen=True, kw_only=True)
class NoTracking:
    """Keeps nothing beside the plain files."""

    def reach(self) -> None:
        """Does nothing."""

    @contextmanager
    def start(self, run: TrackedRun) -> Iterator[RunLog]:
        """Does nothing: the plain files are all there is."""
        yield NoLog()

    def tie(self, run: TrackedRun) -> str:
        """Returns nothing to see, and nothing that is missing beside the plain files."""
        return ""

    def address(self, folder: Path) -> Mapping[str, str]:
        """Returns nothing."""
        return {}
