"""A tracking server as a group would run it: MLflow's, with its runs in a PostgreSQL database of its own."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

PATIENCE = 90.0
"""Seconds to wait for a server to answer, on a machine with other work to do."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def wait_for(what: str, ready: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Asks again and again until the answer counts as true, and returns it."""
    started = time.monotonic()
    while not (answer := ready()):
        assert time.monotonic() - started < patience, f"waited {patience:.0f} s for {what}"
        time.sleep(0.1)
    return answer


def postgres_folder() -> Path:
    """Returns the folder of PostgreSQL's programs; skips the test where there is none."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        pytest.skip("no PostgreSQL on this machine: apt install postgresql to test against a real server")
    return folders[-1]


@contextmanager
def postgres() -> Iterator[str]:
    """Runs PostgreSQL on a free port of this machine alone, and yields the address of an empty database.

    It refuses to run as root, and then runs as the user `postgres`, for whom a folder of pytest's cannot be reached.
    """
    programs, port = postgres_folder(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="classvec-postgres-"))
    as_user: list[str] = []
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data, log = folder / "data", folder / "log"
    make = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"]
    make += ["-E", "UTF8", "--locale=C"]
    serve = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-p", str(port)]
    serve += ["-F", "-c", "listen_addresses=127.0.0.1"]  # -F: nobody needs this data after a crash
    try:
        subprocess.run([*as_user, *make], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with log.open("w") as words:
            process = subprocess.Popen([*as_user, *serve], cwd=folder, stdout=words, stderr=subprocess.STDOUT)
        try:
            address = f"postgres@127.0.0.1:{port}"
            wait_for("PostgreSQL", lambda: process.poll() is None and _made(f"postgresql://{address}/postgres"))
            yield f"postgresql+psycopg://{address}/mlflow"
        finally:
            process.send_signal(signal.SIGINT)  # ends it without waiting for connections to be closed
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder)


def _made(address: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE DATABASE mlflow")
        return True
    return False


@dataclass
class MlflowServer:
    """MLflow's server at one address, which can be stopped and started again there.

    Attributes:
        database: Address of the database that holds its runs.
        files: Folder for the files of runs.
        port: Port on 127.0.0.1.
    """

    database: str
    files: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Starts it, and returns once it answers."""
        command = [
            sys.executable, "-m", "mlflow", "server", "--backend-store-uri", self.database,
            "--artifacts-destination", str(self.files), "--host", "127.0.0.1", "--port", str(self.port),
            "--workers", "1",
        ]  # fmt: skip
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        self.files.mkdir(parents=True, exist_ok=True)
        with (self.files / "server.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._process = process
        wait_for("MLflow's server", lambda: process.poll() is not None or self._answers())
        assert process.poll() is None, (self.files / "server.log").read_text()

    def _answers(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.uri}/health", timeout=5):
            return True
        return False

    def kill(self) -> None:
        """Kills it and its workers, which are processes of their own, as a machine that loses its power would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=30)
            self._process = None

    def runs(self, experiment: str) -> list[Any]:
        """Returns the runs of an experiment that are not deleted, oldest first; none before it is made."""
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=self.uri)
        found = client.get_experiment_by_name(experiment)
        if found is None:
            return []
        return list(client.search_runs([found.experiment_id], order_by=["attributes.start_time ASC"]))

    def files_of(self, run: Any) -> set[str]:
        """Returns the names of the files at the top of a run."""
        from mlflow import MlflowClient

        return {file.path for file in MlflowClient(tracking_uri=self.uri).list_artifacts(run.info.run_id)}


@contextmanager
def mlflow_server(folder: Path) -> Iterator[MlflowServer]:
    """Runs MLflow's server on PostgreSQL."""
    with postgres() as database:
        server = MlflowServer(database, folder)
        server.start()
        try:
            yield server
        finally:
            server.kill()
