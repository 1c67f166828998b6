"""Tracking under what a user may do: several processes at once, a store elsewhere, a page on this machine alone."""

import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from classvec.__main__ import main as commands
from classvec.errors import InputError
from classvec.report import record
from classvec.report.later import log_runs
from classvec.report.mlflow import MLflow
from classvec.report.mlflow_server import server
from classvec.report.publish import words
from classvec.report.tracking import Content, RunLog, TrackedRun
from classvec.runs.card import finish, kept, write_card
from classvec.settings import OnUnreachable
from tests.conftest import ROOT
from tests.runs import CHOICES, call, make_card, make_content, make_tracked, runs, write_run

WRITER = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from classvec.report.mlflow import MLflow
from tests.runs import make_content, make_tracked
folder = Path({folder!r})
store = MLflow(uri=f"sqlite:///{{folder}}/mlflow.db", experiment="e", artifacts=folder / "files")
with store.start(make_tracked({name!r})) as entry:
    entry.add(make_content(folder, {name!r}))
assert not entry.problem, entry.problem
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


def store_in(folder: Path, on_error: str = "error") -> MLflow:
    return MLflow(
        uri=f"sqlite:///{folder}/mlflow.db", experiment="e", artifacts=folder / "files",
        on_error=OnUnreachable(on_error),
    )  # fmt: skip


def statuses(folder: Path) -> list[object]:
    """Returns the status of every run that was not deleted, in the order of their start."""
    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    found = client.search_runs([client.get_experiment_by_name("e").experiment_id], order_by=["attributes.start_time"])
    return [run.info.status for run in found]


def log_run(store: MLflow, run: TrackedRun, content: Content | None = None) -> RunLog:
    with store.start(run) as entry:
        entry.add(content or Content())
    return entry


def test_a_run_is_there_from_the_start_and_ends_with_its_job(tmp_path: Path) -> None:
    store, run = store_in(tmp_path), make_tracked("run", owner="me")
    with store.start(run) as entry:
        (started,) = runs(tmp_path / "mlflow.db")
        assert started["status"] == "RUNNING"
        assert started["params"] == CHOICES
        assert {"mlflow.source.name", "mlflow.source.type", "code.version", "sweep.s1-0", "job"} <= set(started["tags"])
        entry.add(Content(metrics=[("f1/mean", 0.5, 2)]))
        assert runs(tmp_path / "mlflow.db")[0]["metrics"] == {"f1/mean": {2: 0.5}}
    assert statuses(tmp_path) == ["FINISHED"]

    with pytest.raises(ValueError, match="too few"), store.start(make_tracked("failed")):
        raise ValueError("too few\nclasses")
    assert statuses(tmp_path) == ["FINISHED", "FAILED"]
    assert runs(tmp_path / "mlflow.db")[1]["tags"]["error"] == "too few classes"
    for signal in (KeyboardInterrupt(), SystemExit(143)):
        with pytest.raises(type(signal)), store.start(make_tracked("killed")):
            raise signal
    assert statuses(tmp_path) == ["FINISHED", "FAILED", "KILLED", "KILLED"]


def test_a_run_left_behind_is_closed_by_its_owner_alone(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    left = [store.start(make_tracked("run", owner=owner)) for owner in ("me", "another")]
    for run in left:
        run.__enter__()  # and never left, as if killed
    assert statuses(tmp_path) == ["RUNNING", "RUNNING"]
    log_run(store, make_tracked("run", job="job-other", owner="me"))
    assert statuses(tmp_path) == ["RUNNING", "RUNNING", "FINISHED"]
    log_run(store, make_tracked("run", owner="me"))
    assert statuses(tmp_path) == ["KILLED", "RUNNING", "FINISHED", "FINISHED"]
    log_run(store, make_tracked("run"))
    assert statuses(tmp_path) == ["KILLED", "RUNNING", "FINISHED", "FINISHED"], "nobody holds the lock"
    assert store.tie(make_tracked("run", owner="another")) is not None
    assert statuses(tmp_path) == ["KILLED", "KILLED", "FINISHED", "FINISHED"]


def test_of_one_job_there_is_one_finished_run_which_keeps_its_sweeps(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    log_run(store, make_tracked("run", sweep="night_1"))
    assert "night_2-0" in (store.tie(make_tracked("run", sweep="night_2")) or "")
    assert store.tie(make_tracked("other", sweep="night_2")) is None
    log_run(store, make_tracked("run", sweep="night_10"))
    assert statuses(tmp_path) == ["FINISHED"]
    tags = set(runs(tmp_path / "mlflow.db")[-1]["tags"])
    assert {"sweep.night_1-0", "sweep.night_2-0", "sweep.night_10-0"} <= tags


def test_a_run_that_cannot_be_logged_whole_is_marked_as_failed_and_stops_nothing(tmp_path: Path) -> None:
    broken = make_content(tmp_path, "run")
    (tmp_path / "run.png").unlink()
    entry = log_run(store_in(tmp_path), make_tracked("run"), broken)
    assert "run.png" in entry.problem
    assert words(entry, tmp_path / "out").endswith(f"python -m classvec log {tmp_path / 'out'}")
    assert statuses(tmp_path) == ["FAILED"]


def test_a_store_that_cannot_be_reached_is_an_error_at_once_or_left_for_later(tmp_path: Path) -> None:
    def run(on_error: str) -> str:
        uri = f"http://127.0.0.1:{free_port()}"
        with MLflow(uri=uri, experiment="e", artifacts="files", on_error=OnUnreachable(on_error)).start(
            make_tracked("run")
        ) as entry:
            entry.add(Content(metrics=[("f1/mean", 0.5, 2)]))
        return entry.problem

    start = time.monotonic()
    with pytest.raises(InputError, match=r"http://127\.0\.0\.1:\d+ cannot be used .*tracking\.on_error=later"):
        run("error")
    assert "cannot be used (Connection refused)" in run("later")
    uri = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(InputError, match=r"cannot be used \(Connection refused\)"):
        MLflow(uri=uri, experiment="e", artifacts="files").reach()
    MLflow(uri=uri, experiment="e", artifacts="files", on_error=OnUnreachable.later).reach()
    store_in(tmp_path).reach()
    assert time.monotonic() - start < 20


def test_a_password_is_refused_without_being_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for uri in (
        "http://me:hunter2@127.0.0.1:5000", "postgresql+psycopg://me:hunter2@127.0.0.1/db", "http://me:h/hunter2@x",
        "https://hunter2@127.0.0.1:5000", "postgresql://me@127.0.0.1/db?password=hunter2",
    ):  # fmt: skip
        for arguments in ([f"tracking.uri='{uri}'"], ["-m", f"tracking.uri='{uri}',x"], [f"+experiment_note='{uri}'"]):
            with pytest.raises(SystemExit, match="MLFLOW_TRACKING_PASSWORD") as stopped:
                call("evaluate.py", *arguments, monkeypatch=monkeypatch)
            assert "hunter2" not in str(stopped.value)
        with pytest.raises(InputError, match="MLFLOW_TRACKING_PASSWORD"):
            MLflow(uri=uri, experiment="e", artifacts="files")
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]
    assert MLflow(uri="postgresql://me@127.0.0.1:5000/a?x=b", experiment="e", artifacts="files").uri
    with pytest.raises(InputError, match=r"tracking\.uri is empty"):
        MLflow(uri=" ", experiment="e", artifacts="files")


@pytest.mark.parametrize("name", ["what? 100%", "it's #1 & ü=[x]", "plain"])
def test_paths_may_have_any_character(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    store = store_in(folder)
    entry = log_run(store, make_tracked("run"), make_content(folder, "run"))
    assert not entry.problem
    assert store.tie(make_tracked("run", sweep="again")) is not None
    assert [path.name for path in tmp_path.iterdir()] == [name]
    (run,) = runs(folder / "mlflow.db")
    assert (folder / "files" / str(run["id"]) / "artifacts" / "run.png").is_file()


def test_a_project_that_is_moved_or_copied_keeps_its_files(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    log_run(store_in(old), make_tracked("first"), make_content(old, "first"))
    shutil.copytree(old, new)
    log_run(store_in(new), make_tracked("second"), make_content(new, "second"))
    assert len(list((old / "files").iterdir())) == 1
    client = MlflowClient(tracking_uri=f"sqlite:///{new}/mlflow.db")
    found = client.search_runs([client.get_experiment_by_name("e").experiment_id])
    assert len(found) == 2
    log_run(replace(store_in(new), artifacts=tmp_path / "another"), make_tracked("third"), make_content(new, "third"))
    assert not (tmp_path / "another").exists(), "its files go with those of the experiment"
    for run in found:
        assert run.info.artifact_uri.startswith(new.as_uri())
        assert [file.path for file in client.list_artifacts(run.info.run_id) if file.path.endswith(".png")]


def test_a_store_whose_making_was_interrupted_is_moved_aside_if_it_holds_no_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "whole").mkdir()
    log_run(store_in(tmp_path / "whole"), make_tracked("whole"))

    def store_with(name: str, content: bytes | None, *statements: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "mlflow.db").write_bytes(
            (tmp_path / "whole" / "mlflow.db").read_bytes() if content is None else content
        )
        if statements:
            with closing(sqlite3.connect(folder / "mlflow.db")) as store, store:
                for statement in statements:
                    store.execute(statement)
        return folder

    unfinished = "delete from alembic_version"
    with closing(sqlite3.connect(tmp_path / "whole" / "mlflow.db")) as store:
        tables = [name for (name,) in store.execute("select name from sqlite_master where type = 'table'")]
    emptied = [f"delete from {name}" for name in tables if name not in ("alembic_version", "experiments", "workspaces")]
    emptied.append("delete from experiments where name = 'e'")
    foreign = store_with("mine", b"", "create table notes (words text)")
    with pytest.raises(InputError, match="is no MLflow store .it has the tables notes"):
        log_run(store_in(foreign), make_tracked("lost"))
    registered = store_with("models", None, unfinished, "delete from runs",
                            "insert into registered_models (name, workspace) values ('net', 'default')")  # fmt: skip
    with pytest.raises(InputError, match="copy of it"):
        log_run(store_in(registered), make_tracked("lost"))
    assert sorted(path.name for path in foreign.iterdir()) == ["mlflow.db", "mlflow.db.lock"]
    with pytest.raises(InputError, match="copy of it"):
        log_run(store_in(store_with("with a run", None, unfinished)), make_tracked("lost"))
    with pytest.raises(InputError, match="not a database"):
        log_run(store_in(store_with("foreign", b"SQLite format 3 is what this is not" * 40)), make_tracked("lost"))
    for name, content, statements in (
        ("without a version", None, (*emptied, unfinished)),
        ("half", None, (*emptied, "drop table metrics", "update alembic_version set version_num = '451aebb31d03'")),
        ("empty", b"", ()),
    ):
        folder = store_with(name, content, *statements)
        log_run(store_in(folder), make_tracked("run"))
        assert [run["name"] for run in runs(folder / "mlflow.db")] == ["run"]
        assert len(list(folder.glob("mlflow.db.unfinished-*"))) == (name != "empty")
        assert not list(folder.glob(".*"))
    assert caplog.text.count("was never finished and holds no run: moved to") == 2


@pytest.mark.slow
def test_a_store_is_whole_whenever_its_making_is_interrupted(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER.format(root=str(ROOT), folder=str(tmp_path), name="run")]
    for delay in range(4):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not (tmp_path / ".mlflow.db.making").exists() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(delay / 4)
        process.kill()
        process.wait()
        for database in tmp_path.glob("mlflow.db"):
            with closing(sqlite3.connect(database)) as store:
                assert store.execute("select count(*) from alembic_version").fetchone() == (1,)
            database.unlink()
    assert subprocess.run(command, check=False).returncode == 0
    assert [run["name"] for run in runs(tmp_path / "mlflow.db")] == ["run"]


def test_a_page_without_a_store_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert commands(["ui"]) == 1
    assert f"no MLflow store outputs/mlflow.db in {tmp_path}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_finished_runs_are_logged_later_from_their_folder(
    tmp_path: Path, small: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = [*small[2:], "architecture=colour_histogram", "hydra.run.dir=here"]
    call("evaluate.py", *small, monkeypatch=monkeypatch)
    (direct,) = runs(tmp_path / "outputs" / "mlflow.db")
    uri = f"sqlite:///{tmp_path}/other/mlflow.db"
    assert commands(["log", "here"]) == 0
    assert "logged already" in capsys.readouterr().out
    assert commands(["log", "here", "--store", uri]) == 0
    (later,) = runs(tmp_path / "other" / "mlflow.db")
    for key in ("name", "status", "metrics", "params"):
        assert later[key] == direct[key]
    same = {"job", "provenance.store", "mlflow.note.content", "sweep_id"}
    assert {key: later["tags"][key] for key in same} == {key: direct["tags"][key] for key in same}
    files = [
        {path.name for path in (tmp_path / place / "mlartifacts" / run["id"] / "artifacts").iterdir()}
        for place, run in (("outputs", direct), ("other", later))
    ]
    assert files[0] == files[1]
    assert len(files[0]) > 15
    assert commands(["log", "images", "here"]) == 1, "one of the two"
    printed = capsys.readouterr().out
    assert "images: not logged: it holds no finished run" in printed
    assert "logged already" in printed

    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
    with pytest.raises(InputError, match="would get MLFLOW_TRACKING_PASSWORD of your environment"):
        MLflow.at({"uri": "http://127.0.0.1:9", "experiment": "e", "artifacts": ""}, tmp_path)
    with Path("here", "labels.txt").open("a") as file:
        file.write("more")
    assert commands(["log", "here"]) == 1
    assert "labels.txt is not what the run wrote" in capsys.readouterr().out


def test_a_mark_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    run, victim = write_run(tmp_path / "run", overrides=[]), tmp_path / "victim"
    victim.mkdir()
    job = json.loads((run / "job.json").read_text())
    (run / "job.json").write_text(json.dumps({**job, "mark": "../victim/deep/abc.json"}))
    (run / "finished.json").unlink()
    record.save(replace(make_card("run"), identity="run"), Content(), run)
    write_card(run, make_card("run"), 1, None, {run / "tracked.json": kept(run / "tracked.json")})
    finish(run, "run")
    ((line, is_there),) = log_runs([run], f"sqlite:///{tmp_path}/mlflow.db")
    assert is_there, line
    assert list(victim.iterdir()) == []


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_the_page_is_served_on_this_machine_alone(tmp_path: Path) -> None:
    command, environment = server(f"sqlite:///{tmp_path}/x.db", 5001)
    assert "--host 127.0.0.1 --port 5001 --workers 1" in " ".join(command)
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"
