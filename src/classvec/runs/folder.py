"""The folder of a job: its status, the card of its run, and which files the run wrote.

``job.json`` has the overrides of the job and its status: started, finished (with the folder of the results, which an
earlier job may have computed) or failed (with the reason; ``error.txt`` has the stack trace). ``run.json`` is the card
of the run whose files lie in the folder, with their names; ``finished.json`` is written last and has its identity.
"""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classvec.artifacts import Cost, RunCard, write_json, write_text
from classvec.errors import InputError

log = logging.getLogger(__name__)
JOB, RUN, FINISHED, ERROR = "job.json", "run.json", "finished.json", "error.txt"
SUMMARY = ("summary.csv", "summary.md", "f1.png", "comparison.csv", "comparison.png", "report.html")
"""Files of the summary of a sweep, in its folder."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What became of a job.

    Attributes:
        overrides: What it was asked for, key to value.
        results: Folder of its results; None without any.
        identity: Its identity; empty without results, and for a job of train.py.
        error: Why it failed, in one line; empty if it did not.
    """

    overrides: Mapping[str, str]
    results: Path | None = None
    identity: str = ""
    error: str = ""


def begin(folder: Path, overrides: Sequence[str]) -> None:
    """Writes that a job was started, and what it was asked for."""
    (folder / ERROR).unlink(missing_ok=True)
    write_json(folder / JOB, {"overrides": list(overrides), "status": "started"})


def end(folder: Path, results: Path, identity: str = "") -> None:
    """Writes that a job is finished, with folder and identity of its results, unless that was written before.

    Args:
        folder: Folder of the job.
        results: Folder of the results.
        identity: Identity of the job; empty for one of train.py, which has none.
    """
    job = _object(folder / JOB)
    if job.get("status") == "started":
        results_of = {"results": os.path.relpath(results, folder), "identity": identity}
        write_json(folder / JOB, {**job, "status": "finished", **results_of})


def fail(folder: Path, message: str) -> None:
    """Writes why a job failed; the first line of the message is the short reason."""
    write_text(folder / ERROR, message)
    write_json(folder / JOB, {**_object(folder / JOB), "status": "failed", "error": message.partition("\n")[0]})


def status(folder: Path) -> Status:
    """Reads what became of a job.

    Raises:
        InputError: If the file is truncated or foreign.
    """
    job = _object(folder / JOB)
    try:
        parts = (override.partition("=") for override in job["overrides"])
        overrides = {key.lstrip("+"): value for key, _, value in parts}
        if job["status"] != "finished":
            return Status(overrides=overrides, error=job.get("error", "killed, or still running"))
        results, expected = Path(os.path.normpath(folder / job["results"])), job["identity"]
        if expected and identity(results) != expected:
            return Status(overrides=overrides, error=f"its results in {results} no longer exist")
        return Status(overrides=overrides, results=results, identity=expected)
    except (KeyError, AttributeError, TypeError) as error:
        raise InputError(f"{folder / JOB} is truncated or foreign ({error!r}): delete it") from error


def is_finished(folder: Path) -> bool:
    """Returns whether a folder has the mark of a job that is finished."""
    with suppress(InputError):
        return _object(folder / JOB).get("status") == "finished"
    return False


def begin_sweep(folder: Path) -> None:
    """Removes the marks of the jobs and the summary of an earlier sweep in the same folder; results stay."""
    for path in folder.glob(f"*/{JOB}"):
        path.unlink()
    clear_summary(folder)


def clear_summary(folder: Path) -> None:
    """Removes the files of a sweep's summary."""
    for name in SUMMARY:
        (folder / name).unlink(missing_ok=True)


def jobs(folder: Path) -> list[Path]:
    """Returns the folders of the jobs in a folder, in the order of their numbers."""
    return sorted((path.parent for path in folder.glob(f"*/{JOB}")), key=lambda path: (len(path.name), path.name))


def identity(folder: Path) -> str | None:
    """Returns the identity of the job whose results a folder holds; None without results."""
    try:
        return str(_object(folder / FINISHED)["identity"])
    except (InputError, KeyError):
        return None


def write_card(folder: Path, card: RunCard, n_images: int, cost: Cost | None, files: Sequence[Path]) -> Path:
    """Writes ``run.json``: how the run is known, what it took, and the files that it wrote into its folder."""
    content = {
        "name": card.name,
        "sweep_id": card.sweep_id,
        "choices": dict(card.choices),
        "control": card.control,
        "images": n_images,
        "files": sorted({path.relative_to(folder).as_posix() for path in files}),
        **({} if cost is None else vars(cost)),
    }
    write_json(folder / RUN, content)
    return folder / RUN


def read_card(folder: Path) -> Mapping[str, Any]:
    """Reads ``run.json``.

    Raises:
        InputError: If it is missing, truncated or foreign.
    """
    card = _object(folder / RUN)
    try:
        if not all(isinstance(name, str) for name in card["files"]):
            raise TypeError("files are no names")
        return {**card, "name": str(card["name"]), "choices": dict(card["choices"]), "files": list(card["files"])}
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / RUN} is truncated or foreign ({error!r}): run evaluate.py again") from error


def clear(folder: Path) -> None:
    """Removes the files that an earlier run wrote into a folder, so that they cannot pass for those of another run."""
    (folder / FINISHED).unlink(missing_ok=True)
    with suppress(InputError):  # no earlier run
        files = [folder / name for name in read_card(folder)["files"]]
        for path in files:
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
        whole = [run for run in results if run is not None and (run / RUN).is_file()]
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


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is missing, truncated or foreign ({error})") from error
    if not isinstance(value, dict):
        raise InputError(f"{path}: expected a JSON object, got {type(value).__name__}")
    return value
