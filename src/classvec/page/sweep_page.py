"""The page of a sweep: the curves of its runs over one another, what they differ in, and the way to each run's page."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from classvec.artifacts import INTERVAL, Scores, adjusted_cell, bands, p_cell, write_text
from classvec.errors import InputError
from classvec.page import run_page
from classvec.page.document import Markup, document, fold, picture, section, table, text
from classvec.page.run_data import curve_data
from classvec.page.run_page import NAME
from classvec.runs import differences
from classvec.runs.card import RUN, read_card
from classvec.runs.files import SCORES, checked, read_rows, summary_columns
from classvec.runs.finding import differing
from classvec.runs.folder import jobs
from classvec.runs.sweep import read

COMPARISON, DIFFERENCES = "comparison.csv", "differences.csv"
CAPTIONS = {
    "comparison": "Do the runs find the same classes similar?",
    "differences": "Which curves can be told apart, and at which k?",
    "f1": "The curves as a picture",
}


def remake(folder: Path) -> Path:
    """Makes the page of a run again; or those of a sweep's runs, and then the sweep's.

    Args:
        folder: Output folder of a run, or of a sweep.

    Returns:
        The page.

    Raises:
        InputError: If there is no run, or a file of one is truncated.
    """
    if (folder / RUN).is_file():
        return run_page.write(folder)
    runs = {job.name: job.results for job in read(folder) if job.results} if jobs(folder) else {}
    if not runs:
        raise InputError(f"{folder} holds no run of evaluate.py: expected {RUN}, or jobs of a sweep with results")
    for run in runs.values():
        if run.resolve().is_relative_to(folder.resolve()):  # results of an earlier sweep have their page there
            run_page.write(run)
    return write(runs, folder / run_page.NAME, [folder / f"{name}.png" for name in CAPTIONS])


def write(runs: Mapping[str, Path], out: Path, pictures: Sequence[Path] = ()) -> Path:
    """Writes the page of several runs.

    Args:
        runs: Name of a run to its folder, in the order to show them.
        out: The page to write; links to the runs start from it.
        pictures: Pictures to show on it, where they exist.

    Returns:
        The page.

    Raises:
        InputError: If a file of a run is truncated.
    """
    cards = [read_card(folder) for folder in runs.values()]
    scores = [Scores.load(folder / SCORES) for folder in runs.values()]
    keys = differing([card["choices"] for card in cards])
    title = f"{len(runs)} runs: {', '.join(keys) or 'all alike'}"
    added = [summary_columns(folder) for folder in runs.values()]
    further = list(dict.fromkeys(column for found in added for column in found))
    interval = [INTERVAL] if any(score.mean_interval for score in scores) else []
    rows = [
        [_link(name, folder, out), *(card["choices"].get(key, "") for key in keys), *_figures(score, bool(interval)),
         *(found.get(column, "") for column in further), _time(card)]
        for (name, folder), card, score, found in zip(runs.items(), cards, scores, added, strict=True)
    ]  # fmt: skip
    figures = ("best adjusted F1", "at k", "p", "mean over k", *interval, "mean F1 there", "chance")
    columns = ("run", *keys, *figures, *further, "time")
    caveats = [f"{name}: {caveat}" for name, score in zip(runs, scores, strict=True) if (caveat := score.caveat())]
    shown = [picture(path, *[CAPTIONS.get(path.stem, path.stem)] * 2) for path in pictures if path.is_file()]
    parts = [
        f"<header><h1>{text(title)}</h1>" + "".join(f'<p class="warning">{text(c)}</p>' for c in caveats) + "</header>",
        section(
            "curves",
            "How well concepts describe the clusters",
            '<div class="chart" id="f1-chart" role="img" aria-label="F1 over the number of clusters, a curve for each '
            'run"></div>',
            "<p>Left: mean of the clusters' best F1, and grey the range of the runs' chance levels. Right: the same "
            f"adjusted for chance. {text(bands(scores))} A click on a name hides its curve.</p>",
        ),
        section("runs", "The runs", table(columns, rows)),
        _differing(runs) if (out.parent / DIFFERENCES).is_file() else "",
        section("pictures", "Pictures", *shown, *_compared(out.parent)) if shown else "",
    ]
    data = curve_data(dict(zip(runs, scores, strict=True)))
    write_text(out, document(title, "\n".join(parts), data, ("charts.js", "sweep.js")))
    return out


def _compared(folder: Path) -> list[str]:
    """Returns the tables of every two runs compared: which layers they share, and where their curves differ."""
    found = [
        (name, checked(folder / name, read_rows)) for name in (COMPARISON, DIFFERENCES) if (folder / name).is_file()
    ]
    return [fold(name, table(list(rows[0]), [list(row.values()) for row in rows])) for name, rows in found if rows]


def _differing(runs: Mapping[str, Path]) -> str:
    """Returns the section on which curves can be told apart."""
    pairs = differences.differences(runs)
    head, *rows = differences.cells(pairs)
    return section(
        "differing",
        "Which curves can be told apart",
        table(head, rows),
        *(f"<p>{text(line)}</p>" for line in differences.remarks(pairs, runs)),
    )


def _link(name: str, folder: Path, out: Path) -> str:
    if not (folder / NAME).is_file():
        return name
    way = quote(Path(os.path.relpath(folder / NAME, out.parent)).as_posix())
    return Markup(f'<a href="{text(way)}">{text(name)}</a>')


def _figures(scores: Scores, has_interval: bool) -> list[object]:
    top = scores.best()
    if top is None:
        return ["undefined", *[""] * (6 if has_interval else 5)]
    p, mean = p_cell(scores.curve_p, scores.n_draws), adjusted_cell(scores.mean_adjusted)
    there = f"{top.f1_mean:.3f}", f"{top.f1_chance:.3f}"
    interval = [scores.mean_interval] if has_interval else []
    return [adjusted_cell(top.f1_adjusted), top.k, p, mean, *interval, *there]


def _time(run: Mapping[str, Any]) -> str:
    seconds = run.get("wall_seconds")
    return f"{seconds:,.0f} s" if isinstance(seconds, int | float) else ""
