"""A store of MLflow's, reached and opened."""

import logging
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from classvec import settings
from classvec.errors import InputError
from classvec.report.mlflow_sqlite import (
    SQLITE,
    address,
    alone,
    database,
    follow_move,
    make_whole,
    no_strange_folder,
    short,
)

log = logging.getLogger(__name__)
PORTS = {"http": 80, "https": 443}
CONNECT_SECONDS = 5.0
OPENING = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
"""A server must answer soon when a run starts, since nothing is lost if the job is started again."""
RUNNING = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
"""Later it may take half a minute; MLflow's own retries would hold up a finished job for four minutes."""


@contextmanager
def opened(store: settings.MLflow) -> Iterator[tuple[Any, str]]:
    """Opens a store, one process at a time where it is a local one, and finds the experiment or makes it.

    Yields:
        MLflow's client, and the id of the experiment.

    Raises:
        InputError: If the store cannot be reached, opened or written.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "CRITICAL")  # it logs a stack trace of what it also raises
    for name, value in RUNNING.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient, MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with alone(database(store.uri)), _short_requests(), no_strange_folder(store.uri):
            if (file := database(store.uri)) is not None:
                make_whole(file, Path(store.artifacts))
                follow_move(file, store.experiment, Path(store.artifacts).resolve().as_uri())
            _answers(store.uri)
            client = MlflowClient(tracking_uri=address(store.uri))
            yield client, _experiment(client, store)
    except (MlflowException, SQLAlchemyError, sqlite3.Error, ImportError) as error:
        raise _unusable(store.uri, error) from error


def reach(uri: str) -> None:
    """Connects to a server, unless it is reached through a proxy; without MLflow, which takes seconds to import.

    Raises:
        InputError: If it does not answer.
    """
    parts = urlsplit(uri)
    if parts.scheme not in PORTS or (parts.scheme in getproxies() and not proxy_bypass(parts.hostname or "")):
        return
    try:
        socket.create_connection((parts.hostname or "", parts.port or PORTS[parts.scheme]), CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:
        raise _unusable(uri, error) from error


def _unusable(uri: str, error: Exception) -> InputError:
    return InputError(
        f"the MLflow store {uri} cannot be used ({short(error)}): start its server or give another tracking.uri; "
        "tracking.on_error=later computes now and logs later; tracking=none writes only the plain files"
    )


def relative(uri: str, folder: Path) -> str:
    """Returns the URI with the path of a local file as it is from a folder."""
    file = database(uri)
    return uri if file is None else f"{SQLITE}{os.path.relpath(file, folder)}"


def _answers(uri: str) -> None:
    """Connects to a database that is no file: MLflow itself would try for minutes.

    Raises:
        SQLAlchemyError: If it does not answer.
    """
    if database(uri) is None and urlsplit(uri).scheme.partition("+")[0] in ("postgresql", "mysql", "mssql"):
        from sqlalchemy import create_engine

        engine = create_engine(uri)
        engine.connect().close()
        engine.dispose()


def _experiment(client: Any, store: settings.MLflow) -> str:
    """Returns the id of the experiment, made if it is missing; another process may make it at the same time."""
    from mlflow import MlflowException

    local = database(store.uri) is not None
    found = client.get_experiment_by_name(store.experiment)
    if found is None:
        location = Path(store.artifacts).resolve().as_uri() if local else None
        try:
            return str(client.create_experiment(store.experiment, artifact_location=location))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(store.experiment)
    if found is None or found.lifecycle_stage == "deleted":
        raise InputError(
            f"MLflow's experiment {store.experiment} was deleted: restore it in MLflow, or give another one with "
            "tracking.experiment=NAME"
        )
    return str(found.experiment_id)


@contextmanager
def _short_requests() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in OPENING}
    os.environ.update({name: value for name, value in OPENING.items() if before[name] == RUNNING[name]})
    try:
        yield
    finally:
        os.environ.update({name: value for name, value in before.items() if value is not None})
