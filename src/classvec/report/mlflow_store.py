"""A store of MLflow's, reached and opened."""

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from classvec import settings
from classvec.artifacts import held
from classvec.errors import InputError
from classvec.report.mlflow_sqlite import (
    address,
    database,
    follow_move,
    make_whole,
    no_strange_folder,
    short,
)

PORTS = {"http": 80, "https": 443}
CONNECT_SECONDS = 5.0
OPENING = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
"""A server must answer soon when a run starts, since nothing is lost if the job is started again."""
RUNNING = {"PGCONNECT_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
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
        file = database(store.uri)
        with nullcontext() if file is None else held(file), _short_requests(), no_strange_folder(store.uri):
            if file is not None:
                make_whole(file, Path(store.artifacts))
                follow_move(file, store.experiment, Path(store.artifacts).resolve().as_uri())
            _answers(store.uri)
            client = MlflowClient(tracking_uri=address(store.uri))
            yield client, _experiment(client, store)
    except InputError:
        raise
    except (MlflowException, SQLAlchemyError, sqlite3.Error, ImportError, OSError, ValueError) as error:
        raise _unusable(store.uri, error) from error


def reach(uri: str) -> None:
    """Connects to a server, unless it is reached through a proxy; without MLflow, which takes seconds to import.

    Raises:
        InputError: If it does not answer.
    """
    try:
        parts = urlsplit(uri)
        if parts.scheme not in PORTS or (parts.scheme in getproxies() and not proxy_bypass(parts.hostname or "")):
            return
        socket.create_connection((parts.hostname or "", parts.port or PORTS[parts.scheme]), CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:
        raise _unusable(uri, error) from error


def _unusable(uri: str, error: Exception) -> InputError:
    step = "start its server, or " if uri.startswith(("http:", "https:")) else ""
    return InputError(
        f"the MLflow store {uri} cannot be used ({short(error)}): {step}give another tracking.uri; with "
        "tracking.on_error=later the job computes now and is logged later; tracking=none writes only plain files"
    )


def _answers(uri: str) -> None:
    """Connects to a database that is no file: MLflow itself would try for minutes.

    Raises:
        SQLAlchemyError: If it does not answer.
    """
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if scheme in ("postgresql", "mysql", "mssql"):
        from sqlalchemy import create_engine

        seconds = {} if scheme == "mssql" else {"connect_timeout": int(CONNECT_SECONDS)}
        engine = create_engine(uri, connect_args=seconds)
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
