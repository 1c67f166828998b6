"""Tracking on a real server, MLflow's on PostgreSQL: several jobs at once, and servers and jobs that are killed."""

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from classvec.artifacts import Scores
from classvec.report.mlflow import MLflow
from classvec.report.tracking import Content, RunLog, TrackedData
from tests.jobs import EVALUATE, Workplace, ended
from tests.mlflow_server import MlflowServer, mlflow_server, wait_for
from tests.runs import make_tracked

pytestmark = pytest.mark.slow
LONG = "chance.draws=400000"
"""Some seconds of work that can be interrupted."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    with mlflow_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def workplace(tmp_path: Path, compiled: Path) -> Workplace:
    return Workplace.drawn(tmp_path, compiled)


def states(server: MlflowServer, experiment: str) -> Counter[str]:
    return Counter(run.info.status for run in server.runs(experiment))


def running(server: MlflowServer, experiment: str) -> Any:
    """Waits for the one run that is being computed, and returns it."""

    def found() -> list[Any]:
        return [run for run in server.runs(experiment) if run.info.status == "RUNNING" and run.data.params]

    (run,) = wait_for("a run in the server while its job is computed", found)
    return run


def to(server: MlflowServer, experiment: str) -> list[str]:
    return [f"tracking.uri={server.uri}", f"tracking.experiment={experiment}"]


def log_later(workplace: Workplace, folder: Path) -> subprocess.CompletedProcess[str]:
    return workplace.run(["-m", "classvec", "log", str(folder)])


def whole(folder: Path) -> None:
    """Checks that a run's folder has its results, whatever became of its tracking."""
    assert Scores.load(folder / "scores.csv").rows
    names = {"labels.csv", "similarity.npz", "clusterings.npz", "run.json", "f1.png"}
    assert names <= {path.name for path in folder.iterdir()}


def tag_of(folder: Path) -> str:
    return str(json.loads((folder / "finished.json").read_text())["identity"])


def test_a_sweep_has_a_run_for_each_job_and_one_for_its_summary(server: MlflowServer, workplace: Workplace) -> None:
    done = workplace.run([*EVALUATE, "-m", "metric=cosine,centred", *to(server, "sweep")])
    assert done.returncode == 0, done.stderr
    runs = server.runs("sweep")
    assert Counter(run.info.status for run in runs) == {"FINISHED": 3}
    jobs = [run for run in runs if run.data.tags.get("kind") != "summary"]
    assert sorted(run.data.params["metric"] for run in jobs) == ["centred", "cosine"]
    (sweep,) = (workplace.folder / "outputs" / "sweeps").iterdir()
    scores = {tag_of(folder): Scores.load(folder / "scores.csv") for folder in sweep.glob("[01]")}
    for run in jobs:
        best = max(row.f1_mean for row in scores[run.data.tags["job"]].rows)
        assert max(point.value for point in history(server, run, "f1/mean")) == pytest.approx(best)
        assert {"scores.csv", "labels.csv", "config.yaml", "f1.png"} <= server.files_of(run)
    (summary,) = (run for run in runs if run not in jobs)
    assert {"summary.csv", "f1.png"} <= server.files_of(summary)


def history(server: MlflowServer, run: Any, key: str) -> list[Any]:
    from mlflow import MlflowClient

    return list(MlflowClient(tracking_uri=server.uri).get_metric_history(run.info.run_id, key))


def test_jobs_that_start_at_once_in_a_fresh_experiment_all_arrive(server: MlflowServer, workplace: Workplace) -> None:
    jobs = [workplace.start([*EVALUATE, f"chance.seed={seed}", *to(server, "crowd")]) for seed in range(8)]
    for done in [ended(job, timeout=170) for job in jobs]:
        assert done.returncode == 0, done.stderr
        assert "classvec log" not in done.stdout + done.stderr, "a job that could not be logged whole says so"
    runs = server.runs("crowd")
    assert Counter(run.info.status for run in runs) == {"FINISHED": 8}
    assert len({run.data.tags["job"] for run in runs}) == 8


def test_runs_on_the_same_images_that_are_logged_at_once_all_have_them(server: MlflowServer) -> None:
    # the first to name a data set makes its row in MLflow's table, and another that is as fast must not fail
    content = Content(data=TrackedData(name="images", digest="f" * 64, source="/images"))
    for attempt in range(5):
        experiment = f"same images {attempt}"
        store = MLflow(uri=server.uri, experiment=experiment, artifacts="files")
        with ExitStack() as opened:
            logs = [opened.enter_context(store.start(make_tracked(f"run{i}"))) for i in range(8)]
            at_once = Barrier(len(logs))

            def add(log: RunLog, at_once: Barrier = at_once) -> None:
                at_once.wait()
                log.add(content)

            with ThreadPoolExecutor(len(logs)) as threads:
                tuple(threads.map(add, logs))
            assert [log.problem for log in logs] == [""] * len(logs)
        runs = server.runs(experiment)
        assert Counter(run.info.status for run in runs) == {"FINISHED": 8}
        assert all(len(run.inputs.dataset_inputs) == 1 for run in runs)


def test_a_server_killed_in_mid_run_costs_no_results(server: MlflowServer, workplace: Workplace) -> None:
    job = workplace.start([*EVALUATE, LONG, *to(server, "killed server")])
    try:
        running(server, "killed server")
        server.kill()
        done = ended(job)
    finally:
        job.kill()
        if not server.is_running:
            server.start()
    assert done.returncode == 0, done.stderr
    assert "mean F1" in done.stdout
    assert "classvec log" in done.stdout + done.stderr
    (folder,) = workplace.runs
    whole(folder)
    logged = log_later(workplace, folder)
    assert logged.returncode == 0, logged.stderr
    (run,) = [run for run in server.runs("killed server") if run.info.status == "FINISHED"]
    assert run.data.tags["job"] == tag_of(folder)
    assert "RUNNING" not in states(server, "killed server")
    assert {"scores.csv", "labels.csv", "f1.png"} <= server.files_of(run)


def test_a_server_that_refuses_connections_is_named_before_the_work(server: MlflowServer, workplace: Workplace) -> None:
    started = time.monotonic()
    assert workplace.run(["-c", "import mlflow, torch"]).returncode == 0
    imports = time.monotonic() - started
    server.kill()
    try:
        started = time.monotonic()
        refused = workplace.run([*EVALUATE, *to(server, "refused")])
        waited = time.monotonic() - started
        later = workplace.run([*EVALUATE, *to(server, "refused"), "tracking.on_error=later"])
    finally:
        server.start()
    assert refused.returncode == 1
    assert server.uri in refused.stderr
    assert "Traceback" not in refused.stderr
    assert waited < 10.0 + 2.0 * imports, f"it took {waited:.0f} s; imports alone take {imports:.0f} s"
    assert later.returncode == 0, later.stderr
    assert "mean F1" in later.stdout
    folder = workplace.runs[-1]
    whole(folder)
    assert states(server, "refused") == {}
    logged = log_later(workplace, folder)
    assert logged.returncode == 0, logged.stderr
    (run,) = server.runs("refused")
    assert (run.info.status, run.data.tags["job"]) == ("FINISHED", tag_of(folder))


def test_a_run_is_running_while_its_job_is_and_says_how_it_ended(server: MlflowServer, workplace: Workplace) -> None:
    arguments = [*EVALUATE, LONG, *to(server, "ends")]
    job = workplace.start(arguments)
    try:
        run = running(server, "ends")
        assert run.data.params["architecture"] == "colour_histogram"
        job.send_signal(signal.SIGTERM)
        assert ended(job).returncode != 0
        assert states(server, "ends") == {"KILLED": 1}
        job = workplace.start(arguments)
        left = running(server, "ends")
        job.send_signal(signal.SIGKILL)
        ended(job)
        assert states(server, "ends") == {"KILLED": 1, "RUNNING": 1}, "nobody is there to tell"
    finally:
        job.kill()
    done = workplace.run(arguments)
    assert done.returncode == 0, done.stderr
    assert states(server, "ends") == {"KILLED": 2, "FINISHED": 1}
    status = {run.info.run_id: run.info.status for run in server.runs("ends")}
    assert status[left.info.run_id] == "KILLED"
