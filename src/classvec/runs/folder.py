"""The folder of a job, and of a sweep.

``job.json`` has the overrides of the job and its status: started, finished (with the folder of the results, which an
earlier job may have computed), stopped by a signal, or failed (with the reason; ``error.txt`` has the stack trace).
``sweep.json`` in the folder of a sweep has its id. The files of a run are listed in ``run.json``; see `card`.
"""

import logging
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classvec.artifacts import Sweep, read_json, write_json, write_text
from classvec.errors import InputError
from classvec.runs.card import FINISHED, PAGE, RUN, identity, read_card

log = logging.getLogger(__name__)
JOB, ERROR, SWEEP = "job.json", "error.txt", "sweep.json"
SUMMARY = ("summary.csv", "summary.md", "f1.png", "comparison.csv", "comparison.png", "differences.csv",
           "differences.png", PAGE)  # fmt: skip
"""Files of the summary of a sweep, in its folder."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What became of a job.

    Attributes:
        overrides: What it was asked for, key to value.
        results: Folder of its results; None without any.
        identity: Its identity; empty without results, and for a job of train.py.
        error: Why it failed, in one line; empty if it did not.
        tracking: What finds its tracking store again, paths from the folder of the job; empty if there is none.
        mark: Its mark in the index of finished jobs; None without results.
    """

    overrides: Mapping[str, str]
    results: Path | None = None
    identity: str = ""
    error: str = ""
    tracking: Mapping[str, str] = field(default_factory=dict)
    mark: Path | None = None


def begin(folder: Path, overrides: Sequence[str]) -> None:
    """Writes that a job was started, and what it was asked for."""
    (folder / ERROR).unlink(missing_ok=True)
    write_json(folder / JOB, {"overrides": list(overrides), "status": "started"})


def end(
    folder: Path, results: Path, identity: str = "", mark: Path | None = None, tracking: Mapping[str, str] | None = None
) -> None:
    """Writes that a job is finished, unless that was written before.

    Args:
        folder: Folder of the job.
        results: Folder of the results.
        identity: Identity of the job; empty for one of train.py, which has none.
        mark: Its mark in the index of finished jobs.
        tracking: What finds its tracking store again, paths from the folder of the job.
    """
    job = read_json(folder / JOB)
    if job.get("status") == "started":
        found = {"results": os.path.relpath(results, folder), "identity": identity, "tracking": dict(tracking or {})}
        found |= {"mark": os.path.relpath(mark, folder)} if mark else {}
        write_json(folder / JOB, {**job, "status": "finished", **found})


def fail(folder: Path, message: str) -> None:
    """Writes why a job failed; the first line of the message is the short reason."""
    write_text(folder / ERROR, message)
    write_json(folder / JOB, {**read_json(folder / JOB), "status": "failed", "error": message.partition("\n")[0]})


def stop(folder: Path, words: str) -> None:
    """Writes that a job was stopped before it was done, in one line."""
    job = read_json(folder / JOB)
    if job.get("status") == "started":
        write_text(folder / ERROR, words)
        write_json(folder / JOB, {**job, "status": "stopped", "error": words})


def status(folder: Path) -> Status:
    """Reads what became of a job.

    Raises:
        InputError: If the file is truncated or foreign.
    """
    job = read_json(folder / JOB)
    try:
        parts = (override.partition("=") for override in job["overrides"])
        overrides = {key.lstrip("+"): value for key, _, value in parts}
        if job["status"] != "finished":
            return Status(overrides=overrides, error=job.get("error", "killed, or still running"))
        results, expected = Path(os.path.normpath(folder / job["results"])), job["identity"]
        if expected and identity(results) != expected:
            return Status(overrides=overrides, error=f"its results in {results} no longer exist")
        tracking = {str(key): str(value) for key, value in job.get("tracking", {}).items()}
        mark = Path(os.path.normpath(folder / job["mark"])) if "mark" in job else None
        return Status(overrides=overrides, results=results, identity=expected, tracking=tracking, mark=mark)
    except (KeyError, AttributeError, TypeError) as error:
        raise InputError(f"{folder / JOB} is truncated or foreign ({error!r}): delete it") from error


def is_finished(folder: Path) -> bool:
    """Returns whether a folder has the mark of a job that is finished."""
    with suppress(InputError):
        return read_json(folder / JOB).get("status") == "finished"
    return False


def begin_sweep(folder: Path, title: str = "") -> None:
    """Gives a sweep its id; removes the marks of the jobs and the summary of an earlier sweep in the same folder.

    Args:
        folder: Folder of the sweep; results of an earlier one stay.
        title: Title of its pictures.
    """
    for path in folder.glob(f"*/{JOB}"):
        path.unlink()
    clear_summary(folder)
    write_json(folder / SWEEP, {"id": new_sweep(folder).id, "title": title})


def new_sweep(folder: Path) -> Sweep:
    """Returns a sweep with a new id: two folders may have the same name, and one folder may be given twice."""
    words = re.sub(r"[^A-Za-z0-9_-]+", "-", folder.name)[:60]
    return Sweep(name=folder.name, id=f"{words}-{secrets.token_hex(4)}")


def sweep_of(folder: Path) -> tuple[Sweep, str]:
    """Returns the sweep in a folder, and its title.

    Raises:
        InputError: If the file is missing, truncated or foreign.
    """
    content = read_json(folder / SWEEP)
    if not re.fullmatch(r"[\w.-]+", str(content.get("id"))):
        raise InputError(f"{folder / SWEEP} is truncated or foreign: it names no id of a sweep")
    return Sweep(name=folder.resolve().name, id=str(content["id"])), str(content.get("title") or "")


def clear_summary(folder: Path) -> None:
    """Removes the files of a sweep's summary."""
    for name in SUMMARY:
        (folder / name).unlink(missing_ok=True)


def jobs(folder: Path) -> list[Path]:
    """Returns the folders of the jobs in a folder, in the order of their numbers."""
    return sorted((path.parent for path in folder.glob(f"*/{JOB}")), key=lambda path: (len(path.name), path.name))


def clear(folder: Path) -> None:
    """Removes the files that an earlier run wrote into a folder, so that they cannot pass for those of another run."""
    (folder / FINISHED).unlink(missing_ok=True)
    with suppress(InputError, KeyError, TypeError):  # no earlier run, or one whose card is damaged
        for path in [folder / str(name) for name in read_json(folder / RUN)["files"]]:
            if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                path.unlink()
    (folder / RUN).unlink(missing_ok=True)
    if is_finished(folder):  # of an earlier job: with hydra.output_subdir=null this one has begun none
        (folder / JOB).unlink()


def find_runs(folders: Sequence[Path]) -> dict[str, Path]:
    """Finds the runs in some folders and gives each a unique name.

    Args:
        folders: Output folders of runs, or folders with the folders of jobs, such as those of sweeps.

    Returns:
        Name of a run to its folder.

    Raises:
        InputError: If no folder holds a run.
    """
    runs: list[Path] = []
    for folder in folders:
        marked = [folder] if (folder / JOB).is_file() else jobs(folder)
        results = [s.results for s in map(status, marked) if s.identity] if marked else [folder]
        whole = [run for run in results if run is not None and (run / FINISHED).is_file()]
        if not whole:
            log.warning("%s holds no run of evaluate.py: left out", folder)
        runs += whole
    if not runs:
        raise InputError(f"no run of evaluate.py in {', '.join(map(str, folders))}: expected folders with {RUN}")
    runs = list(dict.fromkeys(runs))
    cards = [read_card(run) for run in runs]
    names = unique_names([card["name"] for card in cards], [card["choices"] for card in cards], runs)
    return dict(zip(names, runs, strict=True))


def differing(choices: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the keys whose values are not the same everywhere, in the order in which they first occur."""
    keys = dict.fromkeys(key for chosen in choices for key in chosen)
    return [key for key in keys if len({str(chosen.get(key)) for chosen in choices}) > 1]


def unique_names(names: Sequence[str], choices: Sequence[Mapping[str, str]], folders: Sequence[Path]) -> list[str]:
    """Makes names unique: those that occur twice get the choices in which they differ, and if need be their folder.

    Args:
        names: The names.
        choices: The choices behind each.
        folders: The folder of each.
    """
    keys = differing(choices)
    longer = [
        ", ".join([name, *(str(chosen[key]) for key in keys if key in chosen)]) if names.count(name) > 1 else name
        for name, chosen in zip(names, choices, strict=True)
    ]
    with_folder = [
        f"{name}, {folder.parent.name}/{folder.name}" if longer.count(name) > 1 else name
        for name, folder in zip(longer, folders, strict=True)
    ]
    return [
        f"{name}, {folder}" if with_folder.count(name) > 1 else name
        for name, folder in zip(with_folder, folders, strict=True)
    ]
