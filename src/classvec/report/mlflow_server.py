"""MLflow's page, served on this machine alone."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from classvec.errors import InputError
from classvec.report.mlflow_sqlite import address, database, follow_move
from classvec.settings import MLflow, default
from classvec.signals import GRACE_SECONDS


def server(uri: str, port: int) -> tuple[list[str], dict[str, str]]:
    """Returns the command that serves MLflow's page on this machine alone, and its environment.

    One worker, and none of MLflow's job processes: it answers in a third of the time.

    Args:
        uri: Tracking URI of the store.
        port: Port on 127.0.0.1.
    """
    environment = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        **os.environ,
    }
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", uri, "--host", "127.0.0.1"]
    return [*command, "--port", str(port), "--workers", "1"], environment


def serve(uri: str, port: int) -> int:
    """Serves MLflow's page until interrupted; see `server`. Returns the server's exit code.

    Raises:
        InputError: If there is no such store: MLflow would make an empty one.
    """
    file = database(uri)
    if file is not None and not file.is_file():
        raise InputError(
            f"there is no MLflow store {file} in {Path.cwd()}: run evaluate.py first, go to where it ran, "
            "or name the store with --store sqlite:///FILE"
        )
    if file is not None:
        artifacts = (file.parent / "mlartifacts").resolve().as_uri()
        follow_move(file, default(MLflow, "experiment"), artifacts)
    command, environment = server(address(uri), port)
    serving = subprocess.Popen(command, env=environment, start_new_session=True)  # with processes of its own
    try:
        return serving.wait()
    finally:
        _end(serving)


def _end(serving: subprocess.Popen[bytes]) -> None:
    """Ends a server and its processes, of which MLflow would leave some behind."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(serving.pid, number)
        with suppress(subprocess.TimeoutExpired):
            serving.wait(GRACE_SECONDS / 2)
