"""The page of a sweep: the curves of its runs over one another, what they differ in, and the way to each run's page."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from classvec.artifacts import HARDLY_ABOVE_CHANCE, Scores, write_text
from classvec.errors import InputError
from classvec.page import run_page
from classvec.page.document import Markup, document, picture, section, table, text
from classvec.page.run_files import read_run
from classvec.page.run_page import NAME, curve

CAPTIONS = {
    "agreement": "Do the runs find the same classes alike?",
    "f1": "The curves as a picture",
    "table3": "Names of the clusters",
    "summary": "All curves",
}


def remake(folder: Path) -> Path:
    """Makes the page of a run anew; or those of a sweep's runs, and then the sweep's.

    Args:
        folder: Output folder of a run, or of a sweep.

    Returns:
        The page.

    Raises:
        InputError: If there is no run, or a file of one is truncated.
    """
    if (folder / "run.json").is_file():
        return run_page.write(folder)
    runs = sorted((path.parent for path in folder.glob("*/run.json")), key=lambda run: (len(run.name), run.name))
    for run in runs:
        run_page.write(run)
    return write(runs, folder / run_page.NAME)


def write(folders: Sequence[Path], out: Path) -> Path:
    """Writes the page of several runs.

    Args:
        folders: Output folders of the runs, in the order to show them.
        out: The page to write; pictures beside it are shown on it, and links to the runs start from it.

    Returns:
        The page.

    Raises:
        InputError: If there is no run, or a file of one is truncated.
    """
    if not folders:
        raise InputError(f"no run of evaluate.py for {out}: wanted folders with run.json and scores.csv")
    runs = [read_run(folder) for folder in folders]
    scores = [Scores.load(folder / "scores.csv") for folder in folders]
    differing = _differing([run["choices"] for run in runs])
    names = _distinct([run["name"] for run in runs], folders)
    title = f"{len(runs)} runs: {', '.join(differing) or 'all alike'}"
    rows = [
        [_link(name, folder, out), *(run["choices"].get(key, "") for key in differing), *_figures(score), _time(run)]
        for name, run, folder, score in zip(names, runs, folders, scores, strict=True)
    ]
    columns = ("run", *differing, "best adjusted F1", "at k", "mean F1 there", "chance", "p", "time")
    low = [name for name, score in zip(names, scores, strict=True) if not _above_chance(score)]
    parts = [
        f"<header><h1>{text(title)}</h1>{_warning(low)}</header>",
        section(
            "curves",
            "How well concepts describe the clusters",
            '<div class="chart" id="f1-chart" role="img" aria-label="F1 over the number of clusters, a curve for each '
            'run"></div>',
            "<p>Left: mean of the clusters' best F1, and dashed the chance level of each run. Right: what is left once "
            "chance is taken off. A click on a name hides its curve.</p>",
        ),
        section("runs", "The runs", table(columns, rows)),
        _pictures(out),
    ]
    data = {"curves": [{"name": n, "rows": curve(s.rows)} for n, s in zip(names, scores, strict=True)]}
    write_text(out, document(title, "\n".join(parts), data, ("charts.js", "sweep.js")))
    return out


def _differing(choices: Sequence[Mapping[str, Any]]) -> list[str]:
    return [key for key in choices[0] if len({str(choice.get(key)) for choice in choices}) > 1]


def _distinct(names: Sequence[str], folders: Sequence[Path]) -> list[str]:
    """Names runs; those of equal name by their folder too."""
    return [
        name if names.count(name) == 1 else f"{name}, {folder.parent.name}/{folder.name}"
        for name, folder in zip(names, folders, strict=True)
    ]


def _link(name: str, folder: Path, out: Path) -> str:
    if not (folder / NAME).is_file():
        return name
    way = quote(Path(os.path.relpath(folder / NAME, out.parent)).as_posix())
    return Markup(f'<a href="{text(way)}">{text(name)}</a>')


def _figures(scores: Scores) -> list[object]:
    top = scores.best()
    if top is None:
        return ["undefined", "", "", "", ""]
    return [f"{top.f1_adjusted:.2f}", top.k, f"{top.f1_mean:.3f}", f"{top.f1_chance:.3f}", f"{top.p:.2g}"]


def _time(run: Mapping[str, Any]) -> str:
    seconds = run.get("wall_seconds")
    return f"{seconds:,.0f} s" if isinstance(seconds, int | float) else ""


def _above_chance(scores: Scores) -> bool:
    top = scores.best()
    return top is not None and top.f1_adjusted >= HARDLY_ABOVE_CHANCE


def _warning(low: Sequence[str]) -> str:
    if not low:
        return ""
    words = f"Adjusted F1 stays below .1, hardly better than chance: {', '.join(low)}."
    return f'<p class="warning">{text(words)}</p>'


def _pictures(out: Path) -> str:
    found = sorted(out.parent.glob("*.png"))
    parts = [picture(path, CAPTIONS.get(path.stem, path.stem), CAPTIONS.get(path.stem, path.stem)) for path in found]
    return section("pictures", "Pictures", *parts) if parts else ""
