"""Concepts are proposed for folders with free names, as a mapping file that is read as it is."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from classvec.__main__ import main
from classvec.data.class_ids import shipped
from classvec.data.mapping_file import read_mapping
from classvec.data.proposals import COLUMNS, looking_up, propose, senses
from classvec.errors import InputError
from classvec.ontology import dictionary as places
from classvec.ontology.wordnet import WordNet
from tests.conftest import draw_images, image_folder

DOG, CAT = "n02084071", "n02121620"
NAMES = {
    "my cats": "cat.n.01", "Dogs": "dog.n.01", "golden_retrievers": "golden_retriever.n.01",
    "ice-cream": "ice_cream.n.01",
    "goldenRetriever2": "golden_retriever.n.01", "photos of sheep": "sheep.n.01", "wolves": "wolf.n.01",
    f"{DOG}-Rex": "dog.n.01", "cat.n.01": "cat.n.01", "cranes": "crane.n.05", "zzz": None, "007": None,
}  # fmt: skip


@pytest.fixture
def without_dictionary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which no dictionary is installed."""
    import nltk.data

    monkeypatch.setattr(places, "DICTIONARY_FOLDERS", ())
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path / "nowhere")])
    monkeypatch.delenv("WNSEARCHDIR", raising=False)


def proposed(look: Any) -> dict[str, str | None]:
    return {name: found[0].synset if (found := senses(name, look)) else None for name in NAMES}


def test_names_among_the_concepts_that_ship(without_dictionary: None) -> None:
    look, source = looking_up(None)
    assert source.startswith("the 1,931 concepts that ship")
    assert proposed(look) == NAMES
    assert [(sense.id, sense.gloss) for sense in senses("my cats", look)] == [(CAT, "a kind of feline")]
    assert [sense.synset for sense in senses("cranes", look)] == ["crane.n.05", "crane.n.04"]


def test_names_in_the_full_dictionary(dictionary: Any) -> None:
    look, source = looking_up(None)
    assert source == "WordNet 3.0"
    assert proposed(look) == NAMES
    assert [sense.synset for sense in senses("mice", look)][0] == "mouse.n.01"
    cranes = [sense.synset for sense in senses("cranes", look)]
    assert cranes[:2] == ["crane.n.05", "crane.n.04"], "persons and constellations come last"
    assert set(cranes) > {"crane.n.01", "crane.n.02"}
    assert senses("Sulphur-crested_cockatoo", look)[0].synset == "sulphur-crested_cockatoo.n.01"
    cifar = shipped("cifar100")
    assert sum(senses(name, look)[0].id == synset for name, synset in cifar.items()) >= 85
    assert sum(synset in {sense.id for sense in senses(name, look)} for name, synset in cifar.items()) >= 95
    assert senses("my cats", look)[0].gloss.startswith("feline mammal")
    assert senses("n00000007", look) == senses("xyz.n.01", look) == []


def test_a_proposal_is_read_as_a_mapping(
    tmp_path: Path, without_dictionary: None, capsys: pytest.CaptureFixture[str]
) -> None:
    root = draw_images(tmp_path / "images", ["my cats", "hounds, dogs", "Kälber", "@eaDir"], [1] * 4)
    assert main(["mapping", str(root)]) == 0
    table, said = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"))))
    assert [row["folder"] for row in rows] == ["Kälber", "hounds, dogs", "my cats"]
    assert list(rows[0]) == list(COLUMNS)
    assert rows[0] | {"folder": ""} == dict.fromkeys(COLUMNS, "")
    assert said.startswith("3 folders looked up in the 1,931 concepts that ship")
    assert "; no English noun found for Kälber: write a synset, or - to leave it out" in said
    path = tmp_path / "mapping.csv"
    path.write_text(table, encoding="utf-8")
    assert read_mapping(path) == {"Kälber": "", "hounds, dogs": DOG, "my cats": CAT}
    with pytest.raises(InputError, match="no synset for 1 of the 3 folders in .*: Kälber; write an id or a name"):
        image_folder(root, mapping=path)
    chosen = ["hounds, dogs", "my cats"]
    images = image_folder(root, WordNet(), mapping=path, classes=chosen)
    assert images.classes == (DOG, CAT)
    assert images.own_names == {DOG: ("hounds, dogs",), CAT: ("my cats",)}


def test_folders_that_cannot_be_looked_up(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no WordNet dictionary"):
        propose(draw_images(tmp_path / "images", ["a", "b"], [1, 1]), tmp_path)
    with pytest.raises(InputError, match="holds no class folder"):
        propose(tmp_path / "images" / "a")
    with pytest.raises(InputError, match=r"give data\.root=.*images"):
        propose(tmp_path)
