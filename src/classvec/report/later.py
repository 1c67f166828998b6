"""Finished runs logged later, from their folders: their store did not answer, or is another one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from classvec.artifacts import held
from classvec.errors import InputError
from classvec.report import record
from classvec.report.mlflow import MLflow
from classvec.report.publish import words
from classvec.runs import folder as folders
from classvec.runs.card import FINISHED, check
from classvec.runs.identity import owner


def log_runs(runs: Sequence[Path], store: str | None = None) -> Iterator[str]:
    """Logs runs in MLflow, unless their store has them.

    Args:
        runs: Output folders of runs, or folders with the folders of jobs, such as those of sweeps.
        store: Tracking URI; None for the store that each run names.

    Yields:
        A line for each run.

    Raises:
        InputError: If a folder holds no finished run, a file is damaged, or a store cannot be used.
    """
    for folder in runs:
        for job in [folder] if (folder / FINISHED).is_file() else folders.jobs(folder) or [folder]:
            yield _log(job, store)


def _log(job: Path, store: str | None) -> str:
    status = folders.status(job) if (job / folders.JOB).is_file() else folders.Status(overrides={}, results=job)
    results = status.results
    if results is None or not (results / FINISHED).is_file():
        raise InputError(f"{job} holds no finished run of evaluate.py: expected a folder with {FINISHED}")
    tracking = MLflow.at(_address(store) if store else status.tracking, Path.cwd() if store else job)
    check(results, record.RECORD)
    run, content = record.load(results)
    with held(status.mark.with_suffix("")) if status.mark else nullcontext():
        run = replace(run, owner=owner(status.mark.parent) if status.mark else "")
        if tracking.tie(run):
            return f"{run.name}: logged already in {tracking.uri}"
        with tracking.start(run) as entry:
            entry.add(content)
    return f"{run.name}: {words(entry, results)}"


def _address(store: str) -> Mapping[str, str]:
    """Returns where a store is and its files are: those of a local one lie beside it."""
    return {
        "uri": store,
        "experiment": "classvec",
        "artifacts": f"{Path(store.removeprefix('sqlite:///')).parent}/mlartifacts",
    }
