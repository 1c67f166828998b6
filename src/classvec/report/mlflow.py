"""The only room that knows MLflow: one run for each evaluation, flat, so that the curves of a sweep overlay."""

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from classvec import settings
from classvec.artifacts import RunCard
from classvec.errors import InputError
from classvec.report.tracking import TrackedData, TrackedRun

log = logging.getLogger(__name__)
MOST_IN_A_BATCH = 1000
SUMMARY = "summary"
MOST_SWEEPS = 100
"""Sweeps that a run can belong to, all named in one tag; the oldest are forgotten."""

LONGEST_TAG = 5000
"""Characters; longer descriptions are in the run's files."""


@dataclass(frozen=True, kw_only=True)
class MLflow(settings.MLflow):
    """An MLflow store."""

    def log(self, run: TrackedRun) -> str:
        """Logs a finished run.

        Args:
            run: What to log.

        Returns:
            The command that opens MLflow's page and the address of this sweep's curves.

        Raises:
            OSError: If the local store cannot be written.
            InputError: If MLflow cannot open the store.
        """
        with self._run(run) as (_, info):
            return self._where(info.experiment_id, run.sweep_id)

    def log_summary(self, run: TrackedRun, colours: Mapping[str, str]) -> str:
        """Logs the summary of a sweep as a run beside its runs; an earlier summary of the same sweep is removed.

        Args:
            run: The summary.
            colours: Identity of a job to the colour of its curve in the pictures; MLflow's own charts use it too.

        Returns:
            The command that opens MLflow's page and the address of this sweep's curves.

        Raises:
            OSError: If the local store cannot be written.
            InputError: If MLflow cannot open the store.
        """
        with self._run(replace(run, tags={**run.tags, "kind": SUMMARY})) as (client, info):
            for earlier in _search(client, info.experiment_id, f"tags.kind = '{SUMMARY}'", run.sweep_id):
                if earlier.info.run_id != info.run_id:
                    client.delete_run(earlier.info.run_id)
            for job, colour in colours.items():
                for logged in _search(client, info.experiment_id, f"tags.job = '{job}'", run.sweep_id):
                    client.set_tag(logged.info.run_id, "mlflow.runColor", colour)
            return self._where(info.experiment_id, run.sweep_id)

    def tie(self, card: RunCard) -> bool:
        """Ties an earlier run of the same job to this sweep as well, so that both sweeps show its curve.

        Args:
            card: The job and the sweep.

        Returns:
            Whether the store has the run.

        Raises:
            OSError: If the local store cannot be opened.
            InputError: If MLflow cannot open the store.
        """
        with self._store() as (client, experiment):
            runs = _search(client, experiment, f"tags.job = '{card.identity}' and attributes.status = 'FINISHED'")
            if not runs:
                return False
            tied = runs[0].data.tags.get("sweep_id", "").split()
            if card.sweep_id not in tied:
                ids = " ".join([*tied, card.sweep_id][-MOST_SWEEPS:])
                client.set_tag(runs[0].info.run_id, "sweep_id", ids)
        return True

    @contextmanager
    def _store(self) -> Iterator[tuple[Any, str]]:
        """Opens the store, one process at a time where it is a local one, and finds the experiment or makes it."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
        from mlflow import MlflowClient, MlflowException

        with self._alone():
            try:
                client = MlflowClient(tracking_uri=self._address())
                experiment = self._experiment_id(client)
            except MlflowException as error:
                raise InputError(
                    f"MLflow's store {self.uri} cannot be used ({error}): the run's plain files are there all the "
                    "same; give another tracking.uri, or tracking=none"
                ) from error
            yield client, experiment

    @contextmanager
    def _run(self, run: TrackedRun) -> Iterator[tuple[Any, Any]]:
        """Logs a run, and yields it for more to be added; it ends as FAILED if anything raises."""
        with self._store() as (client, experiment):
            pass
        tags = {**run.tags, "sweep_id": run.sweep_id, "code.version": _code_version()}
        if run.description:
            tags["mlflow.note.content"] = run.description[:LONGEST_TAG]
        info = client.create_run(experiment, run_name=run.name, tags=tags).info
        try:
            _log(client, info.run_id, run)
            yield client, info
        except BaseException:
            client.set_terminated(info.run_id, status="FAILED")
            raise
        client.set_terminated(info.run_id)

    def _experiment_id(self, client: Any) -> str:
        found = client.get_experiment_by_name(self.experiment)
        if found is not None:
            return str(found.experiment_id)
        location = Path(self.artifacts).resolve().as_uri() if self._is_local() else None
        return str(client.create_experiment(self.experiment, artifact_location=location))

    def _address(self) -> str:
        """Returns the URI with an absolute path: MLflow keeps stores open by URI, whatever the working directory."""
        if not self._is_local():
            return self.uri
        return f"sqlite:///{Path(self.uri.removeprefix('sqlite:///')).resolve()}"

    def _is_local(self) -> bool:
        return self.uri.startswith("sqlite:///")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Lets one process at a time open a local store: several at once would break its making."""
        if not self._is_local():
            yield
            return
        from filelock import FileLock

        database = Path(self.uri.removeprefix("sqlite:///"))
        database.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{database}.lock"):
            yield

    def _where(self, experiment: str, sweep_id: str) -> str:
        chosen = quote(f'tags.sweep_id LIKE "%{sweep_id}%"')  # a run may belong to several sweeps
        view = (
            f"#/experiments/{experiment}/runs?workflowType=machine_learning&compareRunsMode=CHART&searchFilter={chosen}"
        )
        if not self._is_local():
            return f"MLflow: {self.uri.rstrip('/')}/{view}"
        return f"MLflow: python -m classvec ui --store {self.uri}\n        http://127.0.0.1:5000/{view}"


def _log(client: Any, run_id: str, run: TrackedRun) -> None:
    """Logs the content of a run."""
    from mlflow import entities
    from PIL import Image

    now = time.time_ns() // 1_000_000
    points = [entities.Metric(key, value, now, step) for key, value, step in run.metrics if value == value]
    client.log_batch(run_id, params=[entities.Param(*param) for param in run.params.items()])
    for start in range(0, len(points), MOST_IN_A_BATCH):
        client.log_batch(run_id, metrics=points[start : start + MOST_IN_A_BATCH])
    if run.data is not None:
        client.log_inputs(run_id, datasets=[_dataset(run.data)])
    for path in run.files:
        client.log_artifact(run_id, str(path))
    for name, paths in run.images.items():
        for step, path in enumerate(paths):
            with Image.open(path) as image:
                client.log_image(run_id, image.convert("RGB"), key=name, step=step)
    for name, columns in run.tables.items():
        client.log_table(run_id, dict(columns), name)


def _search(client: Any, experiment: str, chosen: str, sweep_id: str = "") -> Sequence[Any]:
    """Finds runs by a filter; of one sweep, if it is named."""
    within = f" and tags.sweep_id LIKE '%{sweep_id}%'" if sweep_id else ""
    runs: Sequence[Any] = client.search_runs([experiment], f"{chosen}{within}")
    return runs


def _dataset(data: TrackedData) -> Any:
    from mlflow import entities

    return entities.DatasetInput(
        entities.Dataset(
            name=data.name,
            digest=data.digest[:36],
            source_type="local",
            source=json.dumps({"uri": data.source}),
            profile=json.dumps(dict(data.profile)),
        )
    )


def _code_version() -> str:
    """Returns the package's version, and the commit where it runs from a checkout."""
    import subprocess
    from importlib.metadata import version

    checkout = Path(__file__).parents[3]
    if not (checkout / ".git").exists():
        return version("classvec")
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return version("classvec")
    return f"{version('classvec')}+{commit}"
