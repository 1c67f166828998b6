"""The short forms of the campaigns, and that they would notice what they look for; long: python -m tests.campaigns."""

import random
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.campaigns import damages, equal, kills
from tests.conftest import ROOT
from tests.jobs import Workplace


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux", reason="campaigns fork processes with threads, which only Linux takes well"
)
@pytest.mark.parametrize(
    ("campaign", "number"), [("kills", 6), ("stops", 4), ("overrides", 60), ("damages", 8), ("full-disk", 4)]
)
def test_nothing_goes_wrong_in_a_short_campaign(campaign: str, number: int, compiled: Path) -> None:
    done = Workplace(ROOT, compiled).run(["-m", "tests.campaigns", campaign, "--number", str(number)], timeout=400.0)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


def outputs(folder: Path) -> Path:
    """Writes outputs with one file of every kind that is damaged, and some that are not."""
    store, run = folder / "class_vectors" / "net-1", folder / "runs" / "one"
    for path in (store, run):
        path.mkdir(parents=True)
    np.save(store / "unit.npy", np.arange(12.0))
    np.save(store / "sums.npy", np.arange(12.0) + 1)
    np.savez(run / "similarity.npz", values=np.eye(3), provenance=np.array("{}"))
    (run / "scores.csv").write_text("k,f1\n2,0.5\n")
    (run / "labels.csv").write_text("k,name\n2,dog\n")
    (run / "run.json").write_text('{"files": ["scores.csv", "labels.csv", "similarity.npz", "f1.png"]}')
    (run / "f1.png").write_text("a picture")
    (run / "evaluate.log").write_text("words")
    return folder


def test_a_damage_always_changes_the_file_and_comes_in_every_kind(tmp_path: Path) -> None:
    seen = set()
    for seed in range(60):
        folder = outputs(tmp_path / str(seed))
        files = damages.kept(folder)
        before = {path: path.read_bytes() for path in files}
        assert {path.name for path in files} == {
            "unit.npy", "sums.npy", "similarity.npz", "scores.csv", "labels.csv", "run.json",
        }  # fmt: skip
        rng = random.Random(seed)
        chosen = rng.choice(files)
        kind = damages.damage(chosen, files, rng)
        changed = [path for path in files if not path.exists() or path.read_bytes() != before[path]]
        assert changed == [chosen]
        assert chosen.exists() == (kind != "delete")
        seen.add(kind)
    assert seen == set(damages.KINDS)


def test_what_differs_is_found_and_provenance_does_not_count(tmp_path: Path) -> None:
    run = outputs(tmp_path) / "runs" / "one"
    expected = equal.results(run)
    assert set(expected) == {"scores.csv", "labels.csv", "similarity.npz"}
    np.savez(run / "similarity.npz", values=np.eye(3), provenance=np.array('{"seed": 1}'))
    assert equal.differences(expected, run) == []
    np.savez(run / "similarity.npz", values=np.eye(3) + np.eye(3) * 2e-16, provenance=np.array("{}"))
    assert equal.differences(expected, run) == ["similarity.npz"]
    (run / "similarity.npz").write_bytes(b"no archive")
    (run / "labels.csv").unlink()
    assert equal.differences(expected, run) == ["labels.csv", "similarity.npz"]


def test_temporary_files_are_found(tmp_path: Path) -> None:
    folder = outputs(tmp_path)
    (folder / "runs" / "one" / ".hydra").mkdir()
    (folder / "runs" / "one" / ".hydra" / "config.yaml").write_text("")
    assert kills.left_over(folder) == []
    left = folder / "class_vectors" / "net-1" / ".unit.npy.x1.partial"
    left.write_text("")
    assert kills.left_over(folder) == [left]
