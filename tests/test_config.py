"""Every file under conf/ composes and fits what it names; mistakes on the command line get an answer at once."""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import get_method, get_object
from omegaconf import DictConfig, OmegaConf

from classvec import config
from classvec.__main__ import main as commands
from tests.conftest import ROOT, SYNSETS, draw_images

CONF = ROOT / "conf"
CHOICES = sorted(
    f"{path.parent.name}={path.stem}" for path in CONF.glob("*/*.yaml") if path.parent.name != "experiment"
)
EXPERIMENTS = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))


def targets(node: Any) -> list[dict[str, Any]]:
    """Returns every node below that has a `_target_`."""
    found = []
    if isinstance(node, dict):
        found = [node] if node.get("_target_") else []
        for value in node.values():
            found += targets(value)
    return found


def bind(node: dict[str, Any]) -> None:
    """Binds a node's arguments to the signature of what it names, without building it."""
    target = get_object(node["_target_"])
    arguments = {key: value for key, value in node.items() if not key.startswith("_") and value is not None}
    signature = inspect.signature(target)
    (signature.bind_partial if node.get("_partial_") else signature.bind)(**arguments)


def plain(cfg: DictConfig) -> Any:
    return OmegaConf.to_container(cfg, resolve=True)


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_composes_and_fits_its_target(choice: str) -> None:
    cfg = plain(config.compose([choice]))
    found = targets(cfg)
    assert len(found) >= 7
    for node in found:
        bind(node)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_composes_and_fits(name: str) -> None:
    for node in targets(plain(config.compose([f"experiment={name}"]))):
        bind(node)


def test_the_binding_can_fail() -> None:
    with pytest.raises(TypeError, match="missing a required argument: 'store'"):
        bind({"_target_": "classvec.extraction.Extractor"})
    with pytest.raises(TypeError, match="unexpected keyword argument 'batchsize'"):
        bind({"_target_": "classvec.extraction.Extractor", "store": "x", "batchsize": 3})
    assert get_method("classvec.extraction.layer_shapes") is not None


@pytest.mark.parametrize("architecture", ["bvlc_googlenet", "googlenet", "small_inception", "vgg19", "squeezenet1_1"])
@pytest.mark.parametrize("group", ["all", "low", "mid", "top"])
def test_layer_groups_follow_the_architecture(architecture: str, group: str) -> None:
    cfg = config.compose([f"architecture={architecture}", f"layers={group}"])
    assert cfg.layers.names == cfg.architecture.groups[group]


def test_an_experiment_beats_the_defaults_and_the_command_line_beats_both(tmp_path: Path) -> None:
    cfg = config.compose(["architecture=vgg19", "weights.vgg19=a.pth", "clustering.k=[2,5]", "chance.draws=7"])
    assert (cfg.architecture.weights, list(cfg.clustering.k), cfg.chance.draws) == ("a.pth", [2, 5], 7)


def run(script: str, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    command = [sys.executable, str(ROOT / script), *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, env={**os.environ, **environment}, timeout=300
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["clusterng.k=[2]"], "unknown configuration key 'clusterng.k': did you mean clustering.k"),
        (["clustering.kk=[2]"], "unknown configuration key 'clustering.kk': did you mean clustering.k"),
        (["architectur=vgg19"], "unknown configuration key 'architectur': did you mean architecture"),
        (["architecture=vgg91"], "unknown architecture 'vgg91': did you mean vgg19"),
        (["layers=topp"], "unknown layers 'topp': did you mean top"),
        (["chance.draws=many"], "Value 'many' of type 'str' could not be converted to Integer"),
        (["clustering.k=two"], "clustering.k"),
        (["data=cifar10", "data.splitt=x"], "unknown configuration key 'data.splitt': did you mean data.split"),
        (["data=cifar10", "data.mapping=x"], "data=cifar10 has no key 'data.mapping': it belongs to data=image_folder"),
        (
            ["data.root=x"],
            "data=sketches has no key 'data.root': it belongs to data=cifar10, data=cifar100, ",
        ),
        (["data=cifar11"], "unknown data 'cifar11': did you mean cifar10"),
        (["data=sketches", "data.sed=1"], "unknown configuration key 'data.sed': did you mean data.seed"),
        (["data=image_folder", "data.seed=1"], "data=image_folder has no key 'data.seed': it belongs to data=sketches"),
        (["fit.epoch=3"], "unknown configuration key 'fit.epoch': did you mean fit.epochs"),
        (["fit=finetune"], "unknown fit 'finetune': did you mean fine_tune"),
        (["weights.vg19=x"], "unknown configuration key 'weights.vg19': did you mean weights.vgg19"),
    ],
)
def test_a_mistake_on_the_command_line_is_answered_in_one_line(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    found = run("evaluate.py", *arguments, cwd=tmp_path)
    assert found.returncode == 1
    assert message in found.stderr
    assert "Traceback" not in found.stderr
    assert found.stderr.strip().count("\n") == 0


def test_help_names_the_groups(tmp_path: Path) -> None:
    found = run("evaluate.py", "--help", cwd=tmp_path)
    assert found.returncode == 0
    for words in ("architecture:", "bvlc_googlenet", "squeezenet1_1", "layers:", "python evaluate.py"):
        assert words in found.stdout


def call(script: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a script in this process."""
    import runpy

    monkeypatch.setattr(sys, "argv", [script, *arguments])
    runpy.run_path(str(ROOT / script), run_name="__main__")


IMAGES = ["data=image_folder", "data.root=images"]
BASE = ["architecture=squeezenet1_1", "architecture.weights=random", *IMAGES, "tracking=none"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data=image_folder"], "data.root is not set"),
        ([*BASE, "data.root=nowhere"], "data.root=nowhere is no folder"),
        ([*BASE, "data.on_error=ignore"], "unknown value of data.on_error 'ignore'"),
        ([*BASE, "data.classes=[n01440764,tenhc.n.01]"], "unknown synset 'tenhc.n.01': did you mean tench.n.01"),
        ([*BASE, "data.classes=[n01440764]"], "there must be two at least"),
        ([*BASE, "data=cifar10"], "data.root=images holds neither cifar-10-batches-py nor folders"),
        ([*BASE, "data.mapping=nowhere.csv"], "data.mapping=nowhere.csv cannot be read"),
        ([*BASE, "clustering.k=[2,6]"], "does not fit 6 classes"),
        (
            [*BASE, "clustering.k=[2]", "layers.names=[fire99]"],
            "unknown layer of squeezenet1_1 'fire99': did you mean fire9",
        ),
        ([*BASE, "clustering.k=[2]", "layers.names=[]"], "layers.names must name layers"),
        ([*BASE, "clustering.k=[2]", "layers.weights=[1,2]"], "layers.weights=[1, 2]: wanted a number for each layer"),
        ([*BASE, "clustering.k=[2]", "metric=euclidean", "layers.weights={fire:1}"], "unknown layer in layers.weights"),
        ([*BASE, "clustering.k=[2]", "architecture.weights=none.pth"], "no weights at none.pth"),
        ([*BASE, "clustering.k=[2]", "fit.epochs=0"], "fit.epochs is 0: wanted 1 or more"),
        (
            ["architecture=bvlc_googlenet", "data=image_folder", "data.root=images", "clustering.k=[2]"],
            r"which weights shall bvlc_googlenet have?",
        ),
    ],
)
def test_a_mistake_in_a_value_ends_in_one_message_and_exit_code_1(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_images(tmp_path / "images", SYNSETS, [1] * 6)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        call("evaluate.py", arguments, monkeypatch)
    assert message in str(stop.value.code)  # text in place of a code: printed, exit code 1
    assert "\n" not in str(stop.value.code)


def test_layers_are_listed_without_weights(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands(["layers", "architecture=vgg19"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["conv5_4", "features.35", "512x14x14", "100,352"] in rows
    assert ["sum", "2,910,208"] in rows
    assert commands(["layers", "architecture=squeezenet1_1", "--modules"]) == 0
    assert "features.12.squeeze" in capsys.readouterr().out
    assert commands(["layers", "architecture=vgg91"]) == 1
    assert "did you mean vgg19" in capsys.readouterr().err
