"""The test bed whose right answer is known: the shipped network finds what was planted, and the controls do not."""

from pathlib import Path

import pytest

from classvec.artifacts import ConceptLabels, Score, Scores
from tests.runs import call


def evaluate(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Path:
    """Runs evaluate.py on the sketches; returns the run's folder."""
    call(
        "evaluate.py", "data=sketches", "tracking=none", f"hydra.run.dir={folder}", *arguments, monkeypatch=monkeypatch
    )
    return folder


@pytest.mark.slow
def test_the_shipped_network_recovers_what_was_planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runs = {
        "shipped": ["architecture=small_inception", "layers=top"],
        "random": ["architecture=small_inception", "architecture.weights=random", "layers=top"],
        "pixels": ["architecture=pixels"],
        "colour histogram": ["architecture=colour_histogram"],
    }
    scores: dict[str, Scores] = {}
    for name, arguments in runs.items():
        scores[name] = Scores.load(evaluate(tmp_path / name, monkeypatch, *arguments) / "scores.csv")

    def best(name: str) -> Score:
        defined = [row for row in scores[name].rows if row.f1_adjusted == row.f1_adjusted]
        return max(defined, key=lambda row: row.f1_adjusted)

    k = best("shipped").k
    for name in runs:
        row, top = scores[name].at(k), best(name)
        print(f"{name}: adjusted F1 {row.f1_adjusted:.2f} at k = {k}; at best {top.f1_adjusted:.2f}, at k = {top.k}")
    assert best("shipped").f1_adjusted >= 0.6
    for control in ("random", "pixels", "colour histogram"):
        assert best("shipped").f1_adjusted - best(control).f1_adjusted >= 0.15, control
    labels = ConceptLabels.load(tmp_path / "shipped" / "labels.json")
    assert {label.best.name for label in labels.clusters[2]} == {"living thing", "artifact"}
    assert {"mammal", "plant"} <= {label.best.name for label in labels.clusters[10]}


@pytest.mark.slow
def test_fitting_anew_gives_the_shipped_accuracy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import json

    from classvec.networks.weights import read_checkpoint, shipped_weights

    monkeypatch.chdir(tmp_path)
    call(
        "train.py", "architecture=small_inception", "architecture.weights=fit", "data=sketches", "fit.epochs=5",
        "tracking=none", "data.images_per_class=2", monkeypatch=monkeypatch,
    )  # fmt: skip
    fitted = next((tmp_path / "outputs" / "fitted").glob("*/weights.safetensors"))
    accuracy = [
        json.loads(read_checkpoint(path)[1]["fitted"])["accuracy"]
        for path in (fitted, shipped_weights("small_inception"))
    ]
    with capsys.disabled():
        print(f"\nvalidation accuracy: fitted anew {accuracy[0]:.3f}, shipped {accuracy[1]:.3f}")
    # last bits of the passes differ between processors, and so do fits: .810 and .835 have been seen
    assert accuracy[0] == pytest.approx(accuracy[1], abs=0.04)
