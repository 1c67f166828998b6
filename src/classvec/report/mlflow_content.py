"""What a run leaves, in MLflow's terms."""

import json
import time
from collections.abc import Mapping
from typing import Any

from classvec.report.tracking import Content, TrackedData

MOST_IN_A_BATCH = 1000
LONGEST_TAG = 5000
"""Characters; longer descriptions are in the run's files."""


def log_content(client: Any, run_id: str, content: Content) -> None:
    """Logs the content of a run."""
    from mlflow import entities
    from PIL import Image

    now = time.time_ns() // 1_000_000
    points = [entities.Metric(key, value, now, step) for key, value, step in content.metrics if value == value]
    for start in range(0, len(points), MOST_IN_A_BATCH):
        client.log_batch(run_id, metrics=points[start : start + MOST_IN_A_BATCH])
    set_tags(client, run_id, content.tags)
    if content.description:
        client.set_tag(run_id, "mlflow.note.content", content.description[:LONGEST_TAG])
    if content.data is not None:
        _log_data(client, run_id, _dataset(content.data))
    for path in content.files:
        client.log_artifact(run_id, str(path))
    for name, paths in content.images.items():
        for step, path in enumerate(paths):
            with Image.open(path) as image:
                client.log_image(run_id, image.convert("RGB"), key=name, step=step)
    for name, columns in content.tables.items():
        client.log_table(run_id, dict(columns), name)


def _log_data(client: Any, run_id: str, dataset: Any) -> None:
    """Logs the data set of a run; of two runs that name a new one at once, a server refuses the second at first."""
    from mlflow import MlflowException

    try:
        client.log_inputs(run_id, datasets=[dataset])
    except MlflowException:
        client.log_inputs(run_id, datasets=[dataset])


def set_tags(client: Any, run_id: str, tags: Mapping[str, str]) -> None:
    """Sets tags of a run, in one request."""
    from mlflow import entities

    if tags:
        client.log_batch(run_id, tags=[entities.RunTag(*tag) for tag in tags.items()])


def as_params(params: Mapping[str, str]) -> list[Any]:
    """Returns parameters as MLflow's entities."""
    from mlflow import entities

    return [entities.Param(*param) for param in params.items()]


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
