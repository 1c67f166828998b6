"""The benchmark suite works at small sizes, and says met and missed rightly; no time is judged here."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from benchmarks.__main__ import ROWS, main
from benchmarks.check_gpu import Finding, Side, compared
from benchmarks.inputs import architecture, images
from benchmarks.measure import Row, fastest, table
from benchmarks.memory import growth
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from classvec import settings
from classvec.data.sketches import Sketches
from classvec.extraction.extractor import Extractor
from classvec.method.metrics import Cosine
from classvec.settings import Accelerator


def row(ratio: float, target: str) -> Row:
    return Row(name="a", ours=2.0, other=4.0, against="b", ratio=ratio, target=target)


def test_met_and_missed() -> None:
    assert row(0.92, ">= 0.92").met is True
    assert row(0.91, ">= 0.92").met is False
    assert row(1.6, "<= 1.6").met is True
    assert row(1.61, "<= 1.6").met is False
    assert row(1.0, "").met is None


def test_the_table_by_hand() -> None:
    rows = [row(2.0, ">= 3"), Row(name="m", ours=1.5, other=math.nan, against="its limit", ratio=1.5, unit="GB")]
    assert table(rows, {"names": "no dictionary"}).splitlines()[2:] == [
        "| a | 2 s | b | 4 s | 2 | >= 3 | missed |",
        "| m | 1.5 GB | its limit |  | 1.5 |  |  |",
        "",
        "Not measured: names: no dictionary",
    ]


def test_competitors_take_turns_and_the_least_counts() -> None:
    turns: list[str] = []
    times = iter([3.0, 1.0, 2.0])

    def slow() -> float:
        turns.append("slow")
        return next(times)

    found = fastest({"slow": slow, "other": lambda: turns.append("other")}, 3)
    assert turns == ["slow", "other"] * 3
    assert found["slow"] == 1.0
    assert 0.0 <= found["other"] < 1.0


def run(tmp_path: Path, *rows: str) -> dict[str, Any]:
    arguments = ["--quick", "--folder", str(tmp_path / "work"), "--out", str(tmp_path / "found.json"), "--rows", *rows]
    assert main(arguments) == 0
    found: dict[str, Any] = json.loads((tmp_path / "found.json").read_text())
    return found


def test_every_row_but_memory_is_measured(
    tmp_path: Path, dictionary: object, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [name for name in ROWS if name != "memory"]
    found = run(tmp_path, *names)
    assert found["not measured"] == {}
    assert len(found["rows"]) == len(names) + 6  # extraction, matrices, names and hashes have two, chance has three
    for one in found["rows"]:
        assert one["ours"] > 0.0
        assert one["other"] > 0.0
        assert one["ratio"] == pytest.approx(one["ours"] / one["other"]) or one["ratio"] == pytest.approx(
            one["other"] / one["ours"]
        )
    by_name = {one["name"].split(",")[0].split(" of ")[0]: one for one in found["rows"]}
    assert all(by_name["spectral clusters"]["details"]["equal"])
    assert by_name["names"]["details"]["largest difference in F1"] < 1e-6
    assert by_name["cosines"]["details"]["largest error against float64"] < 1e-6
    printed = capsys.readouterr().out
    assert printed.count("\n| ") == len(found["rows"]) + 1
    assert not (tmp_path / "work" / "store").exists()


def test_time_starts_with_the_first_image_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = images(None, tmp_path, n_images=3, per_class=1)
    clock = iter([1.0, 5.0, 7.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    watched.read(0)  # before the run, by whoever
    watched.watch()
    watched.read(1)
    watched.read(2)
    assert watched.seconds_since_first() == 2.0


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="reads Linux's /proc")
def test_memory_is_measured(tmp_path: Path) -> None:
    found, by_images, by_classes = run(tmp_path, "memory")["rows"]
    names = ("few", "four times the images", "four times the classes")
    few, many, classes = (found["details"][name] for name in names)
    assert many["images"] == classes["images"] == 4 * few["images"]
    assert classes["disk_gb"] == pytest.approx(4 * few["disk_gb"], rel=0.1)
    assert many["disk_gb"] == pytest.approx(few["disk_gb"], rel=0.01)
    assert 0.1 < found["ours"] < 3.0
    assert by_images["ratio"] == pytest.approx((many["late_gb"] - few["late_gb"]) / by_images["other"])
    assert by_classes["other"] == pytest.approx(3 * few["disk_gb"])


def testgrowth_by_hand() -> None:
    few = {"images": 10, "classes": 5, "disk_gb": 0.5, "late_gb": 1.0}
    more = {"four times the images": {**few, "images": 40, "late_gb": 1.3}}
    row = growth("a", "images", {"few": few, **more})
    assert row.ours == pytest.approx(0.3)
    assert row.other == pytest.approx(30 * 0.1)
    assert row.met is True
    more["four times the images"]["late_gb"] = 1.7
    assert growth("a", "images", {"few": few, **more}).met is False


def test_what_cannot_be_measured_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(path: str | None = None) -> None:
        raise FileNotFoundError("no dictionary here")

    monkeypatch.setattr("benchmarks.classes.open_dictionary", missing)
    found = run(tmp_path, "names", "matrices")
    assert found["not measured"] == {"names": "no dictionary here"}
    assert len(found["rows"]) == 2, "those of matrices"


def test_a_gpu_that_is_not_there_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert main(["--accelerator", "gpu", "--out", str(tmp_path / "found.json")]) == 1
    assert "PyTorch sees no GPU" in capsys.readouterr().err


def test_the_check_of_a_gpu_is_rehearsed_on_the_cpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--check", "--folder", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    if not torch.cuda.is_available():
        assert printed.startswith("REHEARSAL")
    assert "unit vectors, relative error" in printed
    assert " of the bare forward pass (" in printed
    assert "8 of 8 within their limits" in printed
    assert not (tmp_path / "reference").exists()


def tf32(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...] | None:
    """Rounds what goes into a convolution to TF32's ten bits, in the other memory layout only."""
    if not isinstance(module, nn.Conv2d) or module.weight.is_contiguous(memory_format=torch.channels_last):
        return None
    bits = inputs[0].contiguous().view(torch.int32)
    return (((bits + 0x1000) & ~0x1FFF).view(torch.float32),)


def test_the_check_finds_tf32_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cpu = Extractor(store=tmp_path / "reference", accelerator=Accelerator.cpu)
    other = replace(cpu, store=tmp_path / "other", channels_last=False)
    sides = Side(cpu, Cosine(gpu=False)), Side(other, Cosine(gpu=False))
    images = Sketches(settings.Sketches(images_per_class=1, classes=list(Sketches(settings.Sketches()).classes)[:12]))
    network = architecture("small_inception", "shipped").network()
    handle = register_module_forward_pre_hook(tf32)  # type: ignore[arg-type]
    try:
        found = {one.what.partition(": ")[2]: one for one in compared(network, images, sides)}
    finally:
        handle.remove()
    assert not found["unit vectors, relative error"].ok
    assert not found["unit vectors, 1 - cosine"].ok
    assert found["cosines of the same vectors"].ok
    assert found["cuDNN is off (0 or 1)"].ok
    assert not Finding("nothing was computed", math.nan, 1.0).ok
