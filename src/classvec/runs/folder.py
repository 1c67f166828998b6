"""The folder of a job, and of a sweep.

``job.json`` has the overrides of the job, when it began and ended, its name once its work has begun, and its status:
started, finished (with the folder of the results, which an earlier job may have computed), stopped by a signal, or
failed (with the reason; ``error.txt`` has the stack trace). While the job runs, its process holds a lock on this file.
``sweep.json`` in the folder of a sweep has its id. The files of a run are listed in ``run.json``; see `card`.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from classvec.artifacts import Sweep, read_json, write_json, write_text
from classvec.errors import InputError
from classvec.runs.card import FINISHED, PAGE, RUN, identity

JOB, ERROR, SWEEP = "job.json", "error.txt", "sweep.json"
SUMMARY = ("summary.csv", "summary.md", "f1.png", "comparison.csv", "comparison.png", "differences.csv",
           "differences.png", PAGE)  # fmt: skip
"""Files of the summary of a sweep, in its folder."""

_HELD: dict[Path, int] = {}
"""Folder of a job that this process runs to the open file whose lock it holds."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """What became of a job.

    Attributes:
        overrides: What it was asked for, key to value.
        results: Folder of its results; None without any.
        identity: Its identity; empty without results, and for a job of train.py.
        state: ``finished``, ``failed``, ``running``, or ``stopped`` if it ended in another way.
        error: Why it has no results, in one line; empty if it has some.
        began: When it began; None for one of an earlier version.
        ended: When it ended; None if it did not, or for one of an earlier version.
        script: ``evaluate`` or ``train``; empty for one of an earlier version.
        name: Name of its run; empty unless its work has begun.
        tracking: What finds its tracking store again, paths from the folder of the job; empty if there is none.
        mark: Its mark in the index of finished jobs; None without results.
    """

    overrides: Mapping[str, str]
    results: Path | None = None
    identity: str = ""
    state: str = "finished"
    error: str = ""
    began: datetime | None = None
    ended: datetime | None = None
    script: str = ""
    name: str = ""
    tracking: Mapping[str, str] = field(default_factory=dict)
    mark: Path | None = None


def begin(folder: Path, overrides: Sequence[str], script: str = "") -> None:
    """Writes that a job was started, and what it was asked for.

    Args:
        folder: Folder of the job.
        overrides: What it was asked for.
        script: ``evaluate`` or ``train``.
    """
    (folder / ERROR).unlink(missing_ok=True)
    _note(folder, {"overrides": list(overrides), "script": script, "status": "started", "began": _now()})


def work(folder: Path, name: str) -> None:
    """Writes that the work of a job begins, under which name; from now on its folder stays, whatever happens."""
    if (folder / JOB).exists():  # with hydra.output_subdir=null the job leaves no trace
        _note(folder, {**read_json(folder / JOB), "name": name})


def has_begun(folder: Path) -> bool:
    """Returns whether the work of a job has begun, as `work` says."""
    with suppress(InputError):
        return "name" in read_json(folder / JOB)
    return False


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
        _note(folder, {**job, "status": "finished", "ended": _now(), **found})


def fail(folder: Path, message: str) -> None:
    """Writes why a job failed; the first line of the message is the short reason."""
    write_text(folder / ERROR, message)
    reason = message.partition("\n")[0]
    _note(folder, {**read_json(folder / JOB), "status": "failed", "ended": _now(), "error": reason})


def stop(folder: Path, words: str) -> None:
    """Writes that a job was stopped before it was done, in one line."""
    job = read_json(folder / JOB)
    if job.get("status") == "started":
        write_text(folder / ERROR, words)
        _note(folder, {**job, "status": "stopped", "ended": _now(), "error": words})


def _note(folder: Path, job: Mapping[str, Any]) -> None:
    """Writes ``job.json``; until the job has ended, this process holds a lock on it, which ends with the process."""
    write_json(folder / JOB, dict(job))
    if (held := _HELD.pop(folder, None)) is not None:
        os.close(held)
    if job["status"] == "started":
        _HELD[folder] = os.open(folder / JOB, os.O_RDWR)
        with suppress(OSError):  # a file system without locks
            fcntl.flock(_HELD[folder], fcntl.LOCK_EX)  # waits for `is_running` at most


def is_running(folder: Path) -> bool:
    """Returns whether a process holds the lock of a job."""
    with (folder / JOB).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a file system without locks
            return False
    return False


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _time(job: Mapping[str, Any], key: str) -> datetime | None:
    return datetime.fromisoformat(job[key]).astimezone(UTC) if key in job else None


def status(folder: Path) -> Status:
    """Reads what became of a job.

    Raises:
        InputError: If the file is truncated or foreign.
    """
    job = read_json(folder / JOB)
    try:
        parts = (override.partition("=") for override in job["overrides"])
        overrides = {key.lstrip("+"): value for key, _, value in parts}
        script, name = (str(job.get(key, "")) for key in ("script", "name"))
        known = Status(
            overrides=overrides, began=_time(job, "began"), ended=_time(job, "ended"), script=script, name=name
        )
        if job["status"] == "started":
            found = ("running", "still running") if is_running(folder) else ("stopped", "killed")
            return replace(known, state=found[0], error=found[1])
        if job["status"] != "finished":
            return replace(known, state=str(job["status"]), error=str(job["error"]))
        results, expected = Path(os.path.normpath(folder / job["results"])), job["identity"]
        if expected and identity(results) != expected:
            return replace(known, state="failed", error=f"its results in {results} no longer exist")
        tracking = {str(key): str(value) for key, value in job.get("tracking", {}).items()}
        mark = Path(os.path.normpath(folder / job["mark"])) if "mark" in job else None
        return replace(known, results=results, identity=expected, tracking=tracking, mark=mark)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
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
