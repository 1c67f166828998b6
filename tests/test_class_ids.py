"""Folders become synsets: by their names, by a mapping file; two of one synset; a choice of classes and images."""

import json
import logging
import os
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from classvec import settings
from classvec.data.choice import chosen_images
from classvec.data.class_ids import by_synset, own_names, shipped, shipped_synsets, synset_ids
from classvec.data.image_folder import ImageFolder
from classvec.data.imagenet import ImageNet
from classvec.data.mapping_file import read_mapping
from classvec.errors import InputError
from classvec.ontology import wordnet
from classvec.settings import OnSameSynset, WordNetSource
from tests.conftest import draw_images, image_folder

DOG, CAT, CRANE_BIRD, CRANE_MACHINE = "n02084071", "n02121620", "n02012849", "n03126707"


def table(synset: str) -> str:
    """Resolves a few names without any dictionary."""
    known = {"dog.n.01": DOG, "cat.n.01": CAT, "crane.n.05": CRANE_BIRD, "crane.n.04": CRANE_MACHINE}
    known |= {id_: id_ for id_ in known.values()}
    if synset not in known:
        raise InputError(f"unknown synset {synset!r}")
    return known[synset]


ONTOLOGY = SimpleNamespace(resolve=table)


def folders(root: Path, *names: str, **options: Any) -> ImageFolder:
    draw_images(root, names, [2] * len(names))
    return image_folder(root, ONTOLOGY, **options)


def test_folders_are_named_by_id_or_by_synset_name(tmp_path: Path) -> None:
    images = folders(tmp_path / "x", "dog.n.01", CAT)
    assert images.classes == (DOG, CAT)
    assert images.paths == ("dog.n.01/0.png", "dog.n.01/1.png", f"{CAT}/0.png", f"{CAT}/1.png")
    with pytest.raises(InputError, match=r"folder .*dgo\.n\.01: unknown synset 'dgo\.n\.01'"):
        folders(tmp_path / "y", "dgo.n.01", CAT)
    with pytest.raises(InputError, match="no dictionary was given to look it up in"):
        image_folder(tmp_path / "x")


def test_classes_with_one_name_stay_apart(tmp_path: Path) -> None:
    assert {wordnet.embedded()[c].name for c in (CRANE_BIRD, CRANE_MACHINE)} == {"crane"}
    images = folders(tmp_path, CRANE_MACHINE, CRANE_BIRD, DOG)
    assert images.classes == (CRANE_BIRD, DOG, CRANE_MACHINE)
    assert images.labels.tolist() == [0, 0, 1, 1, 2, 2]
    extents = wordnet.load(images.classes, source=WordNetSource.embedded).extents(images.classes)
    assert extents.class_names == ("crane", "dog", "crane")


def test_a_mapping_file_leaves_folders_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "map.csv"
    path.write_text("folder,synset\nhounds,dog.n.01\ntoms,n02121620\nto sort,-\n")
    (tmp_path / "x" / "to sort").mkdir(parents=True)
    with caplog.at_level("INFO"):
        images = folders(tmp_path / "x", "toms", "hounds", mapping=path)
    assert images.classes == (DOG, CAT)
    assert f"data.mapping={path}: left out to sort" in caplog.text
    path.write_text("folder,synset\nhounds,dog.n.01\ntoms,n02121620\nto sort,\n")
    with pytest.raises(InputError, match="into the column synset, or - to leave the folder out"):
        folders(tmp_path / "x", mapping=path)


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_mapping_file_names_the_folders(ending: str, tmp_path: Path) -> None:
    rows = {"hounds": "dog.n.01", "toms": CAT, "elsewhere": DOG}
    path = tmp_path / f"map.{ending}"
    lines = ["folder,note,synset", *(f" {folder} ,any,{synset}" for folder, synset in rows.items()), ""]
    path.write_text("\ufeff" + "\n".join(lines) if ending == "csv" else json.dumps(rows), encoding="utf-8")
    assert read_mapping(path) == rows
    images = folders(tmp_path / "x", "toms", "hounds", mapping=path)
    assert images.classes == (DOG, CAT)
    assert images.paths[0] == "hounds/0.png"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "dogs,dog.n.01\n", r"a\.csv: the first line is 'dogs,dog\.n\.01'; wanted folder,synset"),
        ("b.csv", "folder,synset\ndogs\n", r"b\.csv lacks 1 of the 1 folders in x: a"),
        ("b2.csv", "folder,synset\n,dog.n.01\n", r"b2\.csv, line 2 is ',dog\.n\.01'; wanted a folder"),
        ("b3.csv", "folder,synset\na,\n", r"b3\.csv has no synset for 1 of the 1 folders in x: a; write an id or"),
        ("c.csv", "folder,synset\na,n1\n\na,n2\n", r"c\.csv, line 4: folder 'a' is there twice"),
        ("d.csv", "", r"d\.csv: the first line is ''"),
        ("e.csv", "folder,synset\n", r"e\.csv names no folder"),
        ("f.json", '{"a": "n1", "a": "n2"}', r"f\.json, key 'a': folder 'a' is there twice"),
        ("g.json", '{"a": ["n1"]}', r"g\.json: the value of 'a' is \['n1'\]; wanted a synset"),
        ("h.json", '["a"]', r"h\.json holds no JSON object"),
        ("i.json", "{", r"i\.json cannot be read as JSON"),
        ("j.xlsx", "a", r"j\.xlsx ends in \.xlsx: wanted \.csv, .* or \.json; a spreadsheet is saved as CSV"),
        ("k.csv", "folder,synset\na,no such\n", r"data\.mapping=.*k\.csv, a: unknown synset 'no such'"),
        ("l.csv", f"folder,synset\nb,{DOG}\n", r"l\.csv lacks 1 of the 1 folders in x: a; add a line for each"),
    ],
)
def test_a_wrong_mapping_is_an_error_that_names_file_and_line(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        synset_ids(["a"], Path("x"), mapping=tmp_path / name, resolve=table)


TABLE = 'folder;synset;note;\r\nKälber;dog.n.01;"a; b";\r\n"two words";n02121620;;\r\nlater;;;\r\n ; ;;\r\n;;;\r\n'


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("first", ["", "sep=;\r\n"])
def test_tables_as_spreadsheets_save_them(separator: str, encoding: str, first: str, tmp_path: Path) -> None:
    path = tmp_path / ("map.txt" if separator == "\t" else "map.CSV")
    path.write_bytes((first + TABLE).replace(";", separator).encode(encoding))
    assert read_mapping(path) == {"Kälber": "dog.n.01", "two words": CAT, "later": ""}


def test_a_spreadsheet_drops_zeros_in_front(tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text(f"folder,synset\n7,{DOG}\n")
    with pytest.raises(InputError, match=r"lacks 1 of the 1 folders in x: 007 \(spreadsheets drop zeros .* it has 7\)"):
        synset_ids(["007"], Path("x"), mapping=tmp_path / "map.csv", resolve=table)


@pytest.mark.parametrize("written", ["NFC", "NFD"])
@pytest.mark.parametrize("stored", ["NFC", "NFD"])
def test_accents_match_composed_or_not(written: Any, stored: Any, tmp_path: Path) -> None:
    folder, name = unicodedata.normalize(stored, "Kälber"), unicodedata.normalize(written, "Kälber")
    (tmp_path / "map.json").write_text(json.dumps({name: DOG, "toms": CAT, "cranes": CRANE_BIRD}))
    images = folders(tmp_path / "x", folder, "toms", "cranes", mapping=tmp_path / "map.json", classes=[name, "toms"])
    assert images.classes == (DOG, CAT)
    assert images.paths[0] == f"{folder}/0.png"
    assert images.own_names == {DOG: ("K\xe4lber",), CAT: ("toms",)}


def test_a_name_that_is_no_utf8_matches_and_is_shown(tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text(f"folder,synset\ncafé,{DOG}\n")
    folder = os.fsdecode("café".encode("latin-1"))
    assert synset_ids([folder], Path("x"), mapping=tmp_path / "map.csv", resolve=table) == {folder: DOG}
    assert own_names({folder: DOG}) == {DOG: ("café",)}


@pytest.mark.parametrize("name", [f"{DOG}-Chihuahua", f"{DOG}_Chihuahua", f"{DOG} Chihuahua"])
def test_words_behind_an_id(name: str, tmp_path: Path) -> None:
    images = folders(tmp_path, name, CAT, f"{CRANE_BIRD}x", classes=[DOG, CAT])
    assert images.classes == (DOG, CAT)
    assert images.paths[0] == f"{name}/0.png"
    assert images.own_names == {DOG: ("Chihuahua",)}
    assert ImageNet(settings.ImageNet(root=tmp_path)).classes == (DOG, CAT)


def test_folders_without_a_synset_stop_a_run_that_wants_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InputError, match=r"1 of 3 folders in .* not named by a synset.*: notes; .*classvec mapping"):
        folders(tmp_path / "x", DOG, CAT, "notes")
    with caplog.at_level(logging.INFO):
        assert image_folder(tmp_path / "x", ONTOLOGY, classes=[DOG, CAT]).classes == (DOG, CAT)
    assert f"{tmp_path / 'x'}: left out 1 folders without a synset: notes" in caplog.messages
    with pytest.raises(InputError, match=r"1 of 3 folders in .*: notes"):
        image_folder(tmp_path / "x", ONTOLOGY, classes=[DOG, CAT, "notes"])


def test_a_mapping_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("bytes.csv", "missing.csv"):
        with pytest.raises(InputError, match=rf"data\.mapping=.*{name} cannot be read \("):
            read_mapping(tmp_path / name)


def test_two_folders_of_one_synset(tmp_path: Path) -> None:
    ids = {"poodles": DOG, "toms": CAT, "hounds": DOG}
    with pytest.raises(InputError, match=rf"folders hounds and poodles stand for one synset, {DOG}: .*=merge"):
        by_synset(ids)
    assert by_synset(ids, OnSameSynset.merge) == {DOG: ["hounds", "poodles"], CAT: ["toms"]}
    with pytest.raises(InputError, match=r"^data\.on_same_synset=merg: expected one of error, merge$"):
        image_folder(tmp_path, ONTOLOGY, on_same_synset="merg")
    images = folders(tmp_path, DOG, "dog.n.01", CAT, on_same_synset="merge")
    assert images.classes == (DOG, CAT)
    assert images.labels.tolist() == [0, 0, 0, 0, 1, 1]
    assert images.paths[:4] == ("dog.n.01/0.png", "dog.n.01/1.png", f"{DOG}/0.png", f"{DOG}/1.png")
    with pytest.raises(InputError, match=f"folders dog.n.01 and {DOG} stand for one synset"):
        image_folder(tmp_path, ONTOLOGY)
    assert image_folder(tmp_path, ONTOLOGY, classes=["dog.n.01", CAT]).paths[0] == "dog.n.01/0.png"


def test_a_choice_of_classes_by_folder_id_or_name(tmp_path: Path) -> None:
    images = folders(tmp_path, DOG, "cat.n.01", CRANE_BIRD, classes=["dog.n.01", CAT])
    assert images.classes == (DOG, CAT)
    with pytest.raises(InputError, match=r"unknown class in data\.classes 'cat.n.1x': did you mean cat\.n\.01"):
        image_folder(tmp_path, ONTOLOGY, classes=["cat.n.1x", DOG])
    with pytest.raises(InputError, match=rf"unknown class in data\.classes 'crane.n.04': .*known: .*{DOG}"):
        image_folder(tmp_path, ONTOLOGY, classes=["crane.n.04", DOG])
    with pytest.raises(InputError, match="gives 1 classes; at least two are required"):
        image_folder(tmp_path, ONTOLOGY, classes=[DOG])


def test_a_choice_of_images_by_name_or_by_seed() -> None:
    items = [f"{number}.png" for number in range(10)]

    def take(synset: str = DOG, **keys: Any) -> list[str]:
        return chosen_images(settings.ImageChoice(root="images", **keys), items, synset, lambda item: True)

    assert take(images_per_class=3) == ["0.png", "1.png", "2.png"]
    assert take(images_per_class=30) == items
    drawn = take(images_per_class=3, images_seed=0)
    assert drawn == sorted(drawn)
    assert len(set(drawn)) == 3
    assert drawn == take(images_per_class=3, images_seed=0)
    others = [take(images_per_class=3, images_seed=seed) for seed in range(1, 9)]
    assert len({tuple(other) for other in others}) > 4
    assert len({tuple(take(f"n0000000{c}", images_per_class=3, images_seed=0)) for c in range(9)}) > 4
    assert take(images_seed=5) == items


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images_per_class": 0}, r"^data\.images_per_class=0: expected at least 1$"),
        ({"images_seed": -1}, r"^data\.images_seed=-1: expected at least 0 and at most 4294967295$"),
        ({"on_error": "ignore"}, r"^data\.on_error=ignore: expected one of error, skip$"),
    ],
)
def test_a_wrong_choice_is_an_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        settings.ImageChoice(root="images", **options)


def test_names_are_found_in_the_embedded_table() -> None:
    assert wordnet.find("crane.n.05") == CRANE_BIRD
    assert wordnet.find("crane.n.04") == CRANE_MACHINE
    assert wordnet.find(DOG) == DOG


def test_names_beyond_it_take_the_dictionary(tmp_path: Path) -> None:
    for name in ("unicorn.n.01", "dgo.n.01"):
        with pytest.raises(InputError, match=rf"unknown synset '{name}'.*among the concepts that ship.*apt install"):
            wordnet.find(name, str(tmp_path))
    assert wordnet.find("n10737964", str(tmp_path)) == "n10737964"  # told apart later, where the concepts are loaded
    try:
        assert wordnet.find("unicorn.n.01") == "n10737964"
    except InputError as error:
        pytest.skip(str(error))
    with pytest.raises(InputError, match=r"unknown synset 'dog\.n\.09': did you mean dog\.n\.0\d"):
        wordnet.find("dog.n.09")
    with pytest.raises(InputError, match=r"unknown synset 'dgo\.n\.01': did you mean .*dog\.n\.01"):
        wordnet.find("dgo.n.01")
    with pytest.raises(InputError, match="'run.v.01' is no noun"):
        wordnet.find("run.v.01")
    with pytest.raises(InputError, match=r"'n00000007' is no noun of WordNet 3\.0"):
        wordnet.find("n00000007")


def test_the_embedded_table_is_that_of_the_shipped_classes(capsys: pytest.CaptureFixture[str]) -> None:
    from classvec.__main__ import main

    synsets = shipped_synsets()
    assert len(synsets) > 1000
    assert set(synsets) <= set(wordnet.embedded().concepts)
    if main(["concepts"]) == 1:
        pytest.skip(capsys.readouterr().err)
    path = Path(wordnet.__file__).with_name(wordnet.EMBEDDED)
    assert capsys.readouterr().out == path.read_text(encoding="utf-8"), "run python -m classvec concepts anew"


@pytest.mark.parametrize(("name", "count"), [("cifar10", 10), ("cifar100", 100)])
def test_the_maps_of_cifar_name_one_synset_for_each_class(name: str, count: int) -> None:
    ids = shipped(name)
    assert len(ids) == len(set(ids.values())) == count
    assert list(ids) == sorted(ids)
    concepts = wordnet.embedded()
    rows = (Path(wordnet.__file__).parents[1] / "data" / "classes" / f"{name}.csv").read_text().split()[1:]
    assert all(concepts[id_].synset == synset for _, id_, synset in (row.split(",") for row in rows))


def test_the_maps_of_cifar_mean_what_is_pictured() -> None:
    concepts, ids = wordnet.embedded(), shipped("cifar100")

    def below(concept: str) -> set[str]:
        top = next(c.id for c in concepts.concepts.values() if c.synset == concept)
        return {name for name, synset in ids.items() if top in concepts.closure(synset)}

    assert {"maple_tree", "oak_tree", "palm_tree", "pine_tree", "willow_tree"} == below("tree.n.01")
    assert {"crab", "lobster", "snail", "ray", "trout", "seal", "beaver", "turtle"} <= below("animal.n.01")
    assert {"apple", "orange", "pear"} <= below("fruit.n.01")
    assert {"baby", "boy", "girl", "man", "woman"} == below("person.n.01")
    assert {"bicycle", "motorcycle", "pickup_truck", "streetcar", "tank", "tractor", "rocket"} <= below("vehicle.n.01")
    assert {"bus", "train"} == below("public_transport.n.01")
    assert {"aquarium_fish", "flatfish", "ray", "shark", "trout"} == below("fish.n.01")
    assert len(below("animal.n.01")) == 45  # nine of the superclasses, of five classes each
    assert len(below("physical_entity.n.01")) == 100
