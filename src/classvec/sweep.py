"""A sweep at a glance: one table of what its jobs differ in, one picture of all curves, what means little, what failed.

Everything is made from the files that the jobs left (see `jobs`), so a summary can be made at any time: also where jobs
failed, were killed, or were done by an earlier sweep.
"""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

from classvec import figures, findings
from classvec.analysis.between_runs import between_runs
from classvec.artifacts import HARDLY_ABOVE_CHANCE, Accord, Score, Scores, write_csv, write_text
from classvec.errors import InputError
from classvec.jobs import ERROR, FINISHED, JOB, results
from classvec.page import sweep_page
from classvec.tables import aligned, markdown
from classvec.tracking import SweepRecord, Tracking

log = logging.getLogger(__name__)
MOST_COMPARED = 16
"""Runs up to which each is compared with each other; `python -m classvec agree` compares those that one names."""

MOST_CLASSES = 3000
SHOWN_K = (2, 5, 8, 19)
"""Numbers of clusters whose F1 stands in the table, where they were computed."""


@dataclass(frozen=True, kw_only=True)
class SweepJob:
    """One job of a sweep.

    Attributes:
        folder: Its folder.
        swept: The overrides in which the jobs differ, key to value.
        state: ``finished``, ``done already`` (by an earlier job), ``failed``, or ``not finished`` (killed, or at work).
        error: Why it failed, in one line.
        name: Name of its run; without results the swept values.
        identity: Its identity; empty without results.
        control: Whether it is a control: a network without trained weights.
        results: Folder of its results; None without scores.
        scores: Its scores, if it has any.
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

    def best(self) -> Score | None:
        """Returns the row with the best adjusted F1; None where it is defined for no k, or there are no scores."""
        return self.scores.best() if self.scores else None


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a sweep came to.

    Attributes:
        text: For the terminal.
        failed: Number of jobs without results.
        files: The files written.
    """

    text: str
    failed: int
    files: Sequence[Path]


def read(folder: Path) -> list[SweepJob]:
    """Reads the jobs of a sweep from their folders, in the order of their numbers.

    Args:
        folder: Hydra's folder of the sweep, ``outputs/sweeps/...``.

    Raises:
        InputError: If it holds no job.
    """
    folders = sorted((path.parent for path in folder.glob(f"*/{JOB}")), key=lambda path: (len(path.name), path.name))
    if not folders:
        raise InputError(f"{folder} holds no job of a sweep: wanted a folder of outputs/sweeps, with 0/{JOB}")
    asked = [_asked(path) for path in folders]
    keys = dict.fromkeys(key for overrides in asked for key in overrides)
    swept = [key for key in keys if len({overrides.get(key) for overrides in asked}) > 1]
    jobs = [_job(path, {k: o.get(k, "") for k in swept}) for path, o in zip(folders, asked, strict=True)]
    names = [job.name for job in jobs]
    return [job if names.count(job.name) == 1 else _renamed(job) for job in jobs]


def _asked(folder: Path) -> dict[str, str]:
    overrides = json.loads((folder / JOB).read_text(encoding="utf-8"))["overrides"]
    return {key.lstrip("+"): value for key, _, value in (override.partition("=") for override in overrides)}


def _job(folder: Path, swept: Mapping[str, str]) -> SweepJob:
    found, error = results(folder / FINISHED), ""
    if found:
        state = "finished" if found == Path(os.path.normpath(folder)) else "done already"
    elif (folder / ERROR).exists():
        state, error = "failed", (folder / ERROR).read_text(encoding="utf-8").partition("\n")[0]
    else:
        state, error = "not finished", "killed, or still at work"
    scored = found if found and (found / "run.json").exists() else None
    card = json.loads((scored / "run.json").read_text(encoding="utf-8")) if scored else {}
    return SweepJob(
        folder=folder,
        swept=swept,
        state=state,
        error=error,
        name=card.get("name", " ".join(swept.values())),
        identity=json.loads((found / FINISHED).read_text(encoding="utf-8"))["identity"] if found else "",
        control=bool(card.get("control")),
        results=scored,
        scores=Scores.load(scored / "scores.csv") if scored else None,
    )


def _renamed(job: SweepJob) -> SweepJob:
    return replace(job, name=", ".join([job.name, *(job.swept.values() or [job.folder.name])]))


def summarise(folder: Path, title: str, tracking: Tracking) -> Summary:
    """Writes a sweep's summary, and logs it as one run.

    ``summary.csv``, ``summary.md``, ``f1.png``, ``agreement.csv`` (every two runs compared), ``agreement.png`` and
    ``report.html``.

    Args:
        folder: The sweep's folder.
        title: Title of the picture; empty for one made of what was swept.
        tracking: Where the sweep's runs were logged.

    Raises:
        InputError: If the folder holds no job of a sweep.
    """
    jobs = read(folder)
    title = title or f"Sweep over {', '.join(jobs[0].swept)}"
    accords = compared(jobs)
    rows, words = table(jobs), [*remarks(jobs), *agreeing(accords)]
    write_csv(folder / "summary.csv", rows, list(rows[0]))
    description = "\n".join([f"# {title}", "", *markdown(_lines(rows)), "", *(f"- {line}" for line in words)]).rstrip()
    write_text(folder / "summary.md", description + "\n")
    pictures = draw(jobs, accords, title, folder)
    files = [folder / "summary.csv", folder / "summary.md", *pictures.values()]
    if accords:
        findings.write_accord(accords, folder / "agreement.csv")
        files.append(folder / "agreement.csv")
    if found := [job.results for job in jobs if job.results]:
        files.append(sweep_page.write(found, folder / "report.html"))
    failed = sum(job.state in ("failed", "not finished") for job in jobs)
    seen = tracking.log_sweep(
        SweepRecord(
            sweep_id=folder.name,
            title=title,
            description=description,
            rows=rows,
            pictures=pictures,
            files=files,
            colours=dict(zip([job.identity for job in jobs if job.scores], cycle(figures.COLOURS), strict=False)),
        )
    )
    where = [*(f"Picture: {path}" for path in pictures.values()), f"Files: {folder}", seen or ""]
    lines = ["", f"{title}: {len(jobs)} jobs", *aligned(_lines(rows)), *words, *where]
    return Summary(text="\n".join(lines).rstrip(), failed=failed, files=files)


def table(jobs: Sequence[SweepJob]) -> list[dict[str, str]]:
    """Returns one row per job: its name, what was swept, the best adjusted F1 and where, F1 at some k, its state."""
    computed = {row.k for job in jobs if job.scores for row in job.scores.rows}
    shown = [k for k in SHOWN_K if k in computed] or sorted(computed)[:1]
    rows = []
    for job in jobs:
        best = job.best()
        f1 = {row.k: f"{row.f1_mean:.3f}" for row in job.scores.rows} if job.scores else {}
        rows.append(
            {
                "run": job.name,
                **job.swept,
                "best adjusted F1": f"{best.f1_adjusted:.3f}" if best else "",
                "at k": str(best.k) if best else "",
                "p": f"{best.p:.3f}" if best else "",
                **{f"F1 k={k}": f1.get(k, "") for k in shown},
                "state": job.state,
                "results": str(job.results or job.folder),
            }
        )
    return rows


def remarks(jobs: Sequence[SweepJob]) -> list[str]:
    """Returns a line for each job that failed, and for each curve that is hardly above chance."""
    lines = [f"{job.state.upper()}: {job.name or job.folder.name}: {job.error}" for job in jobs if job.error]
    for job in jobs:
        best = job.best()
        if job.scores and best is None:
            lines.append(f"{job.name}: adjusted F1 is defined for no k: chance leaves nothing to gain.")
        elif best and best.f1_adjusted < HARDLY_ABOVE_CHANCE:
            most = f"at most {best.f1_adjusted:.2f}, at k = {best.k}, p = {best.p:.2g}"
            lines.append(f"{job.name}: adjusted F1 stays below .1 ({most}): hardly better than chance.")
    if done := sum(job.state == "done already" for job in jobs):
        lines.append(f"{done} of {len(jobs)} jobs were done already and have not been done again (force=true would).")
    return lines


def compared(jobs: Sequence[SweepJob]) -> tuple[Accord, ...]:
    """Compares every two jobs with results: do they find the same classes alike? Nothing for one job, or for many."""
    runs = {job.name: job.results for job in jobs if job.results}
    if len(runs) > MOST_COMPARED:
        log.warning("%d runs are not compared with each other; python -m classvec agree compares some", len(runs))
    if not 2 <= len(runs) <= MOST_COMPARED:
        return ()
    log.info("comparing %d runs with each other", len(runs))
    try:
        return between_runs(runs, most_classes=MOST_CLASSES)
    except InputError as error:  # of other classes, or left by an earlier version
        log.warning("the runs are not compared with each other: %s", error)
        return ()


def agreeing(accords: Sequence[Accord]) -> list[str]:
    """Returns a line on the two runs that agree most, and on those that agree least."""
    if not accords:
        return []
    words = [
        f"{row.one} and {row.other} (CKA {row.cka:.2f}, Mantel {row.mantel:.2f}, p = {row.mantel_p:.2g})"
        for row in (max(accords, key=lambda row: row.cka), min(accords, key=lambda row: row.cka))
    ]
    if len(accords) == 1:
        return [f"Which classes are alike: {words[0]}."]
    return [f"Which classes are alike: most agreed on by {words[0]}, least by {words[1]}; all pairs: agreement.csv."]


def draw(jobs: Sequence[SweepJob], accords: Sequence[Accord], title: str, folder: Path) -> dict[str, Path]:
    """Draws the pictures of a sweep; returns name to file. Pictures that compare runs belong here."""
    curves = {job.name: job.scores for job in jobs if job.scores}
    if not curves:
        return {}
    controls = [job.name for job in jobs if job.control]
    pictures = {"f1": figures.f1_curves(curves, title, controls)}
    if accords:
        pictures["agreement"] = figures.accord(accords, f"{title}: do they find the same classes alike?")
    return {name: figures.save(figure, folder / f"{name}.png") for name, figure in pictures.items()}


def _lines(rows: Sequence[Mapping[str, str]]) -> list[list[str]]:
    columns = [column for column in rows[0] if column != "results"]
    return [columns, *([row[column] for column in columns] for row in rows)]
