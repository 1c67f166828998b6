"""The list of runs and sweeps: what came of each, from the files that it left."""

import csv
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from classvec.__main__ import main as commands
from classvec.artifacts import read_json, write_json
from classvec.errors import InputError
from classvec.runs import folder as folders
from classvec.runs.card import FINISHED, finish
from classvec.runs.listing import listing
from tests.runs import make_evaluation, write_run


def dated(folder: Path, time: str) -> Path:
    """Gives a run the time at which it was finished, or else at which it began and ended."""
    name = FINISHED if (folder / FINISHED).is_file() else folders.JOB
    write_json(folder / name, {**read_json(folder / name), "began": time, "ended": time})
    return folder


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with runs and a sweep; the oldest has the name that comes last."""
    monkeypatch.chdir(tmp_path)
    runs, sweep = Path("outputs/runs"), Path("outputs/sweeps/s")
    dated(write_run(runs / "z", "net all", make_evaluation(p=0.001), overrides=["layers=all"]), "2026-01-01T12:00:00Z")
    folders.begin(runs / "fit", ["fit.epochs=9"], "train")
    folders.work(runs / "fit", "net")
    folders.fail(runs / "fit", "disk full\n\nTraceback")
    dated(runs / "fit", "2026-01-02T12:00:00Z")
    folders.begin_sweep(sweep)
    for number, (layers, f1) in enumerate((("low", 0.54), ("top", 0.75))):
        made = write_run(sweep / str(number), "net", make_evaluation(f1=f1), overrides=[f"layers={layers}"])
        dated(made, f"2026-01-03T12:00:0{number}Z")
    folders.begin(sweep / "2", ["layers=none"], "evaluate")
    folders.fail(sweep / "2", "no such layer")
    dated(sweep / "2", "2026-01-03T12:00:00Z")
    folders.begin(sweep / "10", ["layers=all"], "evaluate")
    folders.end(sweep / "10", runs / "z", "z")
    dated(sweep / "10", "2026-01-03T12:00:00Z")
    (runs / "killed").mkdir()
    job = {"overrides": ["layers=mid"], "status": "started", "began": "2026-01-04T12:00:00Z"}
    write_json(runs / "killed" / folders.JOB, job)
    return tmp_path / "outputs"


def test_runs_and_sweeps_are_listed_newest_last(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands(["runs"]) == 0
    head, *lines, what = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "name"
    assert [line.split("  ")[0] for line in lines] == [
        "net all", "train: net", "sweep over layers: 4 jobs", "layers=mid"
    ]  # fmt: skip
    assert "  finished  " in lines[0]
    assert re.split(r"  +", lines[0])[3:] == ["21 min", "0.62, k = 2", "<= 0.001", "outputs/runs/z"]
    assert lines[1].split()[2] == "failed"
    assert re.split(r"  +", lines[1])[-2:] == ["outputs/runs/fit", "disk full"]
    assert "2 finished, 1 failed, 1 done already" in lines[2]
    assert "0.08 to 0.62" in lines[2]
    assert "<=" not in lines[2], "the best of several jobs has no p"
    assert "stopped" in lines[3]
    assert lines[3].endswith("killed")
    assert "largest over all k" in what


def test_the_jobs_of_a_sweep_are_listed_on_demand(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands(["runs", "outputs/sweeps", "--jobs"]) == 0
    _, sweep, *jobs, _ = capsys.readouterr().out.splitlines()
    assert sweep.startswith("sweep over layers")
    assert [job.split("   ")[0] for job in jobs] == ["  net, low", "  net, top", "  layers=none", "  net all"]
    assert jobs[2].endswith("no such layer")
    assert jobs[3].endswith("results: outputs/runs/z"), "where an earlier run has left them"


def test_the_csv_table_has_a_row_for_each_run_and_job(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands(["runs", str(outputs), "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["folder"].removeprefix("outputs/") for row in rows] == [
        "runs/z", "runs/fit", *(f"sweeps/s/{number}" for number in (0, 1, 2, 10)), "runs/killed"
    ]  # fmt: skip
    assert (rows[0]["when"], rows[0]["seconds"]) == ("2026-01-01T12:00:00+00:00", "1234.5")
    assert (rows[0]["f1_adjusted"], rows[0]["k"], rows[0]["p"]) == ("0.625", "2", "0.001")
    assert {row["sweep"] for row in rows} == {"", "outputs/sweeps/s"}


@pytest.mark.parametrize("file", ["job.json", "run.json", "finished.json", "scores.csv", "scores.json"])
@pytest.mark.parametrize("content", ["", "{", "[]", '{"status": 1}', "\x00\n1,2"])
def test_a_damaged_run_is_a_line_that_says_so(outputs: Path, file: str, content: str) -> None:
    (outputs / "runs" / "z" / file).write_text(content)
    (line,) = [line for line in listing([outputs]).splitlines() if "outputs/runs/z" in line and "sweep" not in line]
    assert line.split("  ")[0] in ("z", "net all", "layers=all")
    assert "damaged" in line or "no longer exist" in line
    assert "train: net" in listing([outputs]), "the others are listed all the same"


def test_folders_without_runs_are_errors_and_foreign_ones_are_lines(
    outputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (outputs / "runs" / "old" / ".hydra").mkdir(parents=True)
    assert "old  " in listing([outputs])
    assert "left by an earlier version, or not of classvec" in listing([outputs])
    (outputs / "sweeps" / "empty").mkdir()
    with pytest.raises(InputError, match=r"no run in outputs/sweeps/empty: expected folders with job\.json"):
        listing([Path("outputs/sweeps/empty")])
    assert commands(["runs", "nowhere"]) == 1
    assert "there is no folder nowhere" in capsys.readouterr().err


def test_a_job_runs_as_long_as_its_process_and_no_longer(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from classvec.runs.folder import begin, work\n"
    script += "begin(Path(sys.argv[1]), ['layers=top']); work(Path(sys.argv[1]), 'net top'); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert folders.status(tmp_path).state == "running"
        assert "still running" in listing([tmp_path])
        process.kill()
        process.wait()
    status = folders.status(tmp_path)
    assert (status.state, status.error, status.name) == ("stopped", "killed", "net top")


def test_times_are_short(tmp_path: Path) -> None:
    for number, (seconds, words) in enumerate(((0.4, "0 s"), (59.0, "59 s"), (90.0, "2 min"), (9000.0, "2.5 h"))):
        run = write_run(tmp_path / str(number), overrides=[])
        write_json(run / "run.json", {**read_json(run / "run.json"), "wall_seconds": seconds})
        (run / FINISHED).unlink()
        finish(run, run.name)
        assert f"  {words}  " in listing([run])
