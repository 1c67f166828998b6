"""What was run: a table of runs and sweeps, from the small files that they left. Nothing is compared with checksums."""

import csv
import io
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from classvec.artifacts import Scores, adjusted_cell, aligned, p_cell
from classvec.errors import InputError, shown
from classvec.runs import folder as folders
from classvec.runs.card import FINISHED, RUN, finished_at, read_card
from classvec.runs.files import SCORES
from classvec.runs.finding import differing, unique_names

LONGEST_NAME, LONGEST_NOTE = 40, 100
"""Characters of a name and of a note in the table; the CSV table has all of them."""
MARKS = {folders.JOB, FINISHED, RUN, ".hydra"}
"""What tells the folder of a run."""
HEAD = ("name", "status", "when", "took", "adjusted F1", "p", "folder", "")
P_IS = "adjusted F1 is the best over k, and p that of the largest over all k."


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A run, or a job of a sweep.

    Attributes:
        name: Its name; empty if its work has not begun.
        status: ``finished``, ``done already``, ``running``, ``failed``, ``stopped`` or ``damaged``.
        when: When it was finished, or else when it began.
        seconds: What it took; None if that is not known.
        scores: Its scores; None without any.
        folder: Its folder.
        note: Why it has no results, or where they lie if an earlier run has computed them.
        overrides: What it was asked for.
    """

    name: str
    status: str
    when: datetime
    seconds: float | None = None
    scores: Scores | None = None
    folder: Path
    note: str = ""
    overrides: Mapping[str, str]

    @property
    def shown_name(self) -> str:
        """Its name, or else what it was asked for."""
        return self.name or " ".join(f"{key}={value}" for key, value in self.overrides.items()) or "all defaults"


def listing(tops: Sequence[Path], *, with_jobs: bool = False, as_csv: bool = False) -> str:
    """Returns the table of all runs and sweeps below some folders, newest last.

    Args:
        tops: The folders.
        with_jobs: Whether the jobs of each sweep are listed below it.
        as_csv: Whether to return a CSV table of runs and jobs, for programs.

    Raises:
        InputError: If one is no folder, or there is neither run nor sweep.
    """
    found: list[tuple[Path | None, list[Listed]]] = []
    for top in tops:
        if not top.is_dir():
            raise InputError(f"there is no folder {top}: expected one with runs, such as outputs")
        for place, is_sweep in _places(top):
            jobs = folders.jobs(place) if is_sweep else []
            entries = _told_apart([_listed(path) for path in jobs]) if jobs else [_listed(place)]
            found.append((place if jobs else None, entries))
    if not found:
        raise InputError(f"no run in {', '.join(map(str, tops))}: expected folders with {folders.JOB}")
    found.sort(key=lambda entry: (max(job.when for job in entry[1]), entry[1][0].folder))
    if as_csv:
        return _csv(found)
    lines = [list(HEAD)]
    for sweep, entries in found:
        lines += [] if sweep is None else [_of_sweep(sweep, entries)]
        if sweep is None or with_jobs:
            lines += [_cells(job, "" if sweep is None else "  ") for job in entries]
    has_scores = any(job.scores for _, jobs in found for job in jobs)
    return "\n".join([*aligned(lines, right=[3]), *([P_IS] if has_scores else [])])


def _places(top: Path) -> Iterator[tuple[Path, bool]]:
    """Yields the folders of runs and of sweeps, and whether it is a sweep."""
    for place, below, names in os.walk(top):
        is_sweep = folders.SWEEP in names
        if is_sweep or MARKS & {*names, *below}:
            yield Path(place), is_sweep
            below.clear()


def _listed(folder: Path) -> Listed:
    """Reads a run; whatever is wrong with its files is said in its line."""
    try:
        if (folder / folders.JOB).is_file():
            status = folders.status(folder)
        elif (folder / FINISHED).is_file():  # with hydra.output_subdir=null there is nothing else
            status = folders.Status(overrides={}, results=folder, identity=folder.name)
        else:
            raise InputError(f"no {folders.JOB}: left by an earlier version, or not of classvec")
        return _with_results(folder, status)
    except (InputError, OSError, ValueError, TypeError) as error:
        when = datetime.fromtimestamp(folder.lstat().st_mtime, UTC)
        return Listed(name=folder.name, status="damaged", when=when, folder=folder, note=str(error), overrides={})


def _with_results(folder: Path, status: folders.Status) -> Listed:
    job, ended = folder / folders.JOB, status.ended
    began = status.began or datetime.fromtimestamp((job if job.is_file() else folder).stat().st_mtime, UTC)
    found = Listed(
        name=f"train: {status.name}" if status.name and status.script == "train" else status.name,
        status=status.state,
        when=ended if ended and status.results else began,
        seconds=(ended - status.began).total_seconds() if ended and status.began else None,
        folder=folder,
        note=status.error,
        overrides=status.overrides,
    )
    if not (status.results and status.identity):
        return found
    card, scores = read_card(status.results), Scores.load(status.results / SCORES)
    found = replace(found, name=card["name"], scores=scores)
    if status.results != Path(os.path.normpath(folder)):
        return replace(found, status="done already", seconds=None, note=f"results: {_shown(status.results)}")
    took = card.get("wall_seconds")
    return replace(found, when=finished_at(status.results), seconds=None if took is None else float(took))


def _told_apart(jobs: Sequence[Listed]) -> list[Listed]:
    """Gives the jobs of a sweep names that tell them apart; those without a name get what was swept."""
    keys = differing([job.overrides for job in jobs])
    swept = [{key: job.overrides[key] for key in keys if key in job.overrides} for job in jobs]
    asked = [" ".join(f"{key}={value}" for key, value in chosen.items()) for chosen in swept]
    names = [job.name or words or job.shown_name for job, words in zip(jobs, asked, strict=True)]
    names = unique_names(names, swept, [job.folder for job in jobs])
    return [replace(job, name=name) for job, name in zip(jobs, names, strict=True)]


def _cells(job: Listed, indent: str) -> list[str]:
    name, note = (_cut(shown(text), most) for text, most in ((job.shown_name, LONGEST_NAME), (job.note, LONGEST_NOTE)))
    return [indent + name, job.status, *_times(job.when, job.seconds), *_best(job), _shown(job.folder), note]


def _of_sweep(folder: Path, jobs: Sequence[Listed]) -> list[str]:
    """Returns the line of a sweep: what is swept, how many jobs came to what, and the range of their best scores."""
    swept = ", ".join(differing([job.overrides for job in jobs if job.overrides]))
    try:
        title = folders.sweep_of(folder)[1]
        note = ""
    except InputError as error:
        title, note = "", str(error)
    name = title or (f"sweep over {swept}" if swept else "sweep")
    counts = Counter(job.status for job in jobs)
    status = ", ".join(f"{n} {word}" for word, n in counts.items())
    best = sorted(best.f1_adjusted for job in jobs if job.scores and (best := job.scores.best()))
    ends = dict.fromkeys(adjusted_cell(value) for value in (best[0], best[-1])) if best else {}
    counted = f"{_cut(name, LONGEST_NAME)}: {len(jobs)} job{'s' * (len(jobs) > 1)}"
    when = _times(max(job.when for job in jobs), None)
    return [counted, status, *when, " to ".join(ends), "", _shown(folder), _cut(note, LONGEST_NOTE)]


def _best(job: Listed) -> list[str]:
    """Returns the cells of the best adjusted F1 and of its p, that of the largest over k."""
    best = job.scores.best() if job.scores else None
    if job.scores is None or best is None:
        return ["", ""]
    return [f"{adjusted_cell(best.f1_adjusted)}, k = {best.k}", p_cell(job.scores.curve_p, job.scores.n_draws)]


def _times(when: datetime, seconds: float | None) -> list[str]:
    if seconds is None:
        took = ""
    elif seconds < 60:
        took = f"{seconds:.0f} s"
    else:
        took = f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
    return [f"{when.astimezone():%Y-%m-%d %H:%M}", took]


def _shown(path: Path) -> str:
    """Returns a path relative to the working directory, where it lies below."""
    absolute = Path(os.path.normpath(path.absolute()))
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(absolute)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _csv(found: Sequence[tuple[Path | None, Sequence[Listed]]]) -> str:
    """Returns runs and jobs as CSV: times in ISO 8601, numbers as they are."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "status", "when", "seconds", "f1_adjusted", "k", "p", "folder", "sweep", "note"])
    for sweep, jobs in found:
        for job in jobs:
            best = job.scores.best() if job.scores else None
            numbers = [best.f1_adjusted, best.k, job.scores.curve_p] if job.scores and best else ["", "", ""]
            when = job.when.isoformat(timespec="seconds")
            places = [_shown(job.folder), _shown(sweep) if sweep else ""]
            writer.writerow([job.shown_name, job.status, when, job.seconds, *numbers, *places, job.note])
    return text.getvalue().rstrip("\n")
