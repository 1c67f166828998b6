"""Results belong to their input: the identity of a job follows the content of every file that it reads."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf, open_dict

from classvec import build, settings
from classvec.artifacts import checksum
from classvec.compose import CONF
from classvec.errors import InputError
from classvec.evaluate import what_is_read
from tests.artifacts import cosines, similarity
from tests.conftest import CLASSES, SYNSETS, draw_images
from tests.test_imagenet import write_truth

FOLDERS = {
    "data.root": "its images count by their content",
    "data.hashes": "a cache",
    "trainer.store": "class vectors have a key of their own",
    "trainer.own": "class vectors have a key of their own",
    "fit.store": "fitted weights count by their content",
    "reconstruction.store": "finished images have a key of their own",
    "tracking.artifacts": "written, never read",
}
"""Keys that name a folder which results do not follow from, and why."""

LISTS = ("analysis.reference", "analysis.partial_out")
"""Keys that name one file or several; the names of these stand in the results."""


@pytest.fixture(autouse=True)
def _no_hydra() -> Iterator[None]:
    yield
    HydraConfig.instance().cfg = None
    GlobalHydra.instance().clear()


def identity(*overrides: str) -> str:
    """Returns the identity that a job of evaluate.py would have."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base="1.3", config_dir=str(CONF)):
        cfg = compose("config", [*overrides, "tracking=none"], return_hydra_config=True)
    OmegaConf.set_readonly(cfg.hydra, False)
    cfg.hydra.runtime.output_dir = "out"
    HydraConfig.instance().set_config(cfg)
    with open_dict(cfg):
        del cfg["hydra"]
    run = build.build(cfg)
    return run.job.identity(**what_is_read(run, run.ontology.taxonomy(run.images.classes)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    draw_images(tmp_path / "images", SYNSETS, [2] * len(SYNSETS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


BASE = ("architecture=colour_histogram", "data=image_folder", "data.root=images")


def weights(folder: Path, key: str) -> tuple[list[str], Callable[[], object]]:
    path = folder / "weights.pth"
    torch.save({"a": torch.zeros(3)}, path)
    return [*BASE, f"{key}='~/weights.pth'"], lambda: torch.save({"a": torch.ones(3)}, path)


def mapping(folder: Path) -> tuple[list[str], Callable[[], object]]:
    draw_images(folder / "named", ("a", "b", "c"), (2, 2, 2))
    path = folder / "map.csv"
    path.write_text("folder,synset,note\na,dog.n.01,x\nb,cat.n.01,x\nc,goldfish.n.01,x\n")
    corrected = path.read_text().replace("cat.n.01", "kitten.n.01")
    return [BASE[0], BASE[1], "data.root=named", "data.mapping=map.csv"], lambda: path.write_text(corrected)


def truth(folder: Path, key: str) -> tuple[list[str], Callable[[], object]]:
    draw_images(folder, ("flat",), (6,))
    for i, path in enumerate(sorted((folder / "flat").iterdir()), start=1):
        path.rename(path.with_name(f"ILSVRC2012_val_{i:08}.png"))
    path, order = folder / "truth.txt", folder / "order.txt"
    write_truth(path, (1, 2, 1, 3, 2, 3))
    kit = CLASSES[::-1]
    order.write_text("\n".join(kit) + "\n")
    swapped = "\n".join([kit[1], kit[0], *kit[2:]]) + "\n"
    change = {
        "data.truth": lambda: write_truth(path, (1, 1, 2, 3, 2, 3)),
        "data.synsets": lambda: order.write_text(swapped),
    }[key]
    return [BASE[0], "data=imagenet", "data.root=flat", "data.truth=truth.txt", "data.synsets=order.txt"], change


def information(folder: Path) -> tuple[list[str], Callable[[], object]]:
    path = folder / "ic.dat"
    path.write_text("wnver::eOS9lXC6GvMWznF1wkZofDdtbBU\n1740n 10 ROOT\n")
    return [*BASE, "analysis.information=ic.dat"], lambda: path.write_text(path.read_text().replace("10", "20"))


def matrix(folder: Path, key: str) -> tuple[list[str], Callable[[], object]]:
    path, n = folder / "human.csv", len(SYNSETS)
    lines = [",".join([name, *(str(abs(i - j)) for j in range(n))]) for i, name in enumerate(SYNSETS)]
    path.write_text("\n".join([",".join(["", *SYNSETS]), *lines]))
    return [*BASE, f"{key}=[human.csv]"], lambda: path.write_text(path.read_text().replace("5", "6"))


def dictionary_files(folder: Path) -> tuple[list[str], Callable[[], object]]:
    source = Path("/usr/share/wordnet")
    if not (source / "data.noun").is_file():
        pytest.skip("the full WordNet is not installed in /usr/share/wordnet")
    shutil.copytree(source, folder / "wordnet")
    path = folder / "wordnet" / "data.noun"

    def move_the_dog() -> None:
        lines = path.read_bytes().split(b"\n")
        row = next(row for row, line in enumerate(lines) if line.startswith(b"02084071"))
        assert b"@ 02083346" in lines[row], "a dog is a canine"
        lines[row] = lines[row].replace(b"@ 02083346", b"@ 02075296")
        path.write_bytes(b"\n".join(lines))

    return [*BASE, "ontology.source=nltk", "ontology.path=wordnet"], move_the_dog


READ: dict[str, Callable[[Path], tuple[list[str], Callable[[], object]]]] = {
    "architecture.weights": lambda folder: weights(folder, "architecture.weights"),
    "fit.start": lambda folder: weights(folder, "fit.start"),
    "data.mapping": mapping,
    "data.truth": lambda folder: truth(folder, "data.truth"),
    "data.synsets": lambda folder: truth(folder, "data.synsets"),
    "analysis.information": information,
    "analysis.reference": lambda folder: matrix(folder, "analysis.reference"),
    "analysis.partial_out": lambda folder: matrix(folder, "analysis.partial_out"),
    "ontology.path": dictionary_files,
}
"""Keys that name a file, or a folder of files, to read: how to write it, and how to change its content."""


def test_every_key_that_names_a_file_is_either_read_by_content_or_without_effect() -> None:
    named = {
        kind.key_name(entry.name)
        for kind in settings.SCHEMAS.values()
        for entry in fields(kind)
        if Path in get_args(get_type_hints(kind)[entry.name])
    }
    assert named | set(LISTS) == set(READ) | set(FOLDERS)
    without_effect = {kind.key_name(n) for kind in settings.SCHEMAS.values() for n in settings.without_effect(kind)}
    assert set(FOLDERS) - {"tracking.artifacts"} <= without_effect, "tracking counts as a whole for nothing"


@pytest.mark.parametrize("key", READ)
def test_other_content_of_a_file_is_another_job_and_another_place_is_not(folder: Path, key: str) -> None:
    overrides, change = READ[key](folder)
    first = identity(*overrides)
    assert identity(*overrides) == first
    change()
    second = identity(*overrides)
    assert second != first
    if key != "ontology.path" and key not in LISTS:  # the path of a folder counts as well, as the names of matrices do
        name = next(o for o in overrides if o.startswith(f"{key}=")).partition("=")[2].strip("'").removeprefix("~/")
        (folder / name).rename(folder / f"moved-{name}")
        assert identity(*overrides, f"{key}=moved-{name}") == second


@pytest.mark.parametrize("key", LISTS)
def test_a_matrix_counts_by_name_and_content(folder: Path, key: str) -> None:
    overrides, _ = matrix(folder, key)
    first = identity(*overrides)
    (folder / "elsewhere").mkdir()
    (folder / "human.csv").rename(folder / "elsewhere" / "human.csv")
    assert identity(*BASE, f"{key}=[elsewhere/human.csv]") == first
    (folder / "elsewhere" / "human.csv").rename(folder / "other.csv")
    assert identity(*BASE, f"{key}=[other.csv]") != first


def test_a_run_that_is_taken_out_counts_by_its_matrix_and_is_checked(folder: Path) -> None:
    run = folder / "run"
    similarity(cosines(6, 3, 0)).save(run / "similarity.npz")

    def finished() -> str:
        files = {"similarity.npz": checksum(run / "similarity.npz")}
        (run / "run.json").write_text(json.dumps({"name": "run", "choices": {}, "files": files}))
        return identity(*BASE, "analysis.partial_out=run")

    first = finished()
    assert finished() == first
    similarity(cosines(6, 3, 1)).save(run / "similarity.npz")
    with pytest.raises(InputError, match=r"run/similarity\.npz is not what the run wrote"):
        identity(*BASE, "analysis.partial_out=run")
    assert finished() != first


def test_the_labels_of_the_same_images_count(folder: Path) -> None:
    draw_images(folder, ("flat",), (6,))
    for i, path in enumerate(sorted((folder / "flat").iterdir()), start=1):
        path.rename(path.with_name(f"ILSVRC2012_val_{i:08}.png"))
    (folder / "order.txt").write_text("\n".join(CLASSES[::-1]) + "\n")
    found = set()
    for numbers in ((1, 1, 2, 2, 3, 3), (1, 1, 1, 2, 3, 3)):  # the same files in the same order
        write_truth(folder / "truth.txt", numbers)
        found.add(
            identity(BASE[0], "data=imagenet", "data.root=flat", "data.truth=truth.txt", "data.synsets=order.txt")
        )
    assert len(found) == 2


def test_a_copied_data_set_is_the_same_job_and_another_pixel_is_not(folder: Path) -> None:
    first = identity(*BASE)
    shutil.copytree(folder / "images", folder / "copy")
    moved = [BASE[0], BASE[1], "data.root=copy", "data.name=images"]
    named = identity(*BASE, "data.name=images")
    assert identity(*moved) == named
    assert named != first
    one, other = (folder / "copy" / SYNSETS[0] / name for name in ("0.png", "1.png"))
    one.write_bytes(other.read_bytes())
    assert identity(*moved) != named


def test_a_file_named_by_a_key_of_the_users_counts_by_its_content(folder: Path) -> None:
    from classvec.artifacts import by_content

    (folder / "notes.txt").write_text("one")
    keys = {"_target_": "notes.txt", "mine": {"path": "notes.txt", "list": ["~/notes.txt", 3, None, "x" * 5000]}}
    first = by_content(keys)
    assert first["_target_"] == "notes.txt"
    assert first["mine"]["path"] == first["mine"]["list"][0] != "notes.txt"
    assert first["mine"]["list"][1:] == [3, None, "x" * 5000]
    (folder / "notes.txt").write_text("two")
    assert by_content(keys) != first
