"""The summary of a sweep: one table of what its jobs differ in, one picture of all curves, a page, a tracked run."""

import logging
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from classvec import figures
from classvec.analyses import layer_similarity
from classvec.analyses.layer_similarity import PairComparison
from classvec.artifacts import Sweep, aligned, p_words, write_csv, write_table, write_text
from classvec.errors import InputError
from classvec.method.differences import CurveDifference
from classvec.page import sweep_page
from classvec.report.tables import markdown
from classvec.report.tracking import Content, NoTracking, TrackedRun, Tracking
from classvec.runs import differences
from classvec.runs.comparison import compare_runs
from classvec.runs.folder import clear_summary, sweep_of
from classvec.runs.sweep import DAMAGED, SweepJob, read, remarks, table

log = logging.getLogger(__name__)
MOST_COMPARED = 16
"""Runs up to which each is compared with each other; `classvec compare` compares those that one names."""

NAMED = 4
"""Pairs of runs that share layers which are named in a line."""

MOST_CLASSES = 3000


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


def summarise(folder: Path, tracking: Tracking | None = None) -> Summary:
    """Writes a sweep's summary, and logs it as one run.

    ``summary.csv``, ``summary.md``, ``f1.png``, ``comparison.csv`` (every two runs compared), ``comparison.png``,
    ``differences.csv`` and ``differences.png`` (which curves can be told apart) and ``report.html``.

    Args:
        folder: The sweep's folder.
        tracking: Where the sweep's runs were logged; None for what its jobs name.

    Raises:
        InputError: If the folder holds no job of a sweep, or a file is damaged.
    """
    jobs = read(folder)
    of_sweep, title = sweep_of(folder)
    clear_summary(folder)
    title = title or ("Sweep over " + ", ".join(jobs[0].swept) if jobs[0].swept else "Sweep")
    runs = {job.name: job.results for job in jobs if job.results}
    pairs, (curves, beside) = compared(jobs), told_apart(runs)
    rows, words = table(jobs), [*remarks(jobs), *extremes(pairs)]
    apart = differences.cells(curves) if curves else []
    write_csv(folder / "summary.csv", rows, list(rows[0]))
    listed = ["", *(f"- {line}" for line in words)]
    told = ["", *(markdown(apart) if apart else []), "", *(f"- {line}" for line in beside)]
    description = "\n".join([f"# {title}", "", *markdown(_lines(rows)), *listed, *told]).rstrip()
    write_text(folder / "summary.md", description + "\n")
    pictures = draw(jobs, pairs, curves, title, folder)
    files = [folder / "summary.csv", folder / "summary.md", *pictures.values()]
    if pairs:
        files.append(write_table(folder / sweep_page.COMPARISON, layer_similarity.table(pairs)))
    if curves:
        files.append(write_table(folder / sweep_page.DIFFERENCES, differences.table(curves)))
    if runs:
        files.append(sweep_page.write(runs, folder / "report.html", list(pictures.values())))
    content = Content(
        description=description,
        files=files,
        images={name: [path] for name, path in pictures.items()},
        tables={"summary_table.json": {name.replace(".", "_"): [row[name] for row in rows] for name in rows[0]}},
        colours=dict(zip([job.identity for job in jobs if job.scores], cycle(figures.COLOURS), strict=False)),
    )
    seen = _logged(tracking or _tracking(jobs), of_sweep, title, content, folder)
    where = [*(f"Picture: {path}" for path in pictures.values()), f"Files: {folder}", seen]
    told = ["", *(aligned(apart) if apart else []), *beside, ""] if beside else []
    lines = ["", f"{title}: {len(jobs)} jobs", *aligned(_lines(rows)), *words, *told, *where]
    failed = sum(job.state in ("failed", "not finished", DAMAGED) for job in jobs)
    return Summary(text="\n".join(lines).rstrip(), failed=failed, files=files)


def _tracking(jobs: Sequence[SweepJob]) -> Tracking:
    """Returns the store that the jobs of a sweep name; nothing else is made of what a folder says."""
    from classvec.report.mlflow import MLflow

    named = next((job for job in jobs if job.tracking), None)
    return MLflow.at(named.tracking, named.folder) if named else NoTracking()


def _logged(tracking: Tracking, sweep: Sweep, title: str, content: Content, folder: Path) -> str:
    """Logs a summary in place of an earlier one of the same sweep; returns where to see it, or how to log it later."""
    job, name = f"summary-{sweep.id}", f"summary: {title}"
    run = TrackedRun(name=name, job=job, sweep=sweep, owner=sweep.id, tags={"kind": "summary"})
    later = f"To log the summary later: python -m classvec sweep {shlex.quote(str(folder))}"
    try:
        with tracking.start(run) as entry:
            entry.add(content)
    except InputError as error:  # the sweep is done all the same
        return f"Summary not logged ({error})\n{later}"
    return f"Summary not logged ({entry.problem})\n{later}" if entry.problem else entry.where


def compared(jobs: Sequence[SweepJob]) -> tuple[PairComparison, ...]:
    """Compares every two jobs with results: do they find the same classes similar? Nothing for one job, or for many."""
    runs = {job.name: job.results for job in jobs if job.results}
    if len(runs) > MOST_COMPARED:
        log.warning("%d runs are not compared with each other; classvec compare compares some", len(runs))
    if not 2 <= len(runs) <= MOST_COMPARED:
        return ()
    log.info("comparing %d runs with each other", len(runs))
    try:
        return compare_runs(runs, most_classes=MOST_CLASSES)
    except InputError as error:  # of other classes, or left by an earlier version
        log.warning("the runs are not compared with each other: %s", error)
        return ()


def told_apart(runs: Mapping[str, Path]) -> tuple[Sequence[CurveDifference], list[str]]:
    """Compares the curves of every two runs; returns what is to be known beside it, or why there is none."""
    if len(runs) < 2:
        return (), []
    if len(runs) > MOST_COMPARED:
        return (), [f"{differences.UNKNOWN}: of {len(runs)} runs, name some to classvec compare."]
    try:
        found = differences.differences(runs)
    except InputError as error:
        return (), [f"{differences.UNKNOWN}: {error}"]
    return found, differences.remarks(found, runs)


def extremes(pairs: Sequence[PairComparison]) -> list[str]:
    """Returns lines on the two runs that agree most, and least, of those that share no layer; and on those that do."""
    apart, joint = ([pair for pair in pairs if bool(pair.shared_layers) == shared] for shared in (False, True))
    lines = []
    if len(apart) > 1:
        most, least = (chosen(apart, key=lambda pair: pair.cka) for chosen in (max, min))
        of = "of the runs that share no layer, " if joint else ""
        lines.append(
            f"Which classes are similar: {of}most agreed on by {_agreement(most)}, least by {_agreement(least)}; "
            "p of each pair alone; all pairs: comparison.csv."
        )
    elif apart:
        of = ", of the only two runs that share no layer" if joint else ""
        lines.append(f"Which classes are similar{of}: {_agreement(apart[0])}.")
    if joint:
        named = [f"{pair.one} and {pair.other} ({pair.shares}; CKA {pair.cka:.2f})" for pair in joint[:NAMED]]
        more = f"; and {len(joint) - NAMED} more pairs in comparison.csv" if len(joint) > NAMED else ""
        who = "Runs that share layers" if apart else "These runs share layers and"
        lines.append(f"{who} agree in part by construction: {'; '.join(named)}{more}.")
    return lines


def _agreement(pair: PairComparison) -> str:
    p = p_words(pair.mantel_p, pair.n_permutations)
    return f"{pair.one} and {pair.other} (CKA {pair.cka:.2f}, Mantel {pair.mantel:.2f}, {p})"


def draw(
    jobs: Sequence[SweepJob],
    pairs: Sequence[PairComparison],
    apart: Sequence[CurveDifference],
    title: str,
    folder: Path,
) -> dict[str, Path]:
    """Draws the pictures of a sweep; returns name to file. Pictures that compare runs belong here."""
    curves = {job.name: job.scores for job in jobs if job.scores}
    if not curves:
        return {}
    controls = [job.name for job in jobs if job.control]
    pictures = {"f1": figures.f1_curves(curves, title, controls)}
    if pairs:
        pictures["comparison"] = layer_similarity.draw(pairs, f"{title}: do they find the same classes similar?")
    if picture := differences.draw(apart, f"{title}: which curves can be told apart?"):
        pictures["differences"] = picture
    return {name: figures.save(figure, folder / f"{name}.png") for name, figure in pictures.items()}


def _lines(rows: Sequence[Mapping[str, str]]) -> list[list[str]]:
    columns = [column for column in rows[0] if column != "results"]
    return [columns, *([row[column] for column in columns] for row in rows)]
