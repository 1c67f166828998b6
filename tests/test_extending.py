"""What docs/extending.md shows works as printed: every kind of part from a folder of the user's own."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", PAGE, flags=re.DOTALL))
COMMAND = re.search(r"classvec evaluate (--config-dir my_conf architecture=.*)", PAGE)
CHEAP = ["tracking=none", "clustering.k=[2,3]", "chance.draws=5", "report.page=false", "trainer.batch_size=9"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The user's folder, as the page shows it."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path


def evaluate(folder: Path, *arguments: str, script: str = "-m classvec evaluate") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *script.split(), *arguments]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=300)


def results(folder: Path) -> Path:
    """Returns the newest run."""
    return max((folder / "outputs" / "runs").iterdir(), key=lambda path: path.name)


def test_each_part_is_one_file_of_code_and_one_of_configuration_under_30_lines() -> None:
    kinds = {name.split("/")[1] for name in FILES if name.endswith(".yaml")}
    assert kinds == {"metric", "clustering", "data", "ontology", "architecture", "analysis"}
    assert len(FILES) == 2 * len(kinds)
    assert all(len(content.splitlines()) < 30 for content in FILES.values())


def test_all_parts_from_outside_run_together_are_repeated_and_computed_again_after_a_change_of_code(
    folder: Path,
) -> None:
    assert COMMAND is not None
    arguments = [*COMMAND[1].split(), *CHEAP, "analysis.permutations=9", "trainer.halves=0"]
    first = evaluate(folder, *arguments, "clustering.strategy=biggest_inertia")
    assert first.returncode == 0, first.stderr
    assert "Done already" not in first.stdout
    run = json.loads((results(folder) / "run.json").read_text())
    assert run["choices"]["metric"] == "correlation"
    assert run["choices"]["clustering"] == "bisecting"
    assert run["choices"]["data"] == "stripes"
    provenance = json.loads((results(folder) / "provenance.json").read_text())
    assert provenance["strategy"] == "biggest_inertia"
    assert provenance["ontology"] == "senses 1"
    assert re.search(r"^plain\.plain\(width=8\), source [0-9a-f]{12}$", provenance["made_by"])
    assert re.search(r"^source [0-9a-f]{12}$", provenance["images_made_by"])
    (matrices,) = (folder / "outputs" / "class_vectors").glob("*/matrices/*")
    assert re.search(r"^correlation%20[0-9a-f]{12}$", matrices.name), "a kept matrix belongs to its code"
    assert "touch" in (results(folder) / "labels.csv").read_text()
    analyses = {one["name"]: one for one in json.loads((results(folder) / "analyses.json").read_text())["analyses"]}
    halves = analyses["stability"]["values"]["halves"]
    assert "typicality" in analyses
    assert halves["mantel"] > 0.2, "the metric of the page compares halves too"

    code = folder / "correlation.py"
    code.write_text(code.read_text().replace("Pearson correlation of", "Another docstring on"))
    run_folder = str(results(folder))
    refused = evaluate(folder, "rerun", run_folder, script="-m classvec")
    assert refused.returncode == 1
    assert re.search(r"the saved configuration would call .*correlation\.Correlation", refused.stderr)
    again = evaluate(folder, "rerun", run_folder, "--config-dir", "my_conf", script="-m classvec")
    assert "Done already" in again.stdout, again.stderr
    code.write_text(code.read_text().replace('kind = "centred"', 'kind = "similarity"'))
    changed = evaluate(folder, *arguments, "clustering.strategy=biggest_inertia")
    assert "Done already" not in changed.stdout
    assert len(list((folder / "outputs" / "class_vectors").glob("*/matrices/*"))) == 2


def test_an_analysis_of_ones_own_reaches_files_terminal_page_and_tracking(folder: Path) -> None:
    parts = ["analysis=typicality", "data=stripes", "ontology=senses", "architecture=plain"]
    cheap = ["clustering.k=[2,3]", "chance.draws=5", "trainer.batch_size=9", "analysis.permutations=9"]
    done = evaluate(folder, "--config-dir", "my_conf", *parts, *cheap)
    assert done.returncode == 0, done.stderr
    assert "most typical: " in done.stdout
    run = results(folder)
    with (run / "typicality.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["class"] for row in rows) == ["cold", "dry", "loud", "quiet", "warm", "wet"]
    page = (run / "report.html").read_text()
    assert '<section id="analysis-typicality"' in page
    assert 'alt="Mean similarity of each class to its cluster"' in page
    assert {"typicality.csv", "typicality.png"} <= set(json.loads((run / "run.json").read_text())["files"])
    client = MlflowClient(f"sqlite:///{folder / 'outputs' / 'mlflow.db'}")
    (logged,) = client.search_runs([client.get_experiment_by_name("classvec").experiment_id])
    assert logged.data.metrics["summary/least_typical"] == pytest.approx(float(rows[-1]["similarity"]))
    assert {"typicality.csv", "typicality.png"} <= {file.path for file in client.list_artifacts(logged.info.run_id)}
    code = folder / "typicality.py"
    code.write_text(code.read_text().replace('"typicality": rows', '"scores": rows'))
    taken = evaluate(folder, "--config-dir", "my_conf", *parts, *cheap)
    assert taken.returncode == 1
    assert "an analysis yields 'scores': expected" in taken.stderr


def test_a_mistake_in_a_key_of_an_own_file_is_answered_in_one_line(folder: Path) -> None:
    typo = evaluate(folder, "--config-dir", "my_conf", *CHEAP, "clustering=bisecting", "clustering.strateggy=x")
    assert "unknown key 'clustering.strateggy'" in typo.stderr
    assert "did you mean clustering.strategy" in typo.stderr
    assert typo.returncode == 1
    assert "Traceback" not in typo.stderr
    (folder / "my_conf/metric/cosine.yaml").write_text("_target_: correlation.Correlation\n")
    hidden = evaluate(folder, "--config-dir", "my_conf")
    assert "classvec has files named metric/cosine.yaml too: rename yours" in hidden.stderr


@pytest.mark.slow
def test_own_code_reaches_worker_processes(folder: Path) -> None:
    arguments = ["--config-dir", "my_conf", "data=stripes", "ontology=senses", *CHEAP, "analysis=none"]
    parallel = ["-m", "hydra/launcher=parallel", "metric=correlation,cosine", "clustering=agglomerative,bisecting"]
    swept = evaluate(folder, *arguments, *parallel, script=str(ROOT / "evaluate.py"))
    assert swept.returncode == 0, swept.stdout + swept.stderr
    assert "FAILED" not in swept.stdout
    ddp = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.processes=2", "trainer.workers=1", "architecture=plain"]
    shared = evaluate(folder, *arguments, *ddp, script=str(ROOT / "evaluate.py"))
    assert shared.returncode == 0, shared.stdout + shared.stderr
    assert "in 2 processes" in shared.stdout
