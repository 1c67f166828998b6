"""Tracking under what a user may do: several processes at once, a store elsewhere, a page on this machine alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from classvec.report.mlflow import MLflow
from classvec.report.mlflow_server import serve
from tests.conftest import ROOT
from tests.runs import make_tracked, runs

WRITER = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from classvec.report.mlflow import MLflow
from tests.runs import make_tracked
folder = Path({folder!r})
store = MLflow(uri=f"sqlite:///{{folder}}/mlflow.db", experiment="e", artifacts=folder / "files")
store.log(make_tracked(folder, {name!r}))
"""


@pytest.mark.slow
def test_processes_that_open_a_fresh_store_at_once_lose_nothing(tmp_path: Path) -> None:
    commands = [
        [sys.executable, "-c", WRITER.format(root=str(ROOT), folder=str(tmp_path), name=f"run{i}")] for i in range(4)
    ]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    for process in processes:
        _, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
    found = runs(tmp_path / "mlflow.db")
    assert sorted(str(run["name"]) for run in found) == ["run0", "run1", "run2", "run3"]
    for run in found:
        assert run["metrics"]["f1/mean"] == {2: 0.8125, 3: 0.75}


def test_a_run_that_cannot_be_logged_whole_is_marked_as_failed(tmp_path: Path) -> None:
    broken = make_tracked(tmp_path, "run")
    (tmp_path / "run.png").unlink()
    with pytest.raises(OSError, match=r"run\.png"):
        MLflow(uri=f"sqlite:///{tmp_path}/mlflow.db", experiment="e", artifacts=tmp_path / "files").log(broken)
    assert [run["status"] for run in runs(tmp_path / "mlflow.db")] == ["FAILED"]


def test_the_page_is_served_on_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, list[str]] = {}

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        seen["command"] = command
        seen["environment"] = [f"{k}={v}" for k, v in options["env"].items()]  # type: ignore[attr-defined]
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    assert serve("sqlite:///x.db", 5001) == 0
    assert "--host 127.0.0.1 --port 5001 --workers 1" in " ".join(seen["command"])
    assert "MLFLOW_DISABLE_TELEMETRY=true" in seen["environment"]
