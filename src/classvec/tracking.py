"""The only room that knows MLflow: one run for each evaluation, flat, so that the curves of a sweep overlay."""

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from classvec import settings
from classvec.artifacts import ConceptLabels, Evaluation, RunCard
from classvec.errors import InputError

log = logging.getLogger(__name__)
MOST_IN_A_BATCH = 1000
SUMMARY = "summary"
MOST_SWEEPS = 100
"""Sweeps that a run can belong to, all named in one tag; the oldest are forgotten."""

TAGGED = ("store", "weights_hash", "image_list_hash", "ontology")
"""Of the provenance, what runs are searched by; all of it is in provenance.json."""

LONGEST_TAG = 5000
"""Characters; longer descriptions are in the run's files."""


Point = tuple[str, float, int]
"""Name, value and step of a point of a curve; a headline figure is named ``summary/...`` and has step 0."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a run leaves in a tracking store.

    Attributes:
        evaluation: What was found.
        card: Name, sweep and choices.
        metrics: Points of curves and headline figures.
        pictures: Name of a picture to its PNG file.
        series: Name of a series of pictures to its PNG files, in their order.
        files: Plain files to keep.
    """

    evaluation: Evaluation
    card: RunCard
    metrics: Sequence[Point]
    pictures: Mapping[str, Path]
    files: Sequence[Path]
    series: Mapping[str, Sequence[Path]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FitRecord:
    """What a fit leaves in a tracking store.

    Attributes:
        card: Sweep and choices of the run that asked for it.
        metrics: Points of curves, with the epoch as step, and headline figures.
        settings: How it was fitted.
        images_hash: Hash of the images that it was fitted on.
        weights: The file that it made.
    """

    card: RunCard
    metrics: Sequence[Point]
    settings: Mapping[str, Any]
    images_hash: str
    weights: Path


@dataclass(frozen=True, kw_only=True)
class SweepRecord:
    """What a sweep leaves in a tracking store, beside its runs.

    Attributes:
        sweep_id: The sweep.
        title: What it is about.
        description: Table and warnings, in Markdown.
        rows: The table; the first column is a unique key.
        pictures: Name of a picture to its PNG file.
        files: Plain files to keep.
        colours: Identity of a job to the colour of its curve in the pictures, for MLflow's charts too, which otherwise
            give several runs the same.
    """

    sweep_id: str
    title: str
    description: str
    rows: Sequence[Mapping[str, str]]
    pictures: Mapping[str, Path]
    files: Sequence[Path]
    colours: Mapping[str, str]


class Tracking(Protocol):
    """Where runs are logged."""

    def log(self, record: Record) -> str | None:
        """Logs a run and returns words on where to see it, if there are any."""
        ...

    def log_fit(self, record: FitRecord) -> str | None:
        """Logs the fit of a network and returns words on where to see it, if there are any."""
        ...

    def log_sweep(self, record: SweepRecord) -> str | None:
        """Logs the summary of a sweep, in the place of an earlier one, and returns words on where to see it, if any."""
        ...

    def tie(self, card: RunCard) -> bool:
        """Ties an earlier run of the same job to this sweep as well; False if there is none."""
        ...


@dataclass(frozen=True, kw_only=True)
class NoTracking:
    """Keeps nothing beside the plain files."""

    def log(self, record: Record) -> None:
        """Leaves the plain files as they are."""

    def log_fit(self, record: FitRecord) -> None:
        """Leaves the plain files as they are."""

    def log_sweep(self, record: SweepRecord) -> None:
        """Leaves the plain files as they are."""

    def tie(self, card: RunCard) -> bool:
        """Says that nothing is missing: the plain files are all there is."""
        return True


@dataclass(frozen=True, kw_only=True)
class MLflow(settings.MLflow):
    """An MLflow store."""

    def log(self, record: Record) -> str:
        """Logs one finished run.

        Args:
            record: What to log.

        Returns:
            The command that opens MLflow's page and the address of this sweep's curves.

        Raises:
            OSError: If the local store cannot be written.
            InputError: If MLflow cannot open the store.
        """
        with self._run(record.card.name, _tags(record), record.card.choices, record.metrics) as (client, run):
            vectors = record.evaluation.vectors
            profile = {"classes": len(vectors.classes), "images": int(vectors.n_images.sum())}
            client.log_inputs(
                run.run_id, datasets=[_dataset(record.card, str(vectors.provenance["image_list_hash"]), profile)]
            )
            tables = {"cluster_labels.json": _label_columns(record.evaluation.labels)}
            self._log_files(client, run.run_id, record.files, {**_alone(record.pictures), **record.series}, tables)
        return self._where(run.experiment_id, record.card.sweep_id)

    def log_fit(self, record: FitRecord) -> str:
        """Logs one finished fit, as a run beside those of its sweep.

        Args:
            record: What to log.

        Returns:
            The command that opens MLflow's page and the address of this sweep's curves.

        Raises:
            OSError: If the local store cannot be written.
            InputError: If MLflow cannot open the store.
        """
        card, tags = record.card, {"sweep_id": record.card.sweep_id, "code.version": _code_version()}
        params = {
            **{name: card.choices[name] for name in ("architecture", "data")},
            **{f"fit.{name}": str(value) for name, value in record.settings.items()},
        }
        name = f"fit {card.choices['architecture']}"
        with self._run(name, {**tags, "weights.path": str(record.weights)}, params, record.metrics) as (client, run):
            client.log_inputs(run.run_id, datasets=[_dataset(card, record.images_hash, {})])
        return self._where(run.experiment_id, card.sweep_id)

    def log_sweep(self, record: SweepRecord) -> str:
        """Logs the summary of a sweep as a run beside its runs; one made earlier of the same sweep is removed.

        Args:
            record: What to log.

        Returns:
            The command that opens MLflow's page and the address of this sweep's curves.

        Raises:
            OSError: If the local store cannot be written.
            InputError: If MLflow cannot open the store.
        """
        tags = {
            "sweep_id": record.sweep_id,
            "kind": SUMMARY,
            "code.version": _code_version(),
            "mlflow.note.content": record.description[:LONGEST_TAG],
        }
        columns = {name.replace(".", "_"): [row[name] for row in record.rows] for name in record.rows[0]}
        with self._run(f"summary: {record.title}", tags, {}, []) as (client, run):
            for earlier in _found(client, run.experiment_id, f"tags.kind = '{SUMMARY}'", record.sweep_id):
                if earlier.info.run_id != run.run_id:
                    client.delete_run(earlier.info.run_id)
            for job, colour in record.colours.items():
                for found in _found(client, run.experiment_id, f"tags.job = '{job}'", record.sweep_id):
                    client.set_tag(found.info.run_id, "mlflow.runColor", colour)
            tables = {"summary_table.json": columns}
            self._log_files(client, run.run_id, record.files, _alone(record.pictures), tables)
        return self._where(run.experiment_id, record.sweep_id)

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
            runs = _found(client, experiment, f"tags.job = '{card.identity}' and attributes.status = 'FINISHED'")
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
    def _run(
        self, name: str, tags: dict[str, str], params: Mapping[str, str], metrics: Sequence[Point]
    ) -> Iterator[tuple[Any, Any]]:
        """Makes a run with its parameters and curves, for more to be added; it ends as FAILED if anything raises."""
        with self._store() as (client, experiment):
            pass
        from mlflow import entities

        run = client.create_run(experiment, run_name=name, tags=tags).info
        now = time.time_ns() // 1_000_000
        points = [entities.Metric(key, value, now, step) for key, value, step in metrics if value == value]
        try:
            client.log_batch(run.run_id, params=[entities.Param(*param) for param in params.items()])
            for start in range(0, len(points), MOST_IN_A_BATCH):
                client.log_batch(run.run_id, metrics=points[start : start + MOST_IN_A_BATCH])
            yield client, run
        except BaseException:
            client.set_terminated(run.run_id, status="FAILED")
            raise
        client.set_terminated(run.run_id)

    @staticmethod
    def _log_files(
        client: Any,
        run_id: str,
        files: Sequence[Path],
        series: Mapping[str, Sequence[Path]],
        tables: Mapping[str, Mapping[str, Sequence[Any]]],
    ) -> None:
        from PIL import Image

        for path in files:
            client.log_artifact(run_id, str(path))
        for name, paths in series.items():
            for step, path in enumerate(paths):
                with Image.open(path) as picture:
                    client.log_image(run_id, picture.convert("RGB"), key=name, step=step)
        for name, columns in tables.items():
            client.log_table(run_id, dict(columns), name)

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
            with nullcontext():
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


def server(uri: str, port: int) -> tuple[list[str], dict[str, str]]:
    """Returns the command that serves MLflow's page on this machine alone, and its environment.

    One worker, and none of MLflow's job processes: it answers in a third of the time.

    Args:
        uri: Tracking URI of the store.
        port: Port on 127.0.0.1.
    """
    import sys

    environment = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        **os.environ,
    }
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--host", "127.0.0.1"]
    return [*command, "--port", str(port), "--workers", "1"], environment


def _alone(pictures: Mapping[str, Path]) -> dict[str, Sequence[Path]]:
    return {name: [path] for name, path in pictures.items()}


def serve(uri: str, port: int) -> int:
    """Serves MLflow's page until interrupted; see `server`. Returns the server's exit code."""
    import subprocess

    command, environment = server(uri, port)
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 0


def _found(client: Any, experiment: str, chosen: str, sweep_id: str = "") -> Sequence[Any]:
    """Finds runs by a filter; of one sweep, if it is named."""
    within = f" and tags.sweep_id LIKE '%{sweep_id}%'" if sweep_id else ""
    runs: Sequence[Any] = client.search_runs([experiment], f"{chosen}{within}")
    return runs


def _tags(record: Record) -> dict[str, str]:
    known = record.evaluation.scores.provenance
    provenance = {f"provenance.{key}": str(known[key]) for key in TAGGED if key in known}
    return {
        "sweep_id": record.card.sweep_id,
        "job": record.card.identity,
        "code.version": _code_version(),
        "mlflow.note.content": _description(record),
        **provenance,
    }


def _dataset(card: RunCard, images_hash: str, profile: Mapping[str, int]) -> Any:
    from mlflow import entities

    return entities.DatasetInput(
        entities.Dataset(
            name=card.data,
            digest=images_hash[:36],
            source_type="local",
            source=json.dumps({"uri": card.data_source}),
            profile=json.dumps(profile),
        )
    )


def _label_columns(labels: ConceptLabels) -> dict[str, list[Any]]:
    """Returns the table of labels by column; its first column is a unique key, by which MLflow compares runs.

    Names have no dot: MLflow's page would look for a column within a column, and show nothing.
    """
    rows = [row for row in labels.rows() if row["rank"] == 1]
    ranked = {(row["k"], row["cluster"]): row for row in labels.rows() if row["rank"] == 2}
    place: dict[int, int] = {}
    columns: dict[str, list[Any]] = {}
    for row in rows:
        place[row["k"]] = place.get(row["k"], 0) + 1
        second = ranked.get((row["k"], row["cluster"]))
        entry = {
            "k_cluster": f"{row['k']:02d}.{place[row['k']]:02d}",
            "concept": row["name"],
            "f1": round(row["f1"], 4),
            "precision": round(row["precision"], 4),
            "recall": round(row["recall"], 4),
            "classes": row["size"],
            "second": second["name"] if second else "",
            "second_f1": round(second["f1"], 4) if second else None,
        }
        for name, value in entry.items():
            columns.setdefault(name, []).append(value)
    return columns


def _description(record: Record) -> str:
    """Returns the run's description in Markdown: headline figures, then the names of the clusters."""
    head = [
        f"{name.split('/')[1].replace('_', ' ')} **{v:.3f}**" for name, v, _ in record.metrics if "summary/" in name
    ]
    lines = [", ".join(head), "", "| k | mean F1 | chance | adjusted | clusters |", "|--:|--:|--:|--:|:--|"]
    for row in record.evaluation.scores.rows:
        names = ", ".join(label.best.name for label in record.evaluation.labels.clusters[row.k])
        lines.append(f"| {row.k} | {row.f1_mean:.3f} | {row.f1_chance:.3f} | {row.f1_adjusted:.2f} | {names} |")
    return "\n".join(lines)


def _code_version() -> str:
    """Returns the package's version, and the commit where it runs from a checkout."""
    import subprocess
    from importlib.metadata import version

    checkout = Path(__file__).parents[2]
    if not (checkout / ".git").exists():
        return version("classvec")
    command = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return version("classvec")
    return f"{version('classvec')}+{commit}"
