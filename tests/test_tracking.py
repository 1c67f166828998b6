"""Tracking under what a user may do: several processes at once, a store elsewhere, a page on this machine alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from classvec.report.mlflow import MLflow
from classvec.report.mlflow_server import serve
from tests.conftest import ROOT
from tests.test_pipeline import runs

WRITER = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from classvec.report.mlflow import MLflow
from tests.test_tracking import record
folder = Path({folder!r})
store = MLflow(uri=f"sqlite:///{{folder}}/mlflow.db", experiment="e", artifacts=folder / "files")
store.log(record(folder, {name!r}))
"""


def record(folder: Path, name: str):  # type: ignore[no-untyped-def]
    """A record of a made-up evaluation of four classes."""
    import numpy as np
    from classvec.tracking import Record
    from PIL import Image

    from classvec.artifacts import ClassVectors, Evaluation, Neighbours, RunCard, Similarity
    from classvec.method.clusterers import Spectral
    from classvec.method.clustering import cluster
    from classvec.method.naming import ConceptNaming, name_clusters
    from classvec.method.scores import score
    from classvec.ontology.taxonomy import Concept, Taxonomy
    from classvec.report import metrics

    classes = ("a", "b", "c", "d")
    parents = {"top": (), "x": ("top",), "y": ("top",), "a": ("x",), "b": ("x",), "c": ("y",), "d": ("y",)}
    taxonomy = Taxonomy((Concept(i, i, i, p) for i, p in parents.items()), source="made up")
    values = np.array([[1, 0.9, 0.1, 0.2], [0.9, 1, 0.2, 0.1], [0.1, 0.2, 1, 0.9], [0.2, 0.1, 0.9, 1]])
    similarity = Similarity(values=values, classes=classes, metric="cosine", layers=("l",), provenance={"store": "s"})
    clusterings = cluster(Spectral(k=[2, 3], seeds=[0]), similarity)
    naming = ConceptNaming(taxonomy.extents(classes))
    vectors = ClassVectors(
        classes=classes,
        n_images=np.ones(4, dtype=np.int64),
        layers={},
        provenance={"image_list_hash": "f" * 64},
        path=folder,
    )
    evaluation = Evaluation(
        vectors=vectors,
        similarity=similarity,
        neighbours=Neighbours(index=np.zeros((4, 1), dtype=np.int64), values=np.zeros((4, 1))),
        clusterings=clusterings,
        labels=name_clusters(naming, clusterings),
        scores=score(naming, clusterings, n_draws=5),
    )
    picture = folder / f"{name}.png"
    Image.new("RGB", (8, 8), "white").save(picture)
    card = RunCard(name=name, sweep_id="s1", choices={"layers": name}, data="d", data_source="/d", config="a: 1\n")
    return Record(
        evaluation=evaluation, card=card, metrics=metrics(evaluation), pictures={"f1": picture}, files=[picture]
    )


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
        metrics = run["metrics"]
        assert isinstance(metrics, dict)
        assert set(metrics["f1/mean"]) == {2, 3}
        assert metrics["f1/mean"][2] == 1.0


def test_a_run_that_cannot_be_logged_whole_is_marked_as_failed(tmp_path: Path) -> None:
    broken = record(tmp_path, "run")
    broken.pictures["f1"].unlink()
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
