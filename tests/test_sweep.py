"""Sweeps: a finished job is not done again, a failed one is named and stops nobody, a summary says what came out."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra
from mlflow import MlflowClient

from classvec.__main__ import main as commands
from classvec.analyses.analysis import Result
from classvec.artifacts import write_json
from classvec.compose import CONF, compose
from classvec.errors import InputError
from classvec.report.sweep import summarise
from classvec.runs import folder as folders
from classvec.runs.card import FINISHED, RUN, finish, read_card
from classvec.runs.finding import find_runs, unique_names
from classvec.runs.identity import Job
from classvec.runs.sweep import read
from tests.conftest import ROOT
from tests.runs import call, make_evaluation, runs, write_run


def mtimes(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.npy")}


def newest(tmp_path: Path) -> Path:
    return max((tmp_path / "outputs" / "sweeps").iterdir())


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "summary.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_sweep_started_again_does_only_what_is_missing_and_fails_where_a_job_fails(
    tmp_path: Path,
    small: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call("evaluate.py", "-m", *small, "layers=low,top", monkeypatch=monkeypatch)
    first = newest(tmp_path)
    assert [row["state"] for row in table(first)] == ["finished"] * 2
    before = {**mtimes(tmp_path), **{path: path.stat().st_mtime_ns for path in first.rglob("*.csv")}}
    capsys.readouterr()

    with pytest.raises(SystemExit, match="no weights at nowhere.pth"):  # a message in place of a code: exit code 1
        call(
            "evaluate.py", "-m", *small, "layers=top,mid,low", "architecture.weights=random,nowhere.pth",
            monkeypatch=monkeypatch,
        )  # fmt: skip
    second, printed = newest(tmp_path), capsys.readouterr().out
    assert second != first
    found = {row["layers"]: row for row in table(second) if row["architecture.weights"] == "random"}
    assert {name: row["state"] for name, row in found.items()} == {
        "top": "done already", "mid": "finished", "low": "done already",
    }  # fmt: skip
    assert Path(found["top"]["results"]).resolve() == (first / "1").resolve()
    for path, time in before.items():
        assert path.stat().st_mtime_ns == time, path
    failed = [row for row in table(second) if row["architecture.weights"] == "nowhere.pth"]
    assert [row["state"] for row in failed] == ["failed"] * 3
    assert "no weights at nowhere.pth" in (Path(failed[0]["results"]) / "error.txt").read_text()
    assert printed.count("FAILED: nowhere.pth") == 3
    assert f"Files: {found['top']['results']}" in printed
    assert "2 of 6 jobs were done already" in printed

    ids = [f"sweep.{folders.sweep_of(sweep)[0].id}" for sweep in (first, second)]
    found_runs = runs(tmp_path / "outputs" / "mlflow.db")
    tracked = {str(run["name"]): [sweep for sweep in ids if sweep in run["tags"]] for run in found_runs}
    assert tracked["squeezenet1_1 low (random)"] == ids
    assert tracked["squeezenet1_1 mid (random)"] == ids[1:]
    assert [sum(sweep in run["tags"] for run in found_runs) for sweep in ids] == [3, 4], "with the summary"
    colours = [run["tags"].get("mlflow.runColor") for run in runs(tmp_path / "outputs" / "mlflow.db")]
    assert len({colour for colour in colours if colour}) == 3

    assert commands(["sweep", str(second)]) == 1
    assert "FAILED: nowhere.pth" in capsys.readouterr().out
    statuses = [run["status"] for run in runs(tmp_path / "outputs" / "mlflow.db") if "summary" in str(run["name"])]
    assert statuses == ["FINISHED"] * 3  # the one made anew replaces its elder, which MLflow keeps as deleted


def test_a_sweep_of_train_is_summed_up_too(
    tmp_path: Path,
    small: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call("train.py", "-m", *small, "tracking=none", "architecture=pixels,colour_histogram", monkeypatch=monkeypatch)
    assert [row["state"] for row in table(newest(tmp_path))] == ["finished"] * 2
    assert "Sweep over architecture: 2 jobs" in capsys.readouterr().out


def test_another_store_or_force_does_a_job_anew(
    tmp_path: Path,
    small: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    small = [*small, "layers=top"]

    def again(*arguments: str) -> bool:
        capsys.readouterr()
        call("evaluate.py", *small, *arguments, monkeypatch=monkeypatch)
        return "Done already" in capsys.readouterr().out

    assert not again("tracking=none")
    assert again("tracking=none")
    assert again("tracking=none", "trainer.workers=1", "title=Another"), "neither changes what comes out"
    assert not again("tracking=none", "force=true")
    assert again(), "the store lacks the run, which is logged from its files"
    (run,) = runs(tmp_path / "outputs" / "mlflow.db")
    assert (run["status"], 2 in run["metrics"]["f1/mean"]) == ("FINISHED", True)
    assert again()
    assert len(runs(tmp_path / "outputs" / "mlflow.db")) == 1
    assert not again("chance.draws=50")
    first, second = (tmp_path / "images" / "n01440764" / name for name in ("0.png", "1.png"))
    first.touch()
    assert again("tracking=none"), "the time of an image is not the image"
    first.write_bytes(second.read_bytes())
    assert not again("tracking=none"), "an image changed"


def test_of_processes_with_the_same_job_one_does_it(tmp_path: Path) -> None:
    script = """
import sys, time
from pathlib import Path
from classvec.artifacts import write_json
from classvec.runs.folder import begin
from classvec.runs.identity import Job
folder = Path(sys.argv[1])
job = Job(settings={}, output=folder / sys.argv[2], index=folder / "finished")
begin(job.output, [])
with job.locked("0123") as held:
    if held.earlier is None:
        time.sleep(0.5)
        (folder / f"done by {sys.argv[2]}").touch()
        write_json(job.output / "run.json", {"name": "a", "choices": {}, "files": {}})
    held.finish({})
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    processes = [subprocess.Popen([*command, str(number)]) for number in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    assert len(list(tmp_path.glob("done by *"))) == 1
    assert len({folders.status(tmp_path / str(number)).results for number in range(3)}) == 1


def test_a_job_that_ends_in_an_error_is_not_finished_nor_one_whose_results_are_gone(tmp_path: Path) -> None:
    def once(name: str, *, fails: bool = False, force: bool = False) -> Path | None:
        folders.begin(tmp_path / name, [])
        job = Job(settings={}, output=tmp_path / name, index=tmp_path / "finished", force=force)
        with job.locked("0123") as held:
            if fails:
                raise OSError("disk full")
            if held.earlier is None:
                write_run(tmp_path / name)
            held.finish({})
        return held.earlier

    with pytest.raises(OSError, match="disk full"):
        once("a", fails=True)
    assert once("b") is None
    assert once("c") == tmp_path / "b"
    assert once("d", force=True) is None
    assert once("e") == tmp_path / "d"
    moved = (tmp_path / "d").rename(tmp_path / "elsewhere")
    assert once("f") is None
    assert folders.status(moved).results == moved, "a whole folder may be moved"
    assert "no longer exist" in folders.status(tmp_path / "e").error


def test_two_jobs_in_one_folder_at_once_are_noticed(tmp_path: Path) -> None:
    ours = Job(settings={"a": 1}, output=tmp_path / "run", index=tmp_path / "finished")
    with ours.locked("ours") as held:
        write_run(ours.output)
        (ours.output / FINISHED).unlink()
        (ours.output / "scores.csv").write_text("of another job")
        with pytest.raises(InputError, match=r"scores\.csv is not what the run wrote"):
            held.finish({})
    assert not list((tmp_path / "finished").glob("ours.json"))


def test_a_job_that_is_done_elsewhere_leaves_what_lies_in_its_folder(tmp_path: Path) -> None:
    here = write_run(tmp_path / "here", overrides=[])
    finish(here, "low")
    there = write_run(tmp_path / "there", overrides=[])
    write_json(tmp_path / "finished" / "there.json", {"identity": "there", "results": "../there"})
    folders.begin(here, ["layers=mid"])
    with Job(settings={}, output=here, index=tmp_path / "finished").locked("there") as held:
        assert held.earlier == there
        held.finish({})
    assert (here / "scores.csv").exists()
    assert folders.status(here).results == there
    assert list(find_runs([here]).values()) == [there], "its folder has the files of another run"


def test_a_sweep_does_not_lean_on_results_that_it_may_overwrite(tmp_path: Path) -> None:
    index, sweep = tmp_path / "finished", tmp_path / "sweep"

    def run(number: int, identity: str) -> Path | None:
        folders.begin(sweep / str(number), [f"layers={identity}"])
        with Job(settings={}, output=sweep / str(number), index=index).locked(identity) as held:
            if held.earlier is None:
                write_run(sweep / str(number))
            held.finish({})
            return held.earlier

    folders.begin_sweep(sweep)
    (sweep / "multirun.yaml").parent.mkdir(exist_ok=True)
    (sweep / "multirun.yaml").touch()
    assert [run(number, name) for number, name in enumerate(("low", "mid", "top"))] == [None, None, None]
    folders.begin_sweep(sweep)
    assert run(0, "mid") is None, "its results lie in the folder of a job to come"
    assert run(1, "all") is None
    assert run(2, "top") == sweep / "2"
    assert [folders.status(sweep / str(number)).identity for number in range(3)] == ["mid", "all", "top"]
    assert run(3, "mid") == sweep / "0", "finished in this sweep"


def test_a_job_of_train_has_no_scores_whatever_lies_in_its_folder(tmp_path: Path) -> None:
    write_run(tmp_path / "0", overrides=["layers=low"])
    folders.begin(tmp_path / "0", ["layers=top"])
    folders.end(tmp_path / "0", tmp_path / "0")
    (job,) = read(tmp_path)
    assert (job.state, job.results, job.scores) == ("finished", None, None)
    with pytest.raises(InputError, match=r"no run of evaluate\.py"):
        find_runs([tmp_path])


def test_the_identity_follows_from_settings_and_all_that_is_read(tmp_path: Path) -> None:
    def identity(settings: dict[str, object], **read: object) -> str:
        return Job(settings=settings, output=tmp_path, index=tmp_path).identity(**read)

    same = identity({"k": [2, 3]}, weights="a", images="b")
    assert identity({"k": [2, 3]}, images="b", weights="a") == same
    others = [
        identity({"k": [2, 4]}, weights="a", images="b"),
        identity({"k": [2, 3]}, weights="b", images="a"),
        identity({"k": [2, 3]}, weights="a", images="b", concepts="c"),
    ]
    assert len({same, *others}) == 4


def test_the_summary_shows_what_was_swept_and_warns_where_a_curve_says_little(tmp_path: Path) -> None:
    same = "chance.draws=9"
    folders.begin_sweep(tmp_path)
    write_run(tmp_path / "0", "net low", make_evaluation(f1=0.54, p=0.01), overrides=["layers=low", same])
    write_run(tmp_path / "1", "net top", make_evaluation(f1=0.75, p=0.01), overrides=["layers=top", same])
    folders.begin(tmp_path / "2", ["layers=mid", same])
    write_run(tmp_path / "10", "net top", make_evaluation(f1=0.995, chance=0.995), overrides=["layers=all", same])
    found = summarise(tmp_path)
    rows = table(tmp_path)
    assert list(rows[0]) == ["run", "layers", "best adjusted F1", "at k", "p", "mean over k", "F1 k=2",
                             "state", "results"]  # fmt: skip
    assert [row["run"] for row in rows] == ["net low", "net top, top", "mid", "net top, all"]
    assert [row["best adjusted F1"] for row in rows] == ["0.080", "0.500", "", ""]
    assert (rows[0]["F1 k=2"], rows[0]["at k"]) == ("0.540", "2")
    assert [row["p"] for row in rows] == ["0.01", "0.01", "", "0.062"]
    assert [row["mean over k"] for row in rows] == ["0.018", "0.438", "", ""]
    assert "net low: adjusted F1 stays below 0.1 (at most 0.08, at k = 2)" in found.text
    assert "net top, top: adjusted" not in found.text
    assert "net top, all: adjusted F1 is defined for no k" in found.text
    assert "NOT FINISHED: mid: still running" in found.text
    assert found.failed == 1
    assert "Sweep over layers: 4 jobs" in found.text
    assert (tmp_path / "summary.md").read_text().count("| net ") == 3
    assert (tmp_path / "f1.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="holds no job of a sweep"):
        summarise(tmp_path / "0")


def test_the_summary_shows_what_analyses_add_and_whether_affinities_differ(tmp_path: Path) -> None:
    folders.begin_sweep(tmp_path)
    counted = [Result(name="count", title="A count", summary={"labels": f"{i} of 35"}) for i in range(2)]
    plain, graph = make_evaluation(affinity="similarity as it is"), make_evaluation()
    write_run(tmp_path / "0", "low", plain, overrides=["layers=low"], found=counted[:1])
    write_run(tmp_path / "1", "top", graph, overrides=["layers=top"], found=counted[1:])
    write_run(tmp_path / "2", "mid", graph, overrides=["layers=mid"])
    folders.begin(tmp_path / "3", ["layers=all"])
    found = summarise(tmp_path)
    rows = table(tmp_path)
    assert list(rows[0])[-4:] == ["F1 k=2", "labels", "state", "results"]
    assert [row["labels"] for row in rows] == ["0 of 35", "1 of 35", "", ""]
    words = "similarity as it is (low); graph of 10 nearest neighbours (top, mid)."
    assert f"Jobs differ in the affinity of spectral clustering: {words}" in found.text
    chosen = [f"clustering.affinity={word}" for word in ("similarity", "knn", "knn", "gaussian")]
    write_run(tmp_path / "0", "low", graph, overrides=["layers=low"])
    assert "Jobs differ in the affinity" not in summarise(tmp_path).text
    for number, (override, computed) in enumerate(zip(chosen, (plain, graph, graph, plain), strict=True)):
        write_run(tmp_path / str(number), "all", computed, overrides=[override])
    assert "Jobs differ in the affinity" not in summarise(tmp_path).text


def test_a_sweep_without_one_result_is_summed_up_too(tmp_path: Path) -> None:
    folders.begin_sweep(tmp_path, "A title")
    folders.begin(tmp_path / "0", ["layers=low"])
    folders.fail(tmp_path / "0", "OSError: disk full\n\nTraceback")
    found = summarise(tmp_path)
    assert "FAILED: 0: OSError: disk full" in found.text
    assert found.failed == 1
    assert "A title: 1 jobs" in found.text
    assert not (tmp_path / "f1.png").exists()


def test_a_job_in_the_folder_of_another_leaves_and_logs_its_own_files_alone(
    tmp_path: Path, small: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "here"

    def job(*arguments: str) -> set[str]:
        call("evaluate.py", "architecture=colour_histogram", *small[2:], "hydra.run.dir=here", *arguments,
             monkeypatch=monkeypatch)  # fmt: skip
        return set(read_card(here)["files"])

    first = job()
    (here / "notes.txt").touch()
    second = job("analysis=none")
    assert {"stability.csv", "stability.png"} <= first - second
    assert all((here / name).exists() for name in {"notes.txt", *second})
    assert not [name for name in first - second if (here / name).exists()]
    logged = runs(tmp_path / "outputs" / "mlflow.db")[-1]["id"]
    artifacts = {path.name for path in (tmp_path / "outputs" / "mlartifacts" / logged / "artifacts").glob("*.*")}
    assert {"scores.csv", "report.html"} <= artifacts <= {*second, "cluster_labels.json"}

    before = {name: (here / name).stat().st_mtime_ns for name in second}
    capsys.readouterr()
    job("analysis=none")
    assert "Done already" in capsys.readouterr().out
    assert {name: (here / name).stat().st_mtime_ns for name in second} == before


def test_a_sweep_in_the_folder_of_another_is_summed_up_alone(tmp_path: Path) -> None:
    def sweep(*layers: str) -> None:
        folders.begin_sweep(tmp_path)
        assert not any((tmp_path / name).exists() for name in folders.SUMMARY)
        for number, name in enumerate(layers):
            write_run(tmp_path / str(number), name, overrides=[f"layers={name}"])
        summarise(tmp_path)

    sweep("low", "mid", "top")
    assert {"comparison.csv", "comparison.png", "report.html"} <= {path.name for path in tmp_path.iterdir()}
    sweep("all")
    assert [job.name for job in read(tmp_path)] == [row["run"] for row in table(tmp_path)] == ["all"]
    assert not list(tmp_path.glob("comparison.*"))
    assert (tmp_path / "2" / "scores.csv").exists(), "results stay"
    (tmp_path / "0" / FINISHED).unlink()
    summarise(tmp_path)
    assert not (tmp_path / "report.html").exists(), "that of results that no longer exist"


def test_a_failed_job_has_no_results_though_an_earlier_run_left_some(tmp_path: Path) -> None:
    folders.begin_sweep(tmp_path)
    write_run(tmp_path / "0", overrides=["layers=low"])
    folders.begin(tmp_path / "0", ["layers=low"])
    folders.fail(tmp_path / "0", "disk full")
    (job,) = read(tmp_path)
    assert (job.state, job.error, job.results, job.scores) == ("failed", "disk full", None, None)
    assert summarise(tmp_path).failed == 1


@pytest.mark.parametrize("name", ["job.json", "run.json", "finished.json", "scores.csv", "similarity.npz"])
@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_file_is_named_and_the_rest_summed_up(
    tmp_path: Path, name: str, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folders.begin_sweep(tmp_path)
    for number, layers in enumerate(("low", "mid", "top")):
        write_run(tmp_path / str(number), layers, overrides=[f"layers={layers}"])
    path = tmp_path / "1" / name
    content = bytearray(path.read_bytes())
    content[content.index(b"i") if name.endswith("json") else 200] ^= 2
    path.write_bytes(content if damage == "flipped" else content[: len(content) // 2])
    assert commands(["sweep", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert str(path) in printed or name == "finished.json" and str(path.parent) in printed
    assert [row["state"] for row in table(tmp_path)].count("finished") == 2
    (tmp_path / folders.SWEEP).write_text("{")
    assert commands(["sweep", str(tmp_path)]) == 1
    assert str(tmp_path / folders.SWEEP) in capsys.readouterr().err


def test_a_summary_made_from_elsewhere_goes_into_the_store_of_its_sweep(
    tmp_path: Path, small: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call("evaluate.py", "-m", "architecture=colour_histogram", *small[2:], "analysis=none", "chance.draws=5,6",
         monkeypatch=monkeypatch)  # fmt: skip
    sweep, database = newest(tmp_path), tmp_path / "outputs" / "mlflow.db"
    before = [run["id"] for run in runs(database)]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert commands(["sweep", str(sweep)]) == 0
    assert list(Path().iterdir()) == []
    (new,) = [run for run in runs(database) if run["id"] not in before]
    assert new["name"] == "summary: Sweep over chance.draws"
    assert f"sweep.{folders.sweep_of(sweep)[0].id}" in new["tags"]


def test_sweeps_of_like_names_keep_their_summaries(
    tmp_path: Path, small: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = ["architecture=colour_histogram", *small[2:], "analysis=none"]
    for number, name in enumerate(("night_10", "night_1", "nightX1")):
        call("evaluate.py", "-m", *small, f"chance.draws={5 + 2 * number},{6 + 2 * number}",
             f"hydra.sweep.dir=outputs/sweeps/{name}", monkeypatch=monkeypatch)  # fmt: skip
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name("classvec").experiment_id
    found = [run.data.tags["sweep_id"] for run in client.search_runs([experiment], "tags.kind = 'summary'")]
    assert sorted(found) == ["nightX1", "night_1", "night_10"]


def test_only_files_within_a_folder_are_cleared(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.touch()
    run = write_run(tmp_path / "run", more=["../outside.txt", "own.txt", "link.txt"])
    (run / "own.txt").touch()
    (run / "link.txt").symlink_to(outside)
    card = json.loads((run / RUN).read_text())
    (run / RUN).write_text(json.dumps({**card, "files": {**card["files"], str(outside): None}}))
    folders.clear(run)
    assert outside.exists()
    assert [path.name for path in run.iterdir()] == ["link.txt"]


def test_names_that_occur_twice_are_made_unique(tmp_path: Path) -> None:
    names = unique_names(
        ["one", "two", "two", "three", "three"],
        [{"k": "1"}, {"k": "1"}, {"k": "2"}, {"k": "1"}, {"k": "1"}],
        [tmp_path / "sweep" / str(number) for number in range(5)],
    )
    assert names == ["one", "two, 1", "two, 2", "three, 1, sweep/3", "three, 1, sweep/4"]


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "conf" / "hydra" / "launcher").glob("*.yaml")))
def test_launchers_compose(name: str) -> None:
    from hydra import compose, initialize_config_dir
    from hydra.utils import get_class

    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        cfg = compose("config", overrides=[f"hydra/launcher={name}"], return_hydra_config=True)
    launcher = {str(key): value for key, value in cfg.hydra.launcher.items_ex(resolve=False) if key != "_target_"}
    built = get_class(cfg.hydra.launcher._target_)(**launcher)  # refuses a launcher that is not installed
    assert type(built).__name__ == {"parallel": "JoblibLauncher", "slurm": "SlurmLauncher"}[name]


@pytest.mark.parametrize("series", sorted(path.stem for path in (ROOT / "conf" / "series").glob("*.yaml")))
def test_a_series_beats_its_figure(series: str) -> None:
    cfg = compose(["experiment=figure1", f"series={series}", "weights.bvlc_googlenet=file"])
    expected = {
        "random_weights": ("bvlc_googlenet", "top", "random"),
        "pixels": ("pixels", "all", None),
        "colour_histogram": ("colour_histogram", "all", None),
    }.get(series, ("bvlc_googlenet", series, "file"))
    assert (cfg.architecture.name, cfg.layers.name, cfg.architecture.weights) == expected


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("table1", "inception_5b  inception_5a/output 50,176   inception_5b/output 50,176   erratum"),
        ("table2", "conv5_4  conv5_4 401,408    conv5_4 100,352    erratum"),
    ],
)
def test_the_tables_of_layers_need_no_image(
    name: str, row: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    call("evaluate.py", f"experiment={name}", monkeypatch=monkeypatch)
    printed = capsys.readouterr().out
    assert row in printed
    assert printed.count("erratum") == {"table1": 1, "table2": 2}[name]
    assert "erratum" in next((tmp_path / "outputs").rglob("layers.md")).read_text()


@pytest.mark.slow
def test_four_jobs_at_once_over_an_empty_cache_extract_once_and_lose_nothing(tmp_path: Path) -> None:
    command = [
        sys.executable, str(ROOT / "evaluate.py"), "-m", "hydra/launcher=parallel", "hydra.launcher.n_jobs=4",
        "layers=low,mid,top,all", "data.images_per_class=1", "clustering.k=[2,3,4]", "clustering.seeds=[0,1]",
        "chance.draws=10",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=280)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    assert done.stdout.count("87 of 87 classes, 87 images") == 1, "one job extracts"
    assert len(list((tmp_path / "outputs" / "class_vectors").glob("*/manifest.json"))) == 1
    assert [row["state"] for row in table(newest(tmp_path))] == ["finished"] * 4
    tracked = [run for run in runs(tmp_path / "outputs" / "mlflow.db") if "summary" not in str(run["name"])]
    assert len(tracked) == 4
    for run in tracked:
        assert run["status"] == "FINISHED"
        assert {len(points) for name, points in run["metrics"].items() if name.startswith(("f1/", "clusters/"))} == {3}
    assert folders.status(newest(tmp_path) / "0").results == newest(tmp_path) / "0"
