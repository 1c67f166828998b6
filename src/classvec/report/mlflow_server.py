"""MLflow's page, served on this machine alone."""

import os
import subprocess
import sys
from pathlib import Path

from classvec.errors import InputError
from classvec.report.mlflow_sqlite import address, database, follow_move
from classvec.settings import MLflow, default


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
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 0
