"""Finished runs logged later, from their folders: their store did not answer, or is another one."""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path

from classvec import settings
from classvec.artifacts import held
from classvec.errors import InputError
from classvec.report import record
from classvec.report.mlflow import MLflow
from classvec.report.publish import words
from classvec.runs import folder as folders
from classvec.runs.card import FINISHED, check
from classvec.runs.identity import owner, read_mark
from classvec.settings import default


def log_runs(runs: Sequence[Path], store: str | None = None) -> Iterator[tuple[str, bool]]:
    """Logs runs in MLflow, unless their store has them.

    Args:
        runs: Output folders of runs, or folders with the folders of jobs, such as those of sweeps.
        store: Tracking URI; None for the store that each run names.

    Yields:
        For each run a line, and whether the store has it.
    """
    for folder in runs:
        for job in [folder] if (folder / FINISHED).is_file() else folders.jobs(folder) or [folder]:
            try:
                yield _log(job, store)
            except (InputError, OSError) as error:
                yield f"{job}: not logged: {error}", False


def _log(job: Path, store: str | None) -> tuple[str, bool]:
    status = folders.status(job) if (job / folders.JOB).is_file() else folders.Status(overrides={}, results=job)
    results = status.results
    if results is None or not (results / FINISHED).is_file():
        raise InputError(f"it holds no finished run of evaluate.py: expected a folder with {FINISHED}")
    check(results)
    run, content = record.load(results)
    tracking = _of_store(store, status) if store else MLflow.at(status.tracking, job)
    mark = _own_mark(status, run.job)
    with held(mark.with_suffix("")) if mark else nullcontext():
        run = replace(run, owner=owner(mark.parent) if mark else "")
        if tracking.tie(run) is not None:
            return f"{run.name}: logged already in {tracking.uri}", True
        with tracking.start(run) as entry:
            entry.add(content)
    logged = "" if entry.problem else f"logged in {tracking.uri}\n"
    return f"{run.name}: {logged}{words(entry, results, store)}", not entry.problem


def _own_mark(status: folders.Status, job: str) -> Path | None:
    """Returns the mark of a job, if it is there and says the same as the job: a folder may be somebody else's."""
    with suppress(InputError):
        if status.mark is not None and read_mark(status.mark) == (status.results, job):
            return status.mark
    return None


def _of_store(store: str, status: folders.Status) -> MLflow:
    """Returns a store by its URI, with the experiment of the run; files of a local one lie beside it."""
    beside = Path(store.removeprefix("sqlite:///")).parent / "mlartifacts"
    experiment = status.tracking.get("experiment", default(settings.MLflow, "experiment"))
    return MLflow.at({"uri": store, "experiment": experiment, "artifacts": str(beside)}, Path.cwd(), trusted=True)
