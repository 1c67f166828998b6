"""The graph of concepts: closures over all parents, the facts about ILSVRC's classes, and NLTK as the reference."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classvec.errors import InputError
from classvec.ontology import wordnet
from classvec.ontology.dictionary import dictionary_place, open_dictionary
from classvec.ontology.taxonomy import Concept, Ontology, Taxonomy
from classvec.settings import WordNetSource

ABOVE_ALL = "n00001740"


@pytest.fixture(scope="module")
def ilsvrc() -> tuple[str, ...]:
    """Classes of ILSVRC: the concepts of the embedded table that are no other concept's parent."""
    taxonomy = wordnet.embedded()
    parents = {parent for concept in taxonomy.concepts.values() for parent in concept.parents}
    leaves = {c for c in taxonomy.concepts if c not in parents}
    return tuple(sorted(leaves))


def test_a_class_lies_under_all_its_parents(taxonomy: Taxonomy) -> None:
    assert taxonomy.closure("robodog") == {"robodog", "dog", "creature", "being", "tool", "thing"}


def test_extents_are_ordered_from_general_to_specific(taxonomy: Taxonomy) -> None:
    extents = taxonomy.extents(["dog", "cat", "saw", "robodog"])
    assert extents.names == ("thing", "being", "creature", "tool", "dog", "saw", "cat", "robodog")
    np.testing.assert_array_equal(extents.matrix[extents.names.index("tool")], [False, False, True, True])
    np.testing.assert_array_equal(extents.matrix[extents.names.index("dog")], [True, False, False, True])


def test_depth_is_the_longest_way(taxonomy: Taxonomy) -> None:
    assert taxonomy.depth["robodog"] == 4
    assert taxonomy.depth["thing"] == 0


def test_a_class_outside_is_an_error_that_names_it(taxonomy: Taxonomy) -> None:
    with pytest.raises(InputError, match=r"1 of 2 classes are not in hand-made: unicorn"):
        taxonomy.extents(["dog", "unicorn"])


def test_a_missing_parent_and_a_cycle_are_errors() -> None:
    with pytest.raises(InputError, match="names the parent b"):
        Taxonomy([Concept("a", "a.n.01", "a", ("b",))], source="x")
    with pytest.raises(InputError, match="cycle"):
        Taxonomy([Concept("a", "a", "a", ("b",)), Concept("b", "b", "b", ("a",))], source="x")


def test_facts_about_the_thousand_classes(real_data: Path) -> None:
    classes = sorted(path.name for path in (real_data / "data" / "imagenet-sample").iterdir())
    extents = wordnet.load(classes).extents(classes)
    sizes: dict[str, int] = {}
    for name, row in zip(extents.names, extents.matrix, strict=True):
        sizes.setdefault(name, int(row.sum()))
    assert len(extents.concepts) == 1860
    assert len({row.tobytes() for row in extents.matrix}) == 1396
    wanted = {
        "entity": 1000, "artifact": 522, "living thing": 410, "organism": 410, "animal": 398, "instrumentality": 358,
        "chordate": 337, "vertebrate": 337, "mammal": 218, "device": 130, "dog": 118, "conveyance": 72, "bird": 59,
        "structure": 58, "matter": 50, "clothing": 49, "wheeled vehicle": 44, "reptile": 36, "craft": 20,
    }  # fmt: skip
    assert {name: sizes[name] for name in wanted} == wanted
    assert extents.names.index("living thing") < extents.names.index("organism")


def test_embedded_concepts_are_those_of_the_dictionary(dictionary: Any, ilsvrc: tuple[str, ...]) -> None:
    embedded = wordnet.embedded()
    above = wordnet.from_dictionary(embedded.concepts, dictionary)
    assert above.concepts == embedded.concepts
    assert wordnet.embed(embedded.concepts, dictionary).count("\n") == 1 + len(embedded)


def test_closures_equal_those_of_nltk(dictionary: Any, ilsvrc: tuple[str, ...]) -> None:
    taxonomy = wordnet.load(ilsvrc[:60], source=WordNetSource.nltk)
    for class_id in ilsvrc[:60]:
        synset = dictionary.synset_from_pos_and_offset("n", int(class_id[1:]))
        paths = synset.hypernym_paths()
        assert taxonomy.closure(class_id) == {wordnet.synset_id(s) for path in paths for s in path}
        assert taxonomy.depth[class_id] == max(len(path) for path in paths) - 1


def test_loading_keeps_only_what_lies_above(ilsvrc: tuple[str, ...]) -> None:
    taxonomy = wordnet.load(ilsvrc[:2], source=WordNetSource.embedded)
    assert ABOVE_ALL in taxonomy
    assert len(taxonomy) < 40
    assert set(ilsvrc[2:]).isdisjoint(taxonomy.concepts)


def test_unknown_classes_and_sources_are_errors() -> None:
    with pytest.raises(InputError, match="1 classes are not among the concepts that ship with classvec: n99999999"):
        wordnet.load(["n99999999"], source=WordNetSource.embedded)
    with pytest.raises(InputError, match=r"ontology\.source=web: expected one of auto, embedded, nltk"):
        wordnet.WordNet(source="web")  # type: ignore[arg-type]


def test_the_ontology_object_resolves_names_and_loads_classes(ilsvrc: tuple[str, ...]) -> None:
    ontology: Ontology = wordnet.WordNet(source=WordNetSource.embedded)
    assert (ontology.name, ontology.version) == ("WordNet", "3.0")
    assert ontology.resolve("dog.n.01") == "n02084071"
    assert ontology.resolve("n02084071") == "n02084071"
    taxonomy = ontology.taxonomy(ilsvrc[:2])
    assert taxonomy.concepts == wordnet.load(ilsvrc[:2], source=WordNetSource.embedded).concepts
    with pytest.raises(InputError, match="1 classes are not among the concepts that ship with classvec: n99999999"):
        ontology.taxonomy(["n99999999"])


def test_a_class_that_is_no_synset_is_an_error(dictionary: Any) -> None:
    for wrong in ("n00000007", "x01440764", "dog"):
        with pytest.raises(InputError, match=f"'{wrong}' is no noun of WordNet 3.0"):
            wordnet.load([wrong], source=WordNetSource.nltk)


def test_a_missing_dictionary_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"apt install wordnet-base.*ontology\.path=DIR"):
        open_dictionary(str(tmp_path))


def test_the_zip_file_of_nltk_is_read_where_it_lies(tmp_path: Path, dictionary: Any) -> None:
    unpacked = dictionary_place()
    packed = tmp_path / "corpora" / "wordnet.zip"
    packed.parent.mkdir()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in unpacked.iterdir():
            if file.suffix in (".noun", ".verb", ".adj", ".adv", ".exc"):
                archive.write(file, f"wordnet/{file.name}")
    for path in (packed, tmp_path, packed.with_suffix("")):
        assert dictionary_place(path) == packed / "wordnet"
    assert wordnet.find("unicorn.n.01", tmp_path) == "n10737964"
    assert open_dictionary(tmp_path).synset("dog.n.01").definition() == dictionary.synset("dog.n.01").definition()
    packed.write_bytes(b"half a file")
    with pytest.raises(InputError, match=r"wordnet\.zip cannot be opened .*: remove it and download it again"):
        dictionary_place(tmp_path)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("other/README", "")
    with pytest.raises(InputError, match=r"wordnet\.zip holds no WordNet dictionary"):
        dictionary_place(tmp_path)


def test_a_word_is_answered_with_its_senses(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown synset 'crane': did you mean crane\.n\.04 or crane\.n\.05\?"):
        wordnet.find("crane", tmp_path)
    with pytest.raises(InputError, match=r"unknown synset 'Ice cream': did you mean ice_cream\.n\.01\?"):
        wordnet.find("Ice cream", tmp_path)
