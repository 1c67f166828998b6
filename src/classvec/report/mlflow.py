"""Runs in MLflow: one for each job, flat, so that the curves of a sweep overlay."""

import logging
import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from classvec import settings
from classvec.artifacts import Sweep
from classvec.errors import InputError
from classvec.report.mlflow_content import LONGEST_TAG, as_params, log_content, set_tags
from classvec.report.mlflow_sqlite import SQLITE, database
from classvec.report.mlflow_store import opened, reach
from classvec.report.source_tags import source_tags
from classvec.report.tracking import Content, NoLog, RunLog, TrackedRun
from classvec.settings import OnUnreachable

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class MLflow(settings.MLflow):
    """An MLflow store."""

    def reach(self) -> None:
        """Looks whether a server answers; see `Tracking.reach`. With ``on_error=later`` that is left to `start`.

        Raises:
            InputError: If it does not.
        """
        if self.on_error == OnUnreachable.error:
            reach(self.uri)

    @contextmanager
    def start(self, run: TrackedRun) -> Iterator[RunLog]:
        """Starts a run; see `Tracking.start`.

        Raises:
            InputError: If the store cannot be reached or written, unless ``on_error=later``.
        """
        try:
            with opened(self) as (client, experiment):
                _close_left(client, experiment, run)
                tags = {**source_tags(), **run.tags, **_of_sweep(run.sweep), "job": run.job, "sweep_id": run.sweep.name}
                tags |= {"job.owner": run.owner} if run.owner else {}
                info = client.create_run(experiment, run_name=run.name, tags=tags).info
        except InputError as error:
            yield NoLog(problem=self._left_for_later(error))
            return
        entry = _Entry(client, info, run, self._where(info.experiment_id, run.sweep))
        try:
            entry.log_params()
            yield entry
        except BaseException as error:
            entry.fail(error)
            raise
        entry.finish()

    def tie(self, run: TrackedRun) -> str | None:
        """Ties the finished run of a job to a sweep as well; see `Tracking.tie`.

        Args:
            run: The job, the sweep, and who holds its lock.

        Returns:
            Words on where to see it, empty if that is left for later; None if the store does not have the run.

        Raises:
            InputError: If the store cannot be reached or written, unless ``on_error=later``.
        """
        try:
            with opened(self) as (client, experiment):
                _close_left(client, experiment, run)
                found = _search(client, experiment, run.job, "FINISHED")
                for earlier in found:
                    set_tags(client, earlier.info.run_id, _of_sweep(run.sweep))
        except InputError as error:
            self._left_for_later(error)
            return ""
        return self._where(experiment, run.sweep) if found else None

    def _left_for_later(self, error: InputError) -> str:
        """Raises an error again, unless ``on_error=later``; then logs and returns the reason, without its advice."""
        if self.on_error == OnUnreachable.error:
            raise error
        reason = str(error).partition("): ")[0] + ")"
        log.warning("not logged for now: %s", reason)
        return reason

    def address(self, folder: Path) -> dict[str, str]:
        """Returns what finds the store again, paths from a folder."""
        file = database(self.uri)
        if file is None:
            return {"uri": self.uri, "experiment": self.experiment, "artifacts": ""}
        uri, artifacts = f"{SQLITE}{os.path.relpath(file, folder)}", os.path.relpath(self.artifacts, folder)
        return {"uri": uri, "experiment": self.experiment, "artifacts": artifacts}

    @classmethod
    def at(cls, found: Mapping[str, str], folder: Path, *, trusted: bool = False) -> Self:
        """Returns the store that `address` described.

        Args:
            found: The description.
            folder: Where its paths start from.
            trusted: Whether the user has named it; if not, a server gets no password from the environment.

        Raises:
            InputError: If something is missing, or a server would get a password that is meant for another one.
        """
        try:
            uri, experiment, artifacts = (str(found[name]) for name in ("uri", "experiment", "artifacts"))
        except (KeyError, TypeError) as error:
            raise InputError(f"{folder} names no tracking store ({error!r}): give one with --store URI") from error
        if (file := database(uri)) is not None:
            uri = f"{SQLITE}{(folder / file).resolve()}"
        elif not trusted and uri != os.environ.get("MLFLOW_TRACKING_URI") and (secret := _secrets()):
            raise InputError(
                f"{folder} names the store {uri}, which would get {', '.join(secret)} of your environment: if you "
                "trust it, set MLFLOW_TRACKING_URI to the same address"
            )
        return cls(uri=uri, experiment=experiment, artifacts=str((folder / artifacts).resolve()))

    def _where(self, experiment: str, sweep: Sweep) -> str:
        chosen = quote(" and ".join(f'tags.`{name}` = "{value}"' for name, value in _of_sweep(sweep).items()))
        view = (
            f"#/experiments/{experiment}/runs?workflowType=machine_learning&compareRunsMode=CHART&searchFilter={chosen}"
        )
        if database(self.uri) is None:
            return f"MLflow: {self.uri.rstrip('/')}/{view}"
        return f"MLflow: python -m classvec ui --store {shlex.quote(self.uri)}\n        http://127.0.0.1:5000/{view}"


def _secrets() -> list[str]:
    names = ("USERNAME", "PASSWORD", "TOKEN", "AUTH")
    return [name for name in (f"MLFLOW_TRACKING_{part}" for part in names) if os.environ.get(name)]


class _Entry:
    """A run in a store, open while it is computed. Once the store fails it is left alone: the files have everything."""

    def __init__(self, client: Any, info: Any, run: TrackedRun, where: str) -> None:
        self._client, self._info, self._run = client, info, run
        self.where, self.problem = where, ""

    def log_params(self) -> None:
        """Logs the choices of the run."""
        self._send(lambda: self._client.log_batch(self._info.run_id, params=as_params(self._run.params)))

    def add(self, content: Content) -> None:
        """Logs what the run has yielded."""
        self._send(lambda: self._add(content))

    def _add(self, content: Content) -> None:
        log_content(self._client, self._info.run_id, content)
        for job, colour in content.colours.items():
            for run in _search(self._client, self._info.experiment_id, job, sweep=self._run.sweep):
                self._client.set_tag(run.info.run_id, "mlflow.runColor", colour)

    def finish(self) -> None:
        """Ends the run; an earlier finished run of the same job is replaced, and its sweeps are kept."""
        self._send(lambda: self._client.set_terminated(self._info.run_id))
        self._send(self._replace_others)
        with suppress(Exception):  # a store that failed may not answer; the next start of the job ends the run
            if self.problem:
                self._client.set_terminated(self._info.run_id, status="FAILED")

    def _replace_others(self) -> None:
        """Deletes all finished runs of the job but the newest; of two processes, each finds the same one."""
        found = _search(self._client, self._info.experiment_id, self._run.job, "FINISHED")
        *others, newest = sorted(found, key=lambda run: (run.info.start_time, run.info.run_id))
        for other in others:
            sweeps = {key: value for key, value in other.data.tags.items() if key.startswith("sweep.")}
            set_tags(self._client, newest.info.run_id, sweeps)
            self._client.delete_run(other.info.run_id)

    def fail(self, error: BaseException) -> None:
        """Ends the run as killed by a signal, or as failed, with the error."""
        killed = isinstance(error, KeyboardInterrupt | SystemExit)
        message = " ".join(str(error).split()) or type(error).__name__
        with suppress(Exception):
            if not killed:
                self._client.set_tag(self._info.run_id, "error", message[:LONGEST_TAG])
            self._client.set_terminated(self._info.run_id, status="KILLED" if killed else "FAILED")

    def _send(self, step: Callable[[], None]) -> None:
        """Does a step, unless one has failed before, and reports the first failure."""
        if self.problem:
            return
        try:
            step()
        except Exception as error:  # of the network, a database, a disk: whatever it is, the results come first
            self.problem = " ".join(str(error).split())[:300]
            log.warning("MLflow's store fails, and gets no more of this run: %s", self.problem)


def _search(
    client: Any, experiment: str, job: str, status: str = "", owner: str = "", sweep: Sweep | None = None
) -> Sequence[Any]:
    """Finds the runs of a job, of some status, owner or sweep alone if these are given."""
    tags = {"job": job, **({"job.owner": owner} if owner else {}), **(_of_sweep(sweep) if sweep else {})}
    chosen = [f'tags.`{name}` = "{value}"' for name, value in tags.items()]
    chosen += [f"attributes.status = '{status}'"] if status else []
    runs: Sequence[Any] = client.search_runs([experiment], " and ".join(chosen))
    return runs


def _close_left(client: Any, experiment: str, run: TrackedRun) -> None:
    """Ends runs of a job that its owner left behind: whoever holds the job's lock knows that they were killed."""
    for left in _search(client, experiment, run.job, "RUNNING", run.owner) if run.owner else ():
        client.set_terminated(left.info.run_id, status="KILLED")


def _of_sweep(sweep: Sweep) -> dict[str, str]:
    """Returns the tag of a sweep: one for each, since a run may belong to several."""
    return {f"sweep.{sweep.id}": "1"}
