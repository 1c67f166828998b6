"""Every file under conf/ composes and fits what it names; mistakes on the command line get an answer at once."""

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from classvec import build, settings
from classvec.__main__ import main as commands
from classvec.compose import CONF, compose
from classvec.errors import InputError
from classvec.keys import check
from classvec.layer_choice import choose_layers
from tests.conftest import ROOT, SYNSETS, bind, draw_images
from tests.runs import call

CHOICES = sorted(
    f"{path.parent.name}={path.stem}" for path in CONF.glob("*/*.yaml") if path.parent.name != "experiment"
)
EXPERIMENTS = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_composes_and_fits_its_target(choice: str) -> None:
    assert bind(compose([choice])) >= 7


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_composes_and_fits(name: str) -> None:
    assert bind(compose([f"experiment={name}"])) >= 7


def test_the_binding_can_fail() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'batchsize'"):
        bind(OmegaConf.create({"_target_": "classvec.extraction.extractor.Extractor", "store": "x", "batchsize": 3}))
    with pytest.raises(TypeError, match="unexpected keyword argument 'roott'"):
        bind(OmegaConf.create({"_target_": "classvec.data.image_folder.ImageFolder", "roott": "x"}))


def test_no_file_repeats_the_one_that_it_inherits_from() -> None:
    for path in sorted(CONF.glob("*/*.yaml")):
        keys = OmegaConf.to_container(OmegaConf.load(path))
        assert isinstance(keys, dict)
        inherited = str((keys.pop("defaults", None) or ["?"])[0])
        parent = path.parent / f"{inherited.replace('/', '')}.yaml"
        known = OmegaConf.to_container(OmegaConf.load(parent)) if parent.is_file() else {}
        assert isinstance(known, dict)
        for key, value in keys.items():
            assert known.get(key) != value or value is None, f"{path}: {key!r} repeats {parent.name}"


def test_conf_is_short_and_repeats_no_default() -> None:
    files = sorted(CONF.rglob("*.yaml"))
    assert sum(len(path.read_text().splitlines()) for path in files) <= 650
    for path in files:
        keys = OmegaConf.to_container(OmegaConf.load(path))
        assert isinstance(keys, dict)
        schema = re.search(r"schema_(\w+)@_here_", path.read_text())
        for key, value in keys.items() if schema else ():
            kind = settings.SCHEMAS[schema[1]]  # type: ignore[index]
            if key in {entry.name for entry in fields(kind)}:
                assert value != settings.default(kind, str(key)), f"{path}: {key} repeats the default"


KEYS = sorted({(kind, entry.name) for kind in settings.SCHEMAS.values() for entry in fields(kind)}, key=str)


@pytest.mark.parametrize(("kind", "name"), KEYS, ids=lambda value: getattr(value, "__name__", value))
def test_every_key_says_what_it_means_in_one_line(kind: type[settings.Settings], name: str) -> None:
    words = settings.meaning(kind, name)
    assert words
    assert "\n" not in words


def test_the_list_of_keys_shows_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands(["keys"]) == 0
    lines = capsys.readouterr().out.splitlines()
    shown = {kind.key_name(name) for kind, name in KEYS if settings.meaning(kind, name) != settings.GROUP}
    assert shown <= {line.split()[0] for line in lines if line.startswith("  ")}
    assert commands(["keys", "trainer"]) == 0
    assert "trainer.batch_size" in capsys.readouterr().out
    assert commands(["keys", "trainr"]) == 1
    assert "did you mean trainer" in capsys.readouterr().err


@pytest.mark.parametrize("architecture", ["bvlc_googlenet", "googlenet", "small_inception", "vgg19", "squeezenet1_1"])
@pytest.mark.parametrize("group", ["all", "low", "mid", "top"])
def test_layer_groups_follow_the_architecture(architecture: str, group: str) -> None:
    cfg = compose([f"architecture={architecture}", f"layers={group}"])
    names = choose_layers(cfg, build.architecture(cfg)).names
    known = list(cfg.architecture.layers)
    assert names == (known if group == "all" else list(cfg.architecture.groups[group]))
    assert set(names) <= set(known)


def test_an_experiment_beats_the_defaults_and_the_command_line_beats_both(tmp_path: Path) -> None:
    cfg = compose(["architecture=vgg19", "weights.vgg19=a.pth", "clustering.k=[2,5]", "chance.draws=7"])
    assert (cfg.architecture.weights, list(cfg.clustering.k), cfg.chance.draws) == ("a.pth", [2, 5], 7)


def test_paths_that_look_like_numbers_are_paths() -> None:
    cfg = compose(
        ["data=image_folder", "data.root=2012", "architecture=vgg19", "architecture.weights=123", "fit.start=5"]
    )
    assert (cfg.data.root, cfg.architecture.weights, cfg.fit.start) == ("2012", "123", "5")


def test_a_wrong_value_is_answered_before_anything_heavy_is_imported() -> None:
    code = (
        "import sys; from classvec import keys; from classvec.compose import compose\n"
        "chosen = ['reconstruction=spectrum', 'architecture@reconstruction.judge=vgg19', *sys.argv[1:]]\n"
        "try: keys.check(compose(chosen))\n"
        "except ValueError as error: print(error, {'torch', 'mlflow', 'faiss', 'sklearn'} & set(sys.modules))"
    )
    for wrong in ("chance.draws=0", "neighbours=0", "reconstruction.judge.seed=-1", "fit.epochs=0"):
        found = subprocess.run([sys.executable, "-c", code, wrong], capture_output=True, text=True, check=True).stdout
        assert "expected at least" in found
        assert found.strip().endswith("set()")


def run(script: str, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    command = [sys.executable, str(ROOT / script), *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, env={**os.environ, **environment}, timeout=300
    )


def test_a_key_that_was_forced_upon_a_group_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown key of chance 'draw': did you mean draws"):
        check(compose(["+chance.draw=5"]))
    found = run("evaluate.py", "clustering=kmeans", "+clustering.affinity=knn", cwd=tmp_path)
    assert found.returncode == 1
    assert "error: unknown key of clustering 'affinity'" in found.stderr
    assert found.stderr.rstrip().endswith("known: k, seeds, n_init")
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["clusterng.k=[2]"], "error: unknown key 'clusterng.k'"),
        (["clusterng.k=[2]"], "did you mean clustering.k"),
        (["clustering.kk=[2]"], "did you mean clustering.k"),
        (["architectur=vgg19"], "did you mean architecture"),
        (["architecture=vgg91"], "unknown architecture 'vgg91'"),
        (["architecture=vgg91"], "did you mean vgg19"),
        (["layers=topp"], "did you mean top"),
        (["chance.draws=many"], "chance.draws=many: expected a whole number, at least 1 and at most 1000000"),
        (["clustering.k=two"], "clustering.k"),
        (["clustering.k=5"], "expected a list of whole numbers or null, at least 2; write clustering.k=[5]"),
        (["data=cifar10", "data.splitt=x"], "did you mean data.split"),
        (["data=cifar10", "data.mapping=x"], "it is a key of ImageFolder"),
        (["data.root=x"], "it is a key of ImageFolder and ImageNet and Cifar"),
        (["data=cifar11"], "did you mean cifar10"),
        (["data=sketches", "data.sed=1"], "did you mean data.seed"),
        (["data.split=tests"], "data.split=tests: expected one of describe, fit"),
        (["clustering=kmeans", "clustering.affinity=knn"], "it is a key of SpectralClustering"),
        (["fit.epoch=3"], "did you mean fit.epochs"),
        (["fit=finetune"], "did you mean fine_tune"),
        (["weights.vg19=x"], "did you mean weights.vgg19"),
        (["trainer.accelerator=tpu"], "trainer.accelerator=tpu: expected one of auto, cpu, gpu"),
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


IMAGES = ["data=image_folder", "data.root=images"]
BASE = ["architecture=squeezenet1_1", "architecture.weights=random", *IMAGES, "tracking=none"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data=image_folder"], "data.root is not set"),
        ([*BASE, "data.root=nowhere"], "data.root=nowhere is no folder"),
        ([*BASE, "data.on_error=ignore"], "data.on_error=ignore: expected one of error, skip"),
        ([*BASE, "data.classes=[n01440764,tenhc.n.01]"], "unknown synset 'tenhc.n.01': did you mean tench.n.01"),
        ([*BASE, "data.classes=[n01440764]"], "at least two are required"),
        ([*BASE, "data=cifar10"], "data.root=images holds neither cifar-10-batches-py nor folders"),
        ([*BASE, "data.mapping=nowhere.csv"], "data.mapping=nowhere.csv cannot be read"),
        ([*BASE, "clustering.k=[2,6]"], "does not fit 6 classes"),
        (
            [*BASE, "clustering.k=[2]", "layers.names=[fire99]"],
            "unknown layer of squeezenet1_1 'fire99': did you mean fire9",
        ),
        ([*BASE, "clustering.k=[2]", "layers.names=[]"], "layers.names=[]: expected one or more layers"),
        (
            [*BASE, "clustering.k=[2]", "layers.weights=[1,2]"],
            "layers.weights=[1, 2]: expected a number for each layer",
        ),
        ([*BASE, "clustering.k=[2]", "metric=euclidean", "layers.weights={fire:1}"], "unknown layer in layers.weights"),
        ([*BASE, "clustering.k=[2]", "architecture.weights=none.pth"], "no weights at none.pth"),
        ([*BASE, "clustering.k=[2]", "fit.epochs=0"], "fit.epochs=0: expected at least 1"),
        ([*BASE, "fit.learning_rate=nan"], "fit.learning_rate=nan: expected a finite number, more than 0"),
        ([*BASE, "trainer.batch_size=0"], "trainer.batch_size=0: expected at least 1"),
        ([*BASE, "trainer.processes=0"], "trainer.processes=0: expected auto or a number from 1 to 1024"),
        ([*BASE, "clustering.seeds=[-1]"], "clustering.seeds=[-1]: expected at least 0"),
        ([*BASE, "clustering.k=[]"], "clustering.k=[]: expected one or more values, each once"),
        ([*BASE, "clustering.neighbours=0"], "clustering.neighbours=0: expected at least 1"),
        (
            ["architecture.weights=shipped", "metric=euclidean", "clustering.affinity=similarity"],
            "metric=euclidean gives distances: use clustering.affinity=gaussian or knn",
        ),
        ([*BASE, "runners_up=-1"], "runners_up=-1: expected at least 0"),
        ([*BASE, "analysis.information=nowhere"], "analysis.information=nowhere: no such file"),
        ([*BASE, "architecture@reconstruction.judge=vgg19"], "add reconstruction=spectrum"),
        (
            [*BASE, "reconstruction=spectrum", "reconstruction.judge=vgg19"],
            "write architecture@reconstruction.judge=vgg19",
        ),
        (
            ["architecture=bvlc_googlenet", "data=image_folder", "data.root=images", "clustering.k=[2]"],
            "no weights given for bvlc_googlenet",
        ),
    ],
)
def test_a_mistake_in_a_value_ends_in_one_message_and_exit_code_1(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_images(tmp_path / "images", SYNSETS, [1] * 6)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        call("evaluate.py", *arguments, monkeypatch=monkeypatch)
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
