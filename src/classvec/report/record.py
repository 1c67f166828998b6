"""The record of a run in its folder: all that a tracking store gets, so that it can be logged at any time."""

import math
import re
from pathlib import Path
from typing import Any

from classvec.artifacts import RunCard, Sweep, read_json, write_json
from classvec.errors import InputError
from classvec.report.tracking import Content, TrackedData, TrackedRun

RECORD = "tracked.json"


def started(card: RunCard) -> TrackedRun:
    """Returns what is known of an evaluation when it starts."""
    return TrackedRun(name=card.name, job=card.identity, sweep=card.sweep, owner=card.owner, params=card.choices)


def save(card: RunCard, content: Content, folder: Path) -> Path:
    """Writes the record of a run into its folder.

    Args:
        card: How the run is known.
        content: All that was logged, or would have been.
        folder: Folder of the run, with the files that the content names.

    Returns:
        The file.
    """
    data = None if content.data is None else vars(content.data)
    value = {
        "run": {"name": card.name, "job": card.identity, "sweep": vars(card.sweep), "params": dict(card.choices)},
        "metrics": [list(point) for point in content.metrics if math.isfinite(point[1])],
        "tags": dict(content.tags),
        "description": content.description,
        "data": data,
        "files": [path.relative_to(folder).as_posix() for path in content.files],
        "images": {name: [p.relative_to(folder).as_posix() for p in paths] for name, paths in content.images.items()},
        "tables": content.tables,
    }
    write_json(folder / RECORD, value)
    return folder / RECORD


def load(folder: Path) -> tuple[TrackedRun, Content]:
    """Reads the record of a run; files outside its folder are left out, since the record may be somebody else's.

    Raises:
        InputError: If it is missing, truncated or foreign.
    """
    path = folder / RECORD
    value = read_json(path)
    try:
        run = value["run"]
        return (
            TrackedRun(
                name=str(run["name"]),
                job=_plain(run["job"]),
                sweep=Sweep(name=str(run["sweep"]["name"]), id=_plain(run["sweep"]["id"])),
                params={str(key): str(chosen) for key, chosen in run["params"].items()},
            ),
            Content(
                metrics=[(str(name), float(number), int(step)) for name, number, step in value["metrics"]],
                tags={str(key): str(tag) for key, tag in value["tags"].items()},
                description=str(value["description"]),
                data=None if value["data"] is None else TrackedData(**value["data"]),
                files=_inside(folder, value["files"]),
                images={str(name): _inside(folder, paths) for name, paths in value["images"].items()},
                tables=dict(value["tables"]),
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is truncated or foreign ({error!r}): run evaluate.py with force=true to log the job"
        ) from error


def _plain(value: object) -> str:
    """Returns an id that can stand in a query."""
    if not re.fullmatch(r"[\w.-]+", str(value)):
        raise ValueError(f"{value!r} is no id")
    return str(value)


def _inside(folder: Path, names: Any) -> list[Path]:
    paths = [folder / str(name) for name in names]
    return [path for path in paths if path.is_file() and path.resolve().is_relative_to(folder.resolve())]
