"""What analyses and reconstructions yield, as files: loops that know no analysis by name."""

from collections.abc import Sequence
from pathlib import Path

from classvec import figures
from classvec.analyses.analysis import Result
from classvec.artifacts import Reconstructions, write_csv, write_json, write_table
from classvec.runs.files import ANALYSES, RECONSTRUCTIONS


def write(results: Sequence[Result], folder: Path) -> tuple[list[Path], dict[str, Path]]:
    """Writes tables and pictures, and ``analyses.json``: titles, lines, values, a sweep's columns and names of files.

    Args:
        results: What each analysis yielded.
        folder: Where to write.

    Returns:
        The tables and ``analyses.json``, and name of each picture to its file.
    """
    tables = [write_table(folder / f"{name}.csv", rows) for r in results for name, rows in r.tables.items()]
    pictures = {
        name: figures.save(chart.figure, folder / f"{name}.png") for r in results for name, chart in r.charts.items()
    }
    content = [
        {
            "name": result.name,
            "title": result.title,
            "lines": list(result.lines),
            "values": dict(result.values),
            "summary": dict(result.summary),
            "tables": [f"{name}.csv" for name in result.tables],
            "pictures": {f"{name}.png": chart.caption for name, chart in result.charts.items() if chart.on_page},
        }
        for result in results
    ]
    write_json(folder / ANALYSES, {"analyses": content})
    return [*tables, folder / ANALYSES], pictures


def write_reconstructions(made: Reconstructions, name: str, folder: Path) -> tuple[list[Path], dict[str, list[Path]]]:
    """Writes the images of a run and their scorecard.

    ``reconstructions.csv`` (a row per image, and for the real image and the noise beside it), ``reconstructions.png``
    (all of them with their names), ``reconstructions/KEY.png`` and ``reconstructions/KEY/STEP.png``.

    Args:
        made: The images.
        name: Name of the run.
        folder: Where to write.

    Returns:
        The files that belong to no series, and name of each series of pictures to its PNG files, in their order; the
        grid is a series of one.
    """
    rows = made.rows()
    write_csv(folder / RECONSTRUCTIONS, rows, list(rows[0]))
    write_json(folder / "reconstructions.json", {"judge": made.judge, "provenance": dict(made.provenance)})
    grid = figures.reconstructions(made, f"{name}: what its class vectors look like")
    series: dict[str, list[Path]] = {"reconstructions": [figures.save(grid, folder / "reconstructions.png")]}
    singles = [folder / RECONSTRUCTIONS, folder / "reconstructions.json"]
    for item in made.items:
        key = item.target.key
        path = folder / "reconstructions" / f"{key}.png"
        singles.append(figures.save_picture(item.picture, path))
        steps = [path.parent / key / f"{step:02d}.png" for step in range(len(item.snapshots))]
        series[f"reconstruction/{key}"] = [
            figures.save_picture(picture, step) for picture, step in zip(item.snapshots, steps, strict=True)
        ]
    return singles, series
