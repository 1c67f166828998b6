"""What a command leaves in the working directory: nothing if it is refused, and no second folder for one job."""

import logging
import re
from pathlib import Path

import pytest

from classvec import pipeline
from classvec.artifacts import read_json, write_json
from classvec.runs.card import FINISHED, finish
from classvec.runs.folder import JOB
from tests.conftest import SYNSETS, draw_images
from tests.jobs import SMALL
from tests.runs import call


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A small job in an empty folder, which becomes the working directory."""
    draw_images(tmp_path / "images", SYNSETS, [2] * len(SYNSETS))
    monkeypatch.chdir(tmp_path)
    return [*SMALL, "chance.label_draws=50", "tracking=none"]


def forget_summary(run: Path) -> None:
    """Makes a run look like one of an earlier version, which did not keep what it printed."""
    (run / "summary.txt").unlink()
    card, identity = read_json(run / "run.json"), read_json(run / FINISHED)["identity"]
    del card["files"]["summary.txt"]
    (run / FINISHED).unlink()
    write_json(run / "run.json", card)
    finish(run, identity)


def files() -> dict[Path, bytes | None]:
    """Returns all files below the working directory with what is in them, and all folders, but for the images."""
    found = [path for path in Path().rglob("*") if path.parts[0] != "images"]
    return {path: path.read_bytes() if path.is_file() else None for path in found}


REFUSED = {
    "a key": ["clusterng.k=[2]"],
    "a value": ["chance.draws=0"],
    "a word": ["trainer.precision=fp8"],
    "a root": ["data.root=nowhere"],
    "a class": ["data.classes=[n00000000]"],
    "k": ["clustering.k=[99]"],
    "no weights": ["architecture=squeezenet1_1"],
    "weights that are not there": ["architecture=squeezenet1_1", "architecture.weights=nowhere.pth"],
    "what is reconstructed": ["reconstruction=spectrum", "reconstruction.classes=[n00000000]"],
    "a folder of its own": ["hydra.run.dir=my/own/folder", "chance.draws=0"],
    "the files of Hydra elsewhere": ["hydra.output_subdir=conf", "chance.draws=0"],
    "no files of Hydra's": ["hydra.output_subdir=null", "chance.draws=0"],
    "the folder as working directory": ["hydra.job.chdir=true", "chance.draws=0"],
    "a sweep": ["-m", "metric=cosin,euclidean"],
    "a password": ["tracking=mlflow", "tracking.uri=http://me:secret@host"],
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("script", ["evaluate.py", "train.py"])
def test_a_job_that_is_refused_leaves_nothing(
    job: list[str], refused: list[str], script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if script == "train.py" and any(key.startswith(("clustering.k", "reconstruction")) for key in refused):
        pytest.skip("of no account to train.py")
    with pytest.raises(SystemExit, match="error: "):
        call(script, *job, *refused, monkeypatch=monkeypatch)
    left = [path for path in files() if "image_hashes" not in path.parts]  # which the next run reads
    assert set(left) <= {Path("outputs")}, "nor a store of MLflow's"
    assert left == [] or (Path("outputs") / "image_hashes").is_dir()
    logs = [
        Path(entry.baseFilename) for entry in logging.getLogger().handlers if isinstance(entry, logging.FileHandler)
    ]
    assert not any(log.is_relative_to(Path.cwd()) for log in logs)


def test_a_refused_job_leaves_an_earlier_run_in_its_folder_as_it_was(
    job: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call("evaluate.py", *job, "hydra.run.dir=out", monkeypatch=monkeypatch)
    log = Path("out/evaluate.log")
    before = {path: content for path, content in files().items() if path != log}
    assert before[Path("out/job.json")] is not None
    for refused in ("chance.draws=0", "data.root=nowhere"):
        with pytest.raises(SystemExit, match="error: "):
            call("evaluate.py", *job, "hydra.run.dir=out", refused, monkeypatch=monkeypatch)
        assert {path: content for path, content in files().items() if path != log} == before
    assert log.is_file()


@pytest.mark.parametrize("script", ["evaluate.py", "train.py"])
def test_an_error_in_the_middle_of_the_work_keeps_the_folder(
    job: list[str], script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError("no space left on the disk")

    monkeypatch.setattr(pipeline, "class_vectors", full)
    with pytest.raises(SystemExit, match="no space left"):
        call(script, *job, monkeypatch=monkeypatch)
    (folder,) = Path("outputs/runs").iterdir()
    assert (folder / "error.txt").read_text() == "no space left on the disk"
    assert (read_json(folder / JOB)["status"], read_json(folder / JOB)["name"]) == ("failed", "colour_histogram")
    assert (folder / ".hydra" / "config.yaml").is_file(), "with which classvec rerun goes on"


def test_done_already_prints_what_the_run_printed_and_leaves_no_folder(
    job: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    job = [*job, "tracking=mlflow", "report.page=true"]

    def printed(*more: str) -> str:
        capsys.readouterr()
        call("evaluate.py", *job, *more, monkeypatch=monkeypatch)
        said = capsys.readouterr().out.replace(str(Path.cwd()) + "/", "")
        return re.sub(r"(sweep\.|^)\d{4}-\d\d-\d\d_[-\d_]+-[0-9a-f]{8}", r"\1ID", said)

    first = printed()
    assert "adjusted" in first
    assert re.search(r"^Page: outputs/runs/\S+/report\.html$", first, re.MULTILINE)
    assert re.search(r"^Files: outputs/runs/\S+$", first, re.MULTILINE)
    assert "sweep.ID" in first
    again = printed()
    done = re.search(r"^Done already on [-\d]+ [\d:]+ \(use force=true to recompute\): colour_histogram\n", again, re.M)
    assert done is not None, again
    again = again[done.end() :]
    assert again == first[first.index("\ncolour_histogram: ") :]
    (run,) = Path("outputs/runs").iterdir()
    Path("outputs").rename("moved")
    moved = printed("outputs=moved")
    assert moved.endswith(again.replace("outputs/", "moved/")), "the paths are those of today"
    (run,) = Path("moved/runs").iterdir()
    forget_summary(run)
    old = printed("outputs=moved")
    assert "Done already" in old
    assert "adjusted" not in old, "an earlier version has not kept it"
    assert f"Files: {run}" in old


def test_a_job_of_a_sweep_that_was_done_already_keeps_its_folder(
    job: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call("evaluate.py", *job, "metric=euclidean", monkeypatch=monkeypatch)
    call("evaluate.py", "-m", *job, "metric=cosine,euclidean", monkeypatch=monkeypatch)
    (sweep,) = Path("outputs/sweeps").iterdir()
    (run,) = Path("outputs/runs").iterdir()
    assert (sweep / "1" / read_json(sweep / "1" / JOB)["results"]).resolve() == run.resolve()
    assert "1 of 2 jobs were done already" in capsys.readouterr().out
