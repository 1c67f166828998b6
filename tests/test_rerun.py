"""A saved run can be repeated, with other values too, and does not call code that somebody wrote into it."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from classvec import app
from classvec.__main__ import main as commands
from classvec.artifacts import Scores
from classvec.runs import folder as folders
from tests.conftest import ROOT
from tests.runs import call, write_run

SMALL = ["data.images_per_class=1", "tracking=none", "analysis=none", "report.page=false", "clustering.k=[2,3]"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which evaluate.py has run once."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        call("evaluate.py", *SMALL, "architecture=pixels", monkeypatch=patch)
    return folder


@pytest.fixture
def saved(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of evaluate.py in the working directory."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return newest()


def newest() -> Path:
    return max(Path("outputs/runs").iterdir(), key=lambda path: path.name)


def test_a_run_is_repeated_and_takes_other_values_and_choices(
    saved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["classvec"])
    assert commands(["rerun", str(saved)]) == 0
    done = capsys.readouterr().out
    assert re.match(r"Done already on [-\d]+ [\d:]+ \(use force=true to recompute\): pixels\n", done)
    assert f"\nFiles: {saved}\n" in done
    assert newest() == saved, "what was done already leaves no folder of its own"
    assert commands(["rerun", str(saved), "clustering.k=[4]", "metric=euclidean"]) == 0
    assert newest() != saved
    assert [row.k for row in Scores.load(newest() / "scores.csv").rows] == [4]
    assert OmegaConf.load(newest() / "config.yaml").metric._target_ == "classvec.method.metrics.Euclidean"


def test_the_saved_configuration_itself_runs_and_is_found_as_done(
    saved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    again = ["--config-path", f"{saved}/.hydra", "--config-name", "config"]
    capsys.readouterr()
    call("evaluate.py", *again, monkeypatch=monkeypatch)
    assert "Done already" in capsys.readouterr().out
    call("evaluate.py", "clustering.k=[2]", *again, "chance.draws=7", monkeypatch=monkeypatch)
    assert newest() != saved
    assert (newest() / "job.json").is_file(), "also this way a run leaves its notes in outputs/runs"
    assert [row.k for row in Scores.load(newest() / "scores.csv").rows] == [2]
    with pytest.raises(SystemExit, match=r"unknown key 'chance\.drwas'"):
        call("evaluate.py", *again, "chance.drwas=7", monkeypatch=monkeypatch)
    with pytest.raises(SystemExit, match=r"chance\.draws=0: expected at least 1"):
        call("evaluate.py", *again, "chance.draws=0", monkeypatch=monkeypatch)


def test_after_a_change_of_conf_the_saved_configuration_is_run_as_it_stands(
    saved: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = saved / ".hydra" / "config.yaml"
    file.write_text(file.read_text().replace("neighbours: 10", "neighbours: 3"))
    monkeypatch.setattr(sys, "argv", ["classvec"])
    assert commands(["rerun", str(saved), "clustering.k=[2]"]) == 0
    assert "running the saved one" in caplog.text
    rows = (newest() / "neighbours.csv").read_text().splitlines()
    assert len(rows) - 1 == 87 * 3


SHELL = "subprocess.getoutput"


@pytest.mark.parametrize(
    "value",
    [
        f"${{oc.create:{{_target_:{SHELL},cmd:touch called}}}}",
        f"\\${{oc.create:{{_target_:{SHELL},cmd:touch called}}}}",
        f"{{_target_: {SHELL}, cmd: touch called}}",
        f"[{{_target_: {SHELL}, cmd: touch called}}]",
    ],
)
def test_code_hidden_in_a_value_is_not_called(
    saved: Path, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved / ".hydra" / "config.yaml"
    quoted = value if value[0] in "{[" else f'"{value}"'.replace("\\", "\\\\")
    file.write_text(file.read_text().replace("  subsets: null", f"  subsets: {quoted}"))
    assert "getoutput" in file.read_text()
    with pytest.raises(SystemExit):
        call("evaluate.py", f"--config-path={saved}/.hydra", "--config-name=config", monkeypatch=monkeypatch)
    with suppress(SystemExit):
        commands(["rerun", str(saved)])
    assert not Path("called").exists()


def test_a_sweeps_folder_calls_no_code_and_reads_no_environment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    folders.begin_sweep(tmp_path, "${oc.env:SECRET}")
    write_run(tmp_path / "0", overrides=["layers=low", "title=${oc.env:SECRET}"])
    for tracking in (f"{{_target_: {SHELL}, cmd: touch called}}", "{}", "[", "3"):
        (tmp_path / "multirun.yaml").write_text(f"outputs: outputs\ntracking: {tracking}\n")
        assert commands(["sweep", str(tmp_path)]) == 0
    job = tmp_path / "0" / "job.json"
    job.write_text(
        job.read_text().replace('"tracking": {}', f'"tracking": {{"_target_": "{SHELL}", "cmd": "touch called"}}')
    )
    assert "touch called" in job.read_text()
    assert commands(["sweep", str(tmp_path)]) == 1
    assert "names no tracking store" in capsys.readouterr().err
    assert not Path("called").exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]


@pytest.mark.parametrize(
    "override",
    ["experiment=../../evil", "data=/tmp/evil", "--config-dir=evil", "hydra.callbacks.x._target_=x", "+../x@y=z"],
)
def test_overrides_that_reach_beyond_conf_are_refused(
    saved: Path, override: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = saved / ".hydra" / "overrides.yaml"
    file.write_text(f"{file.read_text()}- {override}\n")
    assert commands(["rerun", str(saved)]) == 1
    assert override in capsys.readouterr().err


def test_a_run_does_not_approve_itself(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved / ".hydra" / "config.yaml"
    file.write_text(file.read_text().replace("classvec.method.metrics.Cosine", "os.system"))
    own = ["--config-dir", ".", f"--config-path={saved}/.hydra", "--config-name=config"]
    with pytest.raises(SystemExit, match=r"would call os\.system"):
        call("evaluate.py", *own, monkeypatch=monkeypatch)
    with pytest.raises(SystemExit, match="written in full"):
        call("evaluate.py", f"--config-pat={saved}/.hydra", "--config-name=config", monkeypatch=monkeypatch)


@pytest.mark.parametrize("addition", ["hydra: {callbacks: {x: {_target_: os.system}}}", "defaults: [other]"])
def test_a_saved_configuration_cannot_change_what_hydra_itself_does(
    saved: Path, addition: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved / ".hydra" / "config.yaml"
    file.write_text(f"{addition}\n{file.read_text()}")
    with pytest.raises(SystemExit, match="expected the folder .hydra of a run"):
        call("evaluate.py", f"--config-path={saved}/.hydra", "--config-name=config", monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["k=1", "-m", "l=2"], ["-m", "k=1", "l=2"]),
        (["k=1", "--config-dir", "my conf", "l=2"], ["--config-dir", "my conf", "k=1", "l=2"]),
        (["k=1", "--cfg", "job", "-p", "layers", "l=2"], ["--cfg", "job", "-p", "layers", "k=1", "l=2"]),
        (["k=1", "--info", "l=2"], ["--info", "k=1", "l=2"]),
        (["k=1", "--info", "defaults"], ["--info", "defaults", "k=1"]),
        (["-sc", "install=bash"], ["-sc", "install=bash"]),
        (["k=[1, 2]", "x.y='a -m b'"], ["k=[1, 2]", "x.y='a -m b'"]),
    ],
)
def test_options_may_stand_between_overrides(words: list[str], expected: list[str]) -> None:
    assert app.options_first(words) == expected


@pytest.mark.parametrize("file", ["config.yaml", "overrides.yaml"])
def test_code_that_conf_does_not_name_is_not_called(
    saved: Path, file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = saved / ".hydra" / file
    content = evil.read_text()
    if file == "config.yaml":
        evil.write_text(content.replace("classvec.method.metrics.Cosine", "os.system"))
    else:
        evil.write_text(f"{content}- +metric.x._target_=os.system\n")
    assert commands(["rerun", str(saved)]) == 1
    assert "would call os.system" in capsys.readouterr().err
    if file == "config.yaml":
        with pytest.raises(SystemExit, match=r"would call os\.system"):
            call("evaluate.py", f"--config-path={saved}/.hydra", "--config-name=config", monkeypatch=monkeypatch)
    else:
        evil.write_text(f"{content}- hydra.callbacks.x._target_=os.system\n")
        assert commands(["rerun", str(saved)]) == 1
        assert "which no run of classvec saves" in capsys.readouterr().err


def test_a_folder_without_a_run_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands(["rerun", str(tmp_path)]) == 1
    assert "holds no run that can be repeated" in capsys.readouterr().err


@pytest.mark.slow
def test_a_wheel_runs_the_default_job_in_any_folder(tmp_path: Path) -> None:
    """Installed on top of the packages that are there, not editable, without a checkout in sight."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*build, str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("classvec-*.whl")
    site, folder = tmp_path / "site", tmp_path / "elsewhere"
    folder.mkdir()
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel], check=True
    )
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def classvec(*arguments: str) -> str:
        command = [str(site / "bin" / "classvec"), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = subprocess.run(
        [sys.executable, "-c", "from classvec.compose import CONF; print(CONF)"],
        cwd=folder, capture_output=True, text=True, env=environment, check=True,
    ).stdout  # fmt: skip
    assert Path(where.strip()) == site / "classvec" / "conf"
    assert "2    0.793" in classvec("evaluate")
    swept = ["-m", "architecture=pixels,colour_histogram", "data.images_per_class=1", "tracking=none"]
    assert "Sweep over architecture: 2 jobs" in classvec("train", *swept)
    assert "bvlc_googlenet" in classvec("evaluate", "--help")
    assert "conv5_4" in classvec("layers", "architecture=vgg19")
