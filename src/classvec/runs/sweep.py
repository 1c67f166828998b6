"""A sweep: its jobs, what they differ in, a table of their scores, and what means little or failed.

Everything is read from the files that the jobs left, so that it can be read at any time: also if jobs failed, were
killed, or were computed by an earlier sweep.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from classvec.artifacts import INTERVAL, Scores, ontology_levels, p_cell
from classvec.errors import InputError
from classvec.runs import folder as folders
from classvec.runs.card import check, read_card
from classvec.runs.comparison import SHOWN_K
from classvec.runs.files import SCORES, summary_columns
from classvec.runs.finding import differing, unique_names

DAMAGED = "damaged"
NAMED = 4
"""Jobs of one affinity that a remark names."""


@dataclass(frozen=True, kw_only=True)
class SweepJob:
    """One job of a sweep.

    Attributes:
        folder: Its folder.
        swept: The overrides in which the jobs differ, key to value.
        state: ``finished``, ``done already`` (by an earlier job), ``failed``, ``not finished`` (killed, or running), or
            ``damaged``, if a file of the job is not what was written.
        error: Why it failed, in one line.
        name: Name of its run; without results the swept values.
        identity: Its identity; empty without results.
        control: Whether it is a control: a network without trained weights.
        results: Folder of its results; None without scores.
        scores: Its scores, if it has any.
        summary: What its analyses give to the summary, column to words.
        tracking: What finds its tracking store again, paths from its folder; empty for none.
    """

    folder: Path
    swept: Mapping[str, str]
    state: str
    error: str
    name: str
    identity: str
    control: bool
    results: Path | None
    scores: Scores | None
    summary: Mapping[str, str]
    tracking: Mapping[str, str]


def read(folder: Path) -> list[SweepJob]:
    """Reads the jobs of a sweep from their folders, in the order of their numbers.

    Args:
        folder: Hydra's folder of the sweep, ``outputs/sweeps/...``.

    Raises:
        InputError: If it holds no job.
    """
    paths = folders.jobs(folder)
    if not paths:
        raise InputError(f"{folder} holds no job of a sweep: expected a folder of outputs/sweeps, with 0/{folders.JOB}")
    statuses = [_status(path) for path in paths]
    swept = differing([status.overrides for status in statuses])
    jobs = [
        _job(path, status, {key: status.overrides.get(key, "") for key in swept})
        for path, status in zip(paths, statuses, strict=True)
    ]
    names = unique_names([job.name for job in jobs], [job.swept for job in jobs], paths)
    return [replace(job, name=name) for job, name in zip(jobs, names, strict=True)]


def _status(folder: Path) -> folders.Status:
    """Reads what became of a job; a damaged file is its error."""
    try:
        found = folders.status(folder)
        if found.results and found.identity:
            check(found.results)
    except InputError as error:
        return folders.Status(overrides={}, error=f"{DAMAGED}: {error}")
    return found


def _job(folder: Path, status: folders.Status, swept: Mapping[str, str]) -> SweepJob:
    results = status.results
    if results:
        state = "finished" if results == Path(os.path.normpath(folder)) else "done already"
    elif status.error.startswith(DAMAGED):
        state = DAMAGED
    else:
        state = "failed" if (folder / folders.ERROR).exists() else "not finished"
    scored = results if status.identity else None
    card = read_card(scored) if scored else {}
    return SweepJob(
        folder=folder,
        swept=swept,
        state=state,
        error=status.error,
        name=card.get("name", " ".join(swept.values())),
        identity=status.identity,
        control=bool(card.get("control")),
        results=scored,
        scores=Scores.load(scored / SCORES) if scored else None,
        summary=summary_columns(scored) if scored else {},
        tracking=status.tracking,
    )


def table(jobs: Sequence[SweepJob]) -> list[dict[str, str]]:
    """Returns one row per job.

    Its name, what was swept, the best adjusted F1, where it is and its p over the whole curve, the mean of adjusted F1
    over k and its interval where a job has some, F1 at some k, what its analyses add, its state.
    """
    computed = {row.k for job in jobs if job.scores for row in job.scores.rows}
    shown = [k for k in SHOWN_K if k in computed] or sorted(computed)[:1]
    has_intervals = any(job.scores.mean_interval for job in jobs if job.scores)
    added = dict.fromkeys(column for job in jobs for column in job.summary)
    rows = []
    for job in jobs:
        best = job.scores.best() if job.scores else None
        f1 = {row.k: f"{row.f1_mean:.3f}" for row in job.scores.rows} if job.scores else {}
        rows.append(
            {
                "run": job.name,
                **job.swept,
                "best adjusted F1": f"{best.f1_adjusted:.3f}" if best else "",
                "at k": str(best.k) if best else "",
                "p": p_cell(job.scores.curve_p, job.scores.n_draws) if job.scores else "",
                "mean over k": f"{job.scores.mean_adjusted:.3f}" if best and job.scores else "",
                **({INTERVAL: job.scores.mean_interval if job.scores else ""} if has_intervals else {}),
                **{f"F1 k={k}": f1.get(k, "") for k in shown},
                **{column: job.summary.get(column, "") for column in added},
                "state": job.state,
                "results": str(job.results or job.folder),
            }
        )
    return rows


def remarks(jobs: Sequence[SweepJob]) -> list[str]:
    """Returns a line for each job that failed and each curve hardly above chance, and what else is to be known."""
    lines = [f"{job.state.upper()}: {job.name or job.folder.name}: {job.error}" for job in jobs if job.error]
    caveats = [(job.name, job.scores.caveat()) for job in jobs if job.scores]
    lines += [f"{name}: {caveat[0].lower()}{caveat[1:]}" for name, caveat in caveats if caveat]
    lines += [*_affinities(jobs), *_ontology(jobs)]
    if done := sum(job.state == "done already" for job in jobs):
        lines.append(f"{done} of {len(jobs)} jobs were done already and were not computed again (use force=true).")
    return lines


def _affinities(jobs: Sequence[SweepJob]) -> list[str]:
    """Returns a line on the affinities of spectral clustering, where jobs that did not choose one differ in it."""
    names: dict[str, list[str]] = {}
    for job in jobs:
        if job.scores and (rule := job.scores.provenance.get("affinity")):
            names.setdefault(rule, []).append(job.name)
    chosen = all(job.swept.get("clustering.affinity", "null") != "null" for job in jobs)
    if chosen or len(names) < 2:
        return []
    words = [f"{rule} ({', '.join(found[:NAMED])}{', ...' * (len(found) > NAMED)})" for rule, found in names.items()]
    return [f"Jobs differ in the affinity of spectral clustering: {'; '.join(words)}."]


def _ontology(jobs: Sequence[SweepJob]) -> list[str]:
    """Returns a line on the F1 that the ontology's own similarity reaches at some k."""
    levels = ontology_levels({job.name: job.scores for job in jobs if job.scores})
    shown = [f"{levels[0].f1[k]:.3f} at k = {k}" for k in SHOWN_K if levels and k in levels[0].f1]
    if not shown:
        return []
    of = "For comparison, F1 of clusters made of the ontology's own path similarity"
    if len(levels) > 1:
        return [f"{of} is not the same in all jobs: column f1_ontology of their scores.csv."]
    return [f"{of}: {', '.join(shown)}."]
